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
    public static int Multiplier(double ratio, int preShift, int exponent) => (int)Math.Round(Scale(ratio, exponent - preShift), MidpointRounding.AwayFromZero);

    /// <summary>value * 2^power, exactly.</summary>
    public static double Scale(double value, int power) => Math.ScaleB(value, power);
}
