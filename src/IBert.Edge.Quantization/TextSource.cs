// The texts of a data file, as calibration takes them.
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization;

/// <summary>A text of a data file.</summary>
/// <param name="Text">The text.</param>
/// <param name="Pair">The second text of a pair; null for none.</param>
public readonly record struct SourceText(string Text, string? Pair);

/// <summary>Texts without labels, for calibration. Immutable.</summary>
public sealed class TextSource
{
    private TextSource(string fileName, string sha256, string? textColumn, string? pairColumn, IReadOnlyList<SourceText> texts)
    {
        (FileName, Sha256, TextColumn, PairColumn, Texts) = (fileName, sha256, textColumn, pairColumn, texts);
    }

    /// <summary>The file's name without its folder: a model must not depend on where its data lay.</summary>
    public string FileName { get; }

    /// <summary>SHA-256 of the file's bytes, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>The column of the texts; null where each line is a text.</summary>
    public string? TextColumn { get; }

    /// <summary>The column of the second texts; null where texts are not pairs.</summary>
    public string? PairColumn { get; }

    /// <summary>All texts, in the order of the file.</summary>
    public IReadOnlyList<SourceText> Texts { get; }

    /// <summary>Reads a data file: UTF-8, tab-separated with a header line and without quoting, or plain text with a text a line.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="textColumn">The column of the texts; null: plain text, of which empty lines are left out.</param>
    /// <param name="pairColumn">The column of the second texts; null where texts are not pairs.</param>
    /// <exception cref="DataFileException">The file is missing, empty or malformed, or has no such column.</exception>
    public static TextSource Read(string path, string? textColumn = null, string? pairColumn = null)
    {
        if (textColumn is null && pairColumn is not null)
        {
            throw new DataFileException($"{path}: the second texts are in column '{pairColumn}', in which are the first? name it with --text");
        }
        DataFile file = DataFile.Open(path);
        IEnumerable<SourceText> texts = textColumn is null
            ? file.PlainTexts().Where(line => !string.IsNullOrWhiteSpace(line)).Select(line => new SourceText(line, null))
            : pairColumn is null
                ? file.Rows(textColumn).Select(row => new SourceText(row[0], null))
                : file.Rows(textColumn, pairColumn).Select(row => new SourceText(row[0], row[1]));
        return new TextSource(file.Name, file.Sha256, textColumn, pairColumn, [.. texts]);
    }

    /// <summary>Some texts, at random and without replacement; all where there are fewer. The same seed draws the same on every machine.</summary>
    internal IEnumerable<SourceText> Draw(int count, ulong seed) => new SplitMix64(seed).Permutation(Texts.Count).Take(count).Select(i => Texts[i]);
}
