// Debounce of kernels before 5.10, which have none of their own.
using IBert.Edge.Boards.Events;

namespace IBert.Edge.Boards.Gpio;

/// <summary>
/// A change counts when the new level has stayed for the period, as the kernel's own debounce has it: bounces and spikes are none.
/// </summary>
/// <param name="period">How long a level must stay.</param>
/// <param name="active">The level at the beginning.</param>
/// <param name="edges">The changes that are told.</param>
internal sealed class SoftwareDebounce(TimeSpan period, bool active, LineEdges edges)
{
    private readonly long ticks = (long)(period.TotalSeconds * EventLoop.TicksPerSecond);
    private LineEvent last;

    /// <summary>
    /// When the present level has stayed long enough, by <see cref="EventLoop.Now"/>; <see cref="EventLoop.Never"/> when nothing changed.
    /// </summary>
    public long Deadline { get; private set; } = EventLoop.Never;

    /// <summary>Takes in a change: the wait begins anew.</summary>
    public void Add(in LineEvent change, long now)
    {
        last = change;
        Deadline = now + ticks;
    }

    /// <summary>What a level that has stayed is; null where it is the one that was told, or one that is not asked for.</summary>
    public LineEvent? Settle(long now)
    {
        if (now < Deadline)
        {
            return null;
        }
        Deadline = EventLoop.Never;
        if (last.IsActive == active)
        {
            return null;
        }
        active = last.IsActive;
        return (last.Edge & edges) != 0 ? last : null;
    }
}
