// What a label may be called: names go to terminals, into lines that end at a line feed, and back as answers of an evaluation.
using System.Text;

namespace IBert.Edge.Format;

/// <summary>The rule for the names of labels, which reader and writer share. FORMAT.md says why.</summary>
internal static class LabelNames
{
    /// <summary>What is wrong with the names; null where nothing is.</summary>
    public static string? Complaint(IReadOnlyList<string> names)
    {
        Dictionary<string, int> seen = new(names.Count, StringComparer.Ordinal);
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i].Length == 0)
            {
                return $"label {i} has no name";
            }
            foreach (Rune rune in names[i].EnumerateRunes())
            {
                if (IsControl(rune.Value))
                {
                    return $"label {i} has the control character U+{rune.Value:X4} in its name";
                }
            }
            if (!seen.TryAdd(names[i], i))
            {
                return $"labels {seen[names[i]]} and {i} have the same name";
            }
        }
        return null;
    }

    /// <summary>
    /// Controls of both ranges (a line feed ends a line, an escape begins a terminal's command), separators of lines and paragraphs, and
    /// what shows the characters behind it in another order.
    /// </summary>
    private static bool IsControl(int c) =>
        c is < 0x20 or (>= 0x7F and < 0xA0) or 0x2028 or 0x2029 or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
}
