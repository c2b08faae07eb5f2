// One wait for everything that can happen to a board: lines, serial ports, sockets, clocks, signals.
using System.Diagnostics;
using System.Runtime.InteropServices;
using IBert.Edge.Boards.Native;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Boards.Events;

/// <summary>
/// Waits by one <c>poll</c> for files, for the next deadline (a timerfd: to the nanosecond, where poll's own patience counts milliseconds),
/// and for <see cref="Wake"/> (an eventfd), by which other threads and signals reach it. It never sleeps and allocates nothing once its
/// sources are added.
/// </summary>
/// <remarks>
/// Signals come by .NET's own handlers and <see cref="Wake"/>, not by a signalfd: that asks for every thread of the process to block the
/// signal, and a .NET process has threads that do not.
/// </remarks>
public sealed unsafe class EventLoop : IDisposable
{
    /// <summary>A deadline that does not come.</summary>
    public const long Never = long.MaxValue;

    // The timer and the counter come first.
    private const int Own = 2;

    private readonly List<IEventSource> sources = [];
    private readonly SafeFileHandle timer = Libc.CreateTimer(), counter = Libc.CreateEvent();
    private Libc.PollRecord* records;
    private int capacity;
    private long armed = Never;
    private int stopping;
    private bool disposed;

    /// <summary>The time in ticks of <see cref="TicksPerSecond"/>, from no particular moment; it never goes back.</summary>
    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Ticks of a second.</summary>
    public static long TicksPerSecond => Stopwatch.Frequency;

    /// <summary>Called by the loop after <see cref="Wake"/>.</summary>
    public event Action? Woken;

    /// <summary>Called with what a source throws; null: it is thrown on, and the loop ends.</summary>
    public Action<IEventSource, Exception>? Failed { get; set; }

    /// <summary>Waits for a source too. May be called by a source while it is ready.</summary>
    public void Add(IEventSource source)
    {
        sources.Add(source);
        if (sources.Count + Own > capacity)
        {
            capacity = Math.Max(16, 2 * (sources.Count + Own));
            records = (Libc.PollRecord*)NativeMemory.Realloc(records, (nuint)(capacity * sizeof(Libc.PollRecord)));
        }
    }

    /// <summary>Waits for a source no longer.</summary>
    public void Remove(IEventSource source) => sources.Remove(source);

    /// <summary>Ends <see cref="Run"/>; from any thread, and from a signal's handler.</summary>
    public void Stop()
    {
        Volatile.Write(ref stopping, 1);
        Wake();
    }

    /// <summary>Makes the loop call <see cref="Woken"/>; from any thread.</summary>
    public void Wake()
    {
        ulong one = 1;
        Libc.Write(counter, &one, sizeof(ulong));
    }

    /// <summary>Waits and acts until <see cref="Stop"/>.</summary>
    public void Run()
    {
        while (Volatile.Read(ref stopping) == 0)
        {
            Step(wait: true);
        }
    }

    /// <summary>Acts once on what is ready or due.</summary>
    /// <param name="wait">Whether to wait until something is.</param>
    public void Step(bool wait)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        int count = sources.Count;
        long deadline = Never;
        if (records is null)
        {
            capacity = 16;
            records = (Libc.PollRecord*)NativeMemory.Alloc((nuint)(capacity * sizeof(Libc.PollRecord)));
        }
        records[0] = new() { Descriptor = (int)timer.DangerousGetHandle(), Events = Libc.Readable };
        records[1] = new() { Descriptor = (int)counter.DangerousGetHandle(), Events = Libc.Readable };
        for (int i = 0; i < count; i++)
        {
            IEventSource source = sources[i];
            // A negative number is none that is waited for.
            records[i + Own] = new()
            {
                Descriptor = source.Handle is { IsClosed: false, IsInvalid: false } file ? (int)file.DangerousGetHandle() : -1,
                Events = source.Events,
            };
            deadline = Math.Min(deadline, source.Deadline);
        }
        Arm(deadline);
        int ready = Libc.Poll(records, (nuint)(count + Own), wait && deadline > Now ? -1 : 0);
        if (ready < 0)
        {
            if (Libc.Error is Libc.Interrupted or Libc.Again)
            {
                return;
            }
            throw new BoardException($"waiting failed: {Libc.Text(Libc.Error)}", Libc.Error);
        }
        long now = Now;
        ulong read;
        if (records[0].Happened != 0)
        {
            Libc.Read(timer, &read, sizeof(ulong));
            armed = Never;
        }
        if (records[1].Happened != 0)
        {
            Libc.Read(counter, &read, sizeof(ulong));
            Woken?.Invoke();
        }
        // A source may remove itself or others: what is here is looked up again, and what moved comes with the next wait.
        for (int i = 0; i < count && i < sources.Count; i++)
        {
            IEventSource source = sources[i];
            if (records[i + Own].Happened != 0 && source.Handle is { IsClosed: false } file
                && (int)file.DangerousGetHandle() == records[i + Own].Descriptor)
            {
                try
                {
                    source.Ready(records[i + Own].Happened, now);
                }
                catch (Exception error) when (Failed is not null)
                {
                    Failed(source, error);
                }
            }
        }
        // As many as there are: one that is due again at once waits until files had their turn.
        for (int i = 0; i < count && Due(now) is { } source; i++)
        {
            try
            {
                source.Elapsed(now);
            }
            catch (Exception error) when (Failed is not null)
            {
                Failed(source, error);
            }
        }
    }

    /// <summary>Closes the loop's own files; sources stay open.</summary>
    public void Dispose()
    {
        if (!disposed)
        {
            disposed = true;
            timer.Dispose();
            counter.Dispose();
            NativeMemory.Free(records);
            records = null;
        }
    }

    /// <summary>The source whose deadline came first; null when none has come.</summary>
    private IEventSource? Due(long now)
    {
        IEventSource? first = null;
        foreach (IEventSource source in sources)
        {
            if (source.Deadline <= now && (first is null || source.Deadline < first.Deadline))
            {
                first = source;
            }
        }
        return first;
    }

    private void Arm(long deadline)
    {
        if (deadline == armed)
        {
            return;
        }
        armed = deadline;
        Libc.TimerRecord next = default;
        if (deadline != Never)
        {
            // Zero would stop the timer: what is due already comes in a nanosecond.
            Int128 nanoseconds = Math.Max(1, deadline - Now) * (Int128)1_000_000_000 / TicksPerSecond;
            long most = Math.Max(1, (long)Int128.Min(nanoseconds, long.MaxValue));
            (next.Seconds, next.Nanoseconds) = (most / 1_000_000_000, most % 1_000_000_000);
        }
        if (Libc.SetTimer(timer, 0, &next, null) < 0)
        {
            throw new BoardException($"the timer cannot be set: {Libc.Text(Libc.Error)}", Libc.Error);
        }
    }
}
