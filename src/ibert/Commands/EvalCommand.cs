// ibert eval: how many labels of a data file the model finds.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using IBert.Edge.Cli.Input;
using IBert.Edge.Cli.Inspection;
using IBert.Edge.Cli.Output;
using IBert.Edge.Evaluation;

namespace IBert.Edge.Cli.Commands;

internal static class EvalCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelAccess.Option();
        Argument<string> data = new("DATA.tsv") { Description = "Labelled texts: tab-separated, a header line, no quoting" };
        Option<string?> text = new("--text") { Description = "Column with the texts", HelpName = "COLUMN" };
        Option<string?> textPair = new("--text-pair") { Description = "Column with the second texts", HelpName = "COLUMN" };
        Option<string?> label = new("--label") { Description = "Column with the labels: names, or indices from 0 (with commas between several); numbers for a regression", HelpName = "COLUMN" };
        Option<string?> predictions = new("--predictions") { Description = "Writes text, label, predicted label and its score (or value) of each example", HelpName = "OUT.tsv" };
        Option<bool> isPrivate = ModelAccess.PrivateOption();
        Option<bool> json = new("--json") { Description = "One JSON object" };
        Command command = new CommandWithExamples(
            "eval",
            "Measures a model on labelled texts: accuracy, Matthews' correlation and F1 (of two labels the second one's, of more the mean over all), as fractions; of a regression the correlations of Pearson and Spearman.",
            [
                "ibert eval -m models/sentiment.ibert dev.tsv --text sentence --label label",
                "ibert eval -m pairs.ibert dev.tsv --text sentence1 --text-pair sentence2 --label label --predictions out.tsv",
            ])
        {
            model, data, text, textPair, label, predictions, json, isPrivate,
        };
        command.SetAction(parsed =>
        {
            using TabFile file = new(parsed.GetRequiredValue(data));
            int first = file.Column(parsed.GetValue(text), "--text"), truth = file.Column(parsed.GetValue(label), "--label");
            int second = parsed.GetValue(textPair) is { } pair ? file.Column(pair, "--text-pair") : -1;
            using ModelFile opened = ModelAccess.Open(parsed.GetValue(model), parsed.GetValue(isPrivate));
            using Classifier classifier = ModelAccess.Classifier(opened);
            using ReplacedFile? target = parsed.GetValue(predictions) is { } path ? new ReplacedFile(path) : null;
            Scorecard scorecard = Scorecard.Create(opened.HeadKind, opened.Labels);
            Samples times = Measure(classifier, scorecard, file, first, second, truth, target);
            if (times.Count == 0)
            {
                throw CommandException.Usage($"{parsed.GetValue(data)} has no examples: only its header line");
            }
            target?.Complete();
            Print(classifier, scorecard, times, parsed.GetValue(json));
            return ExitStatus.Done;
        });
        return command;
    }

    private static Samples Measure(
        Classifier classifier, Scorecard scorecard, TabFile file, int first, int second, int truth, ReplacedFile? target)
    {
        Samples times = new();
        double[] logits = new double[classifier.Labels.Count];
        bool regression = classifier.Model.HeadKind == HeadKind.Regression;
        using ProgressBar progress = new();
        Span<byte> number = stackalloc byte[Fraction.MaxLength];
        target?.Write(Encoding.UTF8.GetBytes($"text\t{(second < 0 ? "" : "text_pair\t")}label\tpredicted{(regression ? "" : "\tscore")}\n"));
        while (file.Next())
        {
            string field = Encoding.UTF8.GetString(file.Field(truth));
            double[] expected = scorecard.Read(field)
                ?? throw CommandException.Usage($"line {file.Number}: {scorecard.Complain(field)}; is --label the right column?");
            ReadOnlySpan<byte> text = file.Field(first);
            long begun = Stopwatch.GetTimestamp();
            Prediction prediction = second < 0 ? classifier.Classify(text) : classifier.Classify(text, file.Field(second));
            times.Add(Stopwatch.GetTimestamp() - begun);
            for (int i = 0; i < logits.Length; i++)
            {
                // Labels are chosen by the order and the sign of the logits; only a value needs their scale.
                logits[i] = regression ? prediction.ValueMillionths / 1e6 : classifier.Logits[i];
            }
            scorecard.Add(expected, logits);
            if (target is not null)
            {
                target.Write(text);
                if (second >= 0)
                {
                    target.Write("\t"u8);
                    target.Write(file.Field(second));
                }
                int digits = Fraction.Format(regression ? prediction.ValueMillionths : prediction.Millionths, Fraction.Digits, number);
                string answer = regression ? "" : scorecard.Describe(scorecard.Answer(logits)) + "\t";
                target.Write(Encoding.UTF8.GetBytes($"\t{scorecard.Describe(expected)}\t{answer}"));
                target.Write(number[..digits]);
                target.Write("\n"u8);
            }
            progress.Report(file.Consumed, file.Length);
        }
        return times;
    }

    private static void Print(Classifier classifier, Scorecard scorecard, Samples times, bool json)
    {
        using ResultWriter output = new();
        if (json)
        {
            output.Json.WriteStartObject();
            output.Json.WriteNumber("examples"u8, times.Count);
            foreach (Metric metric in scorecard.Metrics)
            {
                output.Json.WriteNumber(metric.Name, Math.Round(metric.Value, 6));
            }
            output.Json.WriteNumber("micros_median"u8, Math.Round(times.Micros(0.5), 1));
            output.Json.WriteEndObject();
            output.EndJson();
        }
        else
        {
            CultureInfo culture = CultureInfo.InvariantCulture;
            output.Line(string.Create(culture, $"examples  {times.Count}"));
            foreach (Metric metric in scorecard.Metrics)
            {
                string of = metric.Name != "f1" ? ""
                    : classifier.Model.HeadKind == HeadKind.SingleLabel && classifier.Labels.Count == 2 ? $"  ({classifier.Labels[1]})" : "  (mean over the labels)";
                output.Line(string.Create(culture, $"{metric.Name,-8}  {metric.Value:0.0000}{of}"));
            }
            output.Line(string.Create(culture, $"median    {times.Micros(0.5) / 1000:0.000} ms per text, tokenizer included, {classifier.KernelName} kernels"));
        }
        output.Flush();
    }
}
