// Goes through a text from one added token to the next, in time linear in the text whatever the tokens are.
using System.Buffers;
using System.Text;

namespace IBert.Edge.Text;

/// <summary>
/// The search of <c>AddedVocabulary.find_matches</c> of Hugging Face's tokenizers: contents are found leftmost, longest, one after another;
/// only then each takes white space before and behind it. A token may therefore start inside what the one before has taken, and is found
/// all the same; the text that no token has taken then starts behind it, and has the rest of that white space once more.
/// </summary>
internal ref struct AddedTokenSearch(AddedTokens tokens, DoubleArrayTrie trie, SearchValues<byte> firstBytes, ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> text = text;
    private int from;           // where the next content is looked for
    private int spacesEnd;      // where the white space ends that was read last, so that it is read once though many tokens stand in it

    /// <summary>Where the text starts that no token has taken.</summary>
    public int Free { get; private set; }

    /// <summary>Finds the next token.</summary>
    public bool Next(out AddedTokenMatch match)
    {
        while (from < text.Length && text[from..].IndexOfAny(firstBytes) is >= 0 and int offset)
        {
            int start = from + offset, length = tokens.FindLongest(trie, text[start..], out AddedToken token), end = start + length;
            if (length == 0)
            {
                from = start + 1;
                continue;
            }
            from = end;
            if ((token.Flags & AddedTokenFlags.Split) != 0
                || (token.Flags & AddedTokenFlags.SingleWord) != 0 && !AddedTokens.StandsAlone(text[..start], text[end..]))
            {
                continue;
            }
            int before = Free;
            if ((token.Flags & AddedTokenFlags.LeftStrip) != 0)
            {
                start = StartOfSpaces(start);
            }
            if ((token.Flags & AddedTokenFlags.RightStrip) != 0)
            {
                end = EndOfSpaces(end);
            }
            Free = Math.Max(start, end);
            match = new AddedTokenMatch(start < end ? (int)token.Id : -1, before, start);
            return true;
        }
        match = default;
        return false;
    }

    /// <summary>Where the white space before a place starts, as far as no token has taken it; behind the place where one has.</summary>
    private readonly int StartOfSpaces(int place)
    {
        // What no token has taken starts behind the last content, so that nothing is read twice.
        int start = Math.Max(place, Free);
        while (start > Free)
        {
            Rune.DecodeLastFromUtf8(text[Free..start], out Rune last, out int size);
            tokens.Count(1);
            if (!UnicodeData.IsWhiteSpace(last.Value))
            {
                break;
            }
            start -= size;
        }
        return start;
    }

    private int EndOfSpaces(int place)
    {
        // A place before that end is inside the same white space: between the two stand only contents that are white space.
        int end = Math.Max(place, spacesEnd);
        while (end < text.Length)
        {
            Rune.DecodeFromUtf8(text[end..], out Rune first, out int size);
            tokens.Count(1);
            if (!UnicodeData.IsWhiteSpace(first.Value))
            {
                break;
            }
            end += size;
        }
        return spacesEnd = end;
    }
}
