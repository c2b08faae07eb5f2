// ibert eval: how many labels of a data file the model finds.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using IBert.Edge.Cli.Input;
using IBert.Edge.Cli.Inspection;
using IBert.Edge.CommandLine;
using IBert.Edge.Evaluation;

namespace IBert.Edge.Cli.Commands;

internal static class EvalCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelAccess.Option();
        Argument<string> data = PathOption.Argument<string>("DATA.tsv", "Labelled texts: tab-separated, a header line, no quoting");
        Option<string?> text = new("--text") { Description = "Column with the texts", HelpName = "COLUMN" };
        Option<string?> textPair = new("--text-pair") { Description = "Column with the second texts", HelpName = "COLUMN" };
        Option<string?> label = new("--label") { Description = "Column with the labels: names, or indices from 0 (with commas between several); numbers for a regression", HelpName = "COLUMN" };
        Option<string?> predictions = PathOption.Create(
            "--predictions", "OUT.tsv", "Writes text, label, predicted label and its score (or value) of each example; - is standard output, and the measures go to standard error");
        Option<bool> json = new("--json") { Description = "One JSON object" };
        Command command = new CommandWithExamples(
            "eval",
            "Measures a model on labelled texts: accuracy, Matthews' correlation and F1 (of two labels the second one's, of more the mean over all), as fractions; of a regression the correlations of Pearson and Spearman.",
            [
                "ibert eval -m models/sentiment.ibert dev.tsv --text sentence --label label",
                "ibert eval -m pairs.ibert dev.tsv --text sentence1 --text-pair sentence2 --label label --predictions out.tsv",
            ])
        {
            model, data, text, textPair, label, predictions, json,
        };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(data);
            string? target = parsed.GetValue(predictions);
            using TabFile file = new(path);
            int first = file.Column(parsed.GetValue(text), "--text"), truth = file.Column(parsed.GetValue(label), "--label");
            int second = parsed.GetValue(textPair) is { } pair ? file.Column(pair, "--text-pair") : -1;
            using ModelFile opened = ModelAccess.Open(parsed.GetValue(model));
            using Classifier classifier = ModelAccess.Classifier(opened);
            CommandFiles files = new CommandFiles().Read(path).Read(opened.Name).Write("--predictions", target).Prepare();
            using ResultWriter results = new(descriptor: files.ResultDescriptor);
            using CommandOutput? output = target is null ? null : files.Create(target);
            Scorecard scorecard = Scorecard.Create(opened.HeadKind, opened.Labels);
            Measurement measured = Measure(classifier, scorecard, file, first, second, truth, output);
            if (measured.Times.Count + measured.Errors == 0)
            {
                throw CommandException.Usage($"{path} has no examples: only its header line");
            }
            output?.Complete();
            Print(classifier, scorecard, measured, parsed.GetValue(json), results);
            return measured.Errors == 0 ? ExitStatus.Done : ExitStatus.Failure;
        });
        return command;
    }

    private static Measurement Measure(
        Classifier classifier, Scorecard scorecard, TabFile file, int first, int second, int truth, CommandOutput? output)
    {
        Measurement measured = new();
        double[] logits = new double[classifier.Labels.Count];
        bool regression = classifier.Model.HeadKind == HeadKind.Regression;
        using ProgressBar progress = new();
        Span<byte> number = stackalloc byte[Fraction.MaxLength];
        output?.Write(Encoding.UTF8.GetBytes($"text\t{(second < 0 ? "" : "text_pair\t")}label\tpredicted{(regression ? "" : "\tscore")}\n"));
        while (file.Next())
        {
            string field = Encoding.UTF8.GetString(file.Field(truth));
            double[] expected = scorecard.Read(field)
                ?? throw CommandException.Usage($"line {file.Number}: {scorecard.Complain(field)}; is --label the right column?");
            ReadOnlySpan<byte> text = file.Field(first), pair = second < 0 ? default : file.Field(second);
            if (output is not null)
            {
                output.WriteText(text);
                if (second >= 0)
                {
                    output.Write("\t"u8);
                    output.WriteText(pair);
                }
                output.Write("\t"u8);
                output.WriteText(Encoding.UTF8.GetBytes(scorecard.Describe(expected)));
                output.Write("\t"u8);
            }
            if (!TryClassify(classifier, text, pair, second >= 0, file.Number, measured, out Prediction prediction))
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
            progress.Report(file.Consumed, file.Length);
        }
        return measured;
    }

    /// <summary>Classifies a text, or tells of the fault that keeps it from being classified; the others still count.</summary>
    private static bool TryClassify(
        Classifier classifier, ReadOnlySpan<byte> text, ReadOnlySpan<byte> pair, bool isPair, long line, Measurement measured, out Prediction prediction)
    {
        try
        {
            long begun = Stopwatch.GetTimestamp();
            prediction = isPair ? classifier.Classify(text, pair) : classifier.Classify(text);
            measured.Times.Add(Stopwatch.GetTimestamp() - begun);
            return true;
        }
        catch (Exception error) when (error is not ModelFormatException)
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
                    : classifier.Model.HeadKind == HeadKind.SingleLabel && classifier.Labels.Count == 2 ? $"  ({classifier.Labels[1]})" : "  (mean over the labels)";
                output.Line(string.Create(culture, $"{metric.Name,-8}  {metric.Value:0.0000}{of}"));
            }
            if (measured.Errors > 0)
            {
                output.Line(string.Create(culture, $"errors    {measured.Errors}  (lines that could not be classified: not among the examples)"));
            }
            if (times.Count > 0)
            {
                output.Line(string.Create(culture, $"median    {times.Micros(0.5) / 1000:0.000} ms per text, tokenizer included, {classifier.KernelName} kernels"));
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
