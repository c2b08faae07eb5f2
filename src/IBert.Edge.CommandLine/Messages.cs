// Standard error: one line a message.
using System.Text;
using IBert.Edge.Files;

namespace IBert.Edge.CommandLine;

internal static class Messages
{
    /// <summary>The program's name, with which every message begins.</summary>
    public static string Program { get; set; } = "ibert";

    /// <summary>An error or a warning: what, where, what to do. Names and values in it may come from anywhere.</summary>
    public static void Error(string message)
    {
        try
        {
            StandardDescriptor.Write(StandardDescriptor.Error, Encoding.UTF8.GetBytes($"{Program}: {Printable.Escape(message)}\n"));
        }
        catch (Exception error) when (error is ClosedPipeException or CommandException)
        {
            // There is nowhere left to say it; the exit status still does.
        }
    }
}
