// ibert-quantize compare: a model layer by layer beside its checkpoint, or op by op beside golden integers.
using System.CommandLine;
using System.Globalization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Output;

namespace IBert.Edge.Quantization.Cli;

internal sealed class CompareCommand : CommandWithExamples
{
    // Enough for the signal-to-noise ratio of every tensor to settle to a few tenths of a decibel.
    private const int DefaultSamples = 64;

    private readonly Argument<string[]> files = new("FILES")
    {
        Description = "CHECKPOINT MODEL.ibert DATA.tsv; with --golden MODEL.ibert alone", Arity = new ArgumentArity(1, 3),
    };
    private readonly Option<string?> golden = new("--golden") { HelpName = "FOLDER", Description = "integers of the reference I-BERT, as safetensors with sentences.jsonl" };
    private readonly Option<bool> all = new("--all") { Description = "with --golden: a line for every tensor" };
    private readonly Option<string?> text = new("--text") { HelpName = "COLUMN", Description = "column of the texts; leave it out where each line is a text" };
    private readonly Option<string?> textPair = new("--text-pair") { HelpName = "COLUMN", Description = "column of the second texts, where texts are pairs" };
    private readonly Option<int> samples = new("--samples") { HelpName = "N", Description = "texts taken from the file", DefaultValueFactory = _ => DefaultSamples };
    private readonly Option<ulong> seed = new("--seed") { HelpName = "N", Description = "chooses the texts that are taken", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> report = new("--report") { HelpName = "REPORT.md", Description = "write every tensor's error, with plots beside it" };

    public CompareCommand() : base("compare", "Shows where a model's error comes from: beside its checkpoint, or beside golden integers.")
    {
        Arguments.Add(files);
        foreach (Option option in (Option[])[golden, all, text, textPair, samples, seed, report])
        {
            Options.Add(option);
        }
        SetAction(Run);
    }

    public override string Examples => """
        Examples:
          ibert-quantize compare my-checkpoint my.ibert dev.tsv --text sentence
          ibert-quantize compare my-checkpoint my.ibert dev.tsv --text sentence --samples 200 --report errors.md
          ibert-quantize compare my.ibert --golden golden/ibert

        Signal to noise in decibels: own, of this operation alone on the inputs that the integers really had; and end to end, against FP32.
        With --golden the program ends with 1 where the integers are not those of the reference.
        """;

    private int Run(ParseResult parsed)
    {
        string[] paths = parsed.GetValue(files)!;
        return parsed.GetValue(golden) is { } folder ? CompareGolden(parsed, paths, folder) : CompareCheckpoint(parsed, paths);
    }

    private int CompareGolden(ParseResult parsed, string[] paths, string folder)
    {
        Option? stray = new Option[] { text, textPair, samples, seed, report }.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (paths.Length != 1 || stray is not null)
        {
            throw new UsageException(
                $"compare MODEL.ibert --golden FOLDER: {(stray is null ? $"{paths.Length} files are given" : $"{stray.Name} is not for it")}. See ibert-quantize compare --help");
        }
        using ProgressLine progress = new();
        using ModelFile model = CommandFiles.OpenModel(paths[0]);
        GoldenResult result = GoldenComparison.Run(model, folder, progress.Show);
        progress.Dispose();
        Print(result.Lines(parsed.GetValue(all)));
        return result.OpByOp.All(bar => bar.Holds) && result.Labels.Holds ? ExitStatus.Done : ExitStatus.Failure;
    }

    private int CompareCheckpoint(ParseResult parsed, string[] paths)
    {
        if (paths is not [string checkpoint, string file, string data] || parsed.GetValue(all))
        {
            throw new UsageException(
                "compare CHECKPOINT MODEL.ibert DATA.tsv --text COLUMN: the three are needed, and --all is for --golden. See ibert-quantize compare --help");
        }
        string? reportPath = parsed.GetValue(report);
        if (reportPath is not null)
        {
            CommandFiles.RequireOutput(reportPath, file, data);
        }
        int count = NumberOption.AtLeast(1, samples, parsed.GetValue(samples));
        using ProgressLine progress = new();
        using ModelFile model = CommandFiles.OpenModel(file);
        TextSource source = TextSource.Read(data, parsed.GetValue(text), parsed.GetValue(textPair));
        ModelComparison comparison = ModelComparison.Run(
            checkpoint, model, source, count, parsed.GetValue(seed), Environment.ProcessorCount, share => progress.Show("comparing tensors", share));
        if (reportPath is not null)
        {
            Report.Write(reportPath, comparison);
        }
        progress.Dispose();
        foreach (string note in source.Notes)
        {
            Console.Error.WriteLine($"ibert-quantize: {note}");
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{comparison.Texts} texts of {source.FileName}, seed {comparison.Seed}; 6 dB are one bit"));
        Print(Report.Lines(comparison.Errors));
        if (reportPath is not null)
        {
            Console.WriteLine($"report: {reportPath}");
        }
        return ExitStatus.Done;
    }

    private static void Print(IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            Console.WriteLine(line);
        }
    }
}
