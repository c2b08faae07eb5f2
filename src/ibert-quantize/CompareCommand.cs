// ibert-quantize compare: a model layer by layer beside its checkpoint, or op by op beside golden integers.
using System.CommandLine;
using System.Globalization;
using IBert.Edge.CommandLine;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Output;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization.Cli;

internal sealed class CompareCommand : CommandWithExamples
{
    // Enough for the signal-to-noise ratio of every tensor to settle to a few tenths of a decibel.
    private const int DefaultSamples = 64;

    private const ulong DefaultSeed = 1;

    private readonly Argument<string[]> paths = PathOption.Argument<string[]>(
        "FILES", "CHECKPOINT MODEL.ibert DATA.tsv; with --golden MODEL.ibert alone");
    private readonly Option<string?> golden = PathOption.Create(
        "--golden", "FOLDER", "integers of the reference I-BERT, as safetensors with sentences.jsonl");
    private readonly Option<bool> all = new("--all") { Description = "with --golden: a line for every tensor" };
    private readonly Option<string?> text =
        new("--text") { HelpName = "COLUMN", Description = "column of the texts; leave it out where each line is a text" };
    private readonly Option<string?> textPair =
        new("--text-pair") { HelpName = "COLUMN", Description = "column of the second texts, where texts are pairs" };
    private readonly Option<int?> samples = NumberOption.Create("--samples", $"texts taken from the file (default: {DefaultSamples})");
    private readonly Option<ulong?> seed = NumberOption.CreateSeed($"chooses the texts that are taken (default: {DefaultSeed})");
    private readonly Option<string?> report = PathOption.Create(
        "--report", "REPORT.md",
        "write every tensor's error, with plots beside it; - is standard output, without plots, and takes the place of what is printed");

    public CompareCommand() : base(
        "compare",
        "Shows where a model's error comes from: beside its checkpoint, or beside golden integers.",
        [
            "ibert-quantize compare my-checkpoint my.ibert dev.tsv --text sentence",
            "ibert-quantize compare my-checkpoint my.ibert dev.tsv --text sentence --samples 200 --report errors.md",
            "ibert-quantize compare my.ibert --golden golden/ibert",
        ],
        """
        Signal to noise in decibels: own, of this operation alone on the inputs that the integers really had; and end to end, against FP32.
        With --golden the program ends with 1 where the integers are not those of the reference.
        """)
    {
        paths.Arity = new ArgumentArity(1, 3);
        Arguments.Add(paths);
        foreach (Option option in (Option[])[golden, all, text, textPair, samples, seed, report])
        {
            Options.Add(option);
        }
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string[] given = parsed.GetValue(paths)!;
        return parsed.GetValue(golden) is { } folder ? CompareGolden(parsed, given, folder) : CompareCheckpoint(parsed, given);
    }

    private int CompareGolden(ParseResult parsed, string[] given, string folder)
    {
        Option? stray = new Option[] { text, textPair, samples, seed, report }
            .FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (given.Length != 1 || stray is not null)
        {
            string what = stray is null ? $"{given.Length} files are given" : $"{stray.Name} is not for it";
            throw CommandException.Usage($"compare MODEL.ibert --golden FOLDER: {what}. See ibert-quantize compare --help");
        }
        using ModelFile model = ModelInput.Open(given[0]);
        using ResultWriter output = new();
        using ProgressBar progress = new();
        GoldenResult result = GoldenComparison.Run(model, folder, progress.Show);
        progress.Dispose();
        Print(result.Lines(parsed.GetValue(all)), output);
        return result.OpByOp.All(bar => bar.Holds) && result.Labels.Holds ? ExitStatus.Done : ExitStatus.Failure;
    }

    private int CompareCheckpoint(ParseResult parsed, string[] given)
    {
        if (given is not [string checkpoint, string file, string data] || parsed.GetValue(all))
        {
            throw CommandException.Usage(
                "compare CHECKPOINT MODEL.ibert DATA.tsv --text COLUMN: the three are needed, and --all is for --golden. See " +
                "ibert-quantize compare --help");
        }
        string? reportPath = parsed.GetValue(report);
        int count = parsed.GetValue(samples) ?? DefaultSamples;
        using ModelFile model = ModelInput.Open(file);
        CommandFiles files = new CommandFiles().ReadFolder(checkpoint).Read(file).Read(data);
        if (reportPath is not null)
        {
            ReportOutput.Add(files, reportPath, MeaningsSection.Read(model).Max(tensor => tensor.Key.Layer) + 1);
        }
        files.Prepare();
        using ResultWriter output = new(descriptor: files.ResultDescriptor);
        using ProgressBar progress = new();
        TextSource source = TextSource.Read(data, parsed.GetValue(text), parsed.GetValue(textPair));
        ModelComparison comparison = ModelComparison.Run(
            checkpoint, model, source, count, parsed.GetValue(seed) ?? DefaultSeed, Environment.ProcessorCount, share =>
                progress.Show("comparing tensors", share));
        if (reportPath is not null)
        {
            ReportOutput.Write(files, reportPath, place => Report.Create(place, comparison));
        }
        progress.Dispose();
        foreach (string note in source.Notes)
        {
            Messages.Error(note);
        }
        if (!files.TakeStandardOutput)
        {
            output.Line(string.Create(
                CultureInfo.InvariantCulture, $"{comparison.Texts} texts of {source.FileName}, seed {comparison.Seed}; 6 dB are one bit"));
            Print(Report.Lines(comparison.Errors), output);
            Print(ReportOutput.Line(reportPath), output);
        }
        return ExitStatus.Done;
    }

    private static void Print(IEnumerable<string> lines, ResultWriter output)
    {
        foreach (string line in lines)
        {
            output.Line(line);
        }
        output.Flush();
    }
}
