// A serial cable whose other end the test holds.
using System.Globalization;
using IBert.Edge.Boards.Native;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Boards.Tests;

internal sealed unsafe class PseudoTerminal : IDisposable
{
    private readonly SafeFileHandle master;

    public PseudoTerminal()
    {
        master = Libc.Open("/dev/ptmx", Libc.ReadWrite | Libc.NoTerminal);
        int unlocked = 0, number = 0;
        if (Libc.Control(master, 0x40045431, &unlocked) < 0 || Libc.Control(master, 0x80045430, &number) < 0)
        {
            throw new InvalidOperationException(Libc.Text(Libc.Error));
        }
        Path = $"/dev/pts/{number.ToString(CultureInfo.InvariantCulture)}";
    }

    /// <summary>The end that the program opens.</summary>
    public string Path { get; }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            if (Libc.Write(master, pointer, bytes.Length) != bytes.Length)
            {
                throw new InvalidOperationException(Libc.Text(Libc.Error));
            }
        }
    }

    public byte[] Receive(int count)
    {
        byte[] bytes = new byte[count];
        fixed (byte* pointer = bytes)
        {
            for (int read = 0; read < count;)
            {
                nint got = Libc.Read(master, pointer + read, count - read);
                if (got <= 0)
                {
                    throw new InvalidOperationException(Libc.Text(Libc.Error));
                }
                read += (int)got;
            }
        }
        return bytes;
    }

    /// <summary>Pulls the cable out.</summary>
    public void Dispose() => master.Dispose();
}
