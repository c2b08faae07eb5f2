// The checkpoints and texts of the tables.
using IBert.Edge.Evaluation;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Paper;

/// <summary>A labelled task of the given data: calibration is on its training split, and on nothing else.</summary>
/// <param name="Name">As pages have it.</param>
/// <param name="Data">Folder of its texts.</param>
/// <param name="Text">Column of the texts.</param>
/// <param name="Label">Column of the labels.</param>
/// <param name="Splits">On which checkpoints are judged.</param>
/// <param name="Pair">Column of the second texts; null for none.</param>
internal sealed record Task(string Name, string Data, string Text, string Label, IReadOnlyList<string> Splits, string? Pair = null)
{
    public static Task Sst2(string shared) => new("SST-2", Path.Combine(shared, "data", "sst2"), "sentence", "label", ["dev"]);

    public static Task Hwu64(string shared) => new("HWU64", Path.Combine(shared, "data", "hwu64"), "text", "label", ["test"]);

    public static Task StsB(string shared) =>
        new("STS-B", Path.Combine(shared, "data", "stsb"), "sentence1", "score", ["dev", "test"], "sentence2");

    public QuantizerOptions Options { get; } = new() { Calibration = TextSource.Read(Path.Combine(Data, "train.tsv"), Text, Pair) };

    /// <summary>The texts of a split.</summary>
    public LabelledTexts Read(string split) => LabelledTexts.Read(Path.Combine(Data, $"{split}.tsv"), Text, Label, Pair);

    /// <summary>The integers beside FP32.</summary>
    public static Accuracy Judge(QuantizationResult result, LabelledTexts texts)
    {
        using LoadedModel model = new(result.File.ToArray());
        return Evaluator.Run(model, result.Reference, texts, Truths(model, texts), result.Options.Threads, null);
    }

    /// <summary>What is right, a text each.</summary>
    public static double[][] Truths(LoadedModel model, LabelledTexts texts) =>
        texts.Truths(Scorecard.Create(model.File.HeadKind, model.File.Labels));
}

/// <summary>A checkpoint of a task.</summary>
internal sealed record Subject(Task Task, string Folder)
{
    public string Name => Path.GetFileName(Folder);

    /// <summary>The checkpoints of single-label tasks that the post-training scheme takes.</summary>
    public static IReadOnlyList<Subject> PostTraining(string shared, string roberta)
    {
        Task sst2 = Task.Sst2(shared);
        return
        [
            new(sst2, Checkpoint(shared, "minilm-l6-sst2")), new(sst2, Checkpoint(shared, "tiny-sst2")),
            new(sst2, Checkpoint(shared, "distilbert-tiny-sst2")),
            new(sst2, roberta), new(Task.Hwu64(shared), Checkpoint(shared, "minilm-l3-hwu64")),
        ];
    }

    public static string Checkpoint(string shared, string name) => Path.Combine(shared, "checkpoints", name);
}
