// Weights that no training gives, finite all of them: they end in a model or in a refusal, never in anything else.
using IBert.Edge.Checkpoints;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Refusals;

public sealed class ExtremeWeightsTests(ITestOutputHelper output)
{
    // Nothing, the least subnormal, what rounds away, what squares away, what squares to infinity, almost infinity.
    private static readonly float[] s_extremes = [0, float.Epsilon, 1e-30f, 1e-12f, 1e6f, 1e12f, 1e25f, float.MaxValue];

    [Fact]
    public void A_tensor_or_several_scaled_to_an_extreme()
    {
        const int trials = 100;
        Dictionary<string, int> seen = [];
        for (int seed = 0; seed < trials; seed++)
        {
            using CheckpointWriter writer = RandomCheckpoint.Bert(8, 2, 12, seed: 3);
            Random random = new(seed);
            string[] names = [.. writer.Tensors.Keys.Order(StringComparer.Ordinal)];
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                float[] values = writer.Tensors[names[random.Next(names.Length)]].Values;
                float factor = s_extremes[random.Next(s_extremes.Length)];
                int step = random.Next(2) == 0 ? 1 : values.Length;
                for (int k = random.Next(step); k < values.Length; k += step)
                {
                    values[k] = Math.Clamp(values[k] * factor, float.MinValue, float.MaxValue);
                }
            }
            string end = "a model";
            try
            {
                Quantizer.Quantize(LetterCheckpoint.Write(writer), new QuantizerOptions { Samples = 8, Threads = 1 });
            }
            catch (CheckpointException error)
            {
                end = error.Message;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed} ends in {error.GetType().Name}", error);
            }
            // A refusal differs by the tensor and the folder.
            end = end.Split(": ")[^1];
            seen[end] = seen.GetValueOrDefault(end) + 1;
        }
        foreach ((string end, int count) in seen)
        {
            output.WriteLine($"{count} {end}");
        }
    }
}
