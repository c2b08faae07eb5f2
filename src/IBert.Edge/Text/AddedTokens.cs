// Tokens that are recognized in the text itself, before it is split into words: [MASK] and those a user added.
using System.Buffers;
using System.Text;
using IBert.Edge.Format;

namespace IBert.Edge.Text;

/// <summary>Where an added token stands in a text.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Start">Where it starts, white space before it included if the token takes that.</param>
/// <param name="MatchEnd">Where its content ends: the next one is looked for from here.</param>
/// <param name="End">Where it ends, white space behind it included if the token takes that.</param>
internal readonly record struct AddedTokenMatch(int Id, int Start, int MatchEnd, int End);

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

    /// <summary>Bytes of normalized text that tell whether a token starts there; 0 when there is nothing to find.</summary>
    public int NormalizedLookahead => normalized.IsEmpty ? 0 : contents.Longest + 4;

    /// <summary>The next added token in a text as given.</summary>
    /// <param name="text">The text.</param>
    /// <param name="from">Where to look from.</param>
    /// <param name="free">Where the text starts that no token before has taken.</param>
    /// <param name="match">What was found.</param>
    public bool FindNext(ReadOnlySpan<byte> text, int from, int free, out AddedTokenMatch match) =>
        FindNext(raw, firstBytes, text, from, free, out match);

    /// <summary>The next of those looked for after normalization, in a text that the others have left; as the other search.</summary>
    public bool FindNextNormalized(ReadOnlySpan<byte> text, int from, int free, out AddedTokenMatch match) =>
        FindNext(normalized, normalizedFirstBytes, text, from, free, out match);

    /// <summary>Whether an id is that of an added token.</summary>
    public bool Contains(int id)
    {
        foreach (AddedToken token in tokens.Span)
        {
            if (token.Id == (uint)id)
            {
                return true;
            }
        }
        return false;
    }

    private bool FindNext(
        DoubleArrayTrie trie, SearchValues<byte> firstBytes, ReadOnlySpan<byte> text, int from, int free, out AddedTokenMatch match)
    {
        while (from < text.Length)
        {
            int offset = text[from..].IndexOfAny(firstBytes);
            if (offset < 0)
            {
                break;
            }
            int start = from + offset;
            TrieMatch found = Find(trie, text[start..]);
            int end = start + found.Length;
            if (found.Length == 0)
            {
                from = start + 1;
                continue;
            }
            AddedToken token = tokens[found.Value];
            if ((token.Flags & AddedTokenFlags.SingleWord) != 0 && !StandsAlone(text[..start], text[end..]))
            {
                from = end;
                continue;
            }
            match = new AddedTokenMatch(
                (int)token.Id,
                (token.Flags & AddedTokenFlags.LeftStrip) != 0 ? Math.Max(free, WithoutSpacesAtEnd(text[..start])) : start,
                end,
                (token.Flags & AddedTokenFlags.RightStrip) != 0 ? end + SpacesAtStart(text[end..]) : end);
            return true;
        }
        match = default;
        return false;
    }

    /// <summary>The added token that a normalized text starts with.</summary>
    /// <param name="before">The code point before, or -1.</param>
    /// <param name="text">The text; <see cref="NormalizedLookahead"/> bytes of it unless it ends sooner.</param>
    /// <param name="id">The token, or -1 when it may not stand here.</param>
    /// <returns>The bytes it takes, also when it may not stand here: nothing else is then found inside.</returns>
    public int FindNormalized(int before, ReadOnlySpan<byte> text, out int id)
    {
        TrieMatch found = Find(normalized, text);
        id = -1;
        if (found.Length > 0)
        {
            AddedToken token = tokens[found.Value];
            bool fits = (token.Flags & AddedTokenFlags.SingleWord) == 0
                || !(before >= 0 && UnicodeData.IsWordCharacter(before)) && !StartsWithWord(text[found.Length..]);
            id = fits ? (int)token.Id : -1;
        }
        return found.Length;
    }

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
    private TrieMatch Find(DoubleArrayTrie trie, ReadOnlySpan<byte> text) =>
        trie.FindLongest(DoubleArrayTrie.Root, 0, text[..Math.Min(text.Length, contents.Longest)]);

    private static bool StandsAlone(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        Rune.DecodeLastFromUtf8(before, out Rune last, out int consumed);
        return !(consumed > 0 && UnicodeData.IsWordCharacter(last.Value)) && !StartsWithWord(after);
    }

    private static bool StartsWithWord(ReadOnlySpan<byte> text)
    {
        Rune.DecodeFromUtf8(text, out Rune first, out int consumed);
        return consumed > 0 && UnicodeData.IsWordCharacter(first.Value);
    }

    private static int WithoutSpacesAtEnd(ReadOnlySpan<byte> text)
    {
        int end = text.Length;
        while (end > 0)
        {
            Rune.DecodeLastFromUtf8(text[..end], out Rune last, out int consumed);
            if (!UnicodeData.IsWhiteSpace(last.Value))
            {
                break;
            }
            end -= consumed;
        }
        return end;
    }

    private static int SpacesAtStart(ReadOnlySpan<byte> text)
    {
        int start = 0;
        while (start < text.Length)
        {
            Rune.DecodeFromUtf8(text[start..], out Rune first, out int consumed);
            if (!UnicodeData.IsWhiteSpace(first.Value))
            {
                break;
            }
            start += consumed;
        }
        return start;
    }
}
