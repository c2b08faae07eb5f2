// The task metric of an imported I-BERT checkpoint: that of the reference's integer mode.
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Import;

public sealed class IntegerModeAccuracyTests(ITestOutputHelper output)
{
    [Fact]
    public void Sst2_dev_has_the_labels_and_the_accuracy_of_the_reference_in_integer_mode()
    {
        Assert.SkipUnless(TestData.Long, "takes half a minute: set IBERT_LONG_TESTS=1");
        string data = Shared.Require("data", "sst2", "dev.tsv");
        string[] truths = TestData.Column(data, "label");
        float[][] expected = TestData.Logits("ibert-l3-sst2", "logits.dev.tsv");
        using LoadedModel loaded = new(Quantizer.Quantize(Shared.Require("checkpoints", "ibert-l3-sst2")).File.ToArray());
        using Classifier classifier = new(loaded.File);

        int[] labels = [.. TextSource.Read(data, "sentence").Texts.Select(text => classifier.Classify(text.Text).LabelIndex)];

        Assert.Equal(872, expected.Length);
        int[] other = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] != Label(expected[i]))];
        double accuracy = Share(labels), reference = Share([.. expected.Select(Label)]);
        output.WriteLine($"accuracy {accuracy:P2}, the reference {reference:P2}");
        foreach (int i in other)
        {
            output.WriteLine($"line {i}: label {labels[i]}, of {truths[i]}; the reference's logits are {expected[i][0]} and {expected[i][1]}");
        }
        // metrics.json: 87.27 %.
        Assert.Equal(0.8727, reference, 0.0001);
        Assert.True(Math.Abs(accuracy - reference) <= 0.002, $"accuracy {accuracy:P2}, the reference {reference:P2}");
        Assert.All(other, i => Assert.True(Math.Abs(expected[i][0] - expected[i][1]) < 0.1, $"line {i}"));

        int Label(float[] logits) => logits[1] > logits[0] ? 1 : 0;

        double Share(int[] chosen) => chosen.Where((label, i) => label == int.Parse(truths[i])).Count() / (double)truths.Length;
    }
}
