// ibert eval: how many labels of a data file the model finds.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using IBert.Edge.Cli.Inspection;
using IBert.Edge.CommandLine;
using IBert.Edge.Evaluation;
using IBert.Edge.Files.Data;

namespace IBert.Edge.Cli.Commands;

internal static class EvalCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelAccess.Option();
        Argument<string> data = PathOption.Argument<string>(
            "DATA.tsv",
            "Labelled texts: UTF-8, tab-separated, a header line, no quoting; a line of nothing but white space is passed over");
        Option<string?> text = new("--text") { Description = "Column with the texts", HelpName = "COLUMN" };
        Option<string?> textPair = new("--text-pair") { Description = "Column with the second texts", HelpName = "COLUMN" };
        Option<string?> label = new("--label")
        {
            Description = "Column with the labels: all names, or all indices from 0 (with commas " +
            "between several); numbers for a regression",
            HelpName = "COLUMN"
        };
        Option<string?> labelKind = new("--label-kind")
        {
            Description = "What the labels are, where they could be both: name or index (default: as the column shows)",
            HelpName = "KIND",
        };
        Option<string?> predictions = PathOption.Create(
            "--predictions", "OUT.tsv", "Writes text, label, predicted label and its score (or value) of each example; - is standard " +
                "output, and the measures go to standard error");
        Option<bool> isPrivate = ModelAccess.PrivateOption();
        Option<bool> json = new("--json") { Description = "One JSON object" };
        Command command = new CommandWithExamples(
            "eval",
            "Measures a model on labelled texts: accuracy, Matthews' correlation and F1 (of two labels the second one's, of more the " +
                "mean over all), as fractions; of a regression the correlations of Pearson and Spearman.",
            [
                "ibert eval -m models/sentiment.ibert dev.tsv --text sentence --label label",
                "ibert eval -m pairs.ibert dev.tsv --text sentence1 --text-pair sentence2 --label label --predictions out.tsv",
            ])
        {
            model, data, text, textPair, label, labelKind, predictions, json, isPrivate,
        };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(data);
            string? target = parsed.GetValue(predictions);
            DataColumns columns = new(
                parsed.GetValue(text) ?? throw Missing("--text", path), parsed.GetValue(textPair),
                parsed.GetValue(label) ?? throw Missing("--label", path));
            LabelKind? kind = ReadKind(parsed.GetValue(labelKind));
            using ModelFile opened = ModelAccess.Open(parsed.GetValue(model), parsed.GetValue(isPrivate));
            CommandFiles files = new CommandFiles().Read(path).Read(opened.Name).Write("--predictions", target).Prepare();
            Scorecard scorecard = Scorecard.Create(opened.HeadKind, opened.Labels);
            LabelColumn labels = scorecard.Column(kind);
            // What is wrong with the last line is said before minutes of work.
            DataFile file = DataFile.Read(path, columns, labels);
            if (file.Count == 0)
            {
                throw CommandException.Usage($"{path} has no examples: only its header line");
            }
            using Classifier classifier = ModelAccess.Classifier(opened);
            using ResultWriter results = new(descriptor: files.ResultDescriptor);
            using CommandOutput? output = target is null ? null : files.Create(target);
            Measurement measured = Measure(classifier, scorecard, file, labels, output);
            foreach (string note in file.Notes)
            {
                Messages.Error(note);
            }
            output?.Complete();
            Print(classifier, scorecard, measured, parsed.GetValue(json), results);
            return measured.Errors == 0 ? ExitStatus.Done : ExitStatus.Failure;
        });
        return command;
    }

    private static CommandException Missing(string option, string path) =>
        CommandException.Usage($"{option} COLUMN is missing; the columns of {path} are: {DataFile.DescribeColumns(path)}");

    private static LabelKind? ReadKind(string? name) => name switch
    {
        null => null,
        "name" => LabelKind.Name,
        "index" => LabelKind.Index,
        _ => throw CommandException.Usage($"--label-kind {name}: labels are given by name or by index"),
    };

    private static Measurement Measure(Classifier classifier, Scorecard scorecard, DataFile file, LabelColumn labels, CommandOutput? output)
    {
        Measurement measured = new();
        double[] logits = new double[classifier.Labels.Count];
        bool regression = classifier.Model.HeadKind == HeadKind.Regression, pairs = file.Columns.Pair is not null;
        using ProgressBar progress = new();
        using DataLines lines = file.Open();
        Span<byte> number = stackalloc byte[Fraction.MaxLength];
        output?.Write(Encoding.UTF8.GetBytes($"text\t{(pairs ? "text_pair\t" : "")}label\tpredicted{(regression ? "" : "\tscore")}\n"));
        while (lines.Next())
        {
            double[] expected = labels.Read(lines.Label);
            if (output is not null)
            {
                output.WriteText(lines.Text);
                if (pairs)
                {
                    output.Write("\t"u8);
                    output.WriteText(lines.Pair);
                }
                output.Write("\t"u8);
                output.WriteText(Encoding.UTF8.GetBytes(scorecard.Describe(expected)));
                output.Write("\t"u8);
            }
            if (!TryClassify(classifier, lines.Text, lines.Pair, pairs, lines.Number, measured, out Prediction prediction))
            {
                output?.Write(regression ? "\n"u8 : "\t\n"u8);
                continue;
            }
            for (int i = 0; i < logits.Length; i++)
            {
                // Labels are chosen by the order and the sign of the logits; only a value needs their scale.
                logits[i] = regression ? prediction.ValueMillionths / 1e6 : classifier.Logits[i];
            }
            scorecard.Add(expected, logits);
            if (output is not null)
            {
                if (!regression)
                {
                    output.WriteText(Encoding.UTF8.GetBytes(scorecard.Describe(scorecard.Answer(logits))));
                    output.Write("\t"u8);
                }
                int digits = Fraction.Format(regression ? prediction.ValueMillionths : prediction.Millionths, Fraction.Digits, number);
                output.Write(number[..digits]);
                output.Write("\n"u8);
            }
            progress.Report(lines.Consumed, lines.Length);
        }
        return measured;
    }

    /// <summary>Classifies a text, or tells of the fault that keeps it from being classified; the others still count.</summary>
    private static bool TryClassify(
        Classifier classifier, ReadOnlySpan<byte> text, ReadOnlySpan<byte> pair, bool isPair, long line, Measurement measured,
        out Prediction prediction)
    {
        try
        {
            long begun = Stopwatch.GetTimestamp();
            prediction = isPair ? classifier.Classify(text, pair) : classifier.Classify(text);
            measured.Times.Add(Stopwatch.GetTimestamp() - begun);
            return true;
        }
        catch (Exception error) when (!TextOptions.IsOver(error))
        {
            Messages.Error($"line {line}: {LineByLine.Describe(error)}");
            measured.Errors++;
            prediction = default;
            return false;
        }
    }

    private static void Print(Classifier classifier, Scorecard scorecard, Measurement measured, bool json, ResultWriter output)
    {
        Samples times = measured.Times;
        IEnumerable<Metric> metrics = times.Count == 0 ? [] : scorecard.Metrics;
        if (json)
        {
            output.Json.WriteStartObject();
            output.Json.WriteNumber("examples"u8, times.Count);
            foreach (Metric metric in metrics)
            {
                output.Json.WriteNumber(metric.Name, Math.Round(metric.Value, 6));
            }
            if (times.Count > 0)
            {
                output.Json.WriteNumber("micros_median"u8, Math.Round(times.Micros(0.5), 1));
            }
            if (measured.Errors > 0)
            {
                output.Json.WriteNumber("errors"u8, measured.Errors);
            }
            output.Json.WriteEndObject();
            output.EndJson();
        }
        else
        {
            CultureInfo culture = CultureInfo.InvariantCulture;
            output.Line(string.Create(culture, $"examples  {times.Count}"));
            foreach (Metric metric in metrics)
            {
                string of = metric.Name != "f1" ? ""
                    : classifier.Model.HeadKind == HeadKind.SingleLabel && classifier.Labels.Count == 2
                    ? $"  ({classifier.Labels[1]})"
                    : "  (mean over the labels)";
                output.Line(string.Create(culture, $"{metric.Name,-8}  {metric.Value:0.0000}{of}"));
            }
            if (measured.Errors > 0)
            {
                output.Line(
                    string.Create(culture, $"errors    {measured.Errors}  (lines that could not be classified: not among the examples)"));
            }
            if (times.Count > 0)
            {
                output.Line(string.Create(culture,
                    $"median    {times.Micros(0.5) / 1000:0.000} ms per text, tokenizer included, {classifier.KernelName} kernels"));
            }
        }
        output.Flush();
    }

    /// <summary>How long each example took, and how many could not be classified.</summary>
    private sealed class Measurement
    {
        public Samples Times { get; } = new();

        public long Errors { get; set; }
    }
}
