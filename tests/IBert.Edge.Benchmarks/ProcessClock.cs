// Processor time: what other programs of a shared machine take does not count, what any thread of this one takes does.
using System.Runtime.InteropServices;

namespace IBert.Edge.Benchmarks;

internal static unsafe partial class ProcessClock
{
    private const int ProcessTime = 2;

    /// <summary>Milliseconds of processor time that this process has used, all threads together.</summary>
    public static double Milliseconds
    {
        get
        {
            long* time = stackalloc long[2];
            _ = GetTime(ProcessTime, time);
            return (time[0] * 1e3) + (time[1] * 1e-6);
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, long* time);
}
