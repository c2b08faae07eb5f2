// Byte-pair encoding of one word in linear time and fixed memory, equal to merging it pair by pair.
//
// Merging never takes a boundary back, so the tokens of a word are the only way to cut it in which every two neighbours are compatible
// (BytePairMerges.AreCompatible), and what stands before any of its boundaries is the encoding of that prefix by itself. Prefix after
// prefix, the last token therefore follows from those of shorter prefixes: the one token that ends there and is compatible with the last
// one of the prefix before it. (The idea is that of van Antwerpen and Neubeck, "So many tokens, so little time", GitHub 2024.)
//
//   prefix     0        1        2        3    ...    i                     each has one last token; tokens link prefixes to a tree
//              |<--t----|<-----------t'-------------- |
//
// A word may be longer than memory: links are kept for prefixes up to the horizon. Beyond it a ring of the longest token's length is
// enough to go on, in which each prefix only keeps where its way back crosses the horizon. Once that is the same place for as many prefixes in
// a row as the longest token has bytes, the whole word's tokens go through that place too, whatever follows: they are settled up to there.
namespace IBert.Edge.Text;

/// <summary>The tables of a vocabulary with the scratch that encoding needs; one thread at a time.</summary>
internal sealed class BytePairEncoder
{
    private const int HorizonTokens = 8, SmallestHorizon = 256;

    private readonly DoubleArrayTrie tokens;
    private readonly BytePairMerges merges;
    private readonly int longest;
    private readonly int horizon;
    private readonly int ringMask;
    private readonly byte[] window;
    private readonly Link[] links;
    private readonly int[] settled;

    /// <param name="tokens">The tokens that merging can give, in labels; a token of each byte that text can have among them.</param>
    /// <param name="merges">How they are merged.</param>
    /// <param name="longest">Bytes of the longest token at most.</param>
    public BytePairEncoder(DoubleArrayTrie tokens, BytePairMerges merges, int longest)
    {
        this.tokens = tokens;
        this.merges = merges;
        this.longest = longest;
        horizon = Math.Max(HorizonTokens * longest, SmallestHorizon);
        int ring = 1;
        while (ring <= longest)
        {
            ring *= 2;
        }
        ringMask = ring - 1;
        window = new byte[horizon + 2 * longest];
        links = new Link[horizon + 1 + ring];
        settled = new int[horizon];
    }

    /// <summary>Lookups in the tables since opening.</summary>
    public long Steps { get; private set; }

    /// <summary>Encodes a word, until it ends or the sink is full.</summary>
    public void Encode(BytePairWord word, ref TokenSink sink)
    {
        while (!word.IsEmpty && !sink.IsFull)
        {
            BytePairWord ahead = word;
            int length = ahead.Read(window);
            if (length <= longest)
            {
                // Most words are a token, and each that merging can give is the encoding of its bytes.
                TrieMatch match = tokens.FindLongest(DoubleArrayTrie.Root, 0, window.AsSpan(0, length));
                Steps += match.Steps;
                if (match.Length == length)
                {
                    sink.Add(match.Value);
                    return;
                }
            }
            int end = Settle(ref ahead, length);
            int count = 0;
            for (int i = end; i > 0; i = links[i].Start)
            {
                settled[count++] = links[i].Token;
            }
            while (count > 0)
            {
                sink.Add(settled[--count]);
            }
            word.Read(window.AsSpan(0, end)); // what follows the boundary is encoded as a word by itself would be
        }
    }

    /// <summary>Links prefixes until it is settled where the tokens of the whole word cross the horizon.</summary>
    /// <param name="word">What follows the window.</param>
    /// <param name="filled">Labels in the window.</param>
    /// <returns>The prefix, of at least one label, up to which <see cref="links"/> has the word's tokens.</returns>
    private int Settle(ref BytePairWord word, int filled)
    {
        links.AsSpan(0, word.IsEmpty && filled <= horizon ? filled + 1 : links.Length).Fill(Link.None);
        int position = 0, crossing = -1, agreeing = 0;     // position: of the prefix's end in the window
        for (int prefix = 0; ; prefix++, position++)
        {
            Link link = links[Slot(prefix)];
            if (prefix > horizon)
            {
                agreeing = link.Crossing == crossing ? agreeing + 1 : 1;
                crossing = link.Crossing;
                links[Slot(prefix)] = Link.None;
            }
            else
            {
                crossing = prefix;
            }
            if (agreeing == longest || position == filled && word.IsEmpty)
            {
                return crossing;
            }
            if (filled - position < longest && !word.IsEmpty)
            {
                window.AsSpan(position, filled - position).CopyTo(window);
                (position, filled) = (0, filled - position);
                filled += word.Read(window.AsSpan(filled));
            }
            Extend(prefix, link.Token, crossing, window.AsSpan(position, Math.Min(filled - position, longest)));
        }
    }

    /// <summary>Links the prefixes that end where a token does which follows this prefix.</summary>
    private void Extend(int prefix, int last, int crossing, ReadOnlySpan<byte> next)
    {
        var cursor = new TrieCursor();
        while (tokens.FindNext(next, ref cursor))
        {
            Steps++;
            int end = prefix + cursor.Length;
            ref Link link = ref links[Slot(end)];
            // One byte further, all other ways to come there were tried, and there always is one.
            if (link.Token < 0 && (cursor.Length == 1 || prefix == 0 || Join(last, cursor.Value)))
            {
                link = new Link(cursor.Value, prefix, end <= horizon ? end : crossing);
            }
        }
    }

    private bool Join(int left, int right)
    {
        long steps = 0;
        bool compatible = merges.AreCompatible(left, right, ref steps);
        Steps += steps;
        return compatible;
    }

    private int Slot(int prefix) => prefix <= horizon ? prefix : horizon + 1 + (prefix & ringMask);

    /// <summary>The last token of a prefix.</summary>
    /// <param name="Token">Its id; -1 while it is not found.</param>
    /// <param name="Start">The prefix before it.</param>
    /// <param name="Crossing">The last boundary up to the horizon on the way back.</param>
    private readonly record struct Link(int Token, int Start, int Crossing)
    {
        public static Link None => new(-1, 0, 0);
    }
}
