// What an integer tensor of the graph stands for.
using IBert.Edge.Quantization.Calibration;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>
/// value = (integer - ZeroPoint) * Scale * Divisors[column] + Shifts[channel], summed over the columns of a channel.
/// </summary>
/// <param name="Index">Index in the file's table of tensors.</param>
/// <param name="Key">The tensor of the FP32 reference that it stands for.</param>
/// <param name="Operation">The operation that writes it.</param>
/// <param name="Channels">Number of channels.</param>
/// <param name="Scale">One step.</param>
/// <param name="ZeroPoint">The integer that stands for zero.</param>
/// <param name="Divisors">Migration: what each column was divided by; null for none.</param>
/// <param name="Shifts">What was subtracted from each channel first; null for nothing.</param>
/// <param name="Extras">The channels that have one more column behind those of all, each as often as it has one; null for none.</param>
/// <param name="Heads">Channels are cut into this many heads, each padded to a multiple of 16; 1 where they are not.</param>
internal sealed record QuantizedTensor(
    ushort Index, TensorKey Key, int Operation, int Channels, double Scale, int ZeroPoint, float[]? Divisors = null, float[]? Shifts = null,
    int[]? Extras = null, int Heads = 1)
{
    /// <summary>Number of columns: one for each channel, and the extra ones.</summary>
    public int Columns => Channels + (Extras?.Length ?? 0);

    /// <summary>The channel that a column belongs to.</summary>
    public int Channel(int column) => column < Channels ? column : Extras![column - Channels];

    /// <summary>Where a column lies in a row of the tensor.</summary>
    public int Place(int column)
    {
        int width = Channels / Heads;
        return Heads == 1 ? column : (column / width * HeadLayout.Padded(width)) + (column % width);
    }

    /// <summary>Elements of a row up to the last column.</summary>
    public int Width => Heads == 1 ? Columns : Heads * HeadLayout.Padded(Channels / Heads);

    /// <summary>What a column was divided by.</summary>
    public double Divisor(int column) => Divisors is null ? 1 : Divisors[column];

    /// <summary>What was subtracted from a channel.</summary>
    public double Shift(int channel) => Shifts is null ? 0 : Shifts[channel];
}

/// <summary>Heads whose width is not a multiple of 16 are padded with dead channels, so that kernels see whole blocks.</summary>
internal static class HeadLayout
{
    /// <summary>Width of a padded head.</summary>
    public static int Padded(int width) => (width + 15) & ~15;
}
