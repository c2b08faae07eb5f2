// The paper's ablation (section 4.4): GELU, h-GELU and i-GELU in one network, here without training, in FP32 and in integers.
using System.Globalization;
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Output;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Paper;

/// <summary>A function in GELU's place: what FP32 and what the integers then answer, beside FP32 with GELU.</summary>
internal sealed record AblationRow(string Function, Accuracy Fp32, Accuracy Integers);

internal static class Ablation
{
    private static readonly (string Name, Func<double, double>? Function)[] s_functions =
        [("GELU", null), ("i-GELU", Paper.Functions.IntegerGelu), ("h-GELU", Paper.Functions.HardGelu)];

    /// <summary>A checkpoint with each function.</summary>
    /// <param name="checkpoint">Its folder.</param>
    /// <param name="options">The calibration.</param>
    /// <param name="texts">On which it is judged.</param>
    public static IReadOnlyList<AblationRow> Run(string checkpoint, QuantizerOptions options, LabelledTexts texts)
    {
        Checkpoint weights = Checkpoint.Load(checkpoint);
        List<AblationRow> rows = [];
        double[][]? exact = null;
        foreach ((string name, Func<double, double>? function) in s_functions)
        {
            QuantizationResult result = Quantizer.Quantize(checkpoint, options, new Int8Options { GeluStandIn = function });
            using LoadedModel model = new(result.File.ToArray());
            Evaluator.Outcome[] outcomes = Evaluator.Logits(model, new Fp32Model(weights, function), texts, options.Threads, null);
            double[][] fp32 = [.. outcomes.Select(outcome => outcome.Fp32)], integers = [.. outcomes.Select(outcome => outcome.Integer)];
            // GELU comes first: all are compared with its logits.
            exact ??= fp32;
            double[][] truths = Task.Truths(model, texts);
            rows.Add(new(
                name, Evaluator.Compare(model.File, texts, truths, exact, fp32),
                Evaluator.Compare(model.File, texts, truths, exact, integers)));
        }
        return rows;
    }

    /// <summary>Writes the page.</summary>
    public static void Write(string folder, string shared)
    {
        Page page = new(folder, "ablation", "GELU, i-GELU and h-GELU in one network");
        page.Line($"The ablation of the I-BERT paper (Kim et al. 2021, arXiv:2101.01321, section 4.4), without training: the checkpoints ",
            $"learned with GELU, and all but");
        page.Line($"GELU's function stays as it is. Integers are the scheme int8 ({new QuantizerOptions().Samples} calibration texts of ",
            $"the training split, drawn by");
        page.Line($"seed {new QuantizerOptions().Seed}), each with the function's own table in operation Gate and calibrated with that ",
            $"function. Same label, mean and largest error");
        page.Line($"of a logit are against FP32 with GELU.");
        page.Line();
        page.Line(
            $"The paper, RoBERTa-Large trained in integers with each function, average of GLUE: GELU 92.3, h-GELU 92.0, i-GELU 92.7.");
        page.Line();
        List<BarRow> bars = [];
        Task sst2 = Task.Sst2(shared);
        foreach (Subject subject in (Subject[])
            [new(sst2, Subject.Checkpoint(shared, "minilm-l6-sst2")),
                new(Task.Hwu64(shared), Subject.Checkpoint(shared, "minilm-l3-hwu64")), new(sst2, Subject.Checkpoint(shared, "tiny-sst2"))])
        {
            string split = subject.Task.Splits[0];
            LabelledTexts texts = subject.Task.Read(split);
            IReadOnlyList<AblationRow> rows = Run(subject.Folder, subject.Task.Options, texts);
            page.Line($"## {subject.Name} on {subject.Task.Name}'s {split} split, {texts.Count} texts");
            page.Line();
            page.Head("function", "computed in", "accuracy", "same label", "mean logit error", "largest");
            foreach (AblationRow row in rows)
            {
                Row(row.Function, "FP32", row.Fp32);
                bars.Add(new($"{subject.Name}, {row.Function}", row.Integers.MeanLogitError, row.Fp32.MeanLogitError));
            }
            foreach (AblationRow row in rows)
            {
                Row(row.Function, "integers", row.Integers);
            }
            page.Line();
        }
        BarAxis axis = new(0.1, double.PositiveInfinity, tick => tick.ToString("0.#", CultureInfo.InvariantCulture), value =>
            value.ToString("F3", CultureInfo.InvariantCulture));
        page.Plot("logits", "Mean logit error of each function",
            SvgBars.Draw("Mean logit error against FP32 with GELU", "integers", "FP32 with that function", axis, bars));
        page.Save();

        void Row(string function, string arithmetic, Accuracy accuracy) => page.Line(
            $"| {function} | {arithmetic} | {100 * accuracy.Integer:F2} % | {100 * accuracy.Agreement:F2} % | ",
            $"{accuracy.MeanLogitError:F4} | {accuracy.LargestLogitError:F4} |");
    }
}
