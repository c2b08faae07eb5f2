// The command line of ibert-quantize, and what it does.
using System.CommandLine;
using System.CommandLine.Help;
using System.Diagnostics;
using System.Globalization;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Output;

namespace IBert.Edge.Quantization.Cli;

internal sealed class QuantizeCommand : RootCommand
{
    private readonly Argument<string> checkpoint = new("CHECKPOINT") { Description = "folder of a Hugging Face checkpoint: config.json, model.safetensors, tokenizer" };
    private readonly Option<string> output = new("--output", "-o") { HelpName = "MODEL.ibert", Description = "the model file to write", Required = true };
    private readonly Option<string?> calibration = new("--calibration")
    {
        HelpName = "DATA",
        Description = "texts like those that the model will see: tab-separated with a header line, or a text a line (default: a few built-in sentences)",
    };
    private readonly Option<string?> text = new("--text") { HelpName = "COLUMN", Description = "column of the texts in the data files; leave it out where each line is a text" };
    private readonly Option<string?> textPair = new("--text-pair") { HelpName = "COLUMN", Description = "column of the second texts, where texts are pairs" };
    private readonly Option<int> samples = new("--samples")
    {
        HelpName = "N", Description = "texts taken from the calibration file", DefaultValueFactory = _ => new QuantizerOptions().Samples,
    };
    private readonly Option<ulong> seed = new("--seed") { HelpName = "N", Description = "chooses the texts that are taken", DefaultValueFactory = _ => new QuantizerOptions().Seed };
    private readonly Option<string> scheme = new("--scheme") { HelpName = "SCHEME", Description = "how to quantize: int8 (calibrated), or ibert (the integers of a checkpoint trained in integer mode); by the checkpoint" };
    private readonly Option<string> bits = new("--bits") { HelpName = "N", Description = "bits of the weights: 8", DefaultValueFactory = _ => "8" };
    private readonly Option<int?> maxLength = new("--max-length") { HelpName = "N", Description = "longest text in tokens (default: the checkpoint's)" };
    private readonly Option<string?> tokenizer = new("--tokenizer") { HelpName = "FOLDER", Description = "folder of the tokenizer's files (default: CHECKPOINT)" };
    private readonly Option<string?> report = new("--report") { HelpName = "REPORT.md", Description = "write what was quantized how, and the error of every tensor, with plots beside it" };
    private readonly Option<string?> evaluation = new("--eval") { HelpName = "DATA.tsv", Description = "compare FP32 and integers on labelled texts; needs --label" };
    private readonly Option<string?> evaluationText = new("--eval-text") { HelpName = "COLUMN", Description = "column of the texts in the --eval file (default: that of --text)" };
    private readonly Option<string?> label = new("--label") { HelpName = "COLUMN", Description = "column of the labels in the --eval file: all names, or all indices; numbers for a regression" };
    private readonly Option<string?> labelKind = new("--label-kind") { HelpName = "KIND", Description = "what the labels are, where they could be both: name or index (default: as the column shows)" };
    private readonly Option<int> threads = new("--threads") { HelpName = "N", Description = "threads; the model does not depend on them", DefaultValueFactory = _ => Environment.ProcessorCount };

    public QuantizeCommand() : base("Turns a Hugging Face BERT checkpoint into one .ibert file of integers, for ibert.")
    {
        Arguments.Add(checkpoint);
        foreach (Option option in (Option[])[
            output, calibration, text, textPair, samples, seed, evaluation, evaluationText, label, labelKind, report, scheme, bits, maxLength, tokenizer, threads])
        {
            Options.Add(option);
        }
        Subcommands.Add(new CompareCommand());
        Subcommands.Add(new DumpCommand());
        foreach (HelpOption help in Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExamples((HelpAction)help.Action!);
        }
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        long start = Stopwatch.GetTimestamp();
        RefuseUnsupported(parsed);
        string model = parsed.GetValue(output)!;
        string? reportPath = parsed.GetValue(report);
        // What would fail at the end fails here, before minutes of work.
        string?[] inputs = [parsed.GetValue(calibration), parsed.GetValue(evaluation)];
        CommandFiles.RequireOutput(model, inputs);
        if (reportPath is not null)
        {
            CommandFiles.RequireOutput(reportPath, [model, .. inputs]);
        }
        using ProgressLine progress = new();
        QuantizerOptions options = ReadOptions(parsed, progress.Show);
        QuantizationResult result = Quantizer.Quantize(parsed.GetValue(checkpoint)!, options);
        result.Save(model);
        if (reportPath is not null)
        {
            result.WriteReport(reportPath);
        }
        progress.Dispose();
        foreach (string warning in result.Warnings)
        {
            Console.Error.WriteLine($"ibert-quantize: {warning}");
        }
        Print(model, reportPath, result, Stopwatch.GetElapsedTime(start));
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
            Samples = NumberOption.AtLeast(QuantizerOptions.LeastSamples, samples, parsed.GetValue(samples)),
            Seed = parsed.GetValue(seed),
            MaxLength = parsed.GetValue(maxLength) is { } length ? NumberOption.AtLeast(1, maxLength, length) : 0,
            TokenizerFolder = parsed.GetValue(tokenizer),
            Evaluation = ReadEvaluation(parsed, column, pairColumn),
            Threads = NumberOption.AtLeast(1, threads, parsed.GetValue(threads)),
            Progress = progress,
        };
    }

    private LabelledTexts? ReadEvaluation(ParseResult parsed, string? column, string? pairColumn)
    {
        if (parsed.GetValue(evaluation) is not { } file)
        {
            return parsed.GetValue(label) is null && parsed.GetValue(evaluationText) is null && parsed.GetValue(labelKind) is null
                ? null
                : throw new UsageException("--label, --label-kind and --eval-text say how to read the --eval file: give that too");
        }
        string labelColumn = parsed.GetValue(label) ?? throw new UsageException("--eval needs --label COLUMN, the column of the labels");
        column = parsed.GetValue(evaluationText) ?? column ?? throw new UsageException("--eval needs --text COLUMN (or --eval-text), the column of the texts");
        LabelKind? kind = parsed.GetValue(labelKind) switch
        {
            null => null,
            "name" => LabelKind.Name,
            "index" => LabelKind.Index,
            string other => throw new UsageException($"--label-kind {other}: labels are given by name or by index"),
        };
        return LabelledTexts.Read(file, column, labelColumn, pairColumn, kind);
    }

    private void RefuseUnsupported(ParseResult parsed)
    {
        if (parsed.GetValue(scheme) is { } asked && asked is not ("int8" or "ibert"))
        {
            throw new UsageException($"--scheme {asked} is not supported yet: int8 and ibert are");
        }
        if (parsed.GetValue(bits) is { } wanted && wanted != "8")
        {
            throw new UsageException($"--bits {wanted} is not supported yet: 8 is");
        }
        if (parsed.GetValue(text) is not null && parsed.GetValue(calibration) is null && parsed.GetValue(evaluation) is null)
        {
            throw new UsageException("--text names a column of the --calibration file: give that too");
        }
    }

    private static void Print(string model, string? report, QuantizationResult result, TimeSpan time)
    {
        string origin = result.Scheme == QuantizationScheme.Int8
            ? $"{result.CalibrationCount} calibration texts, seed {result.Options.Seed}"
            : "the checkpoint's own integers";
        Line($"{model}: {result.File.Length / 1e6:F1} MB, {origin}, {time.TotalSeconds:F1} s");
        if (result.Accuracy is { } accuracy)
        {
            foreach (MetricComparison metric in accuracy.Metrics)
            {
                Line(metric.Name == "accuracy"
                    ? $"accuracy on {accuracy.Examples} texts of {accuracy.FileName}: FP32 {100 * metric.Fp32:F2} %, integers {100 * metric.Integer:F2} %"
                    : (FormattableString)$"{metric.Name} on {accuracy.Examples} texts of {accuracy.FileName}: FP32 {metric.Fp32:F4}, integers {metric.Integer:F4}");
            }
            FormattableString errors = $"mean logit error {accuracy.MeanLogitError:F4}, largest {accuracy.LargestLogitError:F4}";
            Line(accuracy.Agreement is { } agreement
                ? $"same label {100 * agreement:F2} %, {errors.ToString(CultureInfo.InvariantCulture)}"
                : errors);
        }
        if (report is not null)
        {
            Line($"report: {report}");
        }

        static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
    }
}
