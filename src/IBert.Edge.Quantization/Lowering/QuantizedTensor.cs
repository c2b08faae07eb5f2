// What an integer tensor of the graph stands for.
using IBert.Edge.Kernels;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>
/// A column's value is (integer - ZeroPoint) * Scale * Divisors[column]; a channel's is the sum of its columns' and Shifts[channel].
/// </summary>
/// <param name="Index">Index in the file's table of tensors.</param>
/// <param name="Key">The tensor of the FP32 reference that it stands for.</param>
/// <param name="Name">The checkpoint's module whose output it is (<see cref="TensorNames"/>): no other tensor of the graph has it.</param>
/// <param name="Operation">The operation that writes it.</param>
/// <param name="Channels">Number of channels.</param>
/// <param name="Scale">One step.</param>
/// <param name="ZeroPoint">The integer that stands for zero.</param>
/// <param name="Divisors">
/// Migration: what each column was divided by. Accumulators with a scale for each channel have these here, and a Scale of 1. Null for none.
/// </param>
/// <param name="Shifts">Migration: what was subtracted from each channel before; null for nothing.</param>
/// <param name="Extras">
/// The channels of the columns behind those that all channels have, or <see cref="NoChannel"/>; null for none.
/// </param>
/// <param name="Heads">
/// Channels are cut into this many heads, each padded with dead channels to a multiple of 16, so that kernels see whole panels; 1 where
/// they are not.
/// </param>
internal sealed record QuantizedTensor(
    ushort Index, TensorKey Key, string Name, int Operation, int Channels, double Scale, int ZeroPoint, float[]? Divisors = null,
    float[]? Shifts = null, int[]? Extras = null, int Heads = 1)
{
    /// <summary>A column that is no part of a channel's value: what an operation behind makes a channel's further column of.</summary>
    public const int NoChannel = -1;

    /// <summary>What a tensor stands for that has no place in a graph yet.</summary>
    public static QuantizedTensor Of(TensorKey key, int channels, double scale, int zeroPoint, ChannelMap? map = null) =>
        new(0, key, "", 0, channels, scale, zeroPoint, map?.Divisors, map?.Shifts, map is { Extras.Length: > 0 } ? map.Extras : null);

    /// <summary>Number of columns: one for each channel, and the extra ones.</summary>
    public int Columns => Channels + (Extras?.Length ?? 0);

    /// <summary>Columns of the tensor in the file: its own, and the padding of its heads.</summary>
    public int Width => Heads == 1 ? Columns : Heads * Panels.Padded(Channels / Heads);

    /// <summary>The channel that a column belongs to, or <see cref="NoChannel"/>.</summary>
    public int Channel(int column) => column < Channels ? column : Extras![column - Channels];

    /// <summary>Where a column lies in a row of the tensor.</summary>
    public int Place(int column)
    {
        int width = Channels / Heads;
        return Heads == 1 ? column : (column / width * Panels.Padded(width)) + (column % width);
    }

    /// <summary>What a column was divided by.</summary>
    public double Divisor(int column) => Divisors is null ? 1 : Divisors[column];

    /// <summary>What was subtracted from a channel.</summary>
    public double Shift(int channel) => Shifts is null ? 0 : Shifts[channel];

    /// <summary>One step of a column.</summary>
    public double Step(int column) => Scale * Divisor(column);
}
