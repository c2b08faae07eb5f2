// The labels of an imported I-BERT checkpoint beside those of the reference's integer mode.
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;
using Xunit;

namespace IBert.Edge.TestSupport;

/// <summary>Logits of the reference are in the checkpoint's <c>logits.dev.tsv</c>, a line for each text.</summary>
internal static class ReferenceLabels
{
    /// <summary>Asserts that another label is given only where the reference's logits are as good as equal.</summary>
    /// <param name="data">A file with the columns <c>sentence</c> and <c>label</c>, of two labels.</param>
    /// <returns>The accuracy of the integers and that of the reference.</returns>
    public static (double Integers, double Reference) Compare(string checkpoint, string data, ITestOutputHelper output)
    {
        float[][] expected = ExpectedLogits.Read(Path.Combine(checkpoint, "logits.dev.tsv"));
        int[] truths = [.. File.ReadLines(data).Skip(1).Select(line => line.Split('\t')[1] == "1" ? 1 : 0)];
        using LoadedModel loaded = new(Quantizer.Quantize(checkpoint).File.ToArray());
        using Classifier classifier = new(loaded.File);

        int[] labels = [.. TextSource.Read(data, "sentence").Texts.Select(text => classifier.Classify(text.Text).LabelIndex)];

        Assert.Equal(truths.Length, expected.Length);
        int[] other = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] != Label(expected[i]))];
        double integers = Share(labels), reference = Share([.. expected.Select(Label)]);
        output.WriteLine($"accuracy {integers:P2}, the reference {reference:P2}");
        foreach (int i in other)
        {
            output.WriteLine(
                $"line {i}: label {labels[i]}, of {truths[i]}; the reference's logits are {expected[i][0]} and {expected[i][1]}");
        }
        Assert.All(other, i => Assert.True(Math.Abs(expected[i][0] - expected[i][1]) < 0.1, $"line {i}"));
        return (integers, reference);

        int Label(float[] logits) => logits[1] > logits[0] ? 1 : 0;

        double Share(int[] chosen) => chosen.Where((label, i) => label == truths[i]).Count() / (double)truths.Length;
    }
}
