// The loop: deadlines, other threads, sources that come, go and fail.
using IBert.Edge.Boards.Events;
using Microsoft.Win32.SafeHandles;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Boards.Tests;

public sealed class EventLoopTests : IDisposable
{
    private readonly EventLoop loop = new();

    public void Dispose() => loop.Dispose();

    [Fact]
    public void Deadlines_come_in_their_order_and_not_before_their_time()
    {
        List<(string Name, long Late)> came = [];
        foreach ((string name, int milliseconds) in ((string, int)[])[("b", 20), ("a", 5), ("c", 40)])
        {
            Clock clock = new(EventLoop.Now + (milliseconds * EventLoop.TicksPerSecond / 1000));
            clock.Came += (due, now) =>
            {
                came.Add((name, now - due));
                if (came.Count == 3)
                {
                    loop.Stop();
                }
            };
            loop.Add(clock);
        }
        loop.Run();
        Assert.Equal(["a", "b", "c"], came.Select(each => each.Name));
        Assert.All(came, each => Assert.True(each.Late >= 0));
    }

    [Fact]
    public void Another_thread_wakes_it_and_ends_it()
    {
        int woken = 0;
        loop.Woken += () => Interlocked.Increment(ref woken);
        Thread other = new(() =>
        {
            loop.Wake();
            while (Volatile.Read(ref woken) == 0)
            {
                Thread.Yield();
            }
            loop.Stop();
        });
        other.Start();
        loop.Run();
        other.Join();
        Assert.InRange(woken, 1, 2);
    }

    [Fact]
    public void A_source_that_fails_does_not_end_the_others()
    {
        List<string> failed = [];
        loop.Failed = (_, error) => failed.Add(error.Message);
        Clock first = new(0), second = new(0);
        first.Came += (_, _) => throw new InvalidOperationException("planted");
        second.Came += (_, _) => loop.Stop();
        loop.Add(first);
        loop.Add(second);
        loop.Run();
        Assert.Equal(["planted"], failed);
    }

    [Fact]
    public void Without_an_ear_for_failures_they_are_the_caller_s()
    {
        Clock clock = new(0);
        clock.Came += (_, _) => throw new InvalidOperationException("planted");
        loop.Add(clock);
        Assert.Throws<InvalidOperationException>(() => loop.Step(wait: true));
    }

    [Fact]
    public void Sources_may_come_and_go_while_one_is_ready()
    {
        int came = 0;
        Clock first = new(0), second = new(0);
        second.Came += (_, _) => came++;
        first.Came += (_, _) =>
        {
            loop.Remove(first);
            loop.Remove(second);
            for (int i = 0; i < 40; i++)
            {
                loop.Add(new Clock(EventLoop.Never));
            }
            loop.Stop();
        };
        loop.Add(first);
        loop.Add(second);
        loop.Run();
        loop.Step(wait: false);
        Assert.Equal(0, came);
    }

    [Fact]
    public void Nothing_is_allocated_for_a_turn()
    {
        Clock clock = new(0) { Again = true };
        loop.Add(clock);
        for (int i = 0; i < 100; i++)
        {
            loop.Step(wait: true);
        }
        Assert.Equal(0, Allocations.Of(1000, _ => loop.Step(wait: true)));
        Assert.True(clock.Times > 100);
    }

    private sealed class Clock(long deadline) : IEventSource
    {
        public SafeFileHandle? Handle => null;

        public short Events => 0;

        public long Deadline { get; private set; } = deadline;

        public bool Again { get; init; }

        public int Times { get; private set; }

        public event Action<long, long>? Came;

        public void Ready(short happened, long now) => throw new InvalidOperationException("a clock has no file");

        public void Elapsed(long now)
        {
            long due = Deadline;
            Times++;
            Deadline = Again ? now + (EventLoop.TicksPerSecond / 100_000) : EventLoop.Never;
            Came?.Invoke(due, now);
        }
    }
}
