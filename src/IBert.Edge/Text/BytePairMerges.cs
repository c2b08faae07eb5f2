// The merges of a byte-pair vocabulary, and the question that tokenizing asks of them: does a token end where another begins?
using IBert.Edge.Memory;

namespace IBert.Edge.Text;

/// <summary>How a token is made: the two tokens it is merged from, and the rank of that merge; rank -1 for what no merge makes.</summary>
internal readonly struct BytePairMerge
{
    public readonly int Left;
    public readonly int Right;
    public readonly int Rank;
}

/// <summary>
/// Each token that merging can give, with the one merge that gives it: of a token's bytes alone, merging takes one course, and takes the
/// same course wherever the token comes out. Parts have lower ranks than the whole, so ranks tell the order in time.
/// <code>
/// pair table   u32 slots; 0: empty; else bits 0..8 a tag of the pair, never 0, bits 9..31 the id of the token the pair becomes
///              A pair stands in one of the <see cref="MaxProbes"/> slots from its home on, with no empty slot before it.
/// </code>
/// </summary>
internal readonly struct BytePairMerges
{
    /// <summary>Slots that a search reads at most, and the table has this many less one behind its last home.</summary>
    public const int MaxProbes = 64;

    public const int IdShift = 9;

    private const uint TagMask = (1 << IdShift) - 1;

    private readonly NativeSpan<BytePairMerge> merges;
    private readonly NativeSpan<uint> slots;
    private readonly uint homes;

    private BytePairMerges(NativeSpan<BytePairMerge> merges, NativeSpan<uint> slots)
    {
        this.merges = merges;
        this.slots = slots;
        homes = (uint)(slots.Length - MaxProbes + 1);
    }

    /// <summary>
    /// Checks that ids are inside the vocabulary, that parts have lower ranks and that their bytes make the whole, so that taking a token
    /// apart ends after fewer steps than it has bytes.
    /// </summary>
    public static BytePairMerges Open(NativeSpan<BytePairMerge> merges, NativeSpan<uint> slots, StringTable pieces)
    {
        ReadOnlySpan<BytePairMerge> table = merges.Span;
        for (int id = 0; id < table.Length; id++)
        {
            BytePairMerge merge = table[id];
            if (merge.Rank < 0)
            {
                if (merge.Rank != -1)
                {
                    throw TokenizerSection.Broken($"the merge of token {id} has rank {merge.Rank}");
                }
            }
            else if ((uint)merge.Left >= (uint)table.Length || (uint)merge.Right >= (uint)table.Length
                || table[merge.Left].Rank >= merge.Rank || table[merge.Right].Rank >= merge.Rank)
            {
                throw TokenizerSection.Broken($"token {id} is merged from {merge.Left} and {merge.Right}, which do not come before it");
            }
            else if (!IsJoined(pieces[id], pieces[merge.Left], pieces[merge.Right]))
            {
                throw TokenizerSection.Broken($"token {id} is merged from {merge.Left} and {merge.Right}, whose bytes are not those of it");
            }
        }
        foreach (uint slot in slots.Span)
        {
            if (slot >> IdShift >= (uint)table.Length)
            {
                throw TokenizerSection.Broken($"a pair becomes token {slot >> IdShift}, and there are {table.Length}");
            }
        }
        return new BytePairMerges(merges, slots);
    }

    /// <summary>How often each token can be taken apart with its left part kept each time, and with its right part.</summary>
    public (int[] Left, int[] Right) CountParts()
    {
        ReadOnlySpan<BytePairMerge> table = merges.Span;
        (int[] left, int[] right) = (new int[table.Length], new int[table.Length]);
        for (int id = 0; id < table.Length; id++)
        {
            // Parts mostly have lower ids, and are counted then.
            int count = 0, part = id;
            for (; table[part].Rank >= 0 && left[part] == 0; part = table[part].Left)
            {
                count++;
            }
            left[id] = count + left[part];
            (count, part) = (0, id);
            for (; table[part].Rank >= 0 && right[part] == 0; part = table[part].Right)
            {
                count++;
            }
            right[id] = count + right[part];
        }
        return (left, right);
    }

    /// <summary>The slot where the search for a pair starts, and the tag it has there.</summary>
    public static (int Home, uint Tag) Hash(int left, int right, uint homes)
    {
        ulong hash = ((ulong)(uint)left << 32 | (uint)right) * 0x9E3779B97F4A7C15; // 2^64 / golden ratio, as Knuth's multiplicative hash
        return ((int)((hash >> 32) * homes >> 32), (uint)(hash >> 16) & TagMask | 1);
    }

    /// <summary>
    /// Whether merging the bytes of two tokens together gives these two again. Where that holds of all neighbours it holds of the whole:
    /// the first merge across a boundary would be one in its two neighbours alone, and no merge is taken back.
    /// </summary>
    /// <remarks>
    /// Both are taken apart again, the latest merge first. What then stands at the boundary was there together until the merge taken
    /// back last; had their own merge come before that one, it would have crossed. Between merges of the same rank the left one is first.
    /// </remarks>
    /// <param name="left">A token that merging can give.</param>
    /// <param name="right">Another.</param>
    /// <param name="steps">
    /// Is raised by the pairs looked up: at most one more than the right parts of the one and the left parts of the other.
    /// </param>
    public bool AreCompatible(int left, int right, ref long steps)
    {
        long limit = long.MaxValue;
        while (true)
        {
            steps++;
            int rank = FindRank(left, right);
            if (rank >= 0 && rank < limit)
            {
                return false;
            }
            BytePairMerge a = merges[left], b = merges[right];
            if (a.Rank > b.Rank)
            {
                (limit, left) = (a.Rank, a.Right);
            }
            else if (b.Rank >= 0)
            {
                (limit, right) = (b.Rank + 1L, b.Left);
            }
            else
            {
                return true;
            }
        }
    }

    private static bool IsJoined(ReadOnlySpan<byte> whole, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        !left.IsEmpty && !right.IsEmpty && whole.Length == left.Length + right.Length && whole.StartsWith(left) && whole.EndsWith(right);

    /// <summary>The rank of a pair's merge, or -1.</summary>
    private int FindRank(int left, int right)
    {
        (int home, uint tag) = Hash(left, right, homes);
        foreach (uint slot in slots.Slice(home, MaxProbes))
        {
            if (slot == 0)
            {
                break;
            }
            if ((slot & TagMask) == tag)
            {
                BytePairMerge merge = merges[(int)(slot >> IdShift)];
                if (merge.Left == left && merge.Right == right)
                {
                    return merge.Rank;
                }
            }
        }
        return -1;
    }
}
