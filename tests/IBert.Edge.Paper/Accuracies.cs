// The paper's main table (section 4.1): integers against FP32.
using System.Globalization;
using System.Text.Json.Nodes;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Output;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Paper;

internal static class Accuracies
{
    // What ordinary checkpoints are promised: at most so much of the task's metric is lost, and so many labels are the same.
    private const double MostLost = 0.003, LeastAgreement = 0.99;

    /// <summary>Writes the page.</summary>
    public static void Write(string folder, string shared, string roberta)
    {
        Page page = new(folder, "accuracy", "Integers against FP32");
        QuantizerOptions defaults = new();
        page.Line($"As the main table of the I-BERT paper (Kim et al. 2021, arXiv:2101.01321, section 4.1; its RoBERTa-Base has 94.6 on ",
            $"SST-2 in FP32 and 95.2 in integers,");
        page.Line($"91.1 and 90.8 on STS-B). Scheme int8 is after training: no weight is learned again, {defaults.Samples} texts of the ",
            $"training split, drawn by seed {defaults.Seed}, and {CalibrationTexts.JoinedCount} long ones joined from them");
        page.Line($"calibrate it. Scheme ibert keeps the integers of a checkpoint that was trained in them; its FP32 is the same weights ",
            $"without quantization.");
        page.Line();
        page.Line($"Accuracy and Pearson's correlation in per cent. *Given*: what the checkpoint's metrics.json says of FP32, or of the ",
            $"reference implementation's own");
        page.Line($"integers. *Same label*, mean and largest error of a logit: against FP32. *Holds*: at most {100 * MostLost:F1} points ",
            $"lost and, for scheme int8 with");
        page.Line($"labels, at least {100 * LeastAgreement:F0} % the same label. Size is the model file's, tokenizer included.");
        page.Line();
        page.Head("checkpoint", "scheme", "texts", "metric", "given", "FP32", "integers", "difference", "same label", "mean logit error",
            "largest", "holds", "size");
        Task stsb = Task.StsB(shared), sst2 = Task.Sst2(shared);
        List<BarRow> bars = [];
        foreach (Subject subject in (Subject[])
        [
            .. Subject.PostTraining(shared, roberta), new(stsb, Subject.Checkpoint(shared, "minilm-l3-stsb")),
            new(sst2, Subject.Checkpoint(shared, "ibert-l3-sst2")),
        ])
        {
            QuantizationResult result = Quantizer.Quantize(subject.Folder, subject.Task.Options);
            foreach (string split in subject.Task.Splits)
            {
                Accuracy accuracy = Task.Judge(result, subject.Task.Read(split));
                double difference = accuracy.Integer - accuracy.Fp32;
                bool holds = difference >= -MostLost
                    && (result.Scheme == QuantizationScheme.IBert || accuracy.Agreement is not < LeastAgreement);
                string agreement =
                    accuracy.Agreement is { } share ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:F2} %") : "";
                page.Line($"| {subject.Name} | {(result.Scheme == QuantizationScheme.IBert ? "ibert" : "int8")} | {subject.Task.Name} ",
                    $"{split}, {accuracy.Examples} | {accuracy.Metrics[0].Name} | {Given(subject.Folder, split)} | ",
                    $"{100 * accuracy.Fp32:F2} | {100 * accuracy.Integer:F2} | {100 * difference:+0.00;-0.00;0.00} | {agreement} | ",
                    $"{accuracy.MeanLogitError:F4} | {accuracy.LargestLogitError:F4} | {(holds ? "yes" : "no")} | ",
                    $"{result.File.Length / 1e6:F1} MB |");
                bars.Add(new($"{subject.Name}, {split}", 100 * accuracy.Integer, 100 * accuracy.Fp32));
            }
        }
        page.Line();
        BarAxis axis = new(20, 100, tick => tick.ToString("F0", CultureInfo.InvariantCulture), value => value.ToString(
            "F2", CultureInfo.InvariantCulture));
        page.Plot(
            "metrics", "Integers and FP32", SvgBars.Draw("Accuracy or Pearson's correlation in per cent", "integers", "FP32", axis, bars));
        page.Save();
    }

    /// <summary>The metric as the checkpoint came with it; nothing where it came with none.</summary>
    private static string Given(string checkpoint, string split)
    {
        string path = Path.Combine(checkpoint, "metrics.json");
        if (!File.Exists(path))
        {
            return "";
        }
        JsonNode metrics = JsonNode.Parse(File.ReadAllText(path))!;
        if (metrics["integer_mode_accuracy"]?[split] is { } integers)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{(double)integers:F2} (integers)");
        }
        JsonNode? fp32 = metrics["fp32_reference"]?[split];
        double? percent = (double?)fp32?["accuracy"] ?? (100 * (double?)fp32?["pearson"]);
        return percent?.ToString("F2", CultureInfo.InvariantCulture) ?? "";
    }
}
