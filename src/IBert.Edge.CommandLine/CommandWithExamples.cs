// Commands whose --help ends with examples.
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace IBert.Edge.CommandLine;

/// <summary>What a person types first.</summary>
internal interface IExamples
{
    /// <summary>Command lines.</summary>
    IReadOnlyList<string> Examples { get; }

    /// <summary>What else is to be known; empty for nothing.</summary>
    string Notes { get; }
}

/// <summary>A command of a program.</summary>
internal class CommandWithExamples(string name, string description, string[] examples, string notes = "") : Command(name, description),
    IExamples
{
    public IReadOnlyList<string> Examples { get; } = examples;

    public string Notes { get; } = notes;
}

/// <summary>A program.</summary>
internal class ProgramWithExamples : RootCommand, IExamples
{
    public ProgramWithExamples(string description, string[] examples, string notes) : base(description)
    {
        (Examples, Notes) = (examples, notes);
        foreach (HelpOption help in Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExamples((HelpAction)help.Action!);
        }
    }

    public IReadOnlyList<string> Examples { get; }

    public string Notes { get; }
}

/// <summary>The usual help, then the examples of the command.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        Command program = parseResult.RootCommandResult.Command, command = parseResult.CommandResult.Command;
        foreach (Argument argument in program.Arguments)
        {
            // The program's own arguments are for it without a command.
            argument.Hidden = command != program;
        }
        int status = usual.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        IExamples shown = (IExamples)command;
        output.WriteLine("Examples:");
        foreach (string example in shown.Examples)
        {
            output.WriteLine("  " + example);
        }
        output.WriteLine();
        if (shown.Notes.Length > 0)
        {
            output.WriteLine(shown.Notes);
            output.WriteLine();
        }
        return status;
    }
}
