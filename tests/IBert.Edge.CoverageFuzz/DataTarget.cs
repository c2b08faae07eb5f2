// Target `data`: a data file is read as plain texts and by its columns, with labels and without.
using System.Text;
using IBert.Edge.Evaluation;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;

namespace IBert.Edge.CoverageFuzz;

internal sealed class DataTarget : ITarget
{
    private static readonly string[] s_labels = ["negative", "positive", "a,b"];

    private readonly InputFolder folder = new();

    private readonly Scorecard[] scorecards =
    [
        Scorecard.Create(HeadKind.SingleLabel, s_labels), Scorecard.Create(HeadKind.MultiLabel, s_labels),
        Scorecard.Create(HeadKind.Regression, s_labels[..1]),
    ];

    /// <summary>Parts of the repository's files, and fields that their labels do not have.</summary>
    public static IEnumerable<byte[]> Seeds() =>
        new[] { "reviews.dev.tsv", "pairs.dev.tsv", "phrases.txt" }
            .Select(name => string.Join('\n', File.ReadLines(Given.Texts(name)).Take(3)) + "\n")
            .Append("sentence\tlabel\r\nx\tpositive\r\n y \t0\r\n\t2\r\n")
            .Append("label\tsentence\tsentence2\nnegative,a,b\tx\ty\n\tx\ty\n1.5e3\tx\ty\n0,1\tx\ty\nNaN\tx\ty\n-2\tx\ty\n")
            .Append("\ufeffa text\n\nanother")
            .Select(Encoding.UTF8.GetBytes);

    public string? Run(ReadOnlySpan<byte> input)
    {
        string path = folder.Write("data.tsv", input);
        string? refusal = null;
        Try(() => TextSource.Read(path));
        Try(() => TextSource.Read(path, "sentence"));
        Try(() => TextSource.Read(path, "sentence1", "sentence2"));
        Try(() => LabelledTexts.Read(path, "sentence", "label", "sentence2"));
        foreach (Scorecard scorecard in scorecards)
        {
            Try(() => LabelledTexts.Read(path, "sentence", "label").Truths(scorecard));
        }
        return refusal;

        void Try(Action read)
        {
            try
            {
                read();
            }
            catch (DataFileException refused)
            {
                refusal = refused.Message;
            }
        }
    }

    public void Dispose() => folder.Dispose();
}
