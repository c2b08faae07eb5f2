// The arithmetic of a linear layer as the reference has it. Nothing of records.
using IBert.Edge.Checkpoints;
using IBert.Edge.Kernels;
using static IBert.Edge.Quantization.Lowering.PublishedScales;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>A linear layer in the reference's integers (<c>quant_modules.QuantLinear</c>), heads padded.</summary>
/// <param name="Weights">[output places, input places], row-major.</param>
/// <param name="Bias">In units of an accumulator.</param>
/// <param name="Sums">The sums of each channel's weights.</param>
/// <param name="Scales">What an accumulator of each channel stands for.</param>
/// <param name="Bound">Largest |accumulator|.</param>
internal sealed record PublishedProduct(sbyte[] Weights, int[] Bias, int[] Sums, float[] Scales, long Bound)
{
    // Biases and i-GELU's constants of nearly dead channels stay inside 32 bits: their weights take a coarser scale than the reference's.
    private const double LargestBias = 1 << 28;

    /// <summary>Quantizes a layer.</summary>
    /// <param name="linear">Its weights and bias.</param>
    /// <param name="input">Its input.</param>
    /// <param name="inputScale">What the reference takes the input's scale for.</param>
    /// <param name="heads">Into how many heads the result is cut.</param>
    public static PublishedProduct Of(Linear linear, QuantizedTensor input, float inputScale, int heads)
    {
        int outputs = linear.Outputs, inputs = linear.Inputs, inner = input.Width;
        int width = outputs / heads, paddedWidth = heads == 1 ? width : Panels.Padded(width), places = heads * paddedWidth;
        sbyte[] weights = new sbyte[places * inner];
        int[] bias = new int[places], sums = new int[places];
        float[] scales = new float[outputs];
        long bound = 0;
        for (int c = 0; c < outputs; c++)
        {
            ReadOnlySpan<float> row = linear.Weight.AsSpan(c * inputs, inputs);
            float scale = Math.Max(Symmetric(8, row), (float)(Math.Abs(linear.Bias[c]) / inputScale / LargestBias));
            int place = (c / width * paddedWidth) + (c % width), magnitude = 0;
            for (int k = 0; k < inputs; k++)
            {
                sbyte w = (sbyte)Quantize(row[k], 8, scale);
                weights[(place * inner) + input.Place(k)] = w;
                sums[place] += w;
                magnitude += Math.Abs(w);
            }
            scales[c] = scale * inputScale;
            bias[place] = (int)Math.Clamp(Quantize(linear.Bias[c], 32, scales[c]), -(1L << 29), 1L << 29);
            bound = Math.Max(bound, Math.Abs((long)bias[place]) + (128L * magnitude));
        }
        return new(weights, bias, sums, scales, bound);
    }
}
