// A small real model: checkpoints/tiny-sst2, quantized when a test first asks for it.
using IBert.Edge.Quantization;

namespace IBert.Edge.TestSupport;

/// <summary>Two layers of 128, labels negative and positive, up to 512 tokens; quantized in a second, once per test process.</summary>
public static class TinyModel
{
    private static readonly Lazy<string> s_path = new(Quantize);

    /// <summary>The model file; it is deleted when the process ends. Skips the test where the checkpoint is missing.</summary>
    public static string Path
    {
        get
        {
            // Outside the lazy one, which would keep the skip and answer every later test with it.
            Shared.Require("checkpoints", "tiny-sst2");
            Shared.Require("data", "sst2", "train.tsv");
            return s_path.Value;
        }
    }

    private static string Quantize()
    {
        string folder = Directory.CreateTempSubdirectory("ibert-tests-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        string path = System.IO.Path.Combine(folder, "tiny.ibert");
        QuantizationResult result = Quantizer.Quantize(Shared.Require("checkpoints", "tiny-sst2"), new QuantizerOptions
        {
            Calibration = TextSource.Read(Shared.Require("data", "sst2", "train.tsv"), "sentence"),
            Samples = 64,
        });
        result.Save(path);
        return path;
    }
}
