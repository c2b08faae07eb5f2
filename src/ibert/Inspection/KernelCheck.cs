// One kernel set against the scalar definition, case by case.
using IBert.Edge.Kernels;
using IBert.Edge.Memory;

namespace IBert.Edge.Cli.Inspection;

/// <summary>Runs every case on both sets. Outputs, the gaps between their rows and what lies around them have to be the same.</summary>
/// <param name="definition">The set that is right.</param>
/// <param name="tested">The other one.</param>
internal sealed unsafe class KernelCheck(KernelSet definition, KernelSet tested) : IDisposable
{
    // What lies around outputs and scratch; a stray vector is at most that wide.
    private const int Margin = 256;

    private const byte Untouched = 0xA5;

    private readonly KernelCases cases = new();
    private readonly NativeBlock expected = new(KernelCases.MostBytes + (2 * Margin)), actual = new(KernelCases.MostBytes + (2 * Margin));
    private readonly NativeBlock scratch = new(KernelCases.MostBytes + (2 * Margin));

    /// <summary>The first case of each method whose results differ.</summary>
    public IReadOnlyList<KernelCase> Run() => [.. KernelCases.Methods.Select(FirstDifference).OfType<KernelCase>()];

    /// <summary>The first case of a method whose results differ, or null.</summary>
    public KernelCase? FirstDifference(string method) => cases.Of(method).FirstOrDefault(one => !Holds(one));

    public void Dispose()
    {
        cases.Dispose();
        expected.Dispose();
        actual.Dispose();
        scratch.Dispose();
    }

    private bool Holds(KernelCase one) =>
        Call(one, definition, expected) & Call(one, tested, actual)
            && Around(expected, one.OutputBytes).SequenceEqual(Around(actual, one.OutputBytes));

    /// <summary>Runs a case; whether it kept to its scratch.</summary>
    private bool Call(KernelCase one, KernelSet set, NativeBlock output)
    {
        int bytes = one.ScratchBytes(set.Product);
        Around(output, one.OutputBytes).Fill(Untouched);
        Around(scratch, bytes).Fill(Untouched);
        one.Call(set, output.Pointer + Margin, scratch.Pointer + Margin);
        Span<byte> used = Around(scratch, bytes);
        return !used[..Margin].ContainsAnyExcept(Untouched) && !used[(Margin + bytes)..].ContainsAnyExcept(Untouched);
    }

    /// <summary>A block's first bytes with the margins on both sides.</summary>
    private static Span<byte> Around(NativeBlock block, int bytes) => new(block.Pointer, bytes + (2 * Margin));
}
