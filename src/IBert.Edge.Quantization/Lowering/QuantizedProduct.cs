// The arithmetic of a linear layer: its weights as integers with a scale for each output channel. Nothing of records.
using IBert.Edge.Checkpoints;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>A linear layer in integers, its channels and columns where the graph's tensors have them.</summary>
/// <param name="Weights">[output places, input places], row-major.</param>
/// <param name="Bias">In units of an accumulator; the input's zero point is folded in.</param>
/// <param name="Sums">The sums of each channel's weights.</param>
/// <param name="Ratios">Of an accumulator's step to the result's, for each place; 0 where nothing is.</param>
/// <param name="Bound">Largest |accumulator|.</param>
internal sealed record QuantizedProduct(sbyte[] Weights, int[] Bias, int[] Sums, double[] Ratios, long Bound)
{
    // Biases stay far inside 32-bit accumulators: a channel whose weights are nearly dead takes a coarser scale.
    private const double LargestBias = 1 << 26;

    /// <summary>Quantizes a layer after training.</summary>
    /// <param name="weights">Its weights and bias.</param>
    /// <param name="input">Its input; what the input's channels went through is undone by weights and bias.</param>
    /// <param name="result">Its result, with what its channels go through.</param>
    public static QuantizedProduct Of(Linear weights, QuantizedTensor input, QuantizedTensor result)
    {
        int outputs = result.Width, inputs = input.Width;
        sbyte[] quantized = new sbyte[outputs * inputs];
        int[] bias = new int[outputs], sums = new int[outputs];
        double[] ratios = new double[outputs];
        double[] row = new double[input.Columns];
        long bound = 0;
        for (int c = 0; c < weights.Outputs; c++)
        {
            double largest = 0, constant = weights.Bias[c] - (result.Shifts?[c] ?? 0);
            for (int k = 0; k < row.Length; k++)
            {
                float weight = weights.Weight[(c * weights.Inputs) + input.Channel(k)];
                row[k] = weight * input.Divisor(k);
                largest = Math.Max(largest, Math.Abs(row[k]));
                if (k < weights.Inputs)
                {
                    constant += weight * input.Shift(k);
                }
            }
            double step = Math.Max(largest / 127, Math.Abs(constant) / input.Scale / LargestBias);
            int place = result.Place(c);
            if (step == 0)
            {
                continue;
            }
            int sum = 0, magnitude = 0;
            for (int k = 0; k < row.Length; k++)
            {
                int w = (int)Math.Round(row[k] / step);
                quantized[(place * inputs) + input.Place(k)] = (sbyte)w;
                sum += w;
                magnitude += Math.Abs(w);
            }
            bias[place] = (int)Math.Round(constant / (step * input.Scale)) - (input.ZeroPoint * sum);
            sums[place] = sum;
            ratios[place] = step * input.Scale / (result.Scale * (result.Divisors?[c] ?? 1));
            bound = Math.Max(bound, Math.Abs((long)bias[place]) + (128L * magnitude));
        }
        return new(quantized, bias, sums, ratios, bound);
    }
}
