// Products at BERT's shapes beside the ceiling of the same instructions, in the same run.
using System.Diagnostics;
using System.Runtime.InteropServices;
using IBert.Edge.Cli.Inspection;
using IBert.Edge.Kernels;

namespace IBert.Edge.Benchmarks;

/// <summary>GMAC/s of every product kernel that this CPU has.</summary>
internal static unsafe class Products
{
    private const int Rows = 32;

    // Weights of so many matrices in turn, about as many as a model has: they come from beyond the second-level cache, as in inference.
    private const int WeightBytes = 10 << 20;

    // A figure is the best of so many attempts, each short beside what a scheduler gives: other programs share the machine.
    private const int Attempts = 400, AttemptMacs = 40_000_000;

    private static readonly (int Inner, int Columns)[] s_shapes = [(384, 384), (384, 1536), (1536, 384)];

    public static void Run()
    {
        Console.WriteLine($"CPU: {Cpu.Name()}; {RuntimeInformation.FrameworkDescription}");
        Console.WriteLine($"One thread, {Rows} rows, {WeightBytes >> 20} MiB of weights in turn");
        Console.WriteLine("| kernel | inner x columns | GMAC/s | ceiling, registers alone | share |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (string name in KernelSet.Names)
        {
            if (KernelSet.Create(name) is { } set)
            {
                foreach ((int inner, int columns) in s_shapes)
                {
                    Measure(set.Product, inner, columns);
                }
            }
        }
    }

    private static void Measure(ProductKernel kernel, int inner, int columns)
    {
        sbyte* left = (sbyte*)NativeMemory.AlignedAlloc((nuint)(Rows * inner), 64);
        int copies = WeightBytes / (inner * columns);
        sbyte* panels = (sbyte*)NativeMemory.AlignedAlloc((nuint)(copies * inner * columns), 64);
        byte* scratch = (byte*)NativeMemory.AlignedAlloc((nuint)(Rows * kernel.OperandBytes(inner)) + 64, 64);
        int* bias = (int*)NativeMemory.AlignedAlloc((nuint)(columns * sizeof(int)), 64);
        new Span<int>(bias, columns).Clear();
        new Random(1).NextBytes(new Span<byte>(left, Rows * inner));
        for (int i = 0; i < copies * inner * columns; i++)
        {
            panels[i] = (sbyte)(i % 255 - 127);
        }

        // Product and ceiling take turns: they see the same clock.
        bool slow = kernel is ScalarProduct;
        int repeats = slow ? 1 : Math.Max(1, AttemptMacs / (Rows * inner * columns));
        int iterations = (int)(AttemptMacs / kernel.Peak(1)) / (slow ? 20 : 1), next = 0;
        double best = 0, ceiling = 0;
        for (int attempt = 0; attempt < (slow ? Attempts / 20 : Attempts); attempt++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < repeats; i++)
            {
                Multiply(kernel, left, new(panels + (next * inner * columns), inner) { Bias = bias }, columns, scratch);
                next = (next + 1) % copies;
            }
            best = Math.Max(best, (double)Rows * inner * columns * repeats / Stopwatch.GetElapsedTime(start).TotalNanoseconds);
            start = Stopwatch.GetTimestamp();
            long done = kernel.Peak(iterations);
            ceiling = Math.Max(ceiling, done / Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }
        Console.WriteLine($"| {kernel.Name} | {inner} x {columns} | {best:F1} | {ceiling:F1} | {best / ceiling:F3} |");
        NativeMemory.AlignedFree(left);
        NativeMemory.AlignedFree(panels);
        NativeMemory.AlignedFree(scratch);
        NativeMemory.AlignedFree(bias);
    }

    /// <summary>Panel by panel, all rows: as the executor does, rows split evenly among as few tiles as there can be.</summary>
    private static void Multiply(ProductKernel kernel, sbyte* left, in Panels panels, int columns, byte* scratch)
    {
        int* tile = stackalloc int[ProductKernel.TileSize];
        Operand operand = kernel.Prepare(left, panels.Inner, Rows, panels.Inner, scratch);
        int tiles = (Rows + kernel.TileRows - 1) / kernel.TileRows;
        for (int panel = 0; panel < columns / Panels.Columns; panel++)
        {
            for (int t = 0, row = 0; t < tiles; t++)
            {
                int rows = (Rows - row + tiles - t - 1) / (tiles - t);
                kernel.Multiply(operand.From(row), rows, panels, panel, tile);
                row += rows;
            }
        }
    }
}
