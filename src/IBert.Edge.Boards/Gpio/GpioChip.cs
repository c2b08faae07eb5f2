// A GPIO chip: the kernel's character device, asked directly, so that no library need be on the board.
using System.Globalization;
using System.Runtime.InteropServices;
using IBert.Edge.Boards.Native;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Boards.Gpio;

/// <summary>A line as the kernel describes it.</summary>
/// <param name="Offset">Its number on the chip, from 0.</param>
/// <param name="Name">Its name, such as <c>GPIO17</c>; empty for none.</param>
/// <param name="Holder">Who uses it; null for nobody.</param>
/// <param name="Direction">What it does now.</param>
public sealed record LineDescription(int Offset, string Name, string? Holder, LineDirection Direction);

/// <summary>
/// A GPIO chip, <c>/dev/gpiochipN</c>. The number N changes with kernels and with what is plugged in (a Pi 5's header was <c>gpiochip4</c>
/// and is <c>gpiochip0</c> from kernel 6.6.45 on), the label does not: chips are found by it.
/// </summary>
public sealed unsafe class GpioChip : IDisposable
{
    private const string Folder = "/dev";
    private readonly SafeFileHandle file;

    private GpioChip(string path, SafeFileHandle file, GpioAbi.Chip chip)
    {
        (Path, this.file) = (path, file);
        Name = GpioAbi.Name(chip.Name);
        Label = GpioAbi.Name(chip.Label);
        LineCount = checked((int)chip.Lines);
        // Version 2 is asked for a line; kernels before 5.10 do not know the call.
        GpioAbi.LineInfo info = default;
        IsVersion1 = LineCount > 0 && Libc.Control(file, GpioAbi.GetLineInfo, &info) < 0 && Libc.Error is Libc.Invalid or Libc.NoSpecial;
    }

    /// <summary>Where it is, such as <c>/dev/gpiochip0</c>.</summary>
    public string Path { get; }

    /// <summary>The kernel's name, such as <c>gpiochip0</c>.</summary>
    public string Name { get; }

    /// <summary>What the chip is, such as <c>pinctrl-bcm2711</c>.</summary>
    public string Label { get; }

    /// <summary>Number of lines.</summary>
    public int LineCount { get; }

    /// <summary>Whether lines are asked for by the interface of kernels before 5.10; true can be set, for tests.</summary>
    internal bool IsVersion1 { get; set; }

    internal SafeFileHandle Handle => file;

    /// <summary>
    /// The paths of the board's chips, each once: <c>gpiochip4</c> of newer kernels on a Pi 5 is a link to <c>gpiochip0</c>.
    /// </summary>
    public static IReadOnlyList<string> Paths()
    {
        try
        {
            return
            [
                .. from path in Directory.EnumerateFiles(Folder, "gpiochip*")
                   let number = path[(Folder.Length + "/gpiochip".Length)..]
                   where number.Length > 0 && number.All(char.IsAsciiDigit)
                   let real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path
                   group (path, number) by real into same
                   orderby int.Parse(System.IO.Path.GetFileName(same.Key).AsSpan("gpiochip".Length), CultureInfo.InvariantCulture)
                   select same.Key,
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Opens a chip by its path.</summary>
    /// <exception cref="BoardException">There is none, it may not be opened, or it is no chip.</exception>
    public static GpioChip Open(string path)
    {
        SafeFileHandle file = Libc.Open(path, Libc.ReadWrite);
        if (file.IsInvalid)
        {
            int error = Libc.Error;
            file.Dispose();
            throw new BoardException(
                error switch
                {
                    Libc.NoEntry => $"{path} does not exist: this machine has no such GPIO chip",
                    Libc.NoAccess or Libc.NotPermitted =>
                        $"{path} may not be opened: add the user to the group that owns it (sudo usermod -aG gpio $USER), and log in again",
                    _ => $"{path} cannot be opened: {Libc.Text(error)}",
                },
                error);
        }
        GpioAbi.Chip chip = default;
        if (Libc.Control(file, GpioAbi.GetChip, &chip) < 0)
        {
            int error = Libc.Error;
            file.Dispose();
            throw new BoardException($"{path} is no GPIO chip: {Libc.Text(error)}", error);
        }
        return new GpioChip(path, file, chip);
    }

    /// <summary>Finds a chip by one of its labels; a path or a name such as <c>gpiochip0</c> does too.</summary>
    /// <param name="labels">Labels in the order of preference, as kernels name the same chip differently.</param>
    /// <exception cref="BoardException">There is none; the message names those that are there.</exception>
    public static GpioChip Find(params ReadOnlySpan<string> labels)
    {
        List<string> there = [], denied = [];
        List<GpioChip> open = [];
        try
        {
            foreach (string path in Paths())
            {
                try
                {
                    GpioChip chip = Open(path);
                    open.Add(chip);
                    there.Add($"{chip.Label} ({chip.Path}, {chip.LineCount} lines)");
                }
                catch (BoardException error) when (error.Error is Libc.NoAccess or Libc.NotPermitted)
                {
                    denied.Add(error.Message);
                }
            }
            foreach (string label in labels)
            {
                if (open.Find(chip => chip.Label == label || chip.Path == label || chip.Name == label) is { } found)
                {
                    open.Remove(found);
                    return found;
                }
            }
        }
        finally
        {
            open.ForEach(chip => chip.Dispose());
        }
        string wanted = string.Join(" or ", labels.ToArray());
        throw new BoardException(denied.Count > 0 ? denied[0]
            : there.Count == 0 ? $"no GPIO chip {wanted}: this machine has none (/dev/gpiochip*)"
            : $"no GPIO chip {wanted}: there is {string.Join(", ", there)}");
    }

    /// <summary>Describes a line.</summary>
    /// <exception cref="BoardException">The chip has no such line, or is gone.</exception>
    public LineDescription Describe(int offset)
    {
        Require(offset);
        if (IsVersion1)
        {
            GpioAbi.LineInfo1 old = new() { Offset = (uint)offset };
            Check(Libc.Control(file, GpioAbi.GetLineInfo1, &old), offset);
            var flags = (GpioAbi.LineFlags1)old.Flags;
            return new(offset, GpioAbi.Name(old.Name), Holder((flags & GpioAbi.LineFlags1.Used) != 0, GpioAbi.Name(old.Consumer)),
                (flags & GpioAbi.LineFlags1.IsOutput) != 0 ? LineDirection.Output : LineDirection.Input);
        }
        GpioAbi.LineInfo info = new() { Offset = (uint)offset };
        Check(Libc.Control(file, GpioAbi.GetLineInfo, &info), offset);
        return new(offset, GpioAbi.Name(info.Name), Holder((info.Flags & (ulong)GpioAbi.LineFlags.Used) != 0, GpioAbi.Name(info.Consumer)),
            (info.Flags & (ulong)GpioAbi.LineFlags.Output) != 0 ? LineDirection.Output : LineDirection.Input);

        static string? Holder(bool used, string name) => !used ? null : name.Length == 0 ? "the kernel" : name;
    }

    /// <summary>The number of the line of that name; -1 for none.</summary>
    public int FindLine(string name)
    {
        for (int offset = 0; offset < LineCount; offset++)
        {
            if (Describe(offset).Name == name)
            {
                return offset;
            }
        }
        return -1;
    }

    /// <summary>Takes a line, until it is disposed of.</summary>
    /// <exception cref="BoardException">Someone else holds it, it cannot be used so, or the chip has no such line.</exception>
    public GpioLine Request(int offset, LineOptions options) => new(this, offset, options);

    /// <summary>Closes the chip; lines that were taken stay.</summary>
    public void Dispose() => file.Dispose();

    /// <summary>What is wrong with a line that was asked for, as people need it.</summary>
    internal BoardException Refused(int offset, int error, LineOptions? options = null)
    {
        string line = $"line {offset} of {Label} ({Path})";
        if (error == Libc.Busy)
        {
            string? holder = Describe(offset).Holder;
            string by = holder is null ? "" : $" by '{Printable(holder)}'";
            return new($"{line} is in use{by}: end that program, or take another line", error);
        }
        if (error == Libc.Invalid && options is { Pull: not LinePull.AsIs } && IsVersion1)
        {
            return new($"{line}: this kernel cannot set a pull; put a resistor there and ask for none (kernels from 5.5 on can)", error);
        }
        return new(error is Libc.NoDevice or Libc.NoDevice6 ? $"{line} is gone: the chip was removed" : $"{line} cannot be used: " +
            $"{Libc.Text(error)}", error);
    }

    internal void Require(int offset)
    {
        if (offset < 0 || offset >= LineCount)
        {
            throw new BoardException($"{Label} ({Path}) has no line {offset}: its lines are 0 to {LineCount - 1}", Libc.Invalid);
        }
    }

    /// <summary>A name that came from somewhere, without what steers a terminal.</summary>
    internal static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));

    private void Check(int result, int offset)
    {
        if (result < 0)
        {
            throw Refused(offset, Libc.Error);
        }
    }
}
