// The reference is the yardstick of quantization: its logits must be those of an independent forward pass over the same weights
// (tests/data/make).
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Reference;

public class Fp32LogitsTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("bert")]
    [InlineData("distilbert")]
    [InlineData("roberta")]
    [InlineData("bert-labels")]
    [InlineData("bert-multilabel")]
    public void Every_architecture_and_head_has_the_expected_logits_on_every_line(string checkpoint) =>
        Compare(checkpoint, TinyData.Dev.Texts);

    [Theory]
    [InlineData("relu")]
    [InlineData("gelu_new")]
    public void Other_activations_have_the_expected_logits_on_every_line(string activation)
    {
        using var folder = new CheckpointWriter(TinyData.Checkpoint);
        folder.Config["hidden_act"] = activation;
        Compare("bert", TinyData.Dev.Texts, $"logits.dev.{activation}.tsv", folder.Write());
    }

    [Fact]
    public void Pairs_have_the_expected_values_on_every_line() =>
        Compare("bert-regression", TextSource.Read(Given.Texts("pairs.dev.tsv"), "sentence1", "sentence2").Texts);

    [Fact]
    public void The_float_weights_of_an_integer_trained_checkpoint_are_those_of_its_RoBERTa() =>
        Compare("roberta", TinyData.Dev.Texts, folder: Given.Checkpoint("ibert"));

    private void Compare(string checkpoint, IEnumerable<SourceText> texts, string logits = "logits.dev.tsv", string? folder = null)
    {
        string given = Given.Checkpoint(checkpoint);
        output.WriteLine(ExpectedLogits.Compare(folder ?? given, given, texts, ExpectedLogits.Read(Path.Combine(given, logits))));
    }
}
