// ibert-quantize dump: every operation's integers on one text, for a look from Python.
using System.CommandLine;
using IBert.Edge.CommandLine;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization.Cli;

internal sealed class DumpCommand : CommandWithExamples
{
    private readonly Argument<string> file = PathOption.Argument<string>("MODEL.ibert", "the model");
    private readonly Argument<string> text = new("TEXT") { Description = "what it reads" };
    private readonly Option<string?> pair = new("--pair") { HelpName = "TEXT", Description = "the second text of a pair" };
    private readonly Option<string> output = PathOption.CreateRequired(
        "--output", "OUT.safetensors", "the file to write; - is standard output", "-o");

    public DumpCommand() : base(
        "dump",
        "Writes the integers and scales of every operation on a text, as safetensors.",
        [
            "ibert-quantize dump my.ibert \"a charming and often affecting journey\" -o journey.safetensors",
            "python3 -c 'import safetensors.numpy as s; t = s.load_file(\"journey.safetensors\"); print(sorted(t))'",
        ],
        """
        NAME.int are the integers of module NAME, [rows, columns]; a column's values are (NAME.int - NAME.zero_point) * NAME.scale. A
        channel's are those of its column, of the further columns that NAME.extra_channels gives it (the last ones; -1 is no channel's), and
        NAME.shift, added up. What is nothing but zeros or ones is left out. NAME.softmax.int are [heads, rows, tokens]; the last layer has
        one row.
        """)
    {
        Arguments.Add(file);
        Arguments.Add(text);
        Options.Add(pair);
        Options.Add(output);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        (string source, string target) = (parsed.GetValue(file)!, parsed.GetValue(output)!);
        CommandFiles files = new CommandFiles().Read(source).Write("-o", target).RefuseTerminal().Prepare();
        using ModelFile model = ModelInput.Open(source);
        files.Write(target, ModelDump.Write(model, new SourceText(parsed.GetValue(text)!, parsed.GetValue(pair))));
        return ExitStatus.Done;
    }
}
