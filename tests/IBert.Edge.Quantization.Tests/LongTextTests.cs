// Texts of hundreds of tokens keep their labels, although nobody calibrates with such.
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests;

public sealed class LongTextTests(ITestOutputHelper output)
{
    [Fact]
    public void Sentences_joined_to_hundreds_of_tokens_keep_their_labels()
    {
        using TemporaryFolder folder = new();
        LabelledTexts texts = JoinedTexts.Write(folder, Given.Texts("reviews.dev.tsv"));

        Accuracy accuracy = Quantizer.Quantize(
            TinyData.Checkpoint, new QuantizerOptions { Calibration = TinyData.Calibration, Evaluation = texts }).Accuracy!;

        output.WriteLine(accuracy.ToString());
        Assert.Equal(JoinedTexts.Count, accuracy.Examples);
        // One text of sixty is less than 99 %.
        Assert.Equal(1, accuracy.Agreement);
        Assert.InRange(accuracy.MeanLogitError, 0, 0.02);
    }
}
