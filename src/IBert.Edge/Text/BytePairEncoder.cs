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
// enough to go on, in which each prefix only keeps where its way back crosses the horizon. Once that is the same place for as many prefixes
// in a row as the longest token has bytes, the whole word's tokens go through that place too, whatever follows: they are settled up to
// there.
//
// Work on a word of n bytes, whatever tables and text are: at one prefix no more than LookupsPerByte lookups, which is bounded at open. A
// horizon less one token gets settled by reading no more than a second one behind it. A word that is not settled by then (each merge may
// wait for the next one, so that its far end decides; tables may contradict each other) is read to its end for a boundary near its middle,
// for which the ring is enough, and each half is a word by itself: at most log2(n / horizon) times for any byte.
namespace IBert.Edge.Text;

/// <summary>The tables of a vocabulary with the scratch that encoding needs; one thread at a time.</summary>
internal sealed class BytePairEncoder
{
    /// <summary>Most lookups at one prefix that tables may allow; those of RoBERTa allow 283 (IBert.Edge.RealData).</summary>
    public const int MaxLookups = 1 << 11;

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
    /// <param name="pieces">The bytes of every token.</param>
    /// <exception cref="ModelFormatException">A text could take more than <see cref="MaxLookups"/> at a byte.</exception>
    public BytePairEncoder(DoubleArrayTrie tokens, BytePairMerges merges, StringTable pieces)
    {
        this.tokens = tokens;
        this.merges = merges;
        longest = pieces.Longest;
        LookupsPerByte = BoundLookups(tokens, merges, pieces);
        if (LookupsPerByte > MaxLookups)
        {
            throw TokenizerSection.Broken(
                $"so many tokens start with others that {LookupsPerByte} lookups can be needed at one byte, more than {MaxLookups}");
        }
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

    /// <summary>Shares the tables of another encoder.</summary>
    public BytePairEncoder(BytePairEncoder proven)
    {
        tokens = proven.tokens;
        merges = proven.merges;
        longest = proven.longest;
        LookupsPerByte = proven.LookupsPerByte;
        horizon = proven.horizon;
        ringMask = proven.ringMask;
        window = new byte[proven.window.Length];
        links = new Link[proven.links.Length];
        settled = new int[proven.settled.Length];
    }

    /// <summary>Lookups that one prefix of a text can take with these tables, at most.</summary>
    public long LookupsPerByte { get; }

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
            links.AsSpan(0, ahead.IsEmpty && length <= horizon ? length + 1 : links.Length).Fill(Link.None);
            long end = Settle(ahead, length, horizon, keeps: true);
            if (end == 0)
            {
                end = Halve(word);
                Encode(word.Take(end), ref sink);
                Skip(ref word, end);
                continue;
            }
            int count = 0;
            for (int i = (int)end; i > 0; i = links[i].Start)
            {
                settled[count++] = links[i].Token;
            }
            while (count > 0)
            {
                sink.Add(settled[--count]);
            }
            Skip(ref word, end); // what follows the boundary is encoded as a word by itself would be
        }
    }

    /// <summary>Links prefixes until it is settled where the tokens of the whole word cross a place.</summary>
    /// <param name="word">What follows the window.</param>
    /// <param name="filled">Labels in the window.</param>
    /// <param name="place">The horizon, or a place beyond it.</param>
    /// <param name="keeps">
    /// Whether links are kept up to the place, which is the horizon then; and whether to give up a horizon later.
    /// </param>
    /// <returns>The last boundary up to the place, of at least one label; 0 when it was given up.</returns>
    private long Settle(BytePairWord word, int filled, long place, bool keeps)
    {
        long crossing = -1;
        int position = 0, agreeing = 0;     // position: of the prefix's end in the window
        int kept = keeps ? horizon : -1;
        for (long prefix = 0; ; prefix++, position++)
        {
            ref Link slot = ref links[Slot(prefix, kept)];
            Link link = slot;
            if (prefix > kept)
            {
                slot = Link.None;
            }
            if (prefix > place)
            {
                agreeing = place - link.Crossing == crossing ? agreeing + 1 : 1;
                crossing = place - link.Crossing;
            }
            else
            {
                crossing = prefix;
            }
            if (agreeing == longest || position == filled && word.IsEmpty)
            {
                return crossing;
            }
            if (keeps && prefix > 2 * horizon)
            {
                return 0;
            }
            if (filled - position < longest && !word.IsEmpty)
            {
                window.AsSpan(position, filled - position).CopyTo(window);
                (position, filled) = (0, filled - position);
                filled += word.Read(window.AsSpan(filled));
            }
            Extend(prefix, link.Token, crossing, window.AsSpan(position, Math.Min(filled - position, longest)), place, kept);
        }
    }

    /// <summary>Links the prefixes that end where a token does which follows this prefix.</summary>
    private void Extend(long prefix, int last, long crossing, ReadOnlySpan<byte> next, long place, int kept)
    {
        var cursor = new TrieCursor();
        while (tokens.FindNext(next, ref cursor))
        {
            Steps++;
            long end = prefix + cursor.Length;
            ref Link link = ref links[Slot(end, kept)];
            // One byte further, all other ways to come there were tried, and there always is one.
            if (link.Token < 0 && (cursor.Length == 1 || prefix == 0 || Join(last, cursor.Value)))
            {
                link = new Link(cursor.Value, (int)Math.Min(prefix, horizon), end <= place ? 0 : (int)(place - crossing));
            }
        }
    }

    /// <summary>The last boundary in the first half of a word that is longer than two horizons.</summary>
    private long Halve(BytePairWord word)
    {
        BytePairWord all = word;
        long count = 0;
        while (!all.IsEmpty)
        {
            count += all.Read(window);
        }
        links.AsSpan().Fill(Link.None);
        int filled = word.Read(window);
        return Settle(word, filled, count / 2, keeps: false);
    }

    private void Skip(ref BytePairWord word, long labels)
    {
        while (labels > 0)
        {
            labels -= word.Read(window.AsSpan(0, (int)Math.Min(labels, window.Length)));
        }
    }

    // At a prefix, each token that the text goes on with is found and joined to one that ends there: these all start the longest one.
    private static long BoundLookups(DoubleArrayTrie tokens, BytePairMerges merges, StringTable pieces)
    {
        (int[] leftParts, int[] rightParts) = merges.CountParts();
        int mostRightParts = rightParts.Max();
        long most = 0;
        for (int id = 0; id < leftParts.Length; id++)
        {
            long lookups = 0;
            var cursor = new TrieCursor();
            while (tokens.FindNext(pieces[id], ref cursor))
            {
                lookups += 2 + leftParts[cursor.Value] + mostRightParts;
            }
            most = Math.Max(most, lookups);
        }
        return most;
    }

    private bool Join(int left, int right)
    {
        long steps = 0;
        bool compatible = merges.AreCompatible(left, right, ref steps);
        Steps += steps;
        return compatible;
    }

    private int Slot(long prefix, int kept) => prefix <= kept ? (int)prefix : horizon + 1 + (int)(prefix & ringMask);

    /// <summary>The last token of a prefix.</summary>
    /// <param name="Token">Its id; -1 while it is not found.</param>
    /// <param name="Start">The prefix before it, where links are kept.</param>
    /// <param name="Crossing">
    /// Of a prefix beyond the place: how far before the place the last boundary is that the way back has up to it.
    /// </param>
    private readonly record struct Link(int Token, int Start, int Crossing)
    {
        public static Link None => new(-1, 0, 0);
    }
}
