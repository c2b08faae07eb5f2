// Times that were measured, and what is said of them.
using System.Diagnostics;

namespace IBert.Edge.Cli.Inspection;

/// <summary>Durations in ticks of <see cref="Stopwatch"/>.</summary>
internal sealed class Samples
{
    private readonly List<long> ticks = [];
    private bool sorted;

    /// <summary>Number of samples.</summary>
    public int Count => ticks.Count;

    public void Add(long duration)
    {
        ticks.Add(duration);
        sorted = false;
    }

    /// <summary>The duration in microseconds below which that share of the samples lies.</summary>
    public double Micros(double share)
    {
        if (!sorted)
        {
            ticks.Sort();
            sorted = true;
        }
        int index = Math.Min((int)(share * ticks.Count), ticks.Count - 1);
        return ticks[index] * 1e6 / Stopwatch.Frequency;
    }
}
