// The arithmetic of a gated activation x g(x): the table of g, and the columns of its input. Nothing of records.
using IBert.Edge.Checkpoints;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>The columns of a gated activation.</summary>
/// <param name="Weights">The product before it: a row for each column.</param>
/// <param name="Multipliers">In Q15, padded.</param>
/// <param name="Divisors">What each column's result is divided by.</param>
internal sealed record GateScale(Linear Weights, short[] Multipliers, float[] Divisors)
{
    // Behind this factor GELU differs from max(0, x) by less than an int8 step.
    private const double LargestSteepness = 16;

    /// <summary>
    /// A channel's first column holds GELU(x) up to the reach of int8, T; each further one what lies above, as GELU(k (x - T)) / k up to
    /// its own reach: for large k that is max(0, x - T), and k is as large as leaves its reach in the 16 bits of x. So an ordinary value
    /// has its column's fine step, and a large one is the sum of several columns.
    /// </summary>
    /// <param name="weights">The product before it.</param>
    /// <param name="step">What x stands for one.</param>
    /// <param name="scale">The result's.</param>
    /// <param name="zeroPoint">The result's.</param>
    /// <param name="map">What the result's channels go through.</param>
    public static GateScale Of(Linear weights, double step, double scale, int zeroPoint, ChannelMap map)
    {
        int channels = weights.Outputs, columns = channels + map.Extras.Length, inputs = weights.Inputs;
        float[] matrix = new float[columns * inputs], bias = new float[columns], divisors = new float[columns];
        short[] multipliers = new short[Panels.Padded(columns)];
        weights.Weight.CopyTo(matrix, 0);
        weights.Bias.CopyTo(bias, 0);
        // What the columns of a channel so far reach.
        double[] reach = new double[channels];
        for (int c = 0; c < columns; c++)
        {
            int channel = c < channels ? c : map.Extras[c - channels];
            double steepness = 1;
            if (c >= channels)
            {
                double reachOfOne = (sbyte.MaxValue - zeroPoint) * scale * divisors[channel];
                steepness = Math.Clamp(Math.Floor(short.MaxValue * step / reachOfOne), 1, LargestSteepness);
                bias[c] = (float)(steepness * (weights.Bias[channel] - reach[channel]));
                for (int k = 0; k < inputs; k++)
                {
                    matrix[(c * inputs) + k] = (float)(steepness * weights.Weight[(channel * inputs) + k]);
                }
            }
            double ratio = step / (scale * map.Divisors[channel] * steepness);
            multipliers[c] = (short)Math.Clamp(Math.Round(ratio * (1 << 15)), 1, short.MaxValue);
            // What the integer multiplier divides by is what the next weights are multiplied by: its rounding costs nothing.
            divisors[c] = (float)(step * (1 << 15) / (scale * multipliers[c] * steepness));
            reach[channel] += (sbyte.MaxValue - zeroPoint) * scale * divisors[c];
        }
        return new(new(columns, inputs, matrix, bias), multipliers, divisors);
    }

    /// <summary>g = f(x) / x of 16-bit integers, in Q15; an entry for each 16 of them.</summary>
    /// <param name="function">f.</param>
    /// <param name="step">What x stands for one.</param>
    public static short[] Table(Func<double, double> function, double step)
    {
        short[] gate = new short[GateRecord.Entries];
        for (int i = 0; i < gate.Length; i++)
        {
            // The middle of the 16 values that share an entry; it is never zero.
            double middle = (((i - (GateRecord.Entries / 2)) * 16) + 7.5) * step;
            gate[i] = (short)Math.Clamp(Math.Round(function(middle) / middle * (1 << 15)), -short.MaxValue, short.MaxValue);
        }
        return gate;
    }
}
