// What a person is told of a conversion that worked, and may not be as good as it could.
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests;

public sealed class WarningTests : IDisposable
{
    private readonly CheckpointWriter checkpoint = RandomCheckpoint.Bert(8, 2, 12, seed: 3);
    private readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        checkpoint.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(10, 1, "calibrated on 10 texts of data.txt, 1 of them different: that is few")]
    [InlineData(10, 10, "calibrated on 10 texts of data.txt: that is few")]
    [InlineData(100, 40, "calibrated on 100 texts of data.txt, 40 of them different: that is few")]
    [InlineData(100, 60, null)]
    [InlineData(40, 40, null)]
    public void Few_texts_and_texts_that_are_the_same_are_pointed_out(int count, int different, string? said)
    {
        string[] texts = LetterCheckpoint.Texts(different);

        IReadOnlyList<string> warnings = Quantize(string.Join('\n', Enumerable.Range(0, count).Select(i => texts[i % different])));

        Assert.Equal(said is null ? 0 : 1, warnings.Count);
        Assert.All(warnings, warning => Assert.StartsWith(said!, warning));
    }

    [Fact]
    public void Texts_that_are_the_same_to_the_tokenizer_are_the_same() =>
        // Not one of these letters is in the vocabulary.
        Assert.Contains("1 of them different", Quantize(
            string.Join('\n', Enumerable.Range(0, 100).Select(i => $"{(char)(0x430 + (i % 32))}{(char)(0x430 + (i / 32))}"))).Single());

    [Fact]
    public void Lines_that_were_passed_over_are_told() =>
        Assert.Equal($"{folder["data.txt"]}: 2 empty lines were passed over",
            Quantize(string.Join('\n', LetterCheckpoint.Texts(100)) + "\n\n\n").Single());

    private IReadOnlyList<string> Quantize(string texts) => Quantizer.Quantize(
        LetterCheckpoint.Write(checkpoint),
        new QuantizerOptions { Calibration = TextSource.Read(folder.Write("data.txt", texts)) }).Warnings;
}
