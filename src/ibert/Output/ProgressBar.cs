// Progress on standard error, for a person who waits.
using System.Diagnostics;

namespace IBert.Edge.Cli.Output;

/// <summary>
/// A bar that appears when standard error is a terminal and the work takes more than a second. It allocates nothing once made, so that
/// the self-test may show one while it counts allocations.
/// </summary>
internal sealed class ProgressBar : IDisposable
{
    private const int Width = 40;

    private readonly bool shown = !Console.IsErrorRedirected;
    private readonly byte[] line = new byte[Width + 16];
    private readonly long begun = Stopwatch.GetTimestamp();
    private long last;
    private bool drawn;

    /// <summary>Reports done of total.</summary>
    public void Report(long done, long total)
    {
        if (!shown || total <= 0)
        {
            return;
        }
        long now = Stopwatch.GetTimestamp();
        if (now - begun < Stopwatch.Frequency || now - last < Stopwatch.Frequency / 10)
        {
            return;
        }
        last = now;
        drawn = true;
        long percent = Math.Clamp(done * 100 / total, 0, 100);
        int filled = (int)(percent * Width / 100), at = 0;
        line[at++] = (byte)'\r';
        line[at++] = (byte)'[';
        for (int i = 0; i < Width; i++)
        {
            line[at++] = (byte)(i < filled ? '#' : '.');
        }
        "] "u8.CopyTo(line.AsSpan(at));
        at += 2;
        percent.TryFormat(line.AsSpan(at), out int digits);
        at += digits;
        line[at++] = (byte)'%';
        StandardDescriptor.Write(StandardDescriptor.Error, line.AsSpan(0, at));
    }

    /// <summary>Removes the bar.</summary>
    public void Dispose()
    {
        if (drawn)
        {
            // Return, then erase to the end of the line (ECMA-48).
            StandardDescriptor.Write(StandardDescriptor.Error, "\r\e[K"u8);
        }
    }
}
