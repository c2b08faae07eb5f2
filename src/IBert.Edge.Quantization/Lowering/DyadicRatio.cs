// From real scale ratios to the dyadic numbers of the file.
using IBert.Edge.Numerics;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>Ratios as m / 2^e after a pre-shift k, with one e and k for all channels.</summary>
internal static class DyadicRatio
{
    /// <summary>The smallest k with which the largest ratio has a multiplier of 31 bits and e at least 33, and that e.</summary>
    /// <param name="largest">Largest |ratio|, above 0.</param>
    /// <returns>k in 0..24, e in 33..62; null for a ratio that is too large.</returns>
    public static (int PreShift, int Exponent)? Choose(double largest)
    {
        // largest * 2^(e-k) is below 2^31 - 1 with the largest such e - k.
        int difference = 62;
        while (difference > 33 - Dyadic.MaxPreShift && Math.Round(Scale(largest, difference)) > int.MaxValue)
        {
            difference--;
        }
        if (Math.Round(Scale(largest, difference)) > int.MaxValue)
        {
            return null;
        }
        int preShift = Math.Max(0, 33 - difference);
        return (preShift, difference + preShift);
    }

    /// <summary>The multiplier of a ratio.</summary>
    public static int Multiplier(double ratio, int preShift, int exponent) =>
        (int)Math.Round(Scale(ratio, exponent - preShift), MidpointRounding.AwayFromZero);

    /// <summary>value * 2^power, exactly.</summary>
    public static double Scale(double value, int power) => Math.ScaleB(value, power);

    /// <summary>A ratio as a multiplier in 2^30..2^31 - 1 over 2^e, e in 0..62; smaller where the ratio is below 2^-32.</summary>
    public static (int Multiplier, int Exponent) Widest(double ratio)
    {
        int exponent = 0;
        while (exponent < 62 && Math.Round(Scale(ratio, exponent + 1)) <= int.MaxValue)
        {
            exponent++;
        }
        return ((int)Math.Round(Scale(ratio, exponent)), exponent);
    }
}

/// <summary>A ratio for each channel: its multiplier over 2^Exponent after a pre-shift.</summary>
internal sealed record DyadicChannels(int PreShift, int Exponent, int[] Multipliers)
{
    /// <summary>Ratios that share the exponent of the largest.</summary>
    /// <returns>Null where one is too large.</returns>
    public static DyadicChannels? Of(double[] ratios) => DyadicRatio.Choose(Math.Max(ratios.Max(), 1e-12)) is (int preShift, int exponent)
        ? new(preShift, exponent, [.. ratios.Select(ratio => DyadicRatio.Multiplier(ratio, preShift, exponent))])
        : null;
}
