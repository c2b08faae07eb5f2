// Byte-pair encoding as it is defined, the oracle of the runtime's.
using System.Text;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Text;

namespace IBert.Edge.TestSupport;

/// <summary>Merges the pair of the lowest rank, the first of several, again and again (Sennrich et al. 2016).</summary>
internal sealed class PairByPair(BytePairDefinition definition)
{
    private readonly Dictionary<(int, int), (int Rank, int Id)> merges = definition.Merges.Index().ToDictionary(
        merge => (definition.Vocabulary[merge.Item.Left], definition.Vocabulary[merge.Item.Right]),
        merge => (merge.Index, definition.Vocabulary[merge.Item.Left + merge.Item.Right]));

    /// <summary>A text's bytes as a vocabulary writes them.</summary>
    public static IEnumerable<string> Symbols(string text) =>
        Encoding.UTF8.GetBytes(text).Select(value => ((char)ByteLevelAlphabet.ToCodePoint(value)).ToString());

    /// <summary>The ids of one word.</summary>
    public int[] Merge(string word)
    {
        List<int> ids = [.. Symbols(word).Select(symbol => definition.Vocabulary[symbol])];
        while (true)
        {
            (int best, int at, int whole) = (int.MaxValue, -1, -1);
            for (int i = 0; i + 1 < ids.Count; i++)
            {
                if (merges.TryGetValue((ids[i], ids[i + 1]), out (int Rank, int Id) merge) && merge.Rank < best)
                {
                    (best, at, whole) = (merge.Rank, i, merge.Id);
                }
            }
            if (at < 0)
            {
                return [.. ids];
            }
            ids[at] = whole;
            ids.RemoveAt(at + 1);
        }
    }
}
