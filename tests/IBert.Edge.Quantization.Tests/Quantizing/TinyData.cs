// The texts with which the tests quantize tiny checkpoints, and random checkpoints with a tokenizer.
using IBert.Edge.TestSupport;

namespace IBert.Edge.Quantization.Tests.Quantizing;

internal static class TinyData
{
    public static string Checkpoint => Shared.Require("checkpoints", "tiny-sst2");

    public static TextSource Calibration { get; } = TextSource.Read(Shared.Require("data", "sst2", "train.tsv"), "sentence");

    public static LabelledTexts Dev { get; } = LabelledTexts.Read(Shared.Require("data", "sst2", "dev.tsv"), "sentence", "label");

    /// <summary>A random checkpoint of three labels whose vocabulary is letters, with text files to calibrate and to evaluate it.</summary>
    public static (CheckpointWriter Folder, TextSource Calibration, LabelledTexts Evaluation) Letters(int hidden, int heads, int feedForward) =>
        Letters(RandomCheckpoint.Bert(hidden, heads, feedForward, seed: 3), "red");

    /// <summary>The same for a checkpoint with any head; every text has the same truth.</summary>
    public static (CheckpointWriter Folder, TextSource Calibration, LabelledTexts Evaluation) Letters(CheckpointWriter writer, string truth)
    {
        string folder = writer.Write();
        string[] letters = [.. Enumerable.Range('a', 26).Select(c => ((char)c).ToString())];
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. letters, .. letters.Select(letter => "##" + letter)];
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), vocabulary.Take(RandomCheckpoint.Vocabulary));
        Random random = new(11);
        string[] texts = [.. Enumerable.Range(0, 300).Select(_ => string.Join(' ', Enumerable.Range(0, random.Next(1, 30)).Select(_ => letters[random.Next(26)])))];
        string data = Path.Combine(folder, "data.tsv");
        File.WriteAllLines(data, texts.Select(text => $"{text}\t{truth}").Prepend("text\tlabel"));
        return (writer, TextSource.Read(data, "text"), LabelledTexts.Read(data, "text", "label"));
    }
}
