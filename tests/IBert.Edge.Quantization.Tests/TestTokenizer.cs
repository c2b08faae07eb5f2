// To be replaced by the runtime's tokenizer: lower case, ASCII punctuation, greedy WordPiece; enough for the texts of SST-2 and HWU64.
using System.Text;
using IBert.Edge.TestSupport;

namespace IBert.Edge.Quantization.Tests;

/// <summary>Ids of English texts by bert-base-uncased's vocabulary.</summary>
internal sealed class TestTokenizer
{
    private const int Unknown = 100;
    private const int Cls = 101;
    private const int Sep = 102;
    private const int MaxLength = 512;

    private readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);

    public TestTokenizer(string vocabulary)
    {
        foreach (string piece in File.ReadLines(vocabulary))
        {
            _vocabulary.Add(piece, _vocabulary.Count);
        }
    }

    public static TestTokenizer Uncased { get; } = new(Shared.Require("checkpoints", "tiny-sst2", "vocab.txt"));

    public int[] Encode(string text)
    {
        var ids = new List<int> { Cls };
        foreach (string word in Words(text))
        {
            ids.AddRange(Pieces(word));
        }
        return [.. ids.Take(MaxLength - 1), Sep];
    }

    private static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        // The accents of SST-2's development sentences; invariant globalization has no normalization.
        foreach (char c in text.ToLowerInvariant().Replace('é', 'e').Replace('ö', 'o').Replace('à', 'a'))
        {
            bool punctuation = char.IsPunctuation(c) || (char.IsAscii(c) && char.IsSymbol(c));
            if (char.IsWhiteSpace(c) || punctuation)
            {
                if (word.Length > 0)
                {
                    yield return word.ToString();
                }
                word.Clear();
                if (punctuation)
                {
                    yield return c.ToString();
                }
                continue;
            }
            word.Append(c);
        }
        if (word.Length > 0)
        {
            yield return word.ToString();
        }
    }

    private List<int> Pieces(string word)
    {
        var pieces = new List<int>();
        for (int start = 0; start < word.Length;)
        {
            int end = word.Length;
            int id;
            while (!_vocabulary.TryGetValue((start > 0 ? "##" : "") + word[start..end], out id))
            {
                if (--end == start)
                {
                    return [Unknown];
                }
            }
            pieces.Add(id);
            start = end;
        }
        return pieces;
    }
}
