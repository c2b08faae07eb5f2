// A trie over byte strings in one array of 32-bit units, read where the file is mapped.
using IBert.Edge.Memory;

namespace IBert.Edge.Text;

/// <summary>The longest string of a trie that a text starts with.</summary>
/// <param name="Length">Bytes of the text; 0 when there is none.</param>
/// <param name="Value">The string's index in its table.</param>
/// <param name="Steps">Units visited and bytes compared: what the search cost.</param>
internal readonly record struct TrieMatch(int Length, int Value, int Steps);

/// <summary>Where a search for all strings that a text starts with stands; by default at the root.</summary>
internal struct TrieCursor
{
    /// <summary>Bytes of the string found last.</summary>
    public int Length;

    /// <summary>Its index in the table.</summary>
    public int Value;

    /// <summary>The node that they lead to.</summary>
    public int Unit;
}

/// <summary>
/// A double-array trie (Aoe 1989) in the compact form that keeps only the label as check (Yata 2007): no two nodes share a base, so a
/// unit's label together with its place names its parent. Branches with one string left end in a leaf, and the rest is compared
/// with the string itself.
/// <code>
/// unit   bits 0..7   label: the byte that leads here; 0 where a string ends
///        bit  8      leaf: the value is an index in the string table
///        bits 9..31  value: of a leaf the string, of an inner node its base; the child by byte c is unit base ^ c
///        0           unused
/// </code>
/// The number of units is a multiple of 256 and every base is below it, so that no base ^ c is outside. <see cref="Open"/> checks that, and
/// that a search finds what the text starts with and nothing else: no base is shared, so that one way leads to each unit, and of each leaf
/// that is the way of its string's bytes.
/// </summary>
internal readonly struct DoubleArrayTrie
{
    public const int LeafFlag = 256;
    public const int ValueShift = 9;

    /// <summary>Values have 23 bits.</summary>
    public const int MaxValue = (1 << (32 - ValueShift)) - 1;

    /// <summary>The node where every search for a whole string starts.</summary>
    public const int Root = 0;

    private readonly NativeSpan<uint> units;
    private readonly StringTable strings;

    private DoubleArrayTrie(NativeSpan<uint> units, StringTable strings)
    {
        this.units = units;
        this.strings = strings;
    }

    public bool IsEmpty => units.Length == 0;

    public static DoubleArrayTrie Open(NativeSpan<uint> units, StringTable strings, string name)
    {
        if (units.Length % 256 != 0)
        {
            throw TokenizerSection.Broken($"{name} has {units.Length} units, which is not a multiple of 256");
        }
        uint inner = (uint)units.Length, leaves = (uint)strings.Count;
        foreach (uint unit in units.Span)
        {
            uint value = unit >> ValueShift;
            if (value >= ((unit & LeafFlag) != 0 ? leaves : inner))
            {
                throw TokenizerSection.Broken($"{name} refers to {value}, which is outside its tables");
            }
        }
        var trie = new DoubleArrayTrie(units, strings);
        if (!trie.IsEmpty && !trie.IsInner(Root))
        {
            throw TokenizerSection.Broken($"{name} has no root");
        }
        trie.RequireTree(name);
        return trie;
    }

    /// <summary>Whether a search may start at this unit.</summary>
    public bool IsInner(int unit) => (uint)unit < (uint)units.Length && (units[unit] & LeafFlag) == 0;

    /// <summary>Whether some string starts with this byte.</summary>
    public bool HasFirstByte(byte value) => value != 0 && !IsEmpty && (byte)units[(int)(units[Root] >> ValueShift) ^ value] == value;

    // Each string is followed from the root at most once: time is proportional to units and strings.
    private void RequireTree(string name)
    {
        ReadOnlySpan<uint> table = units.Span;
        bool[] isBase = new bool[table.Length], isFound = new bool[strings.Count];
        for (int i = 0; i < table.Length; i++)
        {
            uint unit = table[i];
            int value = (int)(unit >> ValueShift);
            if ((unit & LeafFlag) != 0)
            {
                if (isFound[value] || !LeadsTo(strings[value], i))
                {
                    throw TokenizerSection.Broken($"{name} has string {value} where its bytes do not lead");
                }
                isFound[value] = true;
            }
            else if (unit != 0 || i == Root)
            {
                if (isBase[value])
                {
                    throw TokenizerSection.Broken($"two nodes of {name} share the base {value}");
                }
                isBase[value] = true;
            }
        }
    }

    /// <summary>Whether the bytes of a string, or its first ones, are the way to a leaf.</summary>
    private bool LeadsTo(ReadOnlySpan<byte> text, int leaf)
    {
        ReadOnlySpan<uint> table = units.Span;
        uint unit = table[Root];
        for (int i = 0; i <= text.Length; i++)
        {
            byte label = i < text.Length ? text[i] : (byte)0;
            int index = (int)(unit >> ValueShift) ^ label;
            unit = table[index];
            if ((byte)unit != label || label == 0 && i < text.Length)
            {
                return false;
            }
            if ((unit & LeafFlag) != 0)
            {
                return index == leaf;
            }
        }
        return false;
    }

    /// <summary>The longest string, of at least one byte beyond the start node, that the text starts with.</summary>
    /// <param name="start">The node to start from.</param>
    /// <param name="depth">How many bytes of a string lead to that node.</param>
    /// <param name="text">The text.</param>
    public TrieMatch FindLongest(int start, int depth, ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<uint> table = units.Span;
        int length = 0, found = 0;
        uint unit = table[start];
        for (int i = 0; ; i++)
        {
            int children = (int)(unit >> ValueShift);
            uint end = table[children];
            if ((end & (LeafFlag | 255)) == LeafFlag && i > 0)
            {
                (length, found) = (i, (int)(end >> ValueShift));
            }
            if (i == text.Length)
            {
                return new TrieMatch(length, found, i + 1);
            }
            byte label = text[i];
            unit = table[children ^ label];
            if ((byte)unit != label || label == 0)
            {
                return new TrieMatch(length, found, i + 1);
            }
            if ((unit & LeafFlag) != 0)
            {
                int value = (int)(unit >> ValueShift);
                ReadOnlySpan<byte> whole = strings[value];
                ReadOnlySpan<byte> tail = whole[Math.Min(depth + i + 1, whole.Length)..];
                if (text[(i + 1)..].StartsWith(tail))
                {
                    (length, found) = (i + 1 + tail.Length, value);
                }
                return new TrieMatch(length, found, i + 1 + tail.Length);
            }
        }
    }

    /// <summary>The next longer string that the text starts with.</summary>
    /// <param name="text">The text, the same for one cursor.</param>
    /// <param name="cursor">Tells what was found last, and is moved to what is found now.</param>
    /// <returns>False when there is none.</returns>
    public bool FindNext(ReadOnlySpan<byte> text, ref TrieCursor cursor)
    {
        ReadOnlySpan<uint> table = units.Span;
        uint unit = table[cursor.Unit];
        for (int length = cursor.Length; (unit & LeafFlag) == 0 && length < text.Length;)
        {
            byte label = text[length++];
            int index = (int)(unit >> ValueShift) ^ label;
            unit = table[index];
            if ((byte)unit != label || label == 0)
            {
                return false;
            }
            (int value, int tail) = (-1, 0);
            if ((unit & LeafFlag) != 0)
            {
                ReadOnlySpan<byte> whole = strings[(int)(unit >> ValueShift)];
                tail = Math.Max(whole.Length - length, 0);
                value = text[length..].StartsWith(whole[^tail..]) ? (int)(unit >> ValueShift) : -1;
            }
            else if (table[(int)(unit >> ValueShift)] is uint end && (end & (LeafFlag | 255)) == LeafFlag)
            {
                value = (int)(end >> ValueShift);
            }
            if (value >= 0)
            {
                cursor = new TrieCursor { Length = length + tail, Value = value, Unit = index };
                return true;
            }
        }
        return false;
    }
}
