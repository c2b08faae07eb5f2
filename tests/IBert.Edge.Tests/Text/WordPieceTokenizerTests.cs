// What the WordPiece tokenizer does with words, bytes, added tokens, lengths and large texts.
using System.Text;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class WordPieceTokenizerTests
{
    private const BertNormalizerOptions NoCleaning = BertNormalizerOptions.All & ~BertNormalizerOptions.CleanText;

    [Theory]
    [InlineData("unaffable", "[CLS] un ##aff ##able [SEP]")]
    [InlineData("Unaffable, UNABLE!", "[CLS] un ##aff ##able , un ##able [UNK] [SEP]")]
    [InlineData("unaffablez", "[CLS] [UNK] [SEP]")] // one bad letter makes the whole word unknown
    [InlineData("affable", "[CLS] [UNK] [SEP]")] // a continuing piece does not start a word
    [InlineData("##able", "[CLS] [UNK] [UNK] [UNK] [SEP]")] // the prefix is no text
    [InlineData("unabled unable", "[CLS] un ##abled un ##able [SEP]")] // the longest piece first
    [InlineData("un able", "[CLS] un [UNK] [SEP]")]
    [InlineData("", "[CLS] [SEP]")]
    public void Words_are_cut_longest_piece_first(string text, string expected)
    {
        using OpenedTokenizer tokenizer = TestTokenizers.Open(["un", "##aff", "##able", "##abled", ",", "##"]);
        Assert.Equal(expected, tokenizer.Tokens(text));
    }

    [Fact]
    public void Any_vocabulary_is_searched_as_a_dictionary_would_be()
    {
        const int seed = 20240611;
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            string prefix = new[] { "##", "", "a", "@@" }[random.Next(4)];
            HashSet<string> pieces = [];
            for (int i = random.Next(1, 40); i > 0; i--)
            {
                pieces.Add((random.Next(2) == 0 ? prefix : "") + RandomWord(random, 5));
            }
            pieces.Remove("");
            using OpenedTokenizer tokenizer = TestTokenizers.Open(pieces, prefix: prefix, maxCharacters: 12);
            for (int i = 0; i < 50; i++)
            {
                string word = RandomWord(random, 14);
                string expected = string.Join(' ', ["[CLS]", .. WordPiece(word, pieces, prefix, 12), "[SEP]"]);
                Assert.True(expected == tokenizer.Tokens(word), $"seed {seed}, round {round}: '{word}' with prefix '{prefix}'");
            }
        }
    }

    [Theory]
    [InlineData(4, "[CLS] a ##a ##a ##a [SEP]")]
    [InlineData(5, "[CLS] [UNK] [SEP]")]
    public void A_word_of_more_characters_than_allowed_is_unknown(int length, string expected)
    {
        using OpenedTokenizer tokenizer = TestTokenizers.Open(["a", "##a"], maxCharacters: 4);
        Assert.Equal(expected, tokenizer.Tokens(new string('a', length)));
    }

    [Fact]
    public void Characters_of_a_word_are_counted_after_normalization()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.Open(["a", "##a"], maxCharacters: 4);
        Assert.Equal("[CLS] a ##a ##a ##a [SEP]", tokenizer.Tokens("a\u0301\u0302a\u0303\u200Ba\u0301a\u0301"));
    }

    /// <summary>Encoding.UTF8 replaces maximal subparts, as Python's errors="replace" and Rust's from_utf8_lossy do.</summary>
    [Fact]
    public void Invalid_bytes_are_replacement_characters_by_maximal_subparts()
    {
        const int seed = 7;
        var random = new Random(seed);
        using OpenedTokenizer tokenizer = TestTokenizers.Open(["a", "##a", "\uFFFD", "##\uFFFD", "##\u00E9", "##\U0001F600"], NoCleaning);
        byte[][] parts = [[0x61], [0xC3, 0xA9], [0xF0, 0x9F, 0x98, 0x80], [0xC3], [0xE4, 0xB8], [0xF0, 0x9F, 0x98], [0x80], [0xFF],
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90], [0xE0, 0x9F], [0xF8], [0x20]];
        for (int round = 0; round < 5000; round++)
        {
            byte[] bytes = [.. Enumerable.Range(0, random.Next(1, 20)).SelectMany(_ => parts[random.Next(parts.Length)])];
            Assert.True(
                tokenizer.Encode(Encoding.UTF8.GetString(bytes)).SequenceEqual(tokenizer.Encode(bytes)),
                $"seed {seed}, round {round}: {Convert.ToHexString(bytes)}");
        }
    }

    [Fact]
    public void Cleaning_removes_invalid_bytes()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.Open(["ab"]);
        Assert.Equal(tokenizer.Encode("ab"), tokenizer.Encode([0xFF, 0x61, 0xC3, 0x62, 0xE4, 0xB8]));
    }

    [Theory]
    [InlineData("x[M]y [M].", "[CLS] x [M] y [M] . [SEP]")]
    [InlineData("[m] [M", "[CLS] [UNK] [UNK] [UNK] [UNK] [UNK] [SEP]")] // as given, and whole
    [InlineData("[M][M2][M]", "[CLS] [M] [M2] [M] [SEP]")]
    [InlineData("[M]2]", "[CLS] [M] [UNK] [UNK] [SEP]")]
    [InlineData("solo so\u0301lo", "[CLS] solo [UNK] [SEP]")]
    [InlineData("solox xsolo solo_ solo.", "[CLS] [UNK] [UNK] [UNK] [UNK] solo . [SEP]")] // a word of its own only
    [InlineData("solo\u0301", "[CLS] [UNK] [SEP]")]
    [InlineData("CAF\u00C9 xcafe\u0301y", "[CLS] Caf\u00E9 x Caf\u00E9 y [SEP]")] // looked for where both are normalized
    [InlineData("AlonE x.alone xalone.", "[CLS] alone x . alone [UNK] . [SEP]")]
    public void Added_tokens_are_found_in_the_text(string text, string expected)
    {
        using OpenedTokenizer tokenizer = TestTokenizers.Open(
            ["x", "y", "."],
            added: [
                new("[M]", 6, AddedTokenFlags.LeftStrip | AddedTokenFlags.RightStrip), new("[M2]", 7, 0),
                new("solo", 8, AddedTokenFlags.SingleWord), new("Caf\u00E9", 9, AddedTokenFlags.Normalized),
                new("alone", 10, AddedTokenFlags.Normalized | AddedTokenFlags.SingleWord),
            ]);
        Assert.Equal(expected, tokenizer.Tokens(text));
        Assert.Equal(11, tokenizer.Tokenizer.VocabularySize);
    }

    [Fact]
    public void Single_texts_are_cut_at_the_end_and_say_so()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.Open(["a", "##b"]);
        int[] whole = tokenizer.Encode("a ab abb abc a a");
        byte[] text = "a ab abb abc a a   "u8.ToArray();
        for (int length = 2; length < whole.Length + 3; length++)
        {
            var ids = new int[length];
            int count = tokenizer.Tokenizer.Encode(text, ids, out bool truncated);
            Assert.Equal(length < whole.Length, truncated);
            Assert.Equal([.. whole[..(Math.Min(length, whole.Length) - 1)], 2], ids[..count]);
        }
    }

    /// <summary>Nothing is kept but the last ids, and the whole text is read once, however long it is.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_long_text_may_be_cut_at_the_start(bool isBytePair)
    {
        using var tokenizer = new OpenedTokenizer(isBytePair
            ? BytePairTokenizerWriter.Write(TestTokenizers.Roberta with { CutsStart = true })
            : WordPieceTokenizerWriter.Write(TestTokenizers.Uncased with { CutsStart = true }));
        byte[] text = Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Range(0, 20_000).Select(i => $"film {i} quiet\u0301{i % 7} \u4E2D. ")));
        int[] whole = tokenizer.Encode(text, 1 << 20);
        var ids = new int[10];
        var types = new byte[10];
        long before = tokenizer.Tokenizer.Steps;
        int count = tokenizer.Tokenizer.Encode(text, ids, out bool truncated);
        Assert.True(truncated);
        Assert.Equal([whole[0], .. whole[^9..]], ids[..count]);
        Assert.InRange(tokenizer.Tokenizer.Steps - before, 1, 60 * text.Length);
        count = tokenizer.Tokenizer.EncodePair(text, "film"u8, ids, types, out truncated);
        Assert.True(truncated);
        Assert.Equal(whole[^2], ids[Array.IndexOf(ids, whole[^1]) - 1]);
        Assert.Equal(10, count);
        Assert.Equal(0, Allocations.Of(1, _ => tokenizer.Tokenizer.Encode(text, ids, out bool _)));
    }

    /// <summary>The rule is that of truncate_encodings in Hugging Face's tokenizers, written out here on the whole lists.</summary>
    [Fact]
    public void Pairs_are_cut_longest_first()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.Open(["a", "b"]);
        for (int countA = 0; countA < 12; countA++)
        {
            for (int countB = 1; countB < 12; countB++)
            {
                for (int length = 3; length < 20; length++)
                {
                    int room = length - 3, small = Math.Min(countA, countB), large = Math.Max(countA, countB);
                    if (countA + countB > room)
                    {
                        large = small > room ? small : Math.Max(small, room - small);
                        if (small + large > room)
                        {
                            small = room / 2;
                            large = small + room % 2;
                        }
                    }
                    (int keepA, int keepB) = countA > countB ? (large, small) : (small, large);
                    var ids = new int[length];
                    var types = new byte[length];
                    int count = tokenizer.Tokenizer.EncodePair(Repeat("a ", countA), Repeat("b ", countB), ids, types, out bool truncated);
                    int[] expected = [1, .. Enumerable.Repeat(3, keepA), 2, .. Enumerable.Repeat(4, keepB), 2];
                    Assert.Equal(expected, ids[..count]);
                    Assert.Equal(countA + countB > room, truncated);
                    Assert.Equal(keepB + 1, types[..count].Count(type => type == 1));
                }
            }
        }
    }

    [Fact]
    public void An_empty_second_text_is_no_second_text()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.Open(["a"]);
        int[] ids = new int[5];
        byte[] types = [9, 9, 9, 9, 9];
        Assert.Equal(3, tokenizer.Tokenizer.EncodePair("a"u8, ""u8, ids, types, out _));
        Assert.Equal([1, 3, 2], ids[..3]);
        Assert.Equal([0, 0, 0], types[..3]);
    }

    [Fact]
    public void Too_small_lengths_and_unknown_ids_are_argument_errors()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.Open(["a"]);
        Assert.Throws<ArgumentException>(() => tokenizer.Tokenizer.Encode("a"u8, new int[1], out _));
        Assert.Throws<ArgumentException>(() => tokenizer.Tokenizer.EncodePair("a"u8, "a"u8, new int[2], new byte[2], out _));
        Assert.Throws<ArgumentException>(() => tokenizer.Tokenizer.EncodePair("a"u8, "a"u8, new int[9], new byte[8], out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Tokenizer.Piece(-1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Tokenizer.Piece(4).Length);
    }

    [Fact]
    public void Nothing_is_allocated_after_opening()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.Open(
            ["a", "##b", "."], added: [new("[M]", 6, 0), new("ab", 7, AddedTokenFlags.Normalized)]);
        byte[] text = [.. Encoding.UTF8.GetBytes("A[M] ab.\u00E9\u4E2D\uAC01\u302E\U0001D165 "), 0xFF, .. Repeat("ab ", 2000)];
        var ids = new int[64];
        var types = new byte[64];
        void Run()
        {
            tokenizer.Tokenizer.Encode(text, ids, out _);
            tokenizer.Tokenizer.EncodePair(text, text, ids, types, out _);
        }
        Run();
        Assert.Equal(0, Allocations.Of(100, _ => Run()));
    }

    [Fact]
    public void Work_is_linear_in_the_text()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenUncased();
        string sentence = "a charming and often affecting journey, supercalifragilisticexpialidocious aaaaaaaaaaaaaaaaaaaab. ";
        long StepsOf(int times)
        {
            long before = tokenizer.Tokenizer.Steps;
            tokenizer.Encode(Repeat(sentence, times), 1 << 20);
            return tokenizer.Tokenizer.Steps - before;
        }
        long one = StepsOf(1);
        Assert.Equal(10_000 * one, StepsOf(10_000)); // 1 MB
        Assert.InRange(one, sentence.Length / 2, 4 * sentence.Length);
    }

    [Fact]
    public void One_word_of_a_megabyte_costs_no_search_and_is_unknown()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenUncased();
        long before = tokenizer.Tokenizer.Steps;
        int unknown = TestTokenizers.Uncased.Vocabulary["[UNK]"];
        Assert.Equal(unknown, tokenizer.Encode(Repeat("a", 1_000_000))[1]);
        Assert.Equal(unknown, tokenizer.Encode(Repeat("\u302E", 400_000))[1]);
        Assert.Equal(before, tokenizer.Tokenizer.Steps);
    }

    [Fact]
    public void A_long_text_is_not_tokenized_further_than_it_is_used()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenUncased();
        byte[] megabyte = Repeat("journey ", 125_000);
        var ids = new int[16];
        var types = new byte[16];
        long start = tokenizer.Tokenizer.Steps;
        tokenizer.Tokenizer.Encode(megabyte, ids, out bool truncated);
        Assert.True(truncated);
        tokenizer.Tokenizer.EncodePair(megabyte, "a b c d e f g h i j k l m n o p q r s"u8, ids, types, out truncated);
        Assert.True(truncated);
        Assert.InRange(tokenizer.Tokenizer.Steps - start, 1, 2000);
    }

    [Fact]
    public void Tokenizers_on_one_section_work_on_several_threads()
    {
        using OpenedTokenizer reference = TestTokenizers.OpenUncased();
        string[] texts = [.. TokenizerData.Lines("uncased.jsonl").Select(line => TokenizerData.Text(line))];
        int[][] expected = [.. texts.Select(text => reference.Encode(text))];
        Parallel.For(0, 4, _ =>
        {
            Tokenizer own = reference.Tokenizer.Another();
            var ids = new int[512];
            for (int i = 0; i < texts.Length; i++)
            {
                Assert.Equal(expected[i], ids[..own.Encode(Encoding.UTF8.GetBytes(texts[i]), ids, out bool _)]);
            }
        });
    }

    private static byte[] Repeat(string text, int times) => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text, times)));

    private static string RandomWord(Random random, int maxLength) =>
        string.Concat(Enumerable.Range(0, random.Next(1, maxLength + 1)).Select(_ => new[] { "a", "b", "\u00DF" }[random.Next(3)]));

    /// <summary>WordPiece as the paper has it, on a set of strings: the oracle.</summary>
    private static List<string> WordPiece(string word, HashSet<string> pieces, string prefix, int maxCharacters)
    {
        List<string> tokens = [];
        for (int start = 0; start < word.Length;)
        {
            int end = word.Length;
            while (end > start && !pieces.Contains((start > 0 ? prefix : "") + word[start..end]))
            {
                end--;
            }
            if (end == start || word.Length > maxCharacters)
            {
                return ["[UNK]"];
            }
            tokens.Add((start > 0 ? prefix : "") + word[start..end]);
            start = end;
        }
        return tokens;
    }
}
