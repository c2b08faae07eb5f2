// The reference is the yardstick of quantization: its logits must be those that Hugging Face computes from the same weights.
using System.Diagnostics;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Reference;

public class Fp32LogitsTests(ITestOutputHelper output)
{
    private const float Tolerance = 1e-3f;

    // Every how many lines one is taken in the default run.
    private const int SampleStep = 20;

    [Fact]
    public void Tiny_bert_has_the_given_logits_on_every_line() =>
        Compare("tiny-sst2", "logits.dev.tsv", TestData.Sst2Dev, 1);

    [Theory]
    [InlineData("relu")]
    [InlineData("gelu_new")]
    public void Tiny_bert_with_another_activation_has_the_given_logits_on_every_line(string activation)
    {
        using var folder = new CheckpointWriter(Shared.Require("checkpoints", "tiny-sst2"));
        folder.Config["hidden_act"] = activation;
        Compare("tiny-sst2", $"logits.dev.{activation}.tsv", TestData.Sst2Dev, 1, folder.Write());
    }

    [Fact]
    public void Tiny_distilbert_has_the_given_logits_on_every_line() =>
        Compare("distilbert-tiny-sst2", "logits.dev.tsv", TestData.Sst2Dev, 1);

    [Fact]
    public void MiniLM_of_six_layers_has_the_given_logits() =>
        Compare("minilm-l6-sst2", "logits.dev.tsv", TestData.Sst2Dev, TestData.Long ? 1 : SampleStep);

    [Fact]
    public void MiniLM_of_three_layers_has_the_given_logits_of_64_labels() =>
        Compare("minilm-l3-hwu64", "logits.test.tsv", TestData.Hwu64Test, TestData.Long ? 1 : SampleStep);

    [Theory]
    [InlineData("dev")]
    [InlineData("test")]
    public void MiniLM_of_sentence_pairs_has_the_given_values(string split)
    {
        string checkpoint = Shared.Require("checkpoints", "minilm-l3-stsb");
        string data = Shared.Require("data", "stsb", split + ".tsv");
        using TextEncoder encoder = new(TokenizerFiles.BuildSection(checkpoint), 512, hasTypes: true);
        TokenizedText[] pairs = [.. LabelledTexts.Read(data, "sentence1", "score", "sentence2").Texts.Select(text => encoder.Encode(text))];
        Compare(
            checkpoint, TestData.Logits("minilm-l3-stsb", $"logits.{split}.tsv"), [.. pairs.Select(pair => pair.Ids)],
            TestData.Long ? 1 : SampleStep, [.. pairs.Select(pair => pair.Types)]);
    }

    [Fact]
    public void Roberta_of_three_layers_has_the_given_logits()
    {
        string data = Shared.Require("data", "sst2", "dev.tsv");
        using CheckpointWriter folder = TestData.Roberta();
        using TextEncoder encoder = new(TokenizerFiles.BuildSection(Shared.Require("checkpoints", "ibert-l3-sst2")), 512, hasTypes: false);
        Compare(
            folder.Write(), TestData.Logits("", "roberta-l3-sst2.logits.dev.tsv"),
            [.. TextSource.Read(data, "sentence").Texts.Select(text => encoder.Encode(text).Ids)], TestData.Long ? 1 : SampleStep);
    }

    private void Compare(string checkpoint, string file, int[][] texts, int step, string? folder = null) =>
        Compare(folder ?? Shared.Require("checkpoints", checkpoint), TestData.Logits(checkpoint, file), texts, step);

    private void Compare(string folder, float[][] expected, int[][] texts, int step, int[][]? types = null)
    {
        Assert.Equal(expected.Length, texts.Length);
        Checkpoint loaded = Checkpoint.Load(folder);
        var model = new Fp32Model(loaded);
        int[] lines = [.. Enumerable.Range(0, texts.Length).Where(line => line % step == 0)];
        var differences = new float[texts.Length];
        long start = Stopwatch.GetTimestamp();
        Parallel.ForEach(lines, () => new Fp32Runner(model), (line, _, runner) =>
        {
            var logits = new float[expected[line].Length];
            runner.Run(texts[line], types?[line] ?? [], logits);
            differences[line] = logits.Zip(expected[line], (a, b) => Math.Abs(a - b)).Max();
            return runner;
        }, _ => { });
        TimeSpan time = Stopwatch.GetElapsedTime(start);

        CheckpointConfig config = loaded.Config;
        double products = lines.Sum(line => (double)texts[line].Length) *
            config.LayerCount * config.HiddenSize * (4.0 * config.HiddenSize + 2.0 * config.FeedForwardSize);

        int worst = Array.IndexOf(differences, differences.Max());
        output.WriteLine(
            $"{lines.Length} lines in {time.TotalSeconds:F2} s on {Environment.ProcessorCount} cores, " +
            $"about {products / time.TotalSeconds / 1e9:F1} GMAC/s, largest difference {differences[worst]} on line {worst}");
        Assert.True(differences[worst] <= Tolerance, $"line {worst} differs by {differences[worst]}");
    }
}
