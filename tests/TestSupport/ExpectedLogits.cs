// The reference beside logits that others computed of the same weights.
using System.Diagnostics;
using System.Globalization;
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.Quantization.Tokenizers;
using Xunit;

namespace IBert.Edge.TestSupport;

/// <summary>Files with a line of logits for each text.</summary>
internal static class ExpectedLogits
{
    private const float Tolerance = 1e-3f;

    /// <summary>The logits, a line per text.</summary>
    public static float[][] Read(string path) =>
        [.. File.ReadLines(path)
            .Select(line => line.Split('\t').Select(value => float.Parse(value, CultureInfo.InvariantCulture)).ToArray())];

    /// <summary>Texts as the tokenizer of a checkpoint encodes them, cut to what it has positions for.</summary>
    public static TokenizedText[] Encode(string tokenizer, CheckpointConfig config, IEnumerable<SourceText> texts)
    {
        using TextEncoder encoder = new(TokenizerSections.Build(tokenizer), config.MaxPositions, config.TypeCount > 1);
        return [.. texts.Select(text => encoder.Encode(text))];
    }

    /// <summary>Asserts that the FP32 reference has these logits on one in <paramref name="step"/> lines.</summary>
    /// <param name="folder">A checkpoint.</param>
    /// <param name="tokenizer">The folder of its tokenizer.</param>
    /// <returns>What was compared, how fast, and the largest difference.</returns>
    public static string Compare(string folder, string tokenizer, IEnumerable<SourceText> texts, float[][] expected, int step = 1)
    {
        Checkpoint checkpoint = Checkpoint.Load(folder);
        CheckpointConfig config = checkpoint.Config;
        TokenizedText[] encoded = Encode(tokenizer, config, texts);
        Assert.Equal(expected.Length, encoded.Length);
        Fp32Model model = new(checkpoint);
        int[] lines = [.. Enumerable.Range(0, encoded.Length).Where(line => line % step == 0)];
        float[] differences = new float[encoded.Length];
        long start = Stopwatch.GetTimestamp();
        Parallel.ForEach(lines, () => new Fp32Runner(model), (line, _, runner) =>
        {
            float[] logits = new float[expected[line].Length];
            runner.Run(encoded[line].Ids, encoded[line].Types, logits);
            differences[line] = logits.Zip(expected[line], (a, b) => Math.Abs(a - b)).Max();
            return runner;
        }, _ => { });
        TimeSpan time = Stopwatch.GetElapsedTime(start);

        double products = lines.Sum(line => (double)encoded[line].Ids.Length) *
            config.LayerCount * config.HiddenSize * ((4.0 * config.HiddenSize) + (2.0 * config.FeedForwardSize));
        int worst = Array.IndexOf(differences, differences.Max());
        Assert.True(differences[worst] <= Tolerance, $"line {worst} differs by {differences[worst]}");
        return $"{lines.Length} lines in {time.TotalSeconds:F2} s on {Environment.ProcessorCount} cores, " +
            $"about {products / time.TotalSeconds / 1e9:F1} GMAC/s, largest difference {differences[worst]} on line {worst}";
    }
}
