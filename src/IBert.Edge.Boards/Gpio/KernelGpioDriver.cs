// System.Device.Gpio on the kernel's character device: GpioController, and with it every binding of dotnet/iot, without a library on the
// board.
using System.Device.Gpio;
using IBert.Edge.Boards.Events;

namespace IBert.Edge.Boards.Gpio;

/// <summary>
/// A driver for <see cref="GpioController"/>: <c>new GpioController(new KernelGpioDriver("pinctrl-bcm2711"))</c>. A pin's number is its
/// line's offset on the chip. Nothing is allocated once pins are open, except what <see cref="GpioController"/> itself allocates; a change
/// between two waits is not lost.
/// </summary>
public sealed class KernelGpioDriver : GpioDriver
{
    private readonly GpioChip chip;
    private readonly Dictionary<int, Pin> pins = [];
    private readonly Lock gate = new();
    private EventLoop? loop;
    private Thread? thread;
    private Action? pending;

    /// <summary>On a chip that is found by one of its labels.</summary>
    /// <exception cref="BoardException">There is none.</exception>
    public KernelGpioDriver(params ReadOnlySpan<string> labels)
        : this(GpioChip.Find(labels))
    {
    }

    /// <summary>On an open chip, which the driver closes with itself.</summary>
    public KernelGpioDriver(GpioChip chip) => this.chip = chip;

    /// <inheritdoc/>
    protected override int PinCount => chip.LineCount;

    /// <summary>The line of an open pin, for what must not allocate.</summary>
    /// <exception cref="InvalidOperationException">The pin is not open.</exception>
    public GpioLine LineOf(int pin)
    {
        lock (gate)
        {
            return Taken(pin).Line!;
        }
    }

    /// <inheritdoc/>
    protected override void OpenPin(int pinNumber)
    {
        chip.Require(pinNumber);
        lock (gate)
        {
            pins.Add(pinNumber, new Pin());
        }
    }

    /// <inheritdoc/>
    protected override void ClosePin(int pinNumber)
    {
        Pin? pin;
        lock (gate)
        {
            pins.Remove(pinNumber, out pin);
        }
        if (pin is not null)
        {
            InLoop(() => pin.Close(loop));
        }
    }

    /// <inheritdoc/>
    protected override bool IsPinModeSupported(int pinNumber, PinMode mode) =>
        mode is PinMode.Input or PinMode.Output or PinMode.InputPullUp or PinMode.InputPullDown;

    /// <inheritdoc/>
    protected override PinMode GetPinMode(int pinNumber)
    {
        lock (gate)
        {
            return Opened(pinNumber).Line?.Options switch
            {
                null => chip.Describe(pinNumber).Direction == LineDirection.Output ? PinMode.Output : PinMode.Input,
                { Direction: LineDirection.Output } => PinMode.Output,
                { Pull: LinePull.Up } => PinMode.InputPullUp,
                { Pull: LinePull.Down } => PinMode.InputPullDown,
                _ => PinMode.Input,
            };
        }
    }

    /// <inheritdoc/>
    protected override void SetPinMode(int pinNumber, PinMode mode) => SetPinMode(pinNumber, mode, PinValue.Low);

    /// <inheritdoc/>
    protected override void SetPinMode(int pinNumber, PinMode mode, PinValue initialValue)
    {
        if (!IsPinModeSupported(pinNumber, mode))
        {
            throw new InvalidOperationException($"{mode} is no mode of a line of {chip.Label}");
        }
        lock (gate)
        {
            Pin pin = Opened(pinNumber);
            LineOptions options = new()
            {
                Direction = mode == PinMode.Output ? LineDirection.Output : LineDirection.Input,
                Pull = mode switch
                {
                    PinMode.InputPullUp => LinePull.Up,
                    PinMode.InputPullDown => LinePull.Down,
                    PinMode.Input => LinePull.None,
                    _ => LinePull.AsIs,
                },
                InitiallyActive = initialValue == PinValue.High,
                Edges = mode == PinMode.Output ? LineEdges.None : pin.Line?.Options.Edges ?? LineEdges.None,
            };
            Take(pinNumber, pin, options);
        }
    }

    /// <inheritdoc/>
    protected override PinValue Read(int pinNumber)
    {
        lock (gate)
        {
            return Taken(pinNumber).Line!.Read() ? PinValue.High : PinValue.Low;
        }
    }

    /// <inheritdoc/>
    protected override void Write(int pinNumber, PinValue value)
    {
        lock (gate)
        {
            Taken(pinNumber).Line!.Write(value == PinValue.High);
        }
    }

    /// <summary>
    /// Waits for a change. One that happened since the last wait, or since the first for the other edge, counts: the kernel keeps the last
    /// 16.
    /// </summary>
    protected override WaitForEventResult WaitForEvent(int pinNumber, PinEventTypes eventTypes, CancellationToken cancellationToken)
    {
        using EventWait wait = new(cancellationToken);
        GpioLine line;
        Pin pin;
        lock (gate)
        {
            pin = Taken(pinNumber);
            if (pin.IsServed)
            {
                throw new InvalidOperationException($"pin {pinNumber} has callbacks: these are told of its changes");
            }
            line = WithEdges(pinNumber, pin);
        }
        while (true)
        {
            while (pin.Changes.TryDequeue(out PinEventTypes change))
            {
                if ((change & eventTypes) != 0)
                {
                    return new WaitForEventResult { EventTypes = change, TimedOut = false };
                }
            }
            if (!wait.For(line))
            {
                return new WaitForEventResult { EventTypes = PinEventTypes.None, TimedOut = true };
            }
            line.Ready();
        }
    }

    /// <inheritdoc/>
    protected override void AddCallbackForPinValueChangedEvent(int pinNumber, PinEventTypes eventTypes, PinChangeEventHandler callback)
    {
        lock (gate)
        {
            Pin pin = Taken(pinNumber);
            GpioLine line = WithEdges(pinNumber, pin);
            Serve();
            pin.Callbacks = [.. pin.Callbacks, (eventTypes, callback)];
            if (!pin.IsServed)
            {
                pin.IsServed = true;
                InLoop(() => loop!.Add(line));
            }
        }
    }

    /// <inheritdoc/>
    protected override void RemoveCallbackForPinValueChangedEvent(int pinNumber, PinChangeEventHandler callback)
    {
        lock (gate)
        {
            Pin pin = Opened(pinNumber);
            pin.Callbacks = [.. pin.Callbacks.Where(each => each.Callback != callback)];
            if (pin is { Callbacks.Length: 0, IsServed: true, Line: { } line })
            {
                pin.IsServed = false;
                InLoop(() => loop!.Remove(line));
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            loop?.Stop();
            if (thread != Thread.CurrentThread)
            {
                thread?.Join();
            }
            loop?.Dispose();
            lock (gate)
            {
                foreach (Pin pin in pins.Values)
                {
                    pin.Close(null);
                }
                pins.Clear();
            }
            chip.Dispose();
        }
        base.Dispose(disposing);
    }

    private Pin Opened(int number) =>
        pins.TryGetValue(number, out Pin? pin) ? pin : throw new InvalidOperationException($"pin {number} is not open");

    /// <summary>An open pin with its line; as it is, where no mode was set.</summary>
    private Pin Taken(int number)
    {
        Pin pin = Opened(number);
        if (pin.Line is null)
        {
            Take(number, pin, new LineOptions());
        }
        return pin;
    }

    private void Take(int number, Pin pin, LineOptions options)
    {
        if (pin.Line is { } line)
        {
            line.Configure(options);
            return;
        }
        pin.Line = chip.Request(number, options);
        // For the driver's life: an event that is raised by the loop's thread or in a wait.
        PinValueChangedEventArgs rising = new(PinEventTypes.Rising, number), falling = new(PinEventTypes.Falling, number);
        pin.Line.Changed += (in change) =>
        {
            PinEventTypes type = change.IsActive ? PinEventTypes.Rising : PinEventTypes.Falling;
            if (!pin.IsServed)
            {
                pin.Changes.Enqueue(type);
                return;
            }
            foreach ((PinEventTypes types, PinChangeEventHandler callback) in pin.Callbacks)
            {
                if ((types & type) != 0)
                {
                    callback(this, change.IsActive ? rising : falling);
                }
            }
        };
    }

    private GpioLine WithEdges(int number, Pin pin)
    {
        LineOptions options = pin.Line!.Options;
        if (options.Direction == LineDirection.Output)
        {
            throw new InvalidOperationException($"pin {number} is an output: its changes are this program's own");
        }
        if (options.Edges != LineEdges.Both)
        {
            Take(number, pin, options with { Edges = LineEdges.Both });
        }
        return pin.Line;
    }

    /// <summary>Starts the thread that calls callbacks.</summary>
    private void Serve()
    {
        if (loop is not null)
        {
            return;
        }
        loop = new EventLoop
        {
            // A callback that throws must not end all others.
            Failed = static (_, _) => { },
        };
        loop.Woken += () => Interlocked.Exchange(ref pending, null)?.Invoke();
        thread = new Thread(loop.Run) { IsBackground = true, Name = $"GPIO {chip.Label}" };
        thread.Start();
    }

    /// <summary>Does what the loop's sources take part in, in the loop's thread where there is one.</summary>
    private void InLoop(Action act)
    {
        if (loop is null || thread == Thread.CurrentThread)
        {
            act();
            return;
        }
        using ManualResetEventSlim done = new();
        Action step = () =>
        {
            act();
            done.Set();
        };
        Action? before, after;
        do
        {
            before = pending;
            after = before + step;
        }
        while (Interlocked.CompareExchange(ref pending, after, before) != before);
        loop.Wake();
        // A driver that is being disposed of has no loop left.
        while (!done.Wait(100) && thread!.IsAlive)
        {
        }
    }

    private sealed class Pin
    {
        public GpioLine? Line { get; set; }

        /// <summary>Whether the loop reads its changes.</summary>
        public bool IsServed { get; set; }

        public (PinEventTypes Types, PinChangeEventHandler Callback)[] Callbacks { get; set; } = [];

        /// <summary>Changes that were read and not waited for yet.</summary>
        public Queue<PinEventTypes> Changes { get; } = new(16);

        public void Close(EventLoop? loop)
        {
            if (Line is { } line)
            {
                loop?.Remove(line);
                line.Dispose();
            }
        }
    }
}
