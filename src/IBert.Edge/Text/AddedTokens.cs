// Tokens that are recognized in the text itself, before it is split into words: [MASK] and those a user added.
using System.Buffers;
using System.Text;
using IBert.Edge.Memory;

namespace IBert.Edge.Text;

/// <summary>An added token found in a text.</summary>
/// <param name="Id">Its id; -1 where nothing is left of it, because a token before has taken the white space that it is.</param>
/// <param name="Before">Where the text before it starts that no token has taken.</param>
/// <param name="Start">Where that ends: before the token, and before white space that it takes.</param>
internal readonly record struct AddedTokenMatch(int Id, int Before, int Start);

/// <summary>What stands at one place of a text that is read as it is normalized.</summary>
/// <param name="Length">The bytes it takes, whether it counts or not: nothing else is then found inside. 0 when there is nothing.</param>
/// <param name="Id">The token's id; -1 where none counts.</param>
/// <param name="Flags">Its flags.</param>
internal readonly record struct AddedTokenAt(int Length, int Id, AddedTokenFlags Flags);

/// <summary>Finds added tokens as <c>AddedVocabulary</c> of Hugging Face's tokenizers does: leftmost, longest, one after another.</summary>
internal sealed class AddedTokens
{
    private readonly NativeSpan<AddedToken> tokens;
    private readonly StringTable contents;
    private readonly DoubleArrayTrie raw;
    private readonly DoubleArrayTrie normalized;
    private readonly SearchValues<byte> firstBytes;
    private readonly SearchValues<byte> normalizedFirstBytes;

    public AddedTokens(
        NativeSpan<AddedToken> tokens,
        StringTable contents,
        NativeSpan<uint> rawUnits,
        NativeSpan<uint> normalizedUnits,
        int vocabularySize)
    {
        if (contents.Longest > TokenizerSection.MaxAddedBytes)
        {
            throw TokenizerSection.Broken($"an added token has {contents.Longest} bytes, more than {TokenizerSection.MaxAddedBytes}");
        }
        for (int i = 0; i < tokens.Length; i++)
        {
            AddedToken token = tokens[i];
            if (token.Id >= (uint)vocabularySize || (token.Flags & ~AddedTokenFlags.All) != 0 || contents[i].IsEmpty)
            {
                throw TokenizerSection.Broken($"added token {i} has id {token.Id}, flags {(uint)token.Flags}, {contents[i].Length} bytes");
            }
        }
        this.tokens = tokens;
        this.contents = contents;
        raw = DoubleArrayTrie.Open(rawUnits, contents, "the trie of added tokens");
        normalized = DoubleArrayTrie.Open(normalizedUnits, contents, "the trie of normalized added tokens");
        firstBytes = FirstBytes(raw);
        normalizedFirstBytes = FirstBytes(normalized);
    }

    /// <summary>Shares the tables of another search, and counts its steps by itself.</summary>
    public AddedTokens(AddedTokens proven)
    {
        tokens = proven.tokens;
        contents = proven.contents;
        raw = proven.raw;
        normalized = proven.normalized;
        firstBytes = proven.firstBytes;
        normalizedFirstBytes = proven.normalizedFirstBytes;
    }

    /// <summary>Bytes of normalized text that tell whether a token starts there; 0 when there is nothing to find.</summary>
    public int NormalizedLookahead => normalized.IsEmpty ? 0 : contents.Longest + 4;

    /// <summary>Code points and units of tries looked at since opening.</summary>
    public long Steps { get; private set; }

    /// <summary>Finds those that are looked for in a text as given.</summary>
    public AddedTokenSearch FindIn(ReadOnlySpan<byte> text) => new(this, raw, firstBytes, text);

    /// <summary>Finds those that are looked for after normalization, in a normalized text that the others have left.</summary>
    public AddedTokenSearch FindInNormalized(ReadOnlySpan<byte> text) => new(this, normalized, normalizedFirstBytes, text);

    /// <summary>Whether an id is that of an added token of this content.</summary>
    public bool Contains(int id, ReadOnlySpan<byte> content)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            if (tokens[i].Id == (uint)id && contents[i].SequenceEqual(content))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The added token that a normalized text starts with.</summary>
    /// <param name="before">The code point before, or -1.</param>
    /// <param name="text">The text; <see cref="NormalizedLookahead"/> bytes of it unless it ends sooner.</param>
    public AddedTokenAt FindNormalized(int before, ReadOnlySpan<byte> text)
    {
        TrieMatch found = Find(normalized, text);
        if (found.Length == 0)
        {
            return default(AddedTokenAt) with { Id = -1 };
        }
        AddedToken token = tokens[found.Value];
        bool counts = (token.Flags & AddedTokenFlags.Split) == 0
            && ((token.Flags & AddedTokenFlags.SingleWord) == 0
                || !(before >= 0 && UnicodeData.IsWordCharacter(before)) && !StartsWithWord(text[found.Length..]));
        return new AddedTokenAt(found.Length, counts ? (int)token.Id : -1, token.Flags);
    }

    /// <summary>The longest of a trie's tokens that a text starts with.</summary>
    /// <param name="trie">One of the two.</param>
    /// <param name="text">The text.</param>
    /// <param name="token">It.</param>
    /// <returns>Its length; 0 when there is none.</returns>
    public int FindLongest(DoubleArrayTrie trie, ReadOnlySpan<byte> text, out AddedToken token)
    {
        TrieMatch found = Find(trie, text);
        token = found.Length > 0 ? tokens[found.Value] : default;
        return found.Length;
    }

    /// <summary>Whether what stands between two texts is a word of its own.</summary>
    public static bool StandsAlone(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        Rune.DecodeLastFromUtf8(before, out Rune last, out int consumed);
        return !(consumed > 0 && UnicodeData.IsWordCharacter(last.Value)) && !StartsWithWord(after);
    }

    /// <summary>Counts code points that a search has looked at.</summary>
    public void Count(int steps) => Steps += steps;

    private static SearchValues<byte> FirstBytes(DoubleArrayTrie trie)
    {
        Span<byte> first = stackalloc byte[256];
        int count = 0;
        for (int value = 0; value < 256; value++)
        {
            if (trie.HasFirstByte((byte)value))
            {
                first[count++] = (byte)value;
            }
        }
        return SearchValues.Create(first[..count]);
    }

    // No match is longer than the longest content, so no trie can make the search over a long text slow.
    private TrieMatch Find(DoubleArrayTrie trie, ReadOnlySpan<byte> text)
    {
        TrieMatch found = trie.FindLongest(DoubleArrayTrie.Root, 0, text[..Math.Min(text.Length, contents.Longest)]);
        Steps += found.Steps;
        return found;
    }

    private static bool StartsWithWord(ReadOnlySpan<byte> text)
    {
        Rune.DecodeFromUtf8(text, out Rune first, out int consumed);
        return consumed > 0 && UnicodeData.IsWordCharacter(first.Value);
    }
}
