// On real data, integers are as good as the FP32 checkpoint, and that as good as it is published.
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.RealData.Reference;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.RealData.Quantizing;

public class AccuracyTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("tiny-sst2", "gelu", 0.8039)]
    [InlineData("tiny-sst2", "gelu_new", null)]
    [InlineData("tiny-sst2", "relu", null)]
    [InlineData("distilbert-tiny-sst2", null, 0.7924)]
    public void Sentiment_by_small_checkpoints_is_as_good_as_in_FP32(string checkpoint, string? activation, double? published)
    {
        string source = Shared.Require("checkpoints", checkpoint);
        using CheckpointWriter folder = new(source);
        if (activation is not null)
        {
            folder.Config["hidden_act"] = activation;
        }

        Accuracy accuracy = Quantizer.Quantize(folder.Write(), new QuantizerOptions
        {
            TokenizerFolder = source,
            Calibration = Sst2Train,
            Samples = 128,
            Evaluation = LabelledTexts.Read(Shared.Require("data", "sst2", "dev.tsv"), "sentence", "label"),
        }).Accuracy!;

        output.WriteLine(accuracy.ToString());
        if (published is { } metric)
        {
            // metrics.json of the checkpoint.
            Assert.Equal(metric, accuracy.Fp32, 0.0001);
        }
        Assert.True(accuracy.Agreement >= 0.99, $"same label on {accuracy.Agreement:P2}");
        Assert.True(accuracy.Integer >= accuracy.Fp32 - 0.003, $"FP32 {accuracy.Fp32:P2}, integers {accuracy.Integer:P2}");
    }

    [Fact]
    public void Sentiment_by_a_RoBERTa_of_three_layers_is_as_good_as_in_FP32()
    {
        using CheckpointWriter checkpoint = RealCheckpoints.Roberta();
        using TemporaryFolder folder = new();

        Accuracy accuracy = Quantizer.Quantize(checkpoint.Write(), new QuantizerOptions
        {
            TokenizerFolder = RealCheckpoints.RobertaTokenizer,
            Calibration = Sst2Train,
            Samples = LongTests.Wanted ? 512 : 128,
            Evaluation = LabelledTexts.Read(Part(folder, Shared.Require("data", "sst2", "dev.tsv")), "sentence", "label"),
        }).Accuracy!;

        output.WriteLine(accuracy.ToString());
        if (LongTests.Wanted)
        {
            // metrics.json of the source: 87.16.
            Assert.Equal(0.8716, accuracy.Fp32, 0.0001);
        }
        // One text of the sample is half a point.
        Assert.True(accuracy.Agreement >= (LongTests.Wanted ? 0.99 : 0.98), $"same label on {accuracy.Agreement:P2}");
        Assert.True(accuracy.Integer >= accuracy.Fp32 - (LongTests.Wanted ? 0.003 : 0.01),
            $"FP32 {accuracy.Fp32:P2}, integers {accuracy.Integer:P2}");
    }

    [Fact]
    public void Similarity_of_sentences_is_as_good_as_in_FP32()
    {
        using TemporaryFolder folder = new();

        Accuracy accuracy = Quantizer.Quantize(Shared.Require("checkpoints", "minilm-l3-stsb"), new QuantizerOptions
        {
            Calibration = TextSource.Read(Shared.Require("data", "stsb", "train.tsv"), "sentence1", "sentence2"),
            Samples = LongTests.Wanted ? 512 : 128,
            Evaluation = LabelledTexts.Read(Part(folder, Shared.Require("data", "stsb", "dev.tsv")), "sentence1", "score", "sentence2"),
        }).Accuracy!;

        output.WriteLine(string.Join(", ", accuracy.Metrics));
        if (LongTests.Wanted)
        {
            // metrics.json of the checkpoint.
            Assert.Equal(0.8088, accuracy.Fp32, 0.0001);
        }
        Assert.True(accuracy.Integer >= accuracy.Fp32 - 0.003, $"Pearson: FP32 {accuracy.Fp32:F4}, integers {accuracy.Integer:F4}");
    }

    [Fact]
    public void Paraphrases_of_a_published_file_calibrate_and_are_evaluated()
    {
        string data = Shared.Require("data", "mrpc", "dev.tsv");

        Accuracy accuracy = Quantizer.Quantize(Shared.Require("checkpoints", "tiny-sst2"), new QuantizerOptions
        {
            Calibration = TextSource.Read(data, "#1 String", "#2 String"),
            Evaluation = LabelledTexts.Read(data, "#1 String", "Quality", "#2 String"),
            Samples = 128,
        }).Accuracy!;

        // Its labels are those of a sentiment: the accuracy says nothing.
        output.WriteLine(accuracy.ToString());
        Assert.True(accuracy.Agreement >= 0.99, $"same label on {accuracy.Agreement:P2}");
    }

    private static TextSource Sst2Train => TextSource.Read(Shared.Require("data", "sst2", "train.tsv"), "sentence");

    /// <summary>A quarter of a split, which takes seconds and tells a broken model from a sound one; in long runs all of it.</summary>
    private static string Part(TemporaryFolder folder, string data) =>
        folder.Write("dev.tsv", string.Join('\n', File.ReadLines(data).Where((_, line) => line == 0 || LongTests.Wanted || line % 4 == 0)));
}
