// Debounce of old kernels: a level counts once it has stayed.
using IBert.Edge.Boards.Events;
using IBert.Edge.Boards.Gpio;
using Xunit;

namespace IBert.Edge.Boards.Tests;

public sealed class SoftwareDebounceTests
{
    private static readonly long s_millisecond = EventLoop.TicksPerSecond / 1000;
    private readonly SoftwareDebounce debounce = new(TimeSpan.FromMilliseconds(5), active: false, LineEdges.Both);

    [Fact]
    public void Bounces_are_one_change_when_the_level_has_stayed()
    {
        foreach ((LineEdges edge, int at) in ((LineEdges, int)[])[(LineEdges.Rising, 0), (LineEdges.Falling, 1), (LineEdges.Rising, 2)])
        {
            debounce.Add(new LineEvent(edge, (ulong)at, 0), at * s_millisecond);
        }
        Assert.Null(debounce.Settle(6 * s_millisecond));
        Assert.Equal(7 * s_millisecond, debounce.Deadline);
        Assert.Equal(new LineEvent(LineEdges.Rising, 2, 0), debounce.Settle(7 * s_millisecond));
        Assert.Equal(EventLoop.Never, debounce.Deadline);
    }

    [Fact]
    public void A_spike_is_none()
    {
        debounce.Add(new LineEvent(LineEdges.Rising, 0, 0), 0);
        debounce.Add(new LineEvent(LineEdges.Falling, 1, 0), s_millisecond);
        Assert.Null(debounce.Settle(100 * s_millisecond));
        Assert.Equal(EventLoop.Never, debounce.Deadline);
    }

    [Fact]
    public void Only_the_edges_that_are_asked_for_are_told()
    {
        SoftwareDebounce falling = new(TimeSpan.FromMilliseconds(5), active: false, LineEdges.Falling);
        falling.Add(new LineEvent(LineEdges.Rising, 0, 0), 0);
        Assert.Null(falling.Settle(5 * s_millisecond));
        falling.Add(new LineEvent(LineEdges.Falling, 9, 0), 9 * s_millisecond);
        Assert.Equal(LineEdges.Falling, falling.Settle(14 * s_millisecond)?.Edge);
    }
}
