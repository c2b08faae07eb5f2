// A line of a GPIO chip: read, driven, waited for, without an allocation.
using IBert.Edge.Boards.Events;
using IBert.Edge.Boards.Native;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Boards.Gpio;

/// <summary>What is done with changes of a line.</summary>
/// <param name="change">The change.</param>
public delegate void LineEventHandler(in LineEvent change);

/// <summary>
/// A line that this program holds. Levels are as it is used: of an active-low line, active is the lower one. The kernel keeps the last 16
/// changes that were not read, and counts them all, so a gap is told (<see cref="LineEvent.Lost"/>). Used by one thread at a time.
/// </summary>
public sealed unsafe class GpioLine : IEventSource, IDisposable
{
    // Changes read at once: as many as the kernel keeps.
    private const int MostEvents = 16;

    private readonly GpioChip chip;
    private readonly string label;
    private readonly bool isVersion1;
    private readonly SoftwareDebounce? debounce;
    private SafeFileHandle file;
    private uint lastSequence;

    internal GpioLine(GpioChip chip, int offset, LineOptions options)
    {
        chip.Require(offset);
        if (options.Debounce < TimeSpan.Zero || options.Debounce > TimeSpan.FromHours(1))
        {
            throw new ArgumentOutOfRangeException(nameof(options), $"a debounce of {options.Debounce}: 0 to an hour");
        }
        (this.chip, Offset, Options, label, isVersion1) = (chip, offset, options, chip.Label, chip.IsVersion1);
        file = isVersion1 ? Request1() : Request();
        if (isVersion1 && options.Edges != LineEdges.None && options.Debounce > TimeSpan.Zero)
        {
            debounce = new SoftwareDebounce(options.Debounce, Read(), options.Edges);
        }
    }

    /// <summary>Its number on the chip.</summary>
    public int Offset { get; }

    /// <summary>How it was asked for.</summary>
    public LineOptions Options { get; private set; }

    /// <summary>Called with each change, by <see cref="Ready"/> or an <see cref="EventLoop"/>.</summary>
    public event LineEventHandler? Changed;

    SafeFileHandle? IEventSource.Handle => Options.Edges == LineEdges.None ? null : file;

    short IEventSource.Events => Libc.Readable;

    long IEventSource.Deadline => debounce?.Deadline ?? EventLoop.Never;

    /// <summary>Whether it is active.</summary>
    /// <exception cref="BoardException">The chip is gone.</exception>
    public bool Read()
    {
        if (isVersion1)
        {
            GpioAbi.Values1 levels = default;
            Check(Libc.Control(file, GpioAbi.GetValues1, &levels));
            return levels[0] != 0;
        }
        GpioAbi.Values values = new() { Mask = 1 };
        Check(Libc.Control(file, GpioAbi.GetValues, &values));
        return (values.Bits & 1) != 0;
    }

    /// <summary>Drives an output.</summary>
    /// <exception cref="BoardException">It is no output, or the chip is gone.</exception>
    public void Write(bool active)
    {
        if (isVersion1)
        {
            GpioAbi.Values1 levels = default;
            levels[0] = active ? (byte)1 : (byte)0;
            Check(Libc.Control(file, GpioAbi.SetValues1, &levels));
            return;
        }
        GpioAbi.Values values = new() { Mask = 1, Bits = active ? 1UL : 0 };
        Check(Libc.Control(file, GpioAbi.SetValues, &values));
    }

    /// <summary>Uses the line in another way. It stays ours meanwhile, except on kernels before 5.10.</summary>
    /// <exception cref="BoardException">It cannot be used so.</exception>
    public void Configure(LineOptions options)
    {
        if (isVersion1)
        {
            file.Dispose();
            Options = options;
            file = Request1();
            return;
        }
        GpioAbi.Configuration configuration = Describe(options);
        Check(Libc.Control(file, GpioAbi.SetConfiguration, &configuration));
        Options = options;
    }

    /// <summary>Waits for a change. What happened since the last one was read counts too.</summary>
    /// <param name="patience">How long; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <returns>Whether there is one; <see cref="Ready"/> then tells it.</returns>
    public bool Wait(TimeSpan patience)
    {
        Libc.PollRecord record = new() { Descriptor = (int)file.DangerousGetHandle(), Events = Libc.Readable };
        int milliseconds =
            patience == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Min(int.MaxValue, Math.Ceiling(patience.TotalMilliseconds));
        return Libc.Poll(&record, 1, milliseconds) > 0;
    }

    /// <summary>Reads what changed and calls <see cref="Changed"/> with it, oldest first.</summary>
    /// <exception cref="BoardException">The chip is gone.</exception>
    public void Ready()
    {
        if (isVersion1)
        {
            Ready1();
            return;
        }
        GpioAbi.Event* events = stackalloc GpioAbi.Event[MostEvents];
        nint bytes = Libc.Read(file, events, MostEvents * sizeof(GpioAbi.Event));
        if (bytes < 0)
        {
            Check(-1);
            return;
        }
        for (int i = 0; i < bytes / sizeof(GpioAbi.Event); i++)
        {
            // The first has number 1.
            uint lost = events[i].LineSequence - lastSequence - 1;
            lastSequence = events[i].LineSequence;
            Changed?.Invoke(new LineEvent(events[i].Edge == 1 ? LineEdges.Rising : LineEdges.Falling, events[i].Nanoseconds, lost));
        }
    }

    void IEventSource.Ready(short happened, long now) => Ready();

    void IEventSource.Elapsed(long now)
    {
        if (debounce?.Settle(now) is { } settled)
        {
            Changed?.Invoke(settled);
        }
    }

    /// <summary>Lets go of the line.</summary>
    public void Dispose() => file.Dispose();

    private static GpioAbi.Configuration Describe(LineOptions options)
    {
        GpioAbi.LineFlags flags = options.Direction == LineDirection.Output ? GpioAbi.LineFlags.Output : GpioAbi.LineFlags.Input;
        flags |= options.ActiveLow ? GpioAbi.LineFlags.ActiveLow : 0;
        flags |= options.Pull switch
        {
            LinePull.Up => GpioAbi.LineFlags.PullUp,
            LinePull.Down => GpioAbi.LineFlags.PullDown,
            LinePull.None => GpioAbi.LineFlags.NoPull,
            _ => 0,
        };
        GpioAbi.Configuration configuration = default;
        if (options.Direction == LineDirection.Output)
        {
            flags |= options.Drive switch
            {
                LineDrive.OpenDrain => GpioAbi.LineFlags.OpenDrain,
                LineDrive.OpenSource => GpioAbi.LineFlags.OpenSource,
                _ => 0,
            };
            configuration.AttributeCount = 1;
            configuration.Attributes[0] = new() { Id = GpioAbi.OutputValues, Value = options.InitiallyActive ? 1UL : 0, Mask = 1 };
        }
        else
        {
            flags |= (options.Edges & LineEdges.Rising) != 0 ? GpioAbi.LineFlags.Rising : 0;
            flags |= (options.Edges & LineEdges.Falling) != 0 ? GpioAbi.LineFlags.Falling : 0;
            if (options.Debounce > TimeSpan.Zero)
            {
                configuration.AttributeCount = 1;
                configuration.Attributes[0] = new() { Id = GpioAbi.Debounce, Value = (uint)options.Debounce.TotalMicroseconds, Mask = 1 };
            }
        }
        configuration.Flags = (ulong)flags;
        return configuration;
    }

    private SafeFileHandle Request()
    {
        GpioAbi.Request request = new() { LineCount = 1, Configuration = Describe(Options) };
        request.Offsets[0] = (uint)Offset;
        GpioAbi.SetName(request.Consumer, Options.Consumer);
        Taken(Libc.Control(chip.Handle, GpioAbi.GetLine, &request));
        return new SafeFileHandle(request.Descriptor, ownsHandle: true);
    }

    private SafeFileHandle Request1()
    {
        GpioAbi.LineFlags1 flags = Options.Direction == LineDirection.Output ? GpioAbi.LineFlags1.Output : GpioAbi.LineFlags1.Input;
        flags |= Options.ActiveLow ? GpioAbi.LineFlags1.ActiveLow : 0;
        flags |= Options.Pull switch
        {
            LinePull.Up => GpioAbi.LineFlags1.PullUp,
            LinePull.Down => GpioAbi.LineFlags1.PullDown,
            LinePull.None => GpioAbi.LineFlags1.NoPull,
            _ => 0,
        };
        if (Options.Direction == LineDirection.Output)
        {
            flags |= Options.Drive switch
            {
                LineDrive.OpenDrain => GpioAbi.LineFlags1.OpenDrain,
                LineDrive.OpenSource => GpioAbi.LineFlags1.OpenSource,
                _ => 0,
            };
        }
        if (Options.Edges != LineEdges.None)
        {
            // Both are asked for where a level has to settle: each begins a new wait.
            GpioAbi.EventRequest1 events = new()
            {
                Offset = (uint)Offset,
                Flags = (uint)flags,
                Edges = (uint)(Options.Debounce > TimeSpan.Zero ? LineEdges.Both : Options.Edges),
            };
            GpioAbi.SetName(events.Consumer, Options.Consumer);
            Taken(Libc.Control(chip.Handle, GpioAbi.GetEvents1, &events));
            return new SafeFileHandle(events.Descriptor, ownsHandle: true);
        }
        GpioAbi.Request1 request = new() { LineCount = 1, Flags = (uint)flags };
        request.Offsets[0] = (uint)Offset;
        request.Values[0] = Options.InitiallyActive ? (byte)1 : (byte)0;
        GpioAbi.SetName(request.Consumer, Options.Consumer);
        Taken(Libc.Control(chip.Handle, GpioAbi.GetLine1, &request));
        return new SafeFileHandle(request.Descriptor, ownsHandle: true);
    }

    private void Ready1()
    {
        GpioAbi.Event1* events = stackalloc GpioAbi.Event1[MostEvents];
        nint bytes = Libc.Read(file, events, MostEvents * sizeof(GpioAbi.Event1));
        if (bytes < 0)
        {
            Check(-1);
            return;
        }
        for (int i = 0; i < bytes / sizeof(GpioAbi.Event1); i++)
        {
            LineEvent change = new(events[i].Edge == 1 ? LineEdges.Rising : LineEdges.Falling, events[i].Nanoseconds, 0);
            if (debounce is null)
            {
                Changed?.Invoke(change);
            }
            else
            {
                debounce.Add(change, EventLoop.Now);
            }
        }
    }

    private void Taken(int result)
    {
        if (result < 0)
        {
            throw chip.Refused(Offset, Libc.Error, Options);
        }
    }

    private void Check(int result)
    {
        if (result < 0 && Libc.Error is var error && error is not (Libc.Again or Libc.Interrupted))
        {
            throw new BoardException(
                error is Libc.NoDevice or Libc.NoDevice6 ? $"line {Offset} of {label} is gone: the chip was removed"
                : error == Libc.NotPermitted ? $"line {Offset} of {label} is an input: it cannot be driven"
                : $"line {Offset} of {label}: {Libc.Text(error)}",
                error);
        }
    }
}
