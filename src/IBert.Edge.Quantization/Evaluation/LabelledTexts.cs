// The texts of a data file with their labels, as an evaluation takes them.
using IBert.Edge.Evaluation;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization.Evaluation;

/// <summary>
/// Texts with labels, for an evaluation: of a file that was looked at from its first line to its last, and is read again where its texts
/// are wanted. Immutable.
/// </summary>
public sealed class LabelledTexts
{
    private readonly DataFile file;
    private readonly LabelKind? kind;

    private LabelledTexts(DataFile file, LabelKind? kind) => (this.file, this.kind) = (file, kind);

    /// <summary>The file's name without its folder.</summary>
    public string FileName => file.Name;

    /// <summary>SHA-256 of the file's bytes, lower-case hexadecimal.</summary>
    public string Sha256 => file.Sha256;

    /// <summary>Number of texts.</summary>
    public int Count => file.Count;

    /// <summary>What may not be meant so, though it can be read, as lines that were passed over: a line each, with the way out.</summary>
    public IReadOnlyList<string> Notes => file.Notes;

    /// <summary>All texts, in the order of the file, which is read again each time.</summary>
    /// <exception cref="DataFileException">The file is not what it was any more.</exception>
    public IEnumerable<SourceText> Texts => TextSource.ReadTexts(file);

    /// <summary>
    /// Reads a data file: UTF-8, tab-separated with a header line and without quoting. Lines of nothing but white space are no texts.
    /// </summary>
    /// <param name="path">Its path.</param>
    /// <param name="textColumn">The column of the texts.</param>
    /// <param name="labelColumn">
    /// The column of the labels: names as the checkpoint has them, or indices from 0, the whole column one or the other; of a multi-label
    /// checkpoint any number with commas between them; of a regression numbers.
    /// </param>
    /// <param name="pairColumn">The column of the second texts; null where texts are not pairs.</param>
    /// <param name="labelKind">What the labels are; null where the column shows it.</param>
    /// <exception cref="DataFileException">The file is missing, empty or malformed, or has no such column.</exception>
    public static LabelledTexts Read(
        string path, string textColumn, string labelColumn, string? pairColumn = null, LabelKind? labelKind = null)
    {
        DataFile file = DataFile.Read(path, new DataColumns(textColumn, pairColumn, labelColumn));
        return file.Count == 0
            ? throw new DataFileException($"{path} has a header line and nothing below it: there is nothing to evaluate")
            : new LabelledTexts(file, labelKind);
    }

    /// <summary>Each text's truth.</summary>
    /// <exception cref="DataFileException">A field is not what the model can answer.</exception>
    internal double[][] Truths(Scorecard scorecard)
    {
        LabelColumn labels = scorecard.Column(kind);
        using (DataLines lines = file.Open())
        {
            while (lines.Next())
            {
                labels.Look(lines);
            }
            labels.Decide(file.Path);
        }
        double[][] truths = new double[file.Count][];
        using (DataLines lines = file.Open())
        {
            for (int i = 0; lines.Next(); i++)
            {
                truths[i] = labels.Read(lines.Label);
            }
        }
        return truths;
    }
}
