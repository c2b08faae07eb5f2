// The texts of a data file with their labels, as an evaluation takes them.
using System.Globalization;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization;

/// <summary>Texts with labels, for an evaluation. Immutable.</summary>
public sealed class LabelledTexts
{
    private readonly string path;
    private readonly IReadOnlyList<string> labels;

    private LabelledTexts(string path, DataFile file, IReadOnlyList<SourceText> texts, IReadOnlyList<string> labels)
    {
        this.path = path;
        this.labels = labels;
        (FileName, Sha256, Texts) = (file.Name, file.Sha256, texts);
    }

    /// <summary>The file's name without its folder.</summary>
    public string FileName { get; }

    /// <summary>SHA-256 of the file's bytes, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>All texts, in the order of the file.</summary>
    public IReadOnlyList<SourceText> Texts { get; }

    /// <summary>Reads a data file: UTF-8, tab-separated with a header line and without quoting.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="textColumn">The column of the texts.</param>
    /// <param name="labelColumn">The column of the labels: names as the checkpoint has them, or indexes from 0.</param>
    /// <param name="pairColumn">The column of the second texts; null where texts are not pairs.</param>
    /// <exception cref="DataFileException">The file is missing, empty or malformed, or has no such column.</exception>
    public static LabelledTexts Read(string path, string textColumn, string labelColumn, string? pairColumn = null)
    {
        DataFile file = DataFile.Open(path);
        IReadOnlyList<string[]> rows = pairColumn is null ? file.Rows(textColumn, labelColumn) : file.Rows(textColumn, labelColumn, pairColumn);
        return rows.Count == 0
            ? throw new DataFileException($"{path} has a header line and nothing below it: there is nothing to evaluate")
            : new LabelledTexts(path, file, [.. rows.Select(row => new SourceText(row[0], pairColumn is null ? null : row[2]))], [.. rows.Select(row => row[1])]);
    }

    /// <summary>Index of each text's label.</summary>
    /// <exception cref="DataFileException">A label is neither a name nor an index.</exception>
    internal int[] Resolve(IReadOnlyList<string> names)
    {
        Dictionary<string, int> indexes = new(StringComparer.Ordinal);
        for (int i = 0; i < names.Count; i++)
        {
            indexes.TryAdd(names[i], i);
        }
        int[] resolved = new int[labels.Count];
        for (int i = 0; i < resolved.Length; i++)
        {
            string label = labels[i].Trim();
            if (!indexes.TryGetValue(label, out resolved[i])
                && (!int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out resolved[i]) || resolved[i] >= names.Count))
            {
                throw new DataFileException(
                    $"{path}, line {i + 2}: '{label}' is no label of the checkpoint; its labels are {string.Join(", ", names.Take(8))}" +
                    $"{(names.Count > 8 ? ", ..." : "")}, or indexes from 0 to {names.Count - 1}");
            }
        }
        return resolved;
    }
}
