// What this CPU could do with a kernel's instructions, were there no memory.
using System.Diagnostics;
using IBert.Edge.Kernels;

namespace IBert.Edge.Cli.Inspection;

internal static class Ceiling
{
    /// <summary>Multiply-accumulates per second of the kernel's register-only loop on one thread: the best of a few runs.</summary>
    public static double MacsPerSecond(ProductKernel product)
    {
        const int runs = 5;
        int iterations = 1000;
        long ticks;
        // Long enough for the clock, and for compiled code to become final.
        do
        {
            iterations *= 2;
            ticks = Time(product, iterations, out _);
        }
        while (ticks < Stopwatch.Frequency / 50 && iterations < int.MaxValue / 2);
        double best = 0;
        for (int i = 0; i < runs; i++)
        {
            ticks = Time(product, iterations, out long macs);
            best = Math.Max(best, macs * (double)Stopwatch.Frequency / ticks);
        }
        return best;
    }

    private static long Time(ProductKernel product, int iterations, out long macs)
    {
        long begun = Stopwatch.GetTimestamp();
        macs = product.Peak(iterations);
        return Math.Max(1, Stopwatch.GetTimestamp() - begun);
    }
}
