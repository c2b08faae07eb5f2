// Texts of hundreds of tokens, joined from sentences.
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;

namespace IBert.Edge.TestSupport;

/// <summary>Sixty of them. Half have sentences of both labels, and are close to neither.</summary>
internal static class JoinedTexts
{
    public const int Count = 60;

    /// <summary>Joins sentences of a file with the columns <c>sentence</c> and <c>label</c>, into such a file.</summary>
    public static LabelledTexts Write(TemporaryFolder folder, string source)
    {
        (string Text, string Label)[] sentences =
            [.. File.ReadLines(source).Skip(1).Select(line => line.Split('\t')).Select(fields => (fields[0], fields[1]))];
        IEnumerable<string> lines = Enumerable.Range(0, Count).Select(i =>
        {
            string label = i % 2 == 0 ? sentences[i].Label : "";
            int first = i * 13 % 500 % sentences.Length;
            IEnumerable<string> same = sentences.Skip(first).Concat(sentences.Take(first))
                .Where(sentence => label == "" || sentence.Label == label).Select(sentence => sentence.Text.Trim());
            return $"{string.Join(' ', same.Take(6 + (i / 2)))}\t{sentences[i].Label}";
        });
        return LabelledTexts.Read(
            folder.Write("long.tsv", string.Join('\n', lines.Prepend("sentence\tlabel")) + "\n"), "sentence", "label");
    }
}
