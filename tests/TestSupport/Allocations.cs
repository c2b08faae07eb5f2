// Whether code allocates, told apart from what the runtime does now and then by itself.
namespace IBert.Edge.TestSupport;

/// <summary>
/// Bytes that a thread allocates. A collection that another thread causes charges this one with what is left of its part of the heap (at
/// most 8 KB), though nothing was allocated; code that allocates does so each time. So it is the least of a few rounds that counts.
/// </summary>
public static class Allocations
{
    private const int Rounds = 5;

    /// <summary>
    /// The least that a round of so many calls allocates in this thread; what it does for the first time it should have done before.
    /// </summary>
    public static long Of(int times, Action<int> act)
    {
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < times; i++)
            {
                act(i);
            }
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
