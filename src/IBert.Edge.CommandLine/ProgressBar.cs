// Progress on standard error, for a person who waits.
using System.Diagnostics;
using System.Text;

namespace IBert.Edge.CommandLine;

/// <summary>
/// A bar that appears when standard error is a terminal and the work takes more than a second. It allocates nothing once made, so that
/// the self-test may show one while it counts allocations.
/// </summary>
internal sealed class ProgressBar : IDisposable
{
    private const int Width = 40, MostStage = 40;

    private readonly byte[] line = new byte[Width + 16 + MostStage];
    private readonly long begun = Stopwatch.GetTimestamp();
    private bool shown = !Console.IsErrorRedirected;
    private long last;
    private bool drawn;

    /// <summary>Reports done of total, at most ten times a second.</summary>
    /// <param name="done">How much is done.</param>
    /// <param name="total">Of how much; nothing is shown where it is not known.</param>
    /// <param name="stage">What is being done, in a few ASCII words.</param>
    public void Report(long done, long total, string stage = "")
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
        at += Add("\r\e[K["u8, at);
        line.AsSpan(at, Width).Fill((byte)'.');
        line.AsSpan(at, filled).Fill((byte)'#');
        at += Width;
        at += Add("] "u8, at);
        percent.TryFormat(line.AsSpan(at), out int digits);
        at += digits;
        at += Add(" % "u8, at);
        at += Encoding.ASCII.GetBytes(stage.AsSpan(0, Math.Min(stage.Length, MostStage)), line.AsSpan(at));
        Show(line.AsSpan(0, at));
    }

    /// <summary>Removes the bar, before anything else is printed.</summary>
    public void Dispose()
    {
        if (drawn)
        {
            // Return, then erase to the end of the line (ECMA-48).
            drawn = false;
            Show("\r\e[K"u8);
        }
    }

    private int Add(ReadOnlySpan<byte> text, int at)
    {
        text.CopyTo(line.AsSpan(at));
        return text.Length;
    }

    private void Show(ReadOnlySpan<byte> text)
    {
        try
        {
            StandardDescriptor.Write(StandardDescriptor.Error, text);
        }
        catch (Exception error) when (error is ClosedPipeException or CommandException)
        {
            // The terminal is gone; the work is not.
            shown = false;
        }
    }
}
