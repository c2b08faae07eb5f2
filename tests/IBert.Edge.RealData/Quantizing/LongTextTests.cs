// Real texts of hundreds of tokens keep their labels, although nobody calibrates with such.
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.RealData.Quantizing;

public sealed class LongTextTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("tiny-sst2", 0.02)]
    [InlineData("minilm-l6-sst2", 0.05)]
    public void Sentences_joined_to_hundreds_of_tokens_keep_their_labels(string checkpoint, double largestMeanError)
    {
        if (checkpoint != "tiny-sst2")
        {
            Assert.SkipUnless(LongTests.Wanted, "takes half a minute: set IBERT_LONG_TESTS=1");
        }
        using TemporaryFolder folder = new();
        LabelledTexts texts = JoinedTexts.Write(folder, Shared.Require("data", "sst2", "dev.tsv"));

        Accuracy accuracy = Quantizer.Quantize(Shared.Require("checkpoints", checkpoint), new QuantizerOptions
        {
            Calibration = TextSource.Read(Shared.Require("data", "sst2", "train.tsv"), "sentence"),
            Evaluation = texts,
        }).Accuracy!;

        output.WriteLine(accuracy.ToString());
        Assert.Equal(JoinedTexts.Count, accuracy.Examples);
        // One text of sixty is less than 99 %.
        Assert.Equal(1, accuracy.Agreement);
        Assert.InRange(accuracy.MeanLogitError, 0, largestMeanError);
    }
}
