// A small checkpoint that has learned something with its texts, and random checkpoints with a tokenizer.
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;

namespace IBert.Edge.Quantization.Tests;

internal static class TinyData
{
    /// <summary>Two layers of 128, labels negative and positive.</summary>
    public static string Checkpoint => Given.Checkpoint("bert");

    public static TextSource Calibration { get; } = TextSource.Read(Given.Texts("reviews.train.tsv"), "sentence");

    /// <summary>200 texts, of which FP32 gets 94 of 100 right (tests/data/README.md).</summary>
    public static LabelledTexts Dev { get; } = LabelledTexts.Read(Given.Texts("reviews.dev.tsv"), "sentence", "label");

    /// <summary>The ids of <see cref="Dev"/>.</summary>
    public static int[][] DevIds { get; } =
        [.. ExpectedLogits.Encode(Checkpoint, CheckpointConfig.Read(Path.Combine(Checkpoint, "config.json")), Dev.Texts)
            .Select(text => text.Ids)];

    /// <summary>A random checkpoint of three labels whose vocabulary is letters, with text files to calibrate and to evaluate it.</summary>
    public static (
        CheckpointWriter Folder, TextSource Calibration, LabelledTexts Evaluation) Letters(int hidden, int heads, int feedForward) =>
        Letters(RandomCheckpoint.Bert(hidden, heads, feedForward, seed: 3), "red");

    /// <summary>The same for a checkpoint with any head; every text has the same truth.</summary>
    public static (CheckpointWriter Folder, TextSource Calibration, LabelledTexts Evaluation) Letters(CheckpointWriter writer, string truth)
    {
        string folder = writer.Write();
        string[] letters = [.. Enumerable.Range('a', 26).Select(c => ((char)c).ToString())];
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. letters, .. letters.Select(letter => "##" + letter)];
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), vocabulary.Take(RandomCheckpoint.Vocabulary));
        // Of every architecture: a RoBERTa would else be looked at for byte-level BPE.
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), "{\"tokenizer_class\": \"BertTokenizer\"}");
        Random random = new(11);
        string[] texts = [.. Enumerable.Range(0, 300)
            .Select(_ => string.Join(' ', Enumerable.Range(0, random.Next(1, 30)).Select(_ => letters[random.Next(26)])))];
        string data = Path.Combine(folder, "data.tsv");
        File.WriteAllLines(data, texts.Select(text => $"{text}\t{truth}").Prepend("text\tlabel"));
        return (writer, TextSource.Read(data, "text"), LabelledTexts.Read(data, "text", "label"));
    }
}
