// What somebody who mistyped a name may have meant.
namespace IBert.Edge.Files.Data;

internal static class NearestName
{
    // A longer one is no name that was typed.
    private const int MostLetters = 64;

    /// <summary>
    /// The name that takes the fewest letters to insert, delete or change (Levenshtein 1966), a different case being less than one letter;
    /// null where more than a third of the letters are others.
    /// </summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        (string? best, int least) = (null, int.MaxValue);
        foreach (string candidate in known)
        {
            if (candidate.Length > 0 && name.Length is > 0 and <= MostLetters && candidate.Length <= MostLetters)
            {
                int distance = Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant());
                if (distance < least && distance * 3 <= Math.Max(name.Length, candidate.Length))
                {
                    (best, least) = (candidate, distance);
                }
            }
        }
        return best;
    }

    private static int Distance(string a, string b)
    {
        Span<int> row = stackalloc int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
