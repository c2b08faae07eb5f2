// Progress on standard error, for a person who waits.
using System.Diagnostics;
using System.Globalization;

namespace IBert.Edge.Quantization.Cli;

/// <summary>A bar that appears when standard error is a terminal and the work takes more than a second.</summary>
internal sealed class ProgressLine : IDisposable
{
    private const int Width = 40;

    private readonly bool shown = !Console.IsErrorRedirected;
    private readonly long begun = Stopwatch.GetTimestamp();
    private long last;

    /// <summary>Shows a stage and the share of it that is done, at most ten times a second.</summary>
    public void Show(string stage, double share)
    {
        long now = Stopwatch.GetTimestamp();
        if (!shown || now - begun < Stopwatch.Frequency || now - last < Stopwatch.Frequency / 10)
        {
            return;
        }
        last = now;
        int filled = (int)(share * Width);
        Console.Error.Write(string.Create(
            CultureInfo.InvariantCulture, $"\r\e[K[{new string('#', filled)}{new string('.', Width - filled)}] {100 * share:F0} % {stage}"));
    }

    /// <summary>Removes the bar, before anything else is printed.</summary>
    public void Dispose()
    {
        if (last != 0)
        {
            // Return, then erase to the end of the line (ECMA-48).
            Console.Error.Write("\r\e[K");
            last = 0;
        }
    }
}
