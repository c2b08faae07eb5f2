// What of a data file is wanted, as the options of both programs say it.
namespace IBert.Edge.Files.Data;

/// <summary>The columns of a tab-separated file, or none of plain text.</summary>
/// <param name="Text">The texts' column; null: plain text, where each line is a text.</param>
/// <param name="Pair">The second texts' column; null where texts are not pairs.</param>
/// <param name="Label">The labels' column; null where they are not wanted.</param>
internal readonly record struct DataColumns(string? Text, string? Pair = null, string? Label = null)
{
    /// <summary>Whether each line is a text.</summary>
    public bool IsPlain => Text is null;
}
