// The reference's logits are those that Hugging Face computed from the same real weights.
using System.Text.Json.Nodes;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.RealData.Reference;

public class Fp32LogitsTests(ITestOutputHelper output)
{
    // Every how many lines one is taken of larger checkpoints in the default run.
    private static readonly int s_step = LongTests.Wanted ? 1 : 20;

    [Fact]
    public void Tiny_bert_has_the_given_logits_on_every_line() => Compare("tiny-sst2", "logits.dev.tsv", Sst2, step: 1);

    [Theory]
    [InlineData("relu")]
    [InlineData("gelu_new")]
    public void Tiny_bert_with_another_activation_has_the_given_logits_on_every_line(string activation)
    {
        using CheckpointWriter folder = new(Shared.Require("checkpoints", "tiny-sst2"));
        folder.Config["hidden_act"] = activation;
        Compare("tiny-sst2", $"logits.dev.{activation}.tsv", Sst2, step: 1, folder.Write());
    }

    [Fact]
    public void Tiny_distilbert_has_the_given_logits_on_every_line() => Compare("distilbert-tiny-sst2", "logits.dev.tsv", Sst2, step: 1);

    [Fact]
    public void MiniLM_of_six_layers_has_the_given_logits() => Compare("minilm-l6-sst2", "logits.dev.tsv", Sst2, s_step);

    [Fact]
    public void MiniLM_of_three_layers_has_the_given_logits_of_64_labels() =>
        Compare("minilm-l3-hwu64", "logits.test.tsv", Texts("hwu64", "test.tsv", "text"), s_step);

    [Theory]
    [InlineData("dev")]
    [InlineData("test")]
    public void MiniLM_of_sentence_pairs_has_the_given_values(string split) =>
        Compare("minilm-l3-stsb", $"logits.{split}.tsv", Texts("stsb", $"{split}.tsv", "sentence1", "sentence2"), s_step);

    [Fact]
    public void Roberta_of_three_layers_has_the_given_logits()
    {
        using CheckpointWriter folder = RealCheckpoints.Roberta();
        output.WriteLine(ExpectedLogits.Compare(
            folder.Write(), RealCheckpoints.RobertaTokenizer, Sst2,
            ExpectedLogits.Read(Shared.Require("checkpoints", "roberta-l3-sst2.logits.dev.tsv")), s_step));
    }

    private static IEnumerable<SourceText> Sst2 => Texts("sst2", "dev.tsv", "sentence");

    private static IEnumerable<SourceText> Texts(string data, string file, string column, string? pair = null) =>
        TextSource.Read(Shared.Require("data", data, file), column, pair).Texts;

    private void Compare(string checkpoint, string file, IEnumerable<SourceText> texts, int step, string? folder = null)
    {
        string given = Shared.Require("checkpoints", checkpoint);
        output.WriteLine(ExpectedLogits.Compare(folder ?? given, given, texts, ExpectedLogits.Read(Path.Combine(given, file)), step));
    }
}

/// <summary>Checkpoints that are made of given ones.</summary>
internal static class RealCheckpoints
{
    public static string RobertaTokenizer => Shared.Require("checkpoints", "ibert-l3-sst2");

    /// <summary>
    /// What make-roberta.py writes, without the tokenizer: the float weights of the given I-BERT checkpoint as an ordinary RoBERTa.
    /// </summary>
    public static CheckpointWriter Roberta()
    {
        CheckpointWriter folder = new(RobertaTokenizer, IsWeight);
        folder.Config["model_type"] = "roberta";
        folder.Config["architectures"] = new JsonArray("RobertaForSequenceClassification");
        folder.Config["layer_norm_eps"] = 1e-5;
        return folder.Rename(name => name.Replace("ibert.", "roberta."));

        static bool IsWeight(string name) => !((string[])["scaling_factor", "x_min", "x_max", ".shift", "_integer"]).Any(name.EndsWith);
    }
}
