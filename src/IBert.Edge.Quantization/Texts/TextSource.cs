// The texts of a data file, as calibration takes them.
using System.Text;
using IBert.Edge.Files.Data;

namespace IBert.Edge.Quantization.Texts;

/// <summary>A text of a data file.</summary>
/// <param name="Text">The text.</param>
/// <param name="Pair">The second text of a pair; null for none.</param>
public readonly record struct SourceText(string Text, string? Pair);

/// <summary>
/// Texts without labels, for calibration: of a file that was looked at from its first line to its last, and is read again where some of its
/// texts are wanted. Memory does not grow with the file. Immutable.
/// </summary>
public sealed class TextSource
{
    private readonly DataFile file;

    private TextSource(DataFile file) => this.file = file;

    /// <summary>The file's name without its folder: a model must not depend on where its data lay.</summary>
    public string FileName => file.Name;

    /// <summary>SHA-256 of the file's bytes, lower-case hexadecimal.</summary>
    public string Sha256 => file.Sha256;

    /// <summary>The column of the texts; null where each line is a text.</summary>
    public string? TextColumn => file.Columns.Text;

    /// <summary>The column of the second texts; null where texts are not pairs.</summary>
    public string? PairColumn => file.Columns.Pair;

    /// <summary>Number of texts.</summary>
    public int Count => file.Count;

    /// <summary>What may not be meant so, though it can be read, as lines that were passed over: a line each, with the way out.</summary>
    public IReadOnlyList<string> Notes => file.Notes;

    /// <summary>All texts, in the order of the file, which is read again each time.</summary>
    /// <exception cref="DataFileException">The file is not what it was any more.</exception>
    public IEnumerable<SourceText> Texts => ReadTexts(file);

    /// <summary>
    /// Reads a data file: UTF-8, tab-separated with a header line and without quoting, or plain text with a text a line. Lines of nothing
    /// but white space are no texts.
    /// </summary>
    /// <param name="path">Its path.</param>
    /// <param name="textColumn">The column of the texts; null: plain text.</param>
    /// <param name="pairColumn">The column of the second texts; null where texts are not pairs.</param>
    /// <exception cref="DataFileException">The file is missing, empty or malformed, or has no such column.</exception>
    public static TextSource Read(string path, string? textColumn = null, string? pairColumn = null) =>
        textColumn is null && pairColumn is not null
        ? throw new DataFileException($"{path}: the second texts are in column '{pairColumn}', in which are the first? name it with --text")
        : new TextSource(DataFile.Read(path, new DataColumns(textColumn, pairColumn)));

    /// <summary>
    /// Some texts, at random and without replacement; all where there are fewer. The same seed draws the same on every machine.
    /// </summary>
    internal SourceText[] Draw(int count, ulong seed)
    {
        int[] order = new SplitMix64(seed).Draw(Math.Min(count, Count), Count);
        Dictionary<int, int> places = order.Select((index, place) => (index, place)).ToDictionary(item => item.index, item => item.place);
        SourceText[] drawn = new SourceText[order.Length];
        using DataLines lines = file.Open();
        for (int i = 0; lines.Next(); i++)
        {
            if (places.TryGetValue(i, out int place))
            {
                drawn[place] = TextOf(lines);
            }
        }
        return drawn;
    }

    /// <summary>The texts of a file.</summary>
    internal static IEnumerable<SourceText> ReadTexts(DataFile file)
    {
        using DataLines lines = file.Open();
        while (lines.Next())
        {
            yield return TextOf(lines);
        }
    }

    private static SourceText TextOf(DataLines lines) =>
        new(Encoding.UTF8.GetString(lines.Text), lines.IsPair ? Encoding.UTF8.GetString(lines.Pair) : null);
}
