// A wait for a line that a token can end, at once and not in steps.
using IBert.Edge.Boards.Native;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Boards.Gpio;

/// <summary>An eventfd that a cancellation writes to, waited for beside the line.</summary>
internal sealed unsafe class EventWait : IDisposable
{
    private readonly SafeFileHandle counter = Libc.CreateEvent();
    private readonly CancellationTokenRegistration registration;

    public EventWait(CancellationToken token) => registration = token.Register(() =>
    {
        ulong one = 1;
        Libc.Write(counter, &one, sizeof(ulong));
    });

    /// <summary>Whether the line has changes to read; false when the token was cancelled first.</summary>
    /// <exception cref="BoardException">It cannot be waited for.</exception>
    public bool For(GpioLine line)
    {
        Libc.PollRecord* records = stackalloc Libc.PollRecord[2];
        while (true)
        {
            records[0] = new() { Descriptor = (int)counter.DangerousGetHandle(), Events = Libc.Readable };
            records[1] = new() { Descriptor = (int)((Events.IEventSource)line).Handle!.DangerousGetHandle(), Events = Libc.Readable };
            int ready = Libc.Poll(records, 2, -1);
            if (ready < 0 && Libc.Error is not (Libc.Interrupted or Libc.Again))
            {
                throw new BoardException($"waiting for line {line.Offset} failed: {Libc.Text(Libc.Error)}", Libc.Error);
            }
            if (records[1].Happened != 0)
            {
                return true;
            }
            if (records[0].Happened != 0)
            {
                return false;
            }
        }
    }

    public void Dispose()
    {
        registration.Dispose();
        counter.Dispose();
    }
}
