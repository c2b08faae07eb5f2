// The targets by name, and the limits that hold for all of them.
using System.Diagnostics;

namespace IBert.Edge.CoverageFuzz;

/// <summary>A part of the library that reads what others wrote.</summary>
internal interface ITarget : IDisposable
{
    /// <summary>Reads an input.</summary>
    /// <returns>Why it was refused, by an exception that the library documents; null where it was taken.</returns>
    /// <exception cref="Exception">Any exception is a finding.</exception>
    string? Run(ReadOnlySpan<byte> input);
}

/// <summary>What an input did that none may do.</summary>
internal sealed class FindingException(string message) : Exception(message);

internal static class Targets
{
    /// <summary>Most bytes of managed memory that reading an input may take: what is read has a few kilobytes.</summary>
    private const long MostAllocated = 256L << 20;

    /// <summary>Most seconds for an input, which takes milliseconds: a machine may be busy.</summary>
    private const int MostSeconds = 10;

    private static readonly Dictionary<string, (Func<ITarget> Create, Func<IEnumerable<byte[]>> Seeds)> s_targets = new()
    {
        ["model"] = (() => new ModelTarget(), ModelTarget.Seeds),
        ["text"] = (() => new TextTarget(), TextTarget.Seeds),
        ["tokenizer"] = (() => new TokenizerTarget(), TokenizerTarget.Seeds),
        ["safetensors"] = (() => new SafetensorsTarget(), SafetensorsTarget.Seeds),
        ["json"] = (() => new JsonTarget(), JsonTarget.Seeds),
        ["data"] = (() => new DataTarget(), DataTarget.Seeds),
    };

    public static IEnumerable<string> Names => s_targets.Keys;

    public static ITarget Create(string name) => Find(name).Create();

    /// <summary>Inputs to begin with where no corpus is kept.</summary>
    public static IEnumerable<byte[]> Seeds(string name) => Find(name).Seeds();

    /// <summary>Runs an input and sees what it took.</summary>
    public static string? Run(ITarget target, ReadOnlySpan<byte> input)
    {
        long before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
        string? refusal = target.Run(input);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return allocated <= MostAllocated && seconds <= MostSeconds
            ? refusal
            : throw new FindingException($"an input of {input.Length} bytes took {allocated >> 20} MiB of memory and {seconds:F0} s");
    }

    private static (Func<ITarget> Create, Func<IEnumerable<byte[]>> Seeds) Find(string name) => s_targets.TryGetValue(name, out var found)
        ? found
        : throw new ArgumentException($"there is no target {name}; there are {string.Join(", ", Names)}");
}
