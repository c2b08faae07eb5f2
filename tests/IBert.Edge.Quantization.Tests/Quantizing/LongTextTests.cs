// Texts of hundreds of tokens keep their labels, although nobody calibrates with such.
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Quantizing;

public sealed class LongTextTests(ITestOutputHelper output)
{
    private const int Texts = 60;

    [Theory]
    [InlineData("tiny-sst2", 0.02)]
    [InlineData("minilm-l6-sst2", 0.05)]
    public void Sentences_joined_to_hundreds_of_tokens_keep_their_labels(string checkpoint, double largestMeanError)
    {
        if (checkpoint != "tiny-sst2")
        {
            Assert.SkipUnless(TestData.Long, "takes half a minute: set IBERT_LONG_TESTS=1");
        }
        string folder = Shared.Require("checkpoints", checkpoint);
        using TemporaryFolder data = new();
        (string Text, string Label)[] sentences = [.. File.ReadLines(Shared.Require("data", "sst2", "dev.tsv")).Skip(1)
            .Select(line => line.Split('\t')).Select(fields => (fields[0], fields[1]))];
        // Half of the texts have sentences of both labels, and are close to neither.
        IEnumerable<string> lines = Enumerable.Range(0, Texts).Select(i =>
        {
            string label = i % 2 == 0 ? sentences[i].Label : "";
            IEnumerable<string> same = sentences.Skip(i * 13 % 500).Where(sentence => label == "" || sentence.Label == label).Select(sentence => sentence.Text.Trim());
            return $"{string.Join(' ', same.Take(6 + (i / 2)))}\t{sentences[i].Label}";
        });
        string file = data.Write("long.tsv", string.Join('\n', lines.Prepend("sentence\tlabel")) + "\n");

        QuantizationResult result = Quantizer.Quantize(
            folder, new QuantizerOptions { Calibration = TinyData.Calibration, Evaluation = LabelledTexts.Read(file, "sentence", "label") });

        Accuracy accuracy = result.Accuracy!;
        output.WriteLine(accuracy.ToString());
        Assert.Equal(Texts, accuracy.Examples);
        // One text of sixty is less than 99 %.
        Assert.Equal(1, accuracy.Agreement);
        Assert.InRange(accuracy.MeanLogitError, 0, largestMeanError);
    }
}
