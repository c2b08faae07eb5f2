// The texts of a data file with their labels, as an evaluation takes them.
using IBert.Edge.Evaluation;
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
    /// <param name="labelColumn">
    /// The column of the labels: names as the checkpoint has them, or indexes from 0; of a multi-label checkpoint any number with commas between
    /// them; of a regression numbers.
    /// </param>
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

    /// <summary>Each text's truth.</summary>
    /// <exception cref="DataFileException">A field is not what the model can answer.</exception>
    internal double[][] Truths(Scorecard scorecard)
    {
        double[][] truths = new double[labels.Count][];
        for (int i = 0; i < truths.Length; i++)
        {
            truths[i] = scorecard.Read(labels[i])
                ?? throw new DataFileException($"{path}, line {i + 2}: {scorecard.Complain(labels[i])}; is --label the right column?");
        }
        return truths;
    }
}
