// What holds for every tokenizer and every text, whatever either holds.
using System.Text;
using IBert.Edge.Text;

namespace IBert.Edge.CoverageFuzz;

internal static class TokenizerChecks
{
    private const int Cut = 7;

    /// <summary>Ids lie in the vocabulary, and a shorter sequence is the longer one with tokens of the text left out at its end.</summary>
    /// <returns>The ids of the text.</returns>
    public static int[] Check(Tokenizer tokenizer, ReadOnlySpan<byte> text)
    {
        int[] ids = Encode(tokenizer, text, Room(tokenizer, text), out bool truncated);
        Require(!truncated, "a sequence with room for all tokens was cut");
        RequireIds(tokenizer, ids);

        int length = Math.Min(ids.Length, Math.Max(tokenizer.LeastLength, Cut));
        int[] cut = Encode(tokenizer, text, length, out truncated);
        int same = ids.AsSpan().CommonPrefixLength(cut);
        if (truncated != ids.Length > length || cut.Length != length || !ids.AsSpan().EndsWith(cut.AsSpan(same)))
        {
            throw new FindingException($"{string.Join(' ', ids)} became {string.Join(' ', cut)} in a room of {length}");
        }
        return ids;
    }

    /// <summary>Invalid bytes count as U+FFFD, one for each maximal subpart (Unicode 3.9): where the tokens are valid.</summary>
    public static void CheckInvalid(Tokenizer tokenizer, ReadOnlySpan<byte> text)
    {
        byte[] repaired = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text));
        int[] ids = Encode(tokenizer, text, Room(tokenizer, text), out _);
        int[] expected = Encode(tokenizer, repaired, Room(tokenizer, repaired), out _);
        if (!ids.AsSpan().SequenceEqual(expected))
        {
            throw new FindingException($"invalid bytes are not U+FFFD: {string.Join(' ', ids)} instead of {string.Join(' ', expected)}");
        }
    }

    /// <summary>A pair has the tokens of its texts, and is cut to what fits.</summary>
    public static void CheckPair(Tokenizer tokenizer, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int[] ids = new int[Room(tokenizer, a) + Room(tokenizer, b)];
        byte[] types = new byte[ids.Length];
        int count = tokenizer.EncodePair(a, b, ids, types, out bool truncated);
        int tokens = CountOf(tokenizer, a) + CountOf(tokenizer, b) + (b.IsEmpty ? tokenizer.SpecialTokens : tokenizer.PairSpecialTokens);
        Require(!truncated && count == tokens, "a pair with room for all tokens has not the tokens of its texts");
        Require(types.AsSpan(0, count).IndexOfAnyExceptInRange((byte)0, (byte)1) < 0, "a type is neither 0 nor 1");
        RequireIds(tokenizer, ids.AsSpan(0, count));

        int length = Math.Min(count, Math.Max(tokenizer.LeastLength, Cut));
        int cut = tokenizer.EncodePair(a, b, ids.AsSpan(0, length), types, out truncated);
        Require(truncated == count > length && cut == length, "a pair was not cut to what fits");
        RequireIds(tokenizer, ids.AsSpan(0, cut));
    }

    /// <summary>Time is linear in a text's length, also where copies of it make one long word.</summary>
    public static void CheckSteps(Tokenizer tokenizer, ReadOnlySpan<byte> text)
    {
        // The tested tokenizers' pieces are a few bytes long, and few start with others: what is linear takes a dozen steps at a byte.
        const int copies = 20, mostSteps = 64;
        byte[] many = new byte[text.Length * copies];
        for (int i = 0; i < copies; i++)
        {
            text.CopyTo(many.AsSpan(i * text.Length));
        }
        long before = tokenizer.Steps;
        Encode(tokenizer, many, Room(tokenizer, many), out _);
        long steps = tokenizer.Steps - before;
        Require(steps <= mostSteps * (many.Length + 1L), "tokenizing takes more steps than is linear");
    }

    private static int CountOf(Tokenizer tokenizer, ReadOnlySpan<byte> text) =>
        Encode(tokenizer, text, Room(tokenizer, text), out _).Length - tokenizer.SpecialTokens;

    // No byte is more than three tokens (an invalid one, U+FFFD as bytes), and a space may come before the text.
    private static int Room(Tokenizer tokenizer, ReadOnlySpan<byte> text) => tokenizer.LeastLength + (3 * text.Length) + 2;

    private static int[] Encode(Tokenizer tokenizer, ReadOnlySpan<byte> text, int length, out bool truncated)
    {
        int[] ids = new int[length];
        return ids[..tokenizer.Encode(text, ids, out truncated)];
    }

    private static void RequireIds(Tokenizer tokenizer, ReadOnlySpan<int> ids) =>
        Require(ids.IndexOfAnyExceptInRange(0, tokenizer.VocabularySize - 1) < 0, "an id is outside of the vocabulary");

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new FindingException(what);
        }
    }
}
