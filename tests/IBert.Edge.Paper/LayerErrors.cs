// The error of every layer of the post-training scheme, tensor by tensor.
using System.Text.RegularExpressions;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Output;

namespace IBert.Edge.Paper;

internal static partial class LayerErrors
{
    /// <summary>Writes the page.</summary>
    public static void Write(string folder, string shared, string roberta)
    {
        Page page = new(folder, "layers", "The error of every layer");
        page.Line($"Signal-to-noise ratios in decibels (6 dB are one bit) of every tensor of scheme int8, over texts of the training ",
            $"split that did not calibrate the");
        page.Line($"model. The first number is the operation's own: against the operation in FP32 on the inputs that the integers really ",
            $"had. The second is end to");
        page.Line($"end: against the FP32 model, what has gathered up to there. In the last layer only the first token's row is ",
            $"computed, except of K and V.");
        page.Line();
        foreach (Subject subject in Subject.PostTraining(shared, roberta))
        {
            QuantizationResult result = Quantizer.Quantize(subject.Folder, subject.Task.Options);
            IGrouping<int, TensorError>[] groups = [.. Report.Layers(result.AnalyzeErrors())];
            page.Line($"## {subject.Name}, {subject.Task.Name}, {result.Origin.Texts.Compared.Count} texts");
            page.Line();
            Table(page, [.. groups.Where(group => group.Key is >= 0 and < int.MaxValue)]);
            Table(page, [groups[0]]);
            Table(page, [groups[^1]]);
            BarRow[] bars = [.. groups.Select(group =>
            {
                TensorError worst = group.MinBy(error => error.Own.Decibels)!;
                return new BarRow($"{Report.GroupName(group.Key)}: {InLayer(worst)}", worst.Own.Decibels, group.Last().EndToEnd.Decibels);
            })];
            string title = $"{subject.Name}: each layer's worst tensor";
            page.Plot(subject.Name, title,
                SvgBars.Draw(title, "own error of the worst tensor", "end to end at the layer's output", BarAxis.Decibels, bars));
        }
        page.Save();
    }

    /// <summary>A row for each tensor, a column for each layer.</summary>
    private static void Table(Page page, IReadOnlyList<IGrouping<int, TensorError>> groups)
    {
        page.Head(["tensor", "type", .. groups.Select(group => Report.GroupName(group.Key))]);
        foreach (IGrouping<string, TensorError> row in groups.SelectMany(group => group).GroupBy(InLayer))
        {
            // The last layer has one output less: no residual follows it.
            ILookup<int, TensorError> cells = row.ToLookup(error => error.Tensor.Key.Layer);
            IEnumerable<string> columns = groups.Select(group => string.Join("", cells[group.First().Tensor.Key.Layer].Select(Cell)));
            page.Line($"| {row.Key} | {row.First().Type} | {string.Join(" | ", columns)} |");
        }
        page.Line();

        static string Cell(TensorError error) => $"{Decibels.Format(error.Own.Decibels)} / {Decibels.Format(error.EndToEnd.Decibels)}";
    }

    /// <summary>The module's name, the same in every layer.</summary>
    private static string InLayer(TensorError error) => Layer.Replace(error.Tensor.Name, "");

    [GeneratedRegex(@"^.*layer\.\d+\.")]
    private static partial Regex Layer { get; }
}
