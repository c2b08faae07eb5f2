// A serial port as a source of lines: opened in raw mode at any rate, lost and found again.
using IBert.Edge.Boards.Events;
using IBert.Edge.Boards.Native;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Boards.Serial;

/// <summary>
/// A UART, <c>/dev/serial0</c>, <c>/dev/ttyTHS1</c> or <c>/dev/serial/by-id/...</c>. A port that is unplugged is told once, and tried again
/// until it is back; nothing is allocated for a line. Used by one thread at a time.
/// </summary>
public sealed unsafe class SerialLine : IEventSource, IDisposable
{
    // Bytes read at once: what a port's buffer holds.
    private const int ReadBytes = 4096;
    private readonly SerialOptions options;
    private readonly LineSplitter splitter;
    private readonly LineHandler received;
    private SafeFileHandle? file;
    private long retry = EventLoop.Never;
    private bool disposed;

    /// <summary>Opens a port.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="options">How it is used.</param>
    /// <param name="received">Called with each line.</param>
    /// <param name="mayBeAbsent">Whether a port that is not there is waited for, instead of an error.</param>
    /// <exception cref="BoardException">It is not there, is in use, or cannot do what is asked.</exception>
    public SerialLine(string path, SerialOptions options, LineHandler received, bool mayBeAbsent = false)
    {
        (Path, this.options, this.received) = (path, options, received);
        splitter = new LineSplitter(options.MostBytes);
        try
        {
            file = Open();
        }
        catch (BoardException error) when (mayBeAbsent && error.Error is Libc.NoEntry or Libc.NoDevice or Libc.NoDevice6)
        {
            Lose(EventLoop.Now);
        }
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>The rate that the port really has, in bits per second; 0 while it is lost.</summary>
    public int Baud { get; private set; }

    /// <summary>Whether it is open.</summary>
    public bool IsOpen => file is not null;

    /// <summary>Called once when the port is lost (false) and once when it is back (true), with what to tell.</summary>
    public event Action<bool, string>? Changed;

    SafeFileHandle? IEventSource.Handle => file;

    short IEventSource.Events => Libc.Readable;

    long IEventSource.Deadline => retry;

    /// <summary>Sends bytes.</summary>
    /// <returns>Whether all were taken; false while the port is lost, and when it takes no more for a second.</returns>
    public bool Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            for (int sent = 0; sent < bytes.Length;)
            {
                if (file is null)
                {
                    return false;
                }
                nint count = Libc.Write(file, pointer + sent, bytes.Length - sent);
                if (count >= 0)
                {
                    sent += (int)count;
                    continue;
                }
                if (Libc.Error == Libc.Again)
                {
                    Libc.PollRecord record = new() { Descriptor = (int)file.DangerousGetHandle(), Events = Libc.Writable };
                    if (Libc.Poll(&record, 1, 1000) == 0)
                    {
                        return false;
                    }
                }
                else if (Libc.Error != Libc.Interrupted)
                {
                    Lose(EventLoop.Now);
                }
            }
        }
        return true;
    }

    void IEventSource.Ready(short happened, long now)
    {
        byte* bytes = stackalloc byte[ReadBytes];
        nint count = Libc.Read(file!, bytes, ReadBytes);
        if (count > 0)
        {
            splitter.Add(new ReadOnlySpan<byte>(bytes, (int)count), received);
            return;
        }
        // No bytes and no complaint is a port that was hung up.
        if (count == 0 || Libc.Error is not (Libc.Again or Libc.Interrupted))
        {
            Lose(now);
        }
    }

    void IEventSource.Elapsed(long now)
    {
        retry = EventLoop.Never;
        try
        {
            file = Open();
            Changed?.Invoke(true, $"{Path} is back");
        }
        catch (BoardException)
        {
            Wait(now);
        }
    }

    /// <summary>Closes the port.</summary>
    public void Dispose()
    {
        disposed = true;
        retry = EventLoop.Never;
        file?.Dispose();
        file = null;
    }

    private void Lose(long now)
    {
        bool was = file is not null;
        file?.Dispose();
        file = null;
        Baud = 0;
        splitter.Clear();
        if (!disposed)
        {
            Wait(now);
            Changed?.Invoke(false, was ? $"{Path} was unplugged: it is waited for" : $"{Path} is not there: it is waited for");
        }
    }

    private void Wait(long now) => retry = now + (long)(options.RetryAfter.TotalSeconds * EventLoop.TicksPerSecond);

    private SafeFileHandle Open()
    {
        SafeFileHandle opened = Libc.Open(Path, Libc.ReadWrite | Libc.NoTerminal | Libc.NonBlocking);
        if (opened.IsInvalid)
        {
            int error = Libc.Error;
            opened.Dispose();
            throw new BoardException(
                error switch
                {
                    Libc.NoEntry =>
                        $"{Path} does not exist: plug the device in, or enable the port (raspi-config: Interface Options, Serial Port)",
                    Libc.NoAccess or Libc.NotPermitted =>
                        $"{Path} may not be opened: add the user to its group (sudo usermod -aG dialout $USER), and log in again",
                    Libc.Busy => $"{Path} is in use by another program: end it (a login prompt on it ends by raspi-config, or systemctl " +
                        "disable --now serial-getty@...)",
                    _ => $"{Path} cannot be opened: {Libc.Text(error)}",
                },
                error);
        }
        try
        {
            Baud = Terminal.Configure(opened, Path, options);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }
}
