// Model files for tests, quantized from the given checkpoints by the quantizer of this build.
using IBert.Edge.Quantization;

namespace IBert.Edge.TestSupport;

/// <summary>Each model is made once for each state of the sources and kept in <c>artifacts/test-models</c>; test processes may ask at once.</summary>
public static class TestModels
{
    private static readonly Lazy<string> s_tiny = new(() => Make("tiny-sst2", Path.Combine("sst2", "train.tsv"), "sentence"));

    /// <summary>Path of the model of <c>tiny-sst2</c>: two layers of 128, labels negative and positive, 512 tokens.</summary>
    public static string Tiny() => s_tiny.Value;

    private static string Make(string checkpoint, string calibration, string column)
    {
        string source = Shared.Require("checkpoints", checkpoint), data = Shared.Require("data", calibration);
        // Builds are deterministic, so that these change with the sources and with nothing else.
        Guid runtime = typeof(Classifier).Module.ModuleVersionId, quantizer = typeof(Quantizer).Module.ModuleVersionId;
        string folder = Path.Combine(Shared.Repository, "artifacts", "test-models");
        string path = Path.Combine(folder, $"{checkpoint}-{runtime:N}-{quantizer:N}.ibert");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(folder);
            // Written beside and renamed: another process sees all of it or nothing, and would write the same bytes.
            Quantizer.Quantize(source, new QuantizerOptions { Calibration = TextSource.Read(data, column), Samples = 128 }).Save(path);
        }
        return path;
    }
}
