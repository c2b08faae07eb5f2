// The devices of IBert.Edge.Boards on a kernel's own: run in the virtual board, where /run/gpio and /sys/kernel/debug/i2c-bench are hands
// and eyes.
using System.Device.Gpio;
using System.Device.I2c;
using System.Diagnostics;
using IBert.Edge.Boards;
using IBert.Edge.Boards.Displays;
using IBert.Edge.Boards.Events;
using IBert.Edge.Boards.Gpio;
using IBert.Edge.Boards.I2c;
using IBert.Edge.Boards.Serial;

namespace IBert.Edge.Boards.Probe;

internal static class Program
{
    private static int s_passed, s_failed;

    private static int Main(string[] arguments)
    {
        string label = arguments.Length > 0 ? arguments[0] : "pinctrl-bcm2711";
        Try("chips", () => Chips(label));
        foreach (bool old in (bool[])[false, true])
        {
            string version = old ? " (interface of kernels before 5.10)" : "";
            Try("lines" + version, () => Lines(label, old));
            Try("events" + version, () => Events(label, old));
            Try("debounce" + version, () => Debounce(label, old));
            Try("GpioController" + version, () => Controller(label, old));
        }
        Try("display", Display);
        Try("SMBus alone", Smbus);
        Try("serial cable", Serial);
        Console.WriteLine($"{s_passed} passed, {s_failed} failed");
        return s_failed == 0 ? 0 : 1;
    }

    private static void Chips(string label)
    {
        using GpioChip chip = GpioChip.Find("no-such-label", label);
        Require(chip.Label == label, "a chip is found by its label");
        Require(GpioChip.Paths().Count(path => path == chip.Path) == 1, "and stands once among all");
        string message = Catch<BoardException>(() => GpioChip.Find("no-such-label")).Message;
        Require(message.Contains("no GPIO chip no-such-label: there is ") && message.Contains(label), $"one that is not there: {message}");
        Require(
            Catch<BoardException>(() => GpioChip.Open("/dev/null")).Message.Contains("/dev/null is no GPIO chip"), "a device that is none");
        Require(Catch<BoardException>(() => chip.Describe(chip.LineCount)).Message.Contains($"has no line {chip.LineCount}"),
            "a line that it has not");
        if (chip.FindLine("GPIO17") is >= 0 and var offset)
        {
            Require(chip.Describe(offset).Name == "GPIO17", "a line is found by its name");
        }
        Require(chip.FindLine("no such name") == -1, "a name that no line has");
    }

    private static void Lines(string label, bool old)
    {
        using GpioChip chip = Open(label, old);
        using (GpioLine lamp =
            chip.Request(27, new LineOptions { Direction = LineDirection.Output, InitiallyActive = true, Consumer = "the lamp" }))
        {
            Require(Value(27) == 1, "an output is as it was asked to be from the start");
            lamp.Write(false);
            Require(Value(27) == 0 && !lamp.Read(), "an output follows");
            string message = Catch<BoardException>(() => chip.Request(27, new LineOptions())).Message;
            Require(message.Contains("in use by 'the lamp'"), $"a line that is held: {message}");
            Require(chip.Describe(27) is { Holder: "the lamp", Direction: LineDirection.Output }, "its holder is told");
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                lamp.Write((i & 1) == 0);
                _ = lamp.Read();
            }
            Require(GC.GetAllocatedBytesForCurrentThread() == before, "1,000 writes and reads allocate nothing");
        }
        using GpioLine low = chip.Request(27, new LineOptions { Direction = LineDirection.Output, ActiveLow = true });
        Require(Value(27) == 1, "an inactive active-low output is high");
        low.Write(true);
        Require(Value(27) == 0, "and an active one low");
        using GpioLine input = chip.Request(17, new LineOptions { Pull = LinePull.Up, ActiveLow = true });
        Require(!input.Read(), "a pull-up holds an input");
        Pull(17, "pull-down");
        Require(input.Read(), "a button to ground is active");
        Pull(17, "pull-up");
        Require(Catch<BoardException>(() => input.Write(true)).Message.Contains("input"), "an input cannot be driven");
    }

    private static void Events(string label, bool old)
    {
        using GpioChip chip = Open(label, old);
        using GpioLine line = chip.Request(17, new LineOptions { Pull = LinePull.Up, ActiveLow = true, Edges = LineEdges.Both });
        List<LineEvent> changes = [];
        line.Changed += (in change) => changes.Add(change);
        Press(17, 30);
        Press(17, 30);
        Require(line.Wait(TimeSpan.FromSeconds(5)), "presses between two waits are kept");
        Drain(line);
        Require(string.Join(' ', changes.Select(change => change.Edge)) == "Rising Falling Rising Falling",
            $"and told in their order: {string.Join(' ', changes)}");
        Require(!line.Wait(TimeSpan.FromMilliseconds(20)), "nothing more is to come");

        // More than the kernel keeps.
        changes.Clear();
        for (int i = 0; i < 20; i++)
        {
            Press(17, 20);
            Thread.Sleep(20);
        }
        Drain(line);
        long lost = changes.Sum(change => change.Lost);
        Require(changes.Count is >= 16 and < 40, $"of 40 unread changes {changes.Count} are kept");
        Require(old || changes.Count + lost is 40 or 39, $"and the gap is told: {lost} lost");

        using EventLoop loop = new();
        loop.Add(line);
        changes.Clear();
        Thread finger = new(() => Press(17, 50));
        finger.Start();
        while (changes.Count < 2)
        {
            loop.Step(wait: true);
        }
        finger.Join();
        Require(changes[0].IsActive && !changes[1].IsActive, "a loop waits for a line");
        Require(changes[1].Nanoseconds > changes[0].Nanoseconds, "the kernel's clock is told");
    }

    private static void Debounce(string label, bool old)
    {
        using GpioChip chip = Open(label, old);
        using GpioLine line = chip.Request(
            17,
            new LineOptions { Pull = LinePull.Up, ActiveLow = true, Edges = LineEdges.Both, Debounce = TimeSpan.FromMilliseconds(100) });
        List<LineEvent> changes = [];
        line.Changed += (in change) => changes.Add(change);
        using EventLoop loop = new();
        loop.Add(line);
        Thread finger = new(() =>
        {
            for (int i = 0; i < 3; i++)
            {
                Press(17, 20);
                Thread.Sleep(20);
            }
            Press(17, 400);
        });
        finger.Start();
        Stopwatch time = Stopwatch.StartNew();
        Alarm alarm = new();
        loop.Add(alarm);
        while (time.Elapsed < TimeSpan.FromSeconds(2))
        {
            loop.Step(wait: true);
        }
        finger.Join();
        Require(string.Join(' ', changes.Select(change => change.Edge)) == "Rising Falling",
            $"bounces are one press: {string.Join(' ', changes)}");
    }

    private static void Controller(string label, bool old)
    {
        using GpioController controller = new(new KernelGpioDriver(Open(label, old)));
        controller.OpenPin(27, PinMode.Output, PinValue.High);
        Require(Value(27) == 1, "a pin is opened with its value");
        controller.Write(27, PinValue.Low);
        Require(Value(27) == 0 && controller.Read(27) == PinValue.Low, "and written");
        controller.OpenPin(17, PinMode.InputPullUp);
        Require(controller.GetPinMode(17) == PinMode.InputPullUp && controller.GetPinMode(27) == PinMode.Output, "modes are told");
        Thread finger = new(() =>
        {
            Thread.Sleep(100);
            Press(17, 50);
        });
        finger.Start();
        WaitForEventResult result = controller.WaitForEvent(17, PinEventTypes.Falling, TimeSpan.FromSeconds(10));
        Require(!result.TimedOut && result.EventTypes == PinEventTypes.Falling, "a press ends a wait");
        finger.Join();
        Press(17, 50);
        result = controller.WaitForEvent(17, PinEventTypes.Falling, TimeSpan.FromSeconds(10));
        Require(!result.TimedOut, "a press between two waits is not lost");
        Stopwatch time = Stopwatch.StartNew();
        _ = controller.WaitForEvent(17, PinEventTypes.Falling, TimeSpan.FromMilliseconds(300));
        Require(controller.WaitForEvent(17, PinEventTypes.Falling, TimeSpan.FromMilliseconds(300)).TimedOut, "a wait ends in time");

        int presses = 0;
        using AutoResetEvent pressed = new(false);
        PinChangeEventHandler handler = (_, change) =>
        {
            Interlocked.Increment(ref presses);
            pressed.Set();
            throw new InvalidOperationException("a callback that throws ends nothing");
        };
        controller.RegisterCallbackForPinValueChangedEvent(17, PinEventTypes.Falling, handler);
        Press(17, 50);
        Require(pressed.WaitOne(5000), "a callback is called");
        Press(17, 50);
        Require(pressed.WaitOne(5000) && presses == 2, "for each press once, and again after it threw");
        controller.UnregisterCallbackForPinValueChangedEvent(17, handler);
        Press(17, 50);
        Require(!pressed.WaitOne(100) && presses == 2, "and no longer when it is taken back");
        controller.ClosePin(17);
        controller.OpenPin(17);
        Require(controller.Read(17) == PinValue.High, "a pin can be opened again");
    }

    private static void Display()
    {
        using I2cDevice device = SmbusDevice.Open(1, 0x3C);
        Require(device is not SmbusDevice, "an adapter with plain I2C is used by it");
        using Oled oled = new(device);
        oled.Canvas.Text(0, 0, "positive"u8, scale: 2);
        oled.Show();
        string log = File.ReadAllText("/sys/kernel/debug/i2c-bench/1-3c/log");
        Require(log.Contains("W 00 ae d5 80 a8 3f", StringComparison.Ordinal), "a panel is set up");
        Require(log.Contains("W 40 7f 7f", StringComparison.Ordinal)
            || log.Split('\n').Any(line => line.StartsWith("W 40", StringComparison.Ordinal)), "and gets its picture");
        File.WriteAllText("/sys/kernel/debug/i2c-bench/1-3c/nack", "1");
        oled.Canvas.Text(0, 20, "x"u8);
        Require(Catch<IOException>(oled.Show) is not null, "a panel that does not answer is an error");
        File.WriteAllText("/sys/kernel/debug/i2c-bench/1-3c/log", "");
        oled.Show();
        Require(File.ReadAllText("/sys/kernel/debug/i2c-bench/1-3c/log").Contains("W 00 ae d5 80", StringComparison.Ordinal),
            "and is set up again");
        Require(Catch<BoardException>(() => SmbusDevice.Open(99, 0x3C)).Message.Contains("/dev/i2c-99 does not exist: enable the bus"),
            "a bus that is not there");
    }

    private static void Smbus()
    {
        if (!File.Exists("/dev/i2c-stub"))
        {
            Console.WriteLine("     (no adapter with SMBus commands alone here)");
            return;
        }
        int bus = int.Parse(File.ResolveLinkTarget("/dev/i2c-stub", true)!.Name.AsSpan("i2c-".Length));
        using I2cDevice device = SmbusDevice.Open(bus, StubAddress(bus));
        Require(device is SmbusDevice, "an adapter without plain I2C is used by SMBus commands");
        device.Write([0x10, 1, 2, 3, 4, 5]);
        Span<byte> read = stackalloc byte[5];
        device.WriteRead([0x10], read);
        Require(read.SequenceEqual<byte>([1, 2, 3, 4, 5]), "a block is written and read");
        device.Write([0x20, 7]);
        device.WriteRead([0x20], read[..1]);
        Require(read[0] == 7, "a byte too");
        using I2cDevice absent = SmbusDevice.Open(bus, 0x77);
        Require(Catch<BoardException>(() => absent.WriteByte(1)).Message.Contains("0x77 of I2C bus"), "a device that is not there is told");
        using Oled oled = new(SmbusDevice.Open(bus, StubAddress(bus)));
        oled.Canvas.Text(0, 0, "x"u8);
        oled.Show();
        Require(true, "a panel's messages are taken");
    }

    private static int StubAddress(int bus)
    {
        for (int address = 3; address < 0x78; address++)
        {
            try
            {
                using I2cDevice device = SmbusDevice.Open(bus, address);
                device.WriteByte(0);
                return address;
            }
            catch (BoardException)
            {
                // None there.
            }
        }
        throw new InvalidOperationException("the adapter has no device");
    }

    private static void Serial()
    {
        List<string> lines = [];
        using EventLoop loop = new();
        using SerialLine near = new("/dev/uart-a", new SerialOptions(), (line, _) => lines.Add(System.Text.Encoding.UTF8.GetString(line)));
        using SerialLine far = new("/dev/uart-b", new SerialOptions(), (_, _) => { });
        Require(near.Baud == 115_200, $"a rate is read back: {near.Baud}");
        loop.Add(near);
        far.Write("a charming and often affecting journey\r\nwhat a waste\n"u8);
        while (lines.Count < 2)
        {
            loop.Step(wait: true);
        }
        Require(lines[0] == "a charming and often affecting journey" && lines[1] == "what a waste", "lines come over a cable");
        string message =
            Catch<BoardException>(() => new SerialLine("/dev/uart-a", new SerialOptions { Baud = 3_000_000 }, (_, _) => { })).Message;
        Require(message.Contains("cannot do 3000000 baud") || message.Contains("in use"), $"a rate that the port cannot do: {message}");
    }

    private static GpioChip Open(string label, bool old)
    {
        GpioChip chip = GpioChip.Find(label);
        chip.IsVersion1 |= old;
        return chip;
    }

    private static void Drain(GpioLine line)
    {
        while (line.Wait(TimeSpan.FromMilliseconds(100)))
        {
            line.Ready();
        }
    }

    private static void Press(int line, int milliseconds)
    {
        Pull(line, "pull-down");
        Thread.Sleep(milliseconds);
        Pull(line, "pull-up");
        Thread.Sleep(20);
    }

    private static void Pull(int line, string pull) => File.WriteAllText($"/run/gpio/GPIO{line}/pull", pull);

    private static int Value(int line) => File.ReadAllText($"/run/gpio/GPIO{line}/value").Trim() == "1" ? 1 : 0;

    private static void Try(string what, Action act)
    {
        Console.WriteLine(what);
        try
        {
            act();
        }
        catch (Exception error)
        {
            s_failed++;
            Console.WriteLine($"FAIL {what}: {error}");
        }
    }

    private static void Require(bool holds, string what)
    {
        Console.WriteLine($"  {(holds ? "ok  " : "FAIL")} {what}");
        if (holds)
        {
            s_passed++;
        }
        else
        {
            s_failed++;
        }
    }

    private static T Catch<T>(Action act)
        where T : Exception
    {
        try
        {
            act();
        }
        catch (T error)
        {
            return error;
        }
        throw new InvalidOperationException($"no {typeof(T).Name} was thrown");
    }

    /// <summary>Turns the loop now and then, so that its time can be looked at.</summary>
    private sealed class Alarm : IEventSource
    {
        public Microsoft.Win32.SafeHandles.SafeFileHandle? Handle => null;

        public short Events => 0;

        public long Deadline { get; private set; }

        public void Ready(short happened, long now)
        {
        }

        public void Elapsed(long now) => Deadline = now + (EventLoop.TicksPerSecond / 10);
    }
}
