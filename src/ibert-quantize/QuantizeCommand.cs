// The command line of ibert-quantize, and what it does.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using IBert.Edge.Checkpoints;
using IBert.Edge.CommandLine;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization.Cli;

internal sealed class QuantizeCommand : ProgramWithExamples
{
    private static readonly QuantizerOptions s_defaults = new();

    private readonly Argument<string> checkpoint = PathOption.Argument<string>(
        "CHECKPOINT", "folder of a Hugging Face checkpoint: config.json, model.safetensors, tokenizer");
    private readonly Option<string> output = PathOption.CreateRequired(
        "--output", "MODEL.ibert", "the model file to write; - is standard output", "-o");
    private readonly Option<string?> calibration = PathOption.Create(
        "--calibration", "DATA",
        "texts like those that the model will see: tab-separated with a header line, or a text a line (default: a few built-in sentences)");
    private readonly Option<string?> text = new("--text")
    {
        HelpName = "COLUMN",
        Description = "column of the texts in the data files; leave it out where each line is a text",
    };
    private readonly Option<string?> textPair =
        new("--text-pair") { HelpName = "COLUMN", Description = "column of the second texts, where texts are pairs" };
    private readonly Option<int?> samples = NumberOption.Create(
        "--samples", $"texts taken from the calibration file (default: {s_defaults.Samples})", QuantizerOptions.LeastSamples);
    private readonly Option<ulong?> seed = NumberOption.CreateSeed($"chooses the texts that are taken (default: {s_defaults.Seed})");
    private readonly Option<string?> scheme = new("--scheme")
    {
        HelpName = "SCHEME",
        Description = "how to quantize: int8 (calibrated), " +
        "or ibert (the integers of a checkpoint trained in integer mode); by the checkpoint"
    };
    private readonly Option<string> bits =
        new("--bits") { HelpName = "N", Description = "bits of the weights: 8", DefaultValueFactory = _ => "8" };
    private readonly Option<int?> maxLength = NumberOption.Create("--max-length", "longest text in tokens (default: the checkpoint's)");
    private readonly Option<string?> tokenizer = PathOption.Create(
        "--tokenizer", "FOLDER", "folder of the tokenizer's files (default: CHECKPOINT)");
    private readonly Option<string?> report = PathOption.Create(
        "--report", "REPORT.md",
        "write what was quantized how, and the error of every tensor, with plots beside it; - is standard output, without plots");
    private readonly Option<string?> evaluation = PathOption.Create(
        "--eval", "DATA.tsv", "compare FP32 and integers on labelled texts; needs --label");
    private readonly Option<string?> evaluationText =
        new("--eval-text") { HelpName = "COLUMN", Description = "column of the texts in the --eval file (default: that of --text)" };
    private readonly Option<string?> label = new("--label")
    {
        HelpName = "COLUMN",
        Description = "column of the labels in the --eval file: all names, or all indices; numbers for a regression",
    };
    private readonly Option<string?> labelKind = new("--label-kind")
    {
        HelpName = "KIND",
        Description = "what the labels are, where they could be both: name or index (default: as the column shows)",
    };
    private readonly Option<int?> threads = ThreadsOption.Create("threads; the model does not depend on them (default: all)");

    public QuantizeCommand() : base(
        "Turns a Hugging Face BERT checkpoint into one .ibert file of integers, for ibert.",
        [
            "ibert-quantize my-checkpoint -o my.ibert --calibration train.tsv --text sentence",
            "ibert-quantize my-checkpoint -o my.ibert --calibration train.tsv --text sentence --eval dev.tsv --label label --report my.md",
            "ibert-quantize my-pairs -o pairs.ibert --calibration train.tsv --text sentence1 --text-pair " +
                "sentence2 --eval dev.tsv --label score",
        ],
        """
        Data files are tab-separated with a header line, in UTF-8, without quoting; spaces around a field do not count, and a line of
        nothing but white space is passed over. Labels are names or indices, the whole column one or the other (--label-kind where it could
        be both). Data may come from a pipe, such as <(zcat train.tsv.gz), of at most 64 MB; everything else that is read is a regular file.
        An output never replaces a file that is read, a folder or a device, and is there whole or not at all; where one goes to standard
        output (-), what is otherwise printed goes to standard error.
        Exit status: 0 done; 1 a comparison that does not hold; 2 wrong usage, or a file that cannot be read or written; 3 a model that
        cannot be opened; 70 a fault of this program.
        """)
    {
        Arguments.Add(checkpoint);
        foreach (Option option in (Option[])[
            output, calibration, text, textPair, samples, seed, evaluation, evaluationText, label, labelKind, report, scheme, bits,
            maxLength, tokenizer, threads])
        {
            Options.Add(option);
        }
        Subcommands.Add(new CompareCommand());
        Subcommands.Add(new DumpCommand());
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        long start = Stopwatch.GetTimestamp();
        RefuseUnsupported(parsed);
        (string source, string model) = (parsed.GetValue(checkpoint)!, parsed.GetValue(output)!);
        string? reportPath = parsed.GetValue(report);
        // What would fail at the end fails here, before minutes of work.
        CommandFiles files = new CommandFiles()
            .ReadFolder(source).ReadFolder(parsed.GetValue(tokenizer)).Read(parsed.GetValue(calibration)).Read(parsed.GetValue(evaluation))
            .Write("-o", model).RefuseTerminal();
        if (reportPath is not null)
        {
            // Where there is none, reading the checkpoint says so.
            string config = Path.Combine(source, "config.json");
            ReportOutput.Add(files, reportPath, File.Exists(config) ? CheckpointConfig.Read(config).LayerCount : 0);
        }
        files.Prepare();
        using ResultWriter results = new(descriptor: files.ResultDescriptor);
        using ProgressBar progress = new();
        QuantizerOptions options = ReadOptions(parsed, progress.Show);
        QuantizationResult result = Quantizer.Quantize(source, options);
        files.Write(model, result.File.Span);
        if (reportPath is not null)
        {
            ReportOutput.Write(files, reportPath, result.CreateReport);
        }
        progress.Dispose();
        foreach (string warning in result.Warnings)
        {
            Messages.Error(warning);
        }
        Print(model, reportPath, result, Stopwatch.GetElapsedTime(start), results);
        return ExitStatus.Done;
    }

    private QuantizerOptions ReadOptions(ParseResult parsed, Action<string, double> progress)
    {
        string? column = parsed.GetValue(text), pairColumn = parsed.GetValue(textPair);
        return new QuantizerOptions
        {
            Calibration = parsed.GetValue(calibration) is { } file ? TextSource.Read(file, column, pairColumn) : null,
            Scheme = parsed.GetValue(scheme) switch
            {
                "int8" => QuantizationScheme.Int8,
                "ibert" => QuantizationScheme.IBert,
                _ => null,
            },
            Samples = parsed.GetValue(samples) ?? s_defaults.Samples,
            Seed = parsed.GetValue(seed) ?? s_defaults.Seed,
            MaxLength = parsed.GetValue(maxLength) ?? 0,
            TokenizerFolder = parsed.GetValue(tokenizer),
            Evaluation = ReadEvaluation(parsed, column, pairColumn),
            Threads = ThreadsOption.Read(parsed.GetValue(threads), s_defaults.Threads),
            Progress = progress,
        };
    }

    private LabelledTexts? ReadEvaluation(ParseResult parsed, string? column, string? pairColumn)
    {
        if (parsed.GetValue(evaluation) is not { } file)
        {
            return parsed.GetValue(label) is null && parsed.GetValue(evaluationText) is null && parsed.GetValue(labelKind) is null
                ? null
                : throw CommandException.Usage("--label, --label-kind and --eval-text say how to read the --eval file: give that too");
        }
        string labelColumn = parsed.GetValue(label)
            ?? throw CommandException.Usage("--eval needs --label COLUMN, the column of the labels");
        column = parsed.GetValue(evaluationText) ?? column
            ?? throw CommandException.Usage("--eval needs --text COLUMN (or --eval-text), the column of the texts");
        LabelKind? kind = parsed.GetValue(labelKind) switch
        {
            null => null,
            "name" => LabelKind.Name,
            "index" => LabelKind.Index,
            string other => throw CommandException.Usage($"--label-kind {other}: labels are given by name or by index"),
        };
        return LabelledTexts.Read(file, column, labelColumn, pairColumn, kind);
    }

    private void RefuseUnsupported(ParseResult parsed)
    {
        if (parsed.GetValue(scheme) is { } asked && asked is not ("int8" or "ibert"))
        {
            throw CommandException.Usage($"--scheme {asked} is not supported yet: int8 and ibert are");
        }
        if (parsed.GetValue(bits) is { } wanted && wanted != "8")
        {
            throw CommandException.Usage($"--bits {wanted} is not supported yet: 8 is");
        }
        if (parsed.GetValue(text) is not null && parsed.GetValue(calibration) is null && parsed.GetValue(evaluation) is null)
        {
            throw CommandException.Usage("--text names a column of the --calibration file: give that too");
        }
    }

    private static void Print(string model, string? report, QuantizationResult result, TimeSpan time, ResultWriter output)
    {
        string origin = result.Scheme == QuantizationScheme.Int8
            ? $"{result.CalibrationCount} calibration texts, seed {result.Options.Seed}"
            : "the checkpoint's own integers";
        Line($"{model}: {result.File.Length / 1e6:F1} MB, {origin}, {time.TotalSeconds:F1} s");
        if (result.Accuracy is { } accuracy)
        {
            foreach (MetricComparison metric in accuracy.Metrics)
            {
                string texts = string.Create(CultureInfo.InvariantCulture, $"{accuracy.Examples} texts of {accuracy.FileName}");
                Line(metric.Name == "accuracy"
                    ? $"accuracy on {texts}: FP32 {100 * metric.Fp32:F2} %, integers {100 * metric.Integer:F2} %"
                    : (FormattableString)$"{metric.Name} on {texts}: FP32 {metric.Fp32:F4}, integers {metric.Integer:F4}");
            }
            FormattableString errors = $"mean logit error {accuracy.MeanLogitError:F4}, largest {accuracy.LargestLogitError:F4}";
            Line(accuracy.Agreement is { } agreement
                ? $"same label {100 * agreement:F2} %, {errors.ToString(CultureInfo.InvariantCulture)}"
                : errors);
        }
        foreach (string line in ReportOutput.Line(report))
        {
            output.Line(line);
        }
        output.Flush();

        void Line(params FormattableString[] parts) => output.Line(string.Concat(parts.Select(FormattableString.Invariant)));
    }
}
