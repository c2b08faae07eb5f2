// Model files for tests, quantized from the repository's own checkpoints by the quantizer of this build.
using System.Collections.Concurrent;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.TestSupport;

/// <summary>
/// Each model is made once for each state of the sources and kept in <c>artifacts/test-models</c>; test processes may ask at once.
/// </summary>
public static class TestModels
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> s_made = new();

    /// <summary>Path of the model of checkpoint <c>bert</c>: two layers of 128, labels negative and positive, 512 tokens.</summary>
    public static string Tiny => Of("bert");

    /// <summary>Path of the model of a checkpoint of <c>tests/data</c>, calibrated on its training texts.</summary>
    public static string Of(string checkpoint) => s_made.GetOrAdd(checkpoint, name => new(() => Make(name))).Value;

    private static string Make(string checkpoint)
    {
        // Builds are deterministic, so that these change with the sources and with nothing else.
        Guid runtime = typeof(Classifier).Module.ModuleVersionId, quantizer = typeof(Quantizer).Module.ModuleVersionId;
        string source = Given.Checkpoint(checkpoint);
        string folder = Path.Combine(Shared.Repository, "artifacts", "test-models");
        string path = Path.Combine(folder,
            $"{checkpoint}-{runtime:N}-{quantizer:N}-{File.GetLastWriteTimeUtc(Path.Combine(source, "model.safetensors")).Ticks:x}.ibert");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(folder);
            // Written beside and renamed: another process sees all of it or nothing, and would write the same bytes.
            Quantizer.Quantize(source, new QuantizerOptions { Calibration = TextSource.Read(Given.Texts("reviews.train.tsv"), "sentence") })
                .Save(path);
        }
        return path;
    }
}
