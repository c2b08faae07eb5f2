// How a command ends early.
namespace IBert.Edge.CommandLine;

/// <summary>Ends the program with a status and one line on standard error: what, where, what to do.</summary>
internal sealed class CommandException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;

    public static CommandException Usage(string message) => new(ExitStatus.Usage, message);

    public static CommandException Model(string message) => new(ExitStatus.Model, message);
}
