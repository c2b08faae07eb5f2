// A model file beside its checkpoint: what the quantizer knew while it ran can be seen later, of any scheme.
using IBert.Edge.Checkpoints;
using IBert.Edge.Files.Data;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Output;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Evaluation;

public class ModelComparisonTests(ITestOutputHelper output)
{
    private static readonly TextSource s_dev = TextSource.Read(Given.Texts("reviews.dev.tsv"), "sentence");

    [Fact]
    public void A_planted_bad_scale_is_found_in_the_file()
    {
        TensorKey bad = new(TensorSite.Context, 1);
        QuantizationResult result = Quantizer.Quantize(
            TinyData.Checkpoint, new QuantizerOptions { Calibration = TinyData.Calibration, Samples = 64 },
            new Int8Options { PlantedFault = key => key == bad ? 16 : 1 });

        ModelComparison comparison = Compare(TinyData.Checkpoint, result.File, s_dev, samples: 20, seed: 7);

        Assert.Equal((20, 7ul), (comparison.Texts, comparison.Seed));
        Assert.Equal("encoder.layer.1.attention.self", comparison.Errors.MinBy(error => error.Own.Decibels)!.Tensor.Name);
        Assert.StartsWith("  encoder.layer.1.attention.self ", Report.Lines(comparison.Errors).ElementAt(1));
    }

    [Fact]
    public void The_file_gives_the_errors_that_the_quantizer_reported()
    {
        (CheckpointWriter folder, TextSource calibration, _) = TinyData.Letters(40, 2, 50);
        using (folder)
        {
            QuantizationResult result = Quantizer.Quantize(
                folder.Folder, new QuantizerOptions { Calibration = calibration, Samples = 300 });

            // All texts calibrate, and the report then compares on the first 64 that the same seed draws.
            ModelComparison comparison = Compare(folder.Folder, result.File, calibration, samples: 64, seed: 1);

            Assert.Equal(result.AnalyzeErrors().Select(error => (error.Tensor.Name, error.Own, error.EndToEnd)),
                comparison.Errors.Select(error => (error.Tensor.Name, error.Own, error.EndToEnd)));
        }
    }

    [Fact]
    public void An_integer_trained_model_has_the_error_of_every_tensor_and_a_report()
    {
        QuantizationResult result = Quantizer.Quantize(Given.Checkpoint("ibert"));

        ModelComparison comparison = Compare(Given.Checkpoint("ibert"), result.File, s_dev, samples: 8, seed: 1);

        foreach (string line in Report.Lines(comparison.Errors))
        {
            output.WriteLine(line);
        }
        Assert.Equal(result.Model.Tensors.Select(tensor => tensor.Name), comparison.Errors.Select(error => error.Tensor.Name));
        // Integer training moves values away from FP32, and a wrong meaning would leave nothing of the signal.
        Assert.All(comparison.Errors, error => Assert.InRange(error.EndToEnd.Decibels, 8, 200));
        // Products add the noise of 8-bit weights alone.
        Assert.All(comparison.Errors.Where(error => error.Tensor.Divisors is not null && error.Type == ElementType.Int32),
            error => Assert.InRange(error.Own.Decibels, 38, 200));

        using TemporaryFolder folder = new();
        result.WriteReport(folder["report.md"]);
        string text = File.ReadAllText(folder["report.md"]);
        Assert.Contains("| scheme | ibert: the checkpoint's own integers", text);
        Assert.Contains("| calibration | none: the ranges that the checkpoint was trained with |", text);
        Assert.Contains("| encoder.layer.1.pre_output_act | Int8 |", text);
        string layer = text[text.IndexOf("### Layer 1", StringComparison.Ordinal)..text.IndexOf("### Head", StringComparison.Ordinal)];
        Assert.Contains("| encoder.layer.1.stale | Int16 |", layer);
    }

    [Fact]
    public void Another_checkpoint_is_refused_by_its_weights()
    {
        byte[] model = File.ReadAllBytes(TestModels.Tiny);
        CheckpointException error = Assert.Throws<CheckpointException>(() => Compare(Given.Checkpoint("distilbert"), model, s_dev, 8, 1));
        Assert.Contains("was not made from the weights in", error.Message);
    }

    [Theory]
    [InlineData("Query", 0, "Query", 5)]
    [InlineData("Query", 0, "FeedForward1", 0)]
    [InlineData("Query", 0, "OutputNorm", 0)]
    [InlineData("Query", 0, "AttentionScores", 0)]
    [InlineData("Context", 0, "Query", 0)]
    [InlineData("EmbeddingSum", -1, "Query", 0)]
    [InlineData("EmbeddingNorm", -1, "HeadActivation", -1)]
    [InlineData("AttentionNorm", 1, "FeedForward2", 1)]
    [InlineData("FeedForwardActivation", 0, "Context", 0)]
    [InlineData("Logits", -1, "HeadDense", -1)]
    public void Meanings_that_do_not_fit_the_checkpoint_are_refused(string site, int layer, string wrongSite, int wrongLayer)
    {
        (CheckpointWriter folder, TextSource calibration, _) = TinyData.Letters(40, 2, 50);
        using (folder)
        {
            QuantizationResult result = Quantizer.Quantize(folder.Folder, new QuantizerOptions { Calibration = calibration, Samples = 16 });
            TensorKey key = new(Enum.Parse<TensorSite>(site), layer), wrong = new(Enum.Parse<TensorSite>(wrongSite), wrongLayer);
            QuantizedModel changed = result.Model with
            {
                Tensors = [.. result.Model.Tensors.Select(tensor => tensor.Key == key ? tensor with { Key = wrong } : tensor)],
            };

            CheckpointException error = Assert.Throws<CheckpointException>(
                () => Compare(folder.Folder, changed.ToFile(result.ProvenanceJson), calibration, 8, 1));

            Assert.Contains("does not fit the checkpoint", error.Message);
        }
    }

    [Fact]
    public void A_file_without_texts_is_refused()
    {
        using TemporaryFolder folder = new();
        TextSource none = TextSource.Read(folder.Write("none.tsv", "sentence\n"), "sentence");
        Assert.Contains("none.tsv has no texts",
            Assert.Throws<DataFileException>(() => Compare(TinyData.Checkpoint, File.ReadAllBytes(TestModels.Tiny), none, 8, 1)).Message);
    }

    private static ModelComparison Compare(string checkpoint, ReadOnlyMemory<byte> file, TextSource texts, int samples, ulong seed)
    {
        using LoadedModel model = new(file.ToArray());
        return ModelComparison.Run(checkpoint, model.File, texts, samples, seed, threads: 2, progress: null);
    }
}
