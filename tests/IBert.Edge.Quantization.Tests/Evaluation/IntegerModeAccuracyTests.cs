// The task metric of an imported I-BERT checkpoint: that of the reference's integer mode.
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Evaluation;

public sealed class IntegerModeAccuracyTests(ITestOutputHelper output)
{
    [Fact]
    public void Texts_have_the_labels_and_the_accuracy_of_the_reference_in_integer_mode()
    {
        (double integers, double reference) = ReferenceLabels.Compare(Given.Checkpoint("ibert"), Given.Texts("reviews.dev.tsv"), output);

        // tests/data/README.md: 90.00 %.
        Assert.Equal(0.9, reference, 0.0001);
        Assert.True(Math.Abs(integers - reference) <= 0.002, $"accuracy {integers:P2}, the reference {reference:P2}");
    }
}
