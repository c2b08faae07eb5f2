// A whole checkpoint folder that nothing is wrong with: random weights, and a tokenizer whose vocabulary is letters. For tests that break
// it.
using IBert.Edge.TestSupport;

namespace IBert.Edge.Quantization.Tests;

internal static class LetterCheckpoint
{
    /// <summary>Writes the tokenizer's files beside a checkpoint, and answers with its folder.</summary>
    public static string Write(CheckpointWriter writer)
    {
        string folder = writer.Write();
        string[] letters = [.. Enumerable.Range('a', 26).Select(c => ((char)c).ToString())];
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. letters, .. letters.Select(letter => "##" + letter)];
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), vocabulary.Take(RandomCheckpoint.Vocabulary));
        return folder;
    }

    /// <summary>Texts of letters, all different.</summary>
    public static string[] Texts(int count)
    {
        Random random = new(11);
        return [.. Enumerable.Range(0, count).Select(i => string.Join(' ', $"{i:D4}".Select(digit => (char)('a' + digit - '0')).Concat(
            Enumerable.Range(0, random.Next(1, 30)).Select(_ => (char)('a' + random.Next(26))))))];
    }
}
