// What an integer tensor of the graph stands for.
using IBert.Edge.Quantization.Calibration;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>value = (integer - ZeroPoint) * Scale * Divisors[channel].</summary>
/// <param name="Index">Index in the file's table of tensors.</param>
/// <param name="Key">The tensor of the FP32 reference that it stands for.</param>
/// <param name="Name">The checkpoint's module whose output it is (<see cref="TensorNames"/>): no other tensor of the graph has it.</param>
/// <param name="Operation">The operation that writes it.</param>
/// <param name="Columns">Number of channels.</param>
/// <param name="Scale">One step.</param>
/// <param name="ZeroPoint">The integer that stands for zero.</param>
/// <param name="Divisors">
/// Migration: what each channel was divided by. Accumulators with a scale for each channel have these here, and a Scale of 1. Null for none.
/// </param>
/// <param name="Heads">Channels are cut into this many heads, each padded to a multiple of 16; 1 where they are not.</param>
internal sealed record QuantizedTensor(
    ushort Index, TensorKey Key, string Name, int Operation, int Columns, double Scale, int ZeroPoint, float[]? Divisors = null, int Heads = 1)
{
    /// <summary>Columns of the tensor in the file: its channels, and the padding of its heads.</summary>
    public int Places => Heads == 1 ? Columns : Heads * HeadLayout.Padded(Columns / Heads);

    /// <summary>Where a channel lies in a row of the tensor.</summary>
    public int Place(int channel)
    {
        int width = Columns / Heads;
        return (channel / width * HeadLayout.Padded(width)) + (channel % width);
    }

    /// <summary>What a channel was divided by.</summary>
    public double Divisor(int channel) => Divisors is null ? 1 : Divisors[channel];

    /// <summary>One step of a channel.</summary>
    public double Step(int channel) => Scale * Divisor(channel);
}

/// <summary>Heads whose width is not a multiple of 16 are padded with dead channels, so that kernels see whole blocks.</summary>
internal static class HeadLayout
{
    /// <summary>Width of a padded head.</summary>
    public static int Padded(int width) => (width + 15) & ~15;
}
