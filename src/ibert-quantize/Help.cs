// The usual help, then what a person types first.
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace IBert.Edge.Quantization.Cli;

/// <summary>A command with examples for its help.</summary>
internal abstract class CommandWithExamples(string name, string description) : Command(name, description)
{
    /// <summary>Command lines, and what is to be known about them.</summary>
    public abstract string Examples { get; }
}

internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    private const string Start = """
        Examples:
          ibert-quantize my-checkpoint -o my.ibert --calibration train.tsv --text sentence
          ibert-quantize my-checkpoint -o my.ibert --calibration train.tsv --text sentence --eval dev.tsv --label label --report my.md
          ibert-quantize my-pairs -o pairs.ibert --calibration train.tsv --text sentence1 --text-pair sentence2 --eval dev.tsv --label score

        Data files are tab-separated with a header line, in UTF-8, without quoting; spaces around a field do not count, and a line of nothing but white
        space is passed over. Labels are names or indices, the whole column one or the other (--label-kind where it could be both).
        """;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        CommandWithExamples? command = parseResult.CommandResult.Command as CommandWithExamples;
        foreach (Argument argument in parseResult.RootCommandResult.Command.Arguments)
        {
            // CHECKPOINT is for the program without a command.
            argument.Hidden = command is not null;
        }
        int status = usual.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output.WriteLine(command?.Examples ?? Start);
        return status;
    }
}
