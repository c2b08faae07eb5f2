// What the channels of a tensor go through before they become 8-bit integers.
namespace IBert.Edge.Quantization.Lowering;

/// <summary>
/// A product's input is (x[c] - Shifts[c]) / Divisors[c], which its producer computes at no cost, and the product's weights and bias undo.
/// A channel with outliers may have further columns, each of which takes what lies above the reach of the one before it.
/// </summary>
/// <param name="Divisors">What each channel is divided by.</param>
/// <param name="Shifts">What is subtracted from each channel first; null for nothing.</param>
/// <param name="Extras">The channels with further columns, each as often as it has one; empty for none.</param>
/// <param name="Low">Smallest value of a column.</param>
/// <param name="High">Largest value of a column.</param>
internal sealed record ChannelMap(float[] Divisors, float[]? Shifts, int[] Extras, double Low, double High)
{
    /// <summary>Nothing but a range.</summary>
    public static ChannelMap Plain(int channels, double low, double high)
    {
        float[] ones = new float[channels];
        Array.Fill(ones, 1);
        return new(ones, null, [], low, high);
    }
}
