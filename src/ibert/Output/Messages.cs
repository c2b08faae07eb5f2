// Standard error: one line a message.
using System.Text;

namespace IBert.Edge.Cli.Output;

internal static class Messages
{
    /// <summary>An error or warning: what, where, what to do.</summary>
    public static void Error(string message)
    {
        try
        {
            StandardDescriptor.Write(StandardDescriptor.Error, Encoding.UTF8.GetBytes($"ibert: {message.ReplaceLineEndings(" ")}\n"));
        }
        catch (Exception error) when (error is ClosedPipeException or CommandException)
        {
            // There is nowhere left to say it; the exit status still does.
        }
    }
}
