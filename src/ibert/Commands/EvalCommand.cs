// ibert eval: how many labels of a data file the model finds.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using IBert.Edge.Cli.Input;
using IBert.Edge.Cli.Inspection;
using IBert.Edge.Cli.Output;

namespace IBert.Edge.Cli.Commands;

internal static class EvalCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelAccess.Option();
        Argument<string> data = new("DATA.tsv") { Description = "Labelled texts: tab-separated, a header line, no quoting" };
        Option<string?> text = new("--text") { Description = "Column with the texts", HelpName = "COLUMN" };
        Option<string?> textPair = new("--text-pair") { Description = "Column with the second texts", HelpName = "COLUMN" };
        Option<string?> label = new("--label") { Description = "Column with the labels: names, or indices from 0", HelpName = "COLUMN" };
        Option<string?> predictions = new("--predictions") { Description = "Writes text, label, predicted label and its score of each example", HelpName = "OUT.tsv" };
        Option<bool> json = new("--json") { Description = "One JSON object" };
        Command command = new CommandWithExamples(
            "eval",
            "Measures a model on labelled texts: accuracy, Matthews' correlation and F1 (of two labels the second one's, of more the mean over all), as fractions.",
            [
                "ibert eval -m models/sentiment.ibert dev.tsv --text sentence --label label",
                "ibert eval -m pairs.ibert dev.tsv --text sentence1 --text-pair sentence2 --label label --predictions out.tsv",
            ])
        {
            model, data, text, textPair, label, predictions, json,
        };
        command.SetAction(parsed =>
        {
            using TabFile file = new(parsed.GetRequiredValue(data));
            int first = file.Column(parsed.GetValue(text), "--text"), truth = file.Column(parsed.GetValue(label), "--label");
            int second = parsed.GetValue(textPair) is { } pair ? file.Column(pair, "--text-pair") : -1;
            using ModelFile opened = ModelAccess.Open(parsed.GetValue(model));
            using Classifier classifier = ModelAccess.Classifier(opened);
            using ReplacedFile? target = parsed.GetValue(predictions) is { } path ? new ReplacedFile(path) : null;
            (ConfusionMatrix matrix, Samples times) = Measure(classifier, file, first, second, truth, target);
            if (matrix.Examples == 0)
            {
                throw CommandException.Usage($"{parsed.GetValue(data)} has no examples: only its header line");
            }
            target?.Complete();
            Print(classifier, matrix, times, parsed.GetValue(json));
            return ExitStatus.Done;
        });
        return command;
    }

    private static (ConfusionMatrix Matrix, Samples Times) Measure(
        Classifier classifier, TabFile file, int first, int second, int truth, ReplacedFile? target)
    {
        ConfusionMatrix matrix = new(classifier.Labels.Count);
        Samples times = new();
        LabelNames names = new(classifier.Labels);
        using ProgressBar progress = new();
        Span<byte> score = stackalloc byte[Fraction.MaxLength];
        target?.Write(second < 0 ? "text\tlabel\tpredicted\tscore\n"u8 : "text\ttext_pair\tlabel\tpredicted\tscore\n"u8);
        while (file.Next())
        {
            int expected = names.Find(file.Field(truth), file.Number);
            ReadOnlySpan<byte> text = file.Field(first);
            long begun = Stopwatch.GetTimestamp();
            Prediction prediction = second < 0 ? classifier.Classify(text) : classifier.Classify(text, file.Field(second));
            times.Add(Stopwatch.GetTimestamp() - begun);
            matrix.Add(expected, prediction.LabelIndex);
            if (target is not null)
            {
                target.Write(text);
                if (second >= 0)
                {
                    target.Write("\t"u8);
                    target.Write(file.Field(second));
                }
                int digits = Fraction.Format(prediction.Millionths, Fraction.Digits, score);
                target.Write(Encoding.UTF8.GetBytes($"\t{classifier.Labels[expected]}\t{prediction.Label}\t"));
                target.Write(score[..digits]);
                target.Write("\n"u8);
            }
            progress.Report(file.Consumed, file.Length);
        }
        return (matrix, times);
    }

    private static void Print(Classifier classifier, ConfusionMatrix matrix, Samples times, bool json)
    {
        using ResultWriter output = new();
        if (json)
        {
            output.Json.WriteStartObject();
            output.Json.WriteNumber("examples"u8, matrix.Examples);
            output.Json.WriteNumber("accuracy"u8, Math.Round(matrix.Accuracy, 6));
            output.Json.WriteNumber("f1"u8, Math.Round(matrix.F1, 6));
            output.Json.WriteNumber("matthews"u8, Math.Round(matrix.Matthews, 6));
            output.Json.WriteNumber("micros_median"u8, Math.Round(times.Micros(0.5), 1));
            output.Json.WriteEndObject();
            output.EndJson();
        }
        else
        {
            CultureInfo culture = CultureInfo.InvariantCulture;
            output.Line(string.Create(culture, $"examples  {matrix.Examples}"));
            output.Line(string.Create(culture, $"accuracy  {matrix.Accuracy:0.0000}"));
            output.Line(string.Create(culture, $"f1        {matrix.F1:0.0000}  {(classifier.Labels.Count == 2 ? $"({classifier.Labels[1]})" : "(mean over the labels)")}"));
            output.Line(string.Create(culture, $"matthews  {matrix.Matthews:0.0000}"));
            output.Line(string.Create(culture, $"median    {times.Micros(0.5) / 1000:0.000} ms per text, tokenizer included, {classifier.KernelName} kernels"));
        }
        output.Flush();
    }

    /// <summary>Reads what a data file calls a label.</summary>
    private sealed class LabelNames(IReadOnlyList<string> labels)
    {
        private readonly Dictionary<string, int> indexes = labels.Select((name, index) => (name, index)).DistinctBy(x => x.name).ToDictionary(x => x.name, x => x.index);

        /// <summary>The label with that name, else with that index.</summary>
        public int Find(ReadOnlySpan<byte> field, long line)
        {
            string name = Encoding.UTF8.GetString(field);
            if (indexes.TryGetValue(name, out int index)
                || (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out index) && index < labels.Count))
            {
                return index;
            }
            const int shown = 8;
            string known = string.Join(", ", labels.Take(shown)) + (labels.Count > shown ? ", ..." : "");
            throw CommandException.Usage($"line {line}: {(name.Length > 60 ? name[..60] + "..." : name)} is no label of this model ({known}; or 0 to {labels.Count - 1}); is --label the right column?");
        }
    }
}
