// The arithmetic of a LayerNorm's output: gamma and beta as multipliers and addends. Nothing of records.
using IBert.Edge.Checkpoints;
using IBert.Edge.Kernels;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>Multipliers over 2^Exponent and addends in units of 2^-(Exponent - 32), for each channel.</summary>
internal sealed record NormScale(int Exponent, int[] Multipliers, int[] Addends)
{
    /// <summary>From deviations to integers of a scale.</summary>
    /// <param name="norm">Gamma and beta.</param>
    /// <param name="scale">The output's.</param>
    /// <param name="map">What the output's channels go through; null for nothing.</param>
    /// <returns>Null where a channel's gamma or beta is too large beside the scale.</returns>
    public static NormScale? Of(LayerNorm norm, double scale, ChannelMap? map)
    {
        int channels = norm.Gamma.Length;
        int fraction = 28 - LayerNormScale.HeadRoomOf(channels);
        double[] ratios = new double[channels], offsets = new double[channels];
        for (int c = 0; c < channels; c++)
        {
            double step = scale * (map?.Divisors[c] ?? 1);
            ratios[c] = Math.ScaleB(norm.Gamma[c] / step, -fraction);
            offsets[c] = (norm.Beta[c] - (map?.Shifts?[c] ?? 0)) / step;
        }
        // Addends share the exponent and stay below 2^30.
        double largest = Math.Max(ratios.Max(Math.Abs), 1e-12), offset = offsets.Max(Math.Abs);
        int exponent = 62;
        while (exponent > 33 && !Fits())
        {
            exponent--;
        }
        return Fits()
            ? new(
                exponent, [.. ratios.Select(r => (int)Math.Round(Math.ScaleB(r, exponent)))],
                [.. offsets.Select(o => (int)Math.Round(Math.ScaleB(o, exponent - 32)))])
            : null;

        bool Fits() => !(Math.ScaleB(largest, exponent) > int.MaxValue - 1 || Math.ScaleB(offset, exponent - 32) > (1 << 30) - 1);
    }
}
