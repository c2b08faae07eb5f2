// Scores are the softmax of the logits: within two millionths, for any scale, and they sum to the whole.
using IBert.Edge.Format;
using IBert.Edge.Graph;
using Xunit;

namespace IBert.Edge.Tests;

public sealed class LabelScoresTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 10)]
    [InlineData(1, 16)]
    [InlineData(12345, 30)]
    [InlineData(int.MaxValue, 40)]
    [InlineData(int.MaxValue, 62)]
    [InlineData(1, 62)]
    public void A_score_is_within_two_millionths_of_the_exact_one(int multiplier, int exponent)
    {
        const int seed = 20;
        Random random = new(seed);
        HeadEntry head = new() { LogitMultiplier = multiplier, LogitExponent = exponent };
        double step = Math.ScaleB(multiplier, -exponent);
        for (int round = 0; round < 500; round++)
        {
            int[] logits = new int[random.Next(1, 70)], scores = new int[logits.Length];
            int range = (int)Math.Min(1 << 29, Math.Max(2, random.NextDouble() * 20 / step));
            foreach (ref int logit in logits.AsSpan())
            {
                logit = random.Next(-range, range + 1);
            }

            int best = LabelScores.Softmax(logits, head, scores);

            Assert.Equal(Array.IndexOf(logits, logits.Max()), best);
            Assert.Equal(LabelScores.Whole, scores.Sum());
            double[] exponentials = [.. logits.Select(logit => Math.Exp((logit - (double)logits[best]) * step))];
            double sum = exponentials.Sum();
            for (int i = 0; i < logits.Length; i++)
            {
                double exact = LabelScores.Whole * exponentials[i] / sum;
                Assert.True(Math.Abs(scores[i] - exact) <= 2, $"seed {seed}, round {round}: {scores[i]} for {exact}");
            }
        }
    }

    [Fact]
    public void Extremes_are_certain_and_equals_are_even()
    {
        int[] scores = new int[3];
        Assert.Equal(1, LabelScores.Softmax(
            [-(1 << 29), 1 << 29, -(1 << 29)], new HeadEntry { LogitMultiplier = int.MaxValue, LogitExponent = 0 }, scores));
        Assert.Equal([0, 1_000_000, 0], scores);

        Assert.Equal(0, LabelScores.Softmax([7, 7, 7], new HeadEntry { LogitMultiplier = 1, LogitExponent = 8 }, scores));
        Assert.All(scores, score => Assert.InRange(score, 333_333, 333_334));
    }
}
