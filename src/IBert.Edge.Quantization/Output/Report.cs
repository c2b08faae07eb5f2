// The report of a quantization for people: Markdown, with plots beside it.
using System.Globalization;
using System.Text;
using IBert.Edge.Checkpoints;
using IBert.Edge.Format;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Output;

/// <summary>A file of a report; the report itself has no path where no place was named.</summary>
internal readonly record struct ReportFile(string? Path, byte[] Bytes);

internal static class Report
{
    private const int WorstShown = 12;

    // What the picture of all layers is called behind the report's name.
    private const string AllLayers = "layers";

    /// <summary>Paths of the pictures that a report of a model with so many layers may have.</summary>
    public static IEnumerable<string> Pictures(string path, int layers) =>
        Enumerable.Range(-1, layers + 1).Append(int.MaxValue).Select(PictureName).Prepend(AllLayers).Select(name => Picture(path, name));

    /// <summary>The report of a quantization, behind its pictures.</summary>
    /// <param name="path">Where it will be; null for one without pictures.</param>
    /// <param name="origin">What was quantized, and how.</param>
    /// <param name="bytes">The model file's length.</param>
    /// <param name="errors">The error of every tensor.</param>
    public static IReadOnlyList<ReportFile> Create(string? path, ModelOrigin origin, int bytes, IReadOnlyList<TensorError> errors)
    {
        StringBuilder text = new();
        List<ReportFile> files = [];
        WriteHead(text, origin, bytes);
        if (origin.Accuracy is { } accuracy)
        {
            WriteAccuracy(text, accuracy);
        }
        string texts = origin switch
        {
            { Calibrated: false, Calibration: null } => "built-in sentences",
            { Calibrated: false } => "texts of the calibration file, which this scheme does not calibrate with",
            { Texts.HeldBack: true } => "texts of the calibration file that did not calibrate the model",
            _ => "texts that also calibrated the model",
        };
        WriteErrors(text, $"{origin.Texts.Compared.Count} {texts}", errors, path, files);
        return [.. files, new(path, Encoding.UTF8.GetBytes(text.ToString()))];
    }

    /// <summary>The report of what a comparison of a model file with its checkpoint found, behind its pictures.</summary>
    /// <inheritdoc cref="Create(string?, ModelOrigin, int, IReadOnlyList{TensorError})"/>
    public static IReadOnlyList<ReportFile> Create(string? path, ModelComparison comparison)
    {
        StringBuilder text = new();
        List<ReportFile> files = [];
        Line(text, $"# {Markdown.Text(Path.GetFileName(comparison.Model))} beside its checkpoint");
        Line(text, $"");
        Line(text, $"| | |");
        Line(text, $"|---|---|");
        Line(text, $"| SHA-256 of the weights | `{comparison.SourceHash}` |");
        Line(text, $"| texts | {comparison.Texts} of the {comparison.Source.Count} texts of {Markdown.Code(comparison.Source.FileName)}, ",
            $"seed {comparison.Seed}, SHA-256 `{comparison.Source.Sha256}` |");
        Line(text, $"");
        WriteErrors(text, $"{comparison.Texts} texts", comparison.Errors, path, files);
        return [.. files, new(path, Encoding.UTF8.GetBytes(text.ToString()))];
    }

    /// <summary>The errors as lines of text: where they come from, then every tensor in the order of the operations.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<TensorError> errors)
    {
        int width = errors.Max(error => error.Tensor.Name.Length) + 2;
        yield return Row("where the error comes from, worst first", "own dB", "end to end dB");
        foreach (TensorError error in errors.OrderBy(error => error.Own.Decibels).Take(WorstShown))
        {
            yield return ErrorRow(error);
        }
        foreach (IGrouping<int, TensorError> group in Layers(errors))
        {
            yield return "";
            yield return Row(GroupName(group.Key), "own dB", "end to end dB");
            foreach (TensorError error in group)
            {
                yield return ErrorRow(error);
            }
        }

        string ErrorRow(TensorError error) =>
            Row($"  {error.Tensor.Name}", Decibels.Format(error.Own.Decibels), Decibels.Format(error.EndToEnd.Decibels));

        string Row(string name, string own, string endToEnd) => $"{name.PadRight(Math.Max(width, 40))} {own,8} {endToEnd,15}";
    }

    private static string Picture(string path, string name) =>
        Path.Combine(Path.GetDirectoryName(path) ?? "", $"{Path.GetFileNameWithoutExtension(path)}-{name}.svg");

    private static string PictureName(int group) => GroupName(group).Replace(' ', '-');

    private static void WriteHead(StringBuilder text, ModelOrigin origin, int bytes)
    {
        CheckpointConfig config = origin.Config;
        Line(text, $"# Quantization of {Markdown.Text(origin.CheckpointName)}");
        Line(text, $"");
        Line(text, $"| | |");
        Line(text, $"|---|---|");
        Line(text, $"| checkpoint | {config.Architecture}: {config.LayerCount} layers x {config.HiddenSize}, {config.HeadCount} heads, ",
            $"FFN {config.FeedForwardSize}, {config.Activation}, {config.VocabularySize} pieces, {config.Labels.Count} labels |");
        Line(text, $"| SHA-256 of its weights | `{origin.SourceHash}` |");
        Line(text, $"| scheme | {SchemeText(origin)} |");
        Line(text, $"| longest text | {origin.MaxLength} tokens |");
        string calibration = !origin.Calibrated
            ? "none: the ranges that the checkpoint was trained with"
            : origin.Calibration is { } source
            ? Text($"{origin.Texts.Chosen.Count} of the {source.Count} texts of {Markdown.Code(source.FileName)}{Joined(origin)}, ",
                $"seed {origin.Seed}, SHA-256 `{source.Sha256}`")
            : Text($"{origin.Texts.Chosen.Count} built-in sentences{Joined(origin)}: accuracy may be lower than with texts of the task");
        Line(text, $"| calibration | {calibration} |");
        Line(text, $"| quantizer | ibert-quantize {QuantizerVersion.Text} |");
        Line(text, $"| model file | {bytes} bytes |");
        Line(text, $"");
    }

    private static string SchemeText(ModelOrigin origin) => !origin.Calibrated
        ? "ibert: the checkpoint's own integers (Kim et al. 2021), 8-bit weights and activations, 16- and 22-bit sums"
        : "int8: weights 8 bits with a scale per output channel; inputs of products 8 bits with a zero point; residual stream and inputs " +
            "of GELU and tanh 16 bits";

    private static string Joined(ModelOrigin origin) =>
        origin.Texts.Joined.Count == 0 ? "" : Text($", and {origin.Texts.Joined.Count} texts of up to ",
            $"{origin.MaxLength} tokens joined from them");

    private static void WriteAccuracy(StringBuilder text, Accuracy accuracy)
    {
        Line(text, $"## Accuracy");
        Line(text, $"");
        Line(text, $"On the {accuracy.Examples} texts of {Markdown.Code(accuracy.FileName)} (SHA-256 `{accuracy.Sha256}`):");
        Line(text, $"");
        Line(text, $"| | FP32 | integers | difference |");
        Line(text, $"|---|---|---|---|");
        foreach (MetricComparison metric in accuracy.Metrics)
        {
            double difference = metric.Integer - metric.Fp32;
            Line(text, metric.Name == "accuracy"
                ? $"| accuracy | {100 * metric.Fp32:F2} % | {100 * metric.Integer:F2} % | {100 * difference:+0.00;-0.00;0.00} |"
                : (FormattableString)$"| {metric.Name} | {metric.Fp32:F4} | {metric.Integer:F4} | {difference:+0.0000;-0.0000;0.0000} |");
        }
        Line(text, $"");
        FormattableString errors = $"mean logit error {accuracy.MeanLogitError:F4}, largest {accuracy.LargestLogitError:F4}";
        Line(text, accuracy.Agreement is { } agreement
            ? $"Same label {100 * agreement:F2} %, {Text(errors)}."
            : (FormattableString)$"{Capital(Text(errors))}.");
        Line(text, $"");
    }

    private static void WriteErrors(
        StringBuilder text, string texts, IReadOnlyList<TensorError> errors, string? path, List<ReportFile> files)
    {
        Line(text, $"## Error of each tensor");
        Line(text, $"");
        Line(text, $"Signal-to-noise ratios in decibels over {texts}; 6 dB are one bit.");
        Line(text, $"*Own*: against the operation in FP32 on the inputs that the integers really had, so what this operation alone adds ",
            $"(its weights, its");
        Line(text, $"arithmetic, its output's range). *End to end*: against the FP32 model, so what has gathered up to ",
            $"here. Own tells where an error");
        Line(text, $"comes from, end to end what it does.");
        Line(text, $"");

        ILookup<int, TensorError> layers = Layers(errors);
        Line(text, $"### Layers, worst first");
        Line(text, $"");
        Line(text, $"| layer | its worst tensor | own dB | end to end at its output |");
        Line(text, $"|---|---|---|---|");
        foreach (IGrouping<int, TensorError> group in layers.OrderBy(group => group.Min(error => error.Own.Decibels)))
        {
            TensorError worst = group.MinBy(error => error.Own.Decibels)!;
            Line(text, $"| {GroupName(group.Key)} | {worst.Tensor.Name} | {Decibels.Format(worst.Own.Decibels)} | ",
                $"{Decibels.Format(group.Last().EndToEnd.Decibels)} |");
        }
        Line(text, $"");
        Line(text, $"### Tensors, worst first");
        Line(text, $"");
        WriteTable(text, errors.OrderBy(error => error.Own.Decibels).Take(WorstShown));

        BarRow[] bars = [.. layers.Select(
            group => new BarRow(GroupName(group.Key), group.Min(error => error.Own.Decibels), group.Last().EndToEnd.Decibels))];
        Plot(text, path, files, AllLayers, "Layers: the worst tensor's own error", bars, "own error of the worst tensor",
            "end to end at its output");
        foreach (IGrouping<int, TensorError> group in layers)
        {
            Line(text, $"### {Capital(GroupName(group.Key))}");
            Line(text, $"");
            WriteTable(text, group);
            BarRow[] rows = [.. group.Select(error => new BarRow(error.Tensor.Name, error.Own.Decibels, error.EndToEnd.Decibels))];
            Plot(text, path, files, PictureName(group.Key), $"{Capital(GroupName(group.Key))}: error of its tensors", rows, "own error",
                "end to end");
        }
    }

    private static void WriteTable(StringBuilder text, IEnumerable<TensorError> errors)
    {
        Line(text, $"| tensor | type | step | zero point | range | own dB | end to end dB |");
        Line(text, $"|---|---|---|---|---|---|---|");
        foreach (TensorError error in errors)
        {
            QuantizedTensor tensor = error.Tensor;
            (double low, double high) = error.Type switch
            {
                ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
                ElementType.Int16 => (short.MinValue, short.MaxValue),
                _ => ((double)int.MinValue, int.MaxValue),
            };
            (double least, double most) =
                (Enumerable.Range(0, tensor.Channels).Min(tensor.Step), Enumerable.Range(0, tensor.Channels).Max(tensor.Step));
            string step = least == most ? Number(most) : $"{Number(least)} to {Number(most)} by channel";
            string range = $"{Number((low - tensor.ZeroPoint) * most)} to {Number((high - tensor.ZeroPoint) * most)}";
            string extras = (tensor.Shifts?.Any(shift => shift != 0) == true ? ", shifted" : "") +
                (tensor.Extras is null ? "" : $", {tensor.Extras.Length} extra columns");
            Line(text, $"| {tensor.Name} | {error.Type}{extras} | {step} | {tensor.ZeroPoint} | {range} | ",
                $"{Decibels.Format(error.Own.Decibels)} | {Decibels.Format(error.EndToEnd.Decibels)} |");
        }
        Line(text, $"");
    }

    private static void Plot(
        StringBuilder text, string? path, List<ReportFile> files, string name, string title, IReadOnlyList<BarRow> rows, string barName,
        string markName)
    {
        if (path is null)
        {
            return;
        }
        string file = Picture(path, name);
        files.Add(new(file, Encoding.UTF8.GetBytes(SvgBars.Draw(title, barName, markName, BarAxis.Decibels, rows))));
        Line(text, $"![{title}]({Uri.EscapeDataString(Path.GetFileName(file))})");
        Line(text, $"");
    }

    /// <summary>
    /// Embeddings (-1), layers and head (int.MaxValue) with their tensors, in the order of the operations; <see cref="GroupName"/> names
    /// them. A layer may read its input at another scale: that is a tensor of the layer, though it stands for what the one before gave.
    /// </summary>
    public static ILookup<int, TensorError> Layers(IReadOnlyList<TensorError> errors)
    {
        int reached = -1;
        return errors.ToLookup(error => reached = Math.Max(
            reached, error.Tensor.Key.Site is TensorSite.HeadDense or TensorSite.HeadActivation or TensorSite.Logits
                ? int.MaxValue
                : error.Tensor.Key.Layer));
    }

    /// <summary>What a group of <see cref="Layers"/> is called.</summary>
    public static string GroupName(int group) => group switch
    {
        -1 => "embeddings",
        int.MaxValue => "head",
        _ => string.Create(CultureInfo.InvariantCulture, $"layer {group}"),
    };

    private static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 1000 ? "F0" : "G4", CultureInfo.InvariantCulture);

    private static string Text(params FormattableString[] parts) =>
        string.Concat(parts.Select(FormattableString.Invariant));

    private static void Line(StringBuilder text, params FormattableString[] parts) => text.Append(Text(parts)).Append('\n');
}
