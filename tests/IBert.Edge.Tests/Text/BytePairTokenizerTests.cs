// What byte-level BPE does with words, bytes, added tokens and large texts; that it equals merging pair by pair is tried at random.
using System.Text;
using System.Text.RegularExpressions;
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class BytePairTokenizerTests
{
    private static readonly string[] s_lowMerges = ["l o", "lo w", "e r", "\u0120 low", "low er", "\u0120 l"];

    [Theory]
    [InlineData("low", "<s> low </s>")]
    [InlineData(" low", "<s> \u0120low </s>")]
    [InlineData("lower", "<s> lower </s>")]
    [InlineData(" lower", "<s> \u0120low er </s>")] // the space joins low before er can
    [InlineData(" lo", "<s> \u0120 lo </s>")] // once l is in lo, \u0120l cannot be
    [InlineData("lowlow slow", "<s> low low \u0120 s low </s>")]
    [InlineData("", "<s> </s>")]
    [InlineData("\u0000\n\u007F", "<s> \u0100 \u010A \u0121 </s>")]
    [InlineData("\u00E9\u00AD", "<s> \u00C3 \u00A9 \u00C2 \u0143 </s>")]
    public void Pairs_are_merged_in_the_order_of_their_ranks(string text, string expected)
    {
        using var tokenizer = new OpenedTokenizer(BytePairTokenizerWriter.Write(TestTokenizers.BytePair(s_lowMerges)));
        Assert.Equal(expected, tokenizer.Tokens(text));
    }

    [Theory]
    [InlineData("it's we'll they're I've I'm he'd can't", "it|'s| we|'ll| they|'re| I|'ve| I|'m| he|'d| can|'t")]
    [InlineData("it'S 'sx 'lx x'r", "it|'|S| '|sx| '|lx| x|'|r")]
    [InlineData("'s'll'", "'s|'ll|'")]
    [InlineData("a1b22 33 c", "a|1|b|22| 33| c")]
    [InlineData("a  b   c", "a| | b|  | c")]
    [InlineData("a\n\nb \tc\t d", "a|\n|\n|b| |\t|c|\t| d")]
    [InlineData("  ", "  ")]
    [InlineData("a \n", "a| \n")]
    [InlineData("!? ...it's!'s", "!?| ...|it|'s|!'|s")]
    [InlineData("\u00E9\u4E2D\u00BD\u0301 \u00A0x", "\u00E9\u4E2D|\u00BD|\u0301| |\u00A0|x")]
    [InlineData("\u0085\u0085\u1680", "\u0085\u0085\u1680")]
    public void Words_are_those_of_the_regular_expression(string text, string expected) =>
        Assert.Equal(expected.Split('|'), Words(text, BytePairOptions.None));

    [Theory]
    [InlineData("a", " a")]
    [InlineData(" a", " a")]
    [InlineData("'s", " '|s")] // no contraction behind a space
    [InlineData("\nb", " |\n|b")]
    [InlineData("\n b", " \n| b")]
    [InlineData("\u00A0", " \u00A0")]
    [InlineData("1\u00A0", " 1|\u00A0")]
    [InlineData("", "")]
    public void A_space_is_put_in_front_where_that_is_asked_for(string text, string expected) =>
        Assert.Equal(expected.Split('|', StringSplitOptions.RemoveEmptyEntries), Words(text, BytePairOptions.AddPrefixSpace));

    [Fact]
    public void Random_texts_have_the_words_of_the_regular_expression()
    {
        // .NET's classes of these characters are those of the given table.
        const int seed = 99;
        var random = new Random(seed);
        string[] parts =
            ["a", "\u00E9", "1", "\u00BD", "'", "s", "ll", "re", " ", " ", "\t", "\u00A0", "\u3000", "!", "\u4E2D", "\U0001F600", "."];
        var expression = new Regex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");
        for (int round = 0; round < 3000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => parts[random.Next(parts.Length)]));
            foreach (BytePairOptions options in new[] { BytePairOptions.None, BytePairOptions.AddPrefixSpace })
            {
                string whole = options == BytePairOptions.None || text.Length == 0 || text[0] == ' ' ? text : " " + text;
                string[] expected = [.. expression.Matches(whole).Select(match => match.Value)];
                Assert.True(expected.SequenceEqual(Words(text, options)), $"seed {seed}, round {round}: '{text}' with {options}");
            }
        }
    }

    /// <summary>Any list of merges that is not refused, on words longer than the horizon too.</summary>
    [Fact]
    public void Random_vocabularies_give_what_merging_pair_by_pair_gives()
    {
        const int seed = 20260101;
        var random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < 100; round++)
        {
            string letters = "abcd\u00E9"[..random.Next(1, 6)];
            List<string> merges = RandomMerges(random, letters, random.Next(1, 60), longest: random.Next(2, 40));
            BytePairDefinition definition = TestTokenizers.BytePair(merges);
            byte[] section;
            try
            {
                section = BytePairTokenizerWriter.Write(definition);
            }
            catch (CheckpointException)
            {
                refused++; // a piece is made by a merge behind one that uses it
                continue;
            }
            using var tokenizer = new OpenedTokenizer(section);
            var oracle = new PairByPair(definition);
            for (int i = 0; i < 20; i++)
            {
                int length = i < 16 ? random.Next(1, 40) : random.Next(200, 1200);
                string word = string.Concat(Enumerable.Range(0, length).Select(_ => letters[random.Next(letters.Length)]));
                int[] expected = [0, .. oracle.Merge(word), 1];
                Assert.True(
                    expected.SequenceEqual(tokenizer.Encode(word, 1 << 14)),
                    $"seed {seed}, round {round}: '{word}' with {string.Join(", ", merges)}");
            }
        }
        Assert.InRange(refused, 1, 40);
    }

    /// <summary>
    /// Merges in which the far end of a word decides where its first boundary is: the last two letters pair off first, then the two
    /// before them, and so on. Nothing may be settled before the end is read, which is four horizons away.
    /// </summary>
    [Fact]
    public void What_follows_counts_however_far_away_it_is()
    {
        string[] letters = [.. Enumerable.Range(0x4E00, 400).Select(char.ConvertFromUtf32)];
        List<string> merges = [];
        foreach (string letter in letters)
        {
            string[] bytes = [.. PairByPair.Symbols(letter)];
            merges.AddRange([$"{bytes[0]} {bytes[1]}", $"{bytes[0]}{bytes[1]} {bytes[2]}"]);
        }
        string[] whole = [.. letters.Select(letter => string.Concat(PairByPair.Symbols(letter)))];
        merges.AddRange(Enumerable.Range(1, letters.Length - 1).Reverse().Select(i => $"{whole[i - 1]} {whole[i]}"));
        BytePairDefinition definition = TestTokenizers.BytePair(merges.Distinct());
        using var tokenizer = new OpenedTokenizer(BytePairTokenizerWriter.Write(definition));
        foreach (int length in new[] { 1, 2, 30, 31, 399, 400 })
        {
            string word = string.Concat(letters[..length]);
            int[] found = tokenizer.Encode(word);
            Assert.Equal([0, .. new PairByPair(definition).Merge(word), 1], found);
            Assert.Equal(length % 2 == 0 ? whole[0] + whole[1] : whole[0], Encoding.UTF8.GetString(tokenizer.Tokenizer.Piece(found[1])));
        }
    }

    [Fact]
    public void A_piece_that_two_merges_could_make_is_made_by_the_one_that_comes_first()
    {
        BytePairDefinition definition = TestTokenizers.BytePair(["a b", "b c", "ab c", "a bc", "bc d", "abc d"]);
        using var tokenizer = new OpenedTokenizer(BytePairTokenizerWriter.Write(definition));
        foreach (string word in new[] { "abc", "abcd", "bcd", "abcabcd", "aabcdbc" })
        {
            Assert.Equal([0, .. new PairByPair(definition).Merge(word), 1], tokenizer.Encode(word));
        }
    }

    [Fact]
    public void Words_of_a_learned_vocabulary_are_merged_as_pair_by_pair()
    {
        BytePairDefinition definition = TestTokenizers.Roberta;
        using OpenedTokenizer tokenizer = TestTokenizers.OpenRoberta();
        const int seed = 5;
        var random = new Random(seed);
        string[] pieces = [.. definition.Vocabulary.Keys.Where(piece => piece.All(char.IsAsciiLetterLower))];
        var oracle = new PairByPair(definition);
        for (int round = 0; round < 3000; round++)
        {
            string word = string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => pieces[random.Next(pieces.Length)]));
            Assert.Equal([0, .. oracle.Merge(word), 2], tokenizer.Encode(word, 1 << 10));
        }
        foreach (string run in new[] { "a", "-", "=", "\u00C3", "ab", "haha", "\u00C2\u00A0", "." })
        {
            string word = string.Concat(Enumerable.Repeat(run, 500));
            if (Words(word, BytePairOptions.None).Length == 1)
            {
                Assert.Equal([0, .. oracle.Merge(word), 2], tokenizer.Encode(word, 1 << 14));
            }
        }
    }

    [Fact]
    public void Invalid_bytes_are_replacement_characters_by_maximal_subparts()
    {
        const int seed = 7;
        var random = new Random(seed);
        using OpenedTokenizer tokenizer = TestTokenizers.OpenRoberta();
        byte[][] parts = [[0x61], [0xC3, 0xA9], [0xF0, 0x9F, 0x98, 0x80], [0xC3], [0xE4, 0xB8], [0xF0, 0x9F, 0x98], [0x80], [0xFF],
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90], [0xE0, 0x9F], [0xF8], [0x20], [0x00]];
        for (int round = 0; round < 3000; round++)
        {
            int length = round % 100 == 0 ? 2000 : random.Next(1, 20);
            byte[] bytes = [.. Enumerable.Range(0, length).SelectMany(_ => parts[random.Next(parts.Length)])];
            Assert.True(
                tokenizer.Encode(Encoding.UTF8.GetString(bytes), 1 << 14).SequenceEqual(tokenizer.Encode(bytes, 1 << 14)),
                $"seed {seed}, round {round}: {Convert.ToHexString(bytes)}");
        }
    }

    [Theory]
    [InlineData("a <mask> b", "<s> a <mask> \u0120 b </s>")] // it takes the space before, not the one behind
    [InlineData("a \u3000\n<mask>", "<s> a <mask> </s>")]
    [InlineData("<mask><mask> <mask>", "<s> <mask> <mask> <mask> </s>")]
    [InlineData("a</s>b <s>", "<s> a </s> b \u0120 <s> </s>")]
    [InlineData("<masK> <s", "<s> < m a s K > \u0120 < s </s>")]
    [InlineData("x<mask>", "<s> x <mask> </s>")] // those looked for in the text as given come first
    [InlineData("solo xsolo solo.", "<s> solo \u0120 x s o l o \u0120 solo . </s>")] // a word of its own only
    public void Added_tokens_are_found_in_the_text(string text, string expected)
    {
        using var tokenizer = new OpenedTokenizer(BytePairTokenizerWriter.Write(TestTokenizers.BytePair(
            [],
            BytePairOptions.None,
            new("<s>", 0, AddedTokenFlags.Normalized), new("</s>", 1, AddedTokenFlags.Normalized),
            new("<mask>", 258, AddedTokenFlags.LeftStrip),
            new("x<mask", 259, AddedTokenFlags.Normalized), new("solo", 260, AddedTokenFlags.Normalized | AddedTokenFlags.SingleWord))));
        Assert.Equal(expected, tokenizer.Tokens(text));
        Assert.Equal(261, tokenizer.Tokenizer.VocabularySize);
    }

    [Fact]
    public void Each_part_between_added_tokens_gets_its_space_in_front()
    {
        using var tokenizer = new OpenedTokenizer(BytePairTokenizerWriter.Write(TestTokenizers.BytePair(
            [], BytePairOptions.AddPrefixSpace, new("<s>", 0, AddedTokenFlags.Normalized), new("<mask>", 258, AddedTokenFlags.LeftStrip))));
        Assert.Equal("<s> \u0120 a <s> \u0120 b <mask> \u0120 c </s>", tokenizer.Tokens("a<s>b <mask> c"));
    }

    [Fact]
    public void Every_token_is_told_as_the_vocabulary_has_it()
    {
        BytePairDefinition definition = TestTokenizers.Roberta;
        using OpenedTokenizer tokenizer = TestTokenizers.OpenRoberta();
        foreach ((string piece, int id) in definition.Vocabulary)
        {
            Assert.Equal(piece, Encoding.UTF8.GetString(tokenizer.Tokenizer.Piece(id)));
        }
    }

    [Fact]
    public void Texts_are_cut_at_the_end_and_say_so()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenRoberta();
        const string text = "supercalifragilisticexpialidocious 3.14159 \u4E2D\u6587 <mask>!";
        int[] whole = tokenizer.Encode(text);
        for (int length = 2; length < whole.Length + 3; length++)
        {
            var ids = new int[length];
            int count = tokenizer.Tokenizer.Encode(Encoding.UTF8.GetBytes(text), ids, out bool truncated);
            Assert.Equal(length < whole.Length, truncated);
            Assert.Equal([.. whole[..(Math.Min(length, whole.Length) - 1)], 2], ids[..count]);
        }
    }

    [Fact]
    public void Nothing_is_allocated_after_opening()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenRoberta();
        byte[] text = [.. Encoding.UTF8.GetBytes("A<mask> it's \u00E9\u4E2D\uAC01 <s>"), 0xFF, 0x00, .. Repeat("unflinchingly ", 200),
            .. Repeat("ab", 3000)];
        var ids = new int[64];
        var types = new byte[64];
        int length = 0;
        void Run()
        {
            tokenizer.Tokenizer.Encode(text, ids, out _);
            tokenizer.Tokenizer.Encode(text.AsSpan(^6000..), ids, out _);
            tokenizer.Tokenizer.EncodePair(text, text, ids, types, out _);
            length += tokenizer.Tokenizer.Piece(ids[1]).Length;
        }
        Run();
        Assert.Equal(0, Allocations.Of(100, _ => Run()));
        Assert.True(length > 0);
    }

    [Theory]
    [InlineData("a charming and often affecting journey, unflinchingly supercalifragilisticexpialidocious 123. ")]
    [InlineData("a")]
    [InlineData("ab")]
    [InlineData("-")]
    [InlineData("\u00C3\u00C2")]
    [InlineData(" ")]
    [InlineData("\u4E2D\u6587")]
    [InlineData("supercalifragilistic")]
    public void Work_is_linear_in_the_text_even_if_that_is_one_word(string part)
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenRoberta();
        int bytes = Encoding.UTF8.GetByteCount(part);
        long StepsOf(int total)
        {
            long before = tokenizer.Tokenizer.Steps;
            tokenizer.Encode(Repeat(part, total / bytes), 1 << 20);
            return tokenizer.Tokenizer.Steps - before;
        }
        long small = StepsOf(10_000), large = StepsOf(1_000_000);
        TestContext.Current.TestOutputHelper!.WriteLine($"{large / 1e6:F1} steps per byte");
        Assert.InRange(large, 1, 110 * small);
        // What is told at BytePairEncoder.MaxLookups, on no more bytes than two horizons for each that gets settled.
        Assert.InRange(large, 1, 3 * ((BytePairTokenizer)tokenizer.Tokenizer).LookupsPerByte * 1_000_000L);
    }

    [Fact]
    public void A_long_text_is_not_tokenized_further_than_it_is_used()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenRoberta();
        var ids = new int[16];
        var types = new byte[16];
        foreach (string part in new[] { "journey ", "journey", "-" })
        {
            byte[] megabyte = Repeat(part, 1_000_000 / part.Length);
            long start = tokenizer.Tokenizer.Steps;
            tokenizer.Tokenizer.Encode(megabyte, ids, out bool truncated);
            Assert.True(truncated);
            tokenizer.Tokenizer.EncodePair(megabyte, "a b c d e f g h i j k l m n o p q r s"u8, ids, types, out truncated);
            Assert.True(truncated);
            Assert.InRange(tokenizer.Tokenizer.Steps - start, 1, 1_000_000);
        }
    }

    [Fact]
    public void Merges_whose_parts_come_later_are_refused()
    {
        CheckpointException error = Assert.Throws<CheckpointException>(
            () => BytePairTokenizerWriter.Write(TestTokenizers.BytePair(["ab c", "a b"])));
        Assert.Contains("merge 1 comes before", error.Message, StringComparison.Ordinal);
    }

    private static string[] Words(string text, BytePairOptions options)
    {
        List<string> words = [];
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(text);
        bool addSpace = options == BytePairOptions.AddPrefixSpace && !rest.StartsWith(" "u8);
        while (rest.Length > 0)
        {
            int length = BytePairTokenizer.WordLength(rest, addSpace);
            words.Add((addSpace ? " " : "") + Encoding.UTF8.GetString(rest[..length]));
            rest = rest[length..];
            addSpace = false;
        }
        return [.. words];
    }

    private static byte[] Repeat(string text, int times) => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text, times)));

    /// <summary>Merges of letters and of what merges before them have made.</summary>
    private static List<string> RandomMerges(Random random, string letters, int count, int longest)
    {
        List<string> pieces = [.. PairByPair.Symbols(letters).Distinct()];
        HashSet<string> merges = [];
        for (int i = 0; i < count; i++)
        {
            string left = pieces[random.Next(pieces.Count)], right = pieces[random.Next(pieces.Count)];
            if (left.Length + right.Length <= longest && merges.Add($"{left} {right}") && !pieces.Contains(left + right))
            {
                pieces.Add(left + right);
            }
        }
        return [.. merges];
    }
}
