// Commands whose --help ends with examples.
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace IBert.Edge.Cli;

/// <summary>A command with what a person types first.</summary>
internal sealed class CommandWithExamples(string name, string description, string[] examples) : Command(name, description)
{
    /// <summary>Command lines.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}

/// <summary>The usual help, then the examples of the command; for the program, how a shell completes its options.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    // The line that the shell gives begins with the program's name, the parser wants what follows it.
    private static readonly string[] Start =
    [
        "ibert classify \"a charming and often affecting journey\"",
        "ibert classify --help",
    ];

    private const string Completion = """
        Completion in bash:
          _ibert() { COMPREPLY=($(ibert "[suggest:$((COMP_POINT - ${#COMP_WORDS[0]} - 1))]" "${COMP_LINE#* }")); }; complete -F _ibert ibert

        """;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int status = usual.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        CommandWithExamples? command = parseResult.CommandResult.Command as CommandWithExamples;
        output.WriteLine("Examples:");
        foreach (string example in command?.Examples ?? Start)
        {
            output.WriteLine("  " + example);
        }
        output.WriteLine();
        if (command is null)
        {
            output.WriteLine(Completion);
        }
        return status;
    }
}
