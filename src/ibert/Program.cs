// The device program.
using IBert.Edge.Cli.Commands;
using IBert.Edge.CommandLine;

namespace IBert.Edge.Cli;

internal static class Program
{
    private const string Name = "ibert";

    // The line that the shell gives begins with the program's name, the parser wants what follows it.
    private const string Notes = """
        Exit status: 0 done; 1 a result that is a failure, or lines that could not be answered; 2 wrong usage, or a file that cannot be read
        or written; 3 a model that cannot be opened; 70 a fault of this program. A model is a regular file; data may come from a pipe, such
        as <(zcat dev.tsv.gz), of at most 64 MB.

        Completion in bash:
          _ibert() { COMPREPLY=($(ibert "[suggest:$((COMP_POINT - ${#COMP_WORDS[0]} - 1))]" "${COMP_LINE#* }")); }; complete -F _ibert ibert
        """;

    private static int Main(string[] arguments) =>
        CommandProgram.Run(Name, Create, arguments, error => error switch
        {
            // A model for larger machines, which have the memory for its longest text, cannot be opened here.
            ModelFormatException or ModelChangedException or InsufficientMemoryException => CommandException.Model(error.Message),
            _ => null,
        });

    private static ProgramWithExamples Create()
    {
        ProgramWithExamples root = new(
            "Classifies text in integers only, with models made by ibert-quantize.",
            [
                "ibert classify \"a charming and often affecting journey\"",
                "ibert classify --help",
            ],
            Notes);
        root.Subcommands.Add(ClassifyCommand.Create());
        root.Subcommands.Add(TokenizeCommand.Create());
        root.Subcommands.Add(EvalCommand.Create());
        root.Subcommands.Add(BenchCommand.Create());
        root.Subcommands.Add(InspectCommand.Create());
        root.Subcommands.Add(SelfTestCommand.Create());
        return root;
    }
}
