// The task metric of an I-BERT checkpoint that was trained in integer mode: that of the reference.
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.RealData.Import;

public sealed class IntegerModeAccuracyTests(ITestOutputHelper output)
{
    [Fact]
    public void Sst2_dev_has_the_labels_and_the_accuracy_of_the_reference_in_integer_mode()
    {
        Assert.SkipUnless(LongTests.Wanted, "takes half a minute: set IBERT_LONG_TESTS=1");

        (double integers, double reference) = ReferenceLabels.Compare(
            Shared.Require("checkpoints", "ibert-l3-sst2"), Shared.Require("data", "sst2", "dev.tsv"), output);

        // metrics.json: 87.27 %.
        Assert.Equal(0.8727, reference, 0.0001);
        Assert.True(Math.Abs(integers - reference) <= 0.002, $"accuracy {integers:P2}, the reference {reference:P2}");
    }
}
