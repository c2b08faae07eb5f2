// A terminal's settings, as the kernel has them since 2.6.20: any rate, read back.
using IBert.Edge.Boards.Native;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Boards.Serial;

internal static unsafe class Terminal
{
    // Calls and bits of asm-generic/termbits.h and ioctls.h.
    private const nuint GetSettings = 0x802C542A, SetSettings = 0x402C542B, Exclusive = 0x540C, FlushInput = 0x540B;
    private const uint Bits8 = 0x30, TwoStopBits = 0x40, Receive = 0x80, ParityOn = 0x100, ParityOdd = 0x200, Local = 0x800,
        OtherRate = 0x1000, Handshake = 0x80000000;
    private const int InputRateShift = 16;

    /// <summary>Raw bytes, at a rate that is read back.</summary>
    /// <returns>The rate that the port really has.</returns>
    /// <exception cref="BoardException">It is no serial port, or cannot do the rate.</exception>
    public static int Configure(SafeFileHandle file, string path, SerialOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Baud, 1);
        if (options.StopBits is not (1 or 2))
        {
            throw new ArgumentOutOfRangeException(nameof(options), $"{options.StopBits} stop bits: 1 or 2");
        }
        Settings settings;
        Check(Libc.Control(file, GetSettings, &settings), path);
        settings.Input = settings.Output = settings.Local = 0;
        settings.Control = OtherRate | (OtherRate << InputRateShift) | Bits8 | Receive | Local;
        settings.Control |= options.StopBits == 2 ? TwoStopBits : 0;
        settings.Control |= options.Parity switch { Parity.Even => ParityOn, Parity.Odd => ParityOn | ParityOdd, _ => 0 };
        settings.Control |= options.HardwareFlowControl ? Handshake : 0;
        settings.InputRate = settings.OutputRate = (uint)options.Baud;
        // A read gives what there is.
        settings.Time = 0;
        settings.Least = 1;
        Check(Libc.Control(file, SetSettings, &settings), path);
        Check(Libc.Control(file, GetSettings, &settings), path);
        // Receivers take a rate that is 2.5 % off at either end.
        if (Math.Abs((long)settings.OutputRate - options.Baud) * 40 > options.Baud)
        {
            throw new BoardException($"{path} cannot do {options.Baud} baud: the nearest is {settings.OutputRate}", Libc.Invalid);
        }
        // Two readers would each get half of a line.
        Libc.Control(file, Exclusive, 0);
        // What came before nobody asked for.
        Libc.Control(file, FlushInput, 0);
        return (int)settings.OutputRate;
    }

    private static void Check(int result, string path)
    {
        if (result < 0)
        {
            int error = Libc.Error;
            throw new BoardException(
                error == Libc.NoSpecial ? $"{path} is no serial port" : $"{path} cannot be set up: {Libc.Text(error)}", error);
        }
    }

    /// <summary>struct termios2: 19 control characters behind the discipline, of which two count.</summary>
    private struct Settings
    {
        public uint Input, Output, Control, Local;
        public byte Discipline, C0, C1, C2, C3, C4, Time, Least, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17, C18;
        public uint InputRate, OutputRate;
    }
}
