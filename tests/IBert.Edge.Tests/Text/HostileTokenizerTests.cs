// A tokenizer section from an enemy gives ModelFormatException, or a tokenizer that stays inside its tables.
using System.Buffers.Binary;
using System.Text;
using IBert.Edge.Format;
using IBert.Edge.Memory;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class HostileTokenizerTests
{
    private static readonly byte[][] s_texts =
    [
        "abab cab, [M]x ab \u00C9\u302E\U0001D165 \u4E2D"u8.ToArray(), [0xFF, 0x61, 0xC3, 0x00, 0xE4], [],
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("abcabcabcabca[M][", 300))),
    ];

    private static readonly byte[] s_wordPiece = TestTokenizers.Write(
        ["a", "b", "ab", "##a", "##b", "##bc", "abcabcab", ",", "\u4E2D"],
        added: [new("[M]", 12, AddedTokenFlags.LeftStrip), new("cab", 13, AddedTokenFlags.Normalized | AddedTokenFlags.SingleWord)]);

    private static readonly byte[] s_bytePair = BytePairTokenizerWriter.Write(TestTokenizers.BytePair(
        ["a b", "ab c", "\u0120 abc", "abc abc", "c a", "abcabc a", "abcabc abcabc"],
        BytePairOptions.AddPrefixSpace,
        new("[M]", 265, AddedTokenFlags.LeftStrip), new("cab", 266, AddedTokenFlags.Normalized | AddedTokenFlags.SingleWord)));

    private readonly byte[] section = [.. s_wordPiece];

    [Theory]
    [InlineData(TokenizerSection.WordPieceKind)]
    [InlineData(TokenizerSection.BytePairKind)]
    public void Every_mutant_is_refused_or_works(int kind)
    {
        const int seed = 4711, mutants = 20_000;
        byte[] whole = SectionOf(kind);
        var random = new Random(seed);
        int opened = 0;
        for (int i = 0; i < mutants; i++)
        {
            byte[] mutant = Mutate(whole, random);
            try
            {
                opened += TryUse(mutant) ? 1 : 0;
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}, mutant {i}: {error}");
            }
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"{opened} of {mutants} mutants were opened");
        Assert.InRange(opened, mutants / 10, mutants - mutants / 10);
    }

    [Theory]
    [InlineData(TokenizerSection.WordPieceKind)]
    [InlineData(TokenizerSection.BytePairKind)]
    public void A_section_cut_anywhere_is_refused(int kind)
    {
        byte[] whole = SectionOf(kind);
        for (int length = 0; length < whole.Length; length += length < 256 ? 1 : 3)
        {
            Assert.Throws<ModelFormatException>(() => TryOpen(whole[..length]).Dispose());
        }
        Assert.Throws<ModelFormatException>(() => TryOpen([.. whole, 0, 0, 0, 0]).Dispose());
    }

    [Theory]
    [InlineData(0, 3, "kind 3")]
    [InlineData(1, 2, "version 2")]
    [InlineData(2, 0, "vocabulary size is 0")]
    [InlineData(2, 0x3FFFFFFF, "vocabulary size is")]
    [InlineData(2, 0x7FFFFE, "the vocabulary needs")]
    [InlineData(3, int.MaxValue, "the vocabulary needs 2147483647 bytes")]
    [InlineData(3, -1, "-1")]
    [InlineData(6, 255, "multiple of 256")]
    [InlineData(8, 17, "the length of the template is 17")]
    [InlineData(8, 1, "the template has no place for the text")]
    [InlineData(11, 1, "the template has an item of id 1 and type 1")]
    public void What_is_wrong_is_said(int field, int value, string expected)
    {
        BinaryPrimitives.WriteInt32LittleEndian(section.AsSpan(4 * field), value);
        Assert.Contains(expected, Assert.Throws<ModelFormatException>(() => TryOpen(section).Dispose()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 0, 4, "token 2 is merged from 4 and 1")]
    [InlineData(2, 1, -1, "token 2 is merged from 0 and -1")]
    [InlineData(2, 0, 2, "token 2 is merged from 2 and 1")] // a piece of itself
    [InlineData(2, 2, 1, "token 3 is merged from 2 and 0")] // a part of a token of rank 1
    [InlineData(0, 2, 5, "token 0 is merged from 0 and 0")] // a byte that says it is merged
    [InlineData(2, 2, -2, "rank -2")]
    [InlineData(2, 0, 1, "whose bytes are not those of it")] // bb is not ab
    [InlineData(3, 1, 1, "whose bytes are not those of it")] // abb is not aba
    public unsafe void Merges_that_would_not_come_apart_are_refused(int token, int field, int value, string expected)
    {
        // Two bytes, both together, and those with the first byte once more: left, right, rank.
        int[] merges = [0, 0, -1, 0, 0, -1, 0, 1, 0, 2, 0, 1];
        uint[] slots = new uint[BytePairMerges.MaxProbes], offsets = [0, 1, 2, 4, 7];
        fixed (int* first = merges)
        fixed (uint* slot = slots, offset = offsets)
        fixed (byte* text = "abababa"u8)
        {
            var table = new NativeSpan<BytePairMerge>((BytePairMerge*)first, merges.Length / 3);
            var pairs = new NativeSpan<uint>(slot, slots.Length);
            var pieces = StringTable.Open(new NativeSpan<uint>(offset, offsets.Length), new NativeSpan<byte>(text, 7), "the pieces");
            BytePairMerges.Open(table, pairs, pieces);
            merges[3 * token + field] = value;
            ModelFormatException error = Assert.Throws<ModelFormatException>(() => BytePairMerges.Open(table, pairs, pieces));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>
    /// Of pairs that are not found all neighbours seem to go together, so that where a run of letters is cut is never settled.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Work_on_a_long_word_is_bounded_though_the_pairs_are_missing(int keepOneIn)
    {
        const int seed = 31;
        var random = new Random(seed);
        for (int round = 0; round < 7; round++)
        {
            IEnumerable<string> runs = Enumerable.Range(0, round + 1).Select(i => new string('a', 1 << i));
            byte[] hostile = BytePairTokenizerWriter.Write(TestTokenizers.BytePair(runs.Select(run => $"{run} {run}")));
            foreach (int slot in PairSlots(hostile))
            {
                if (random.Next(keepOneIn) == 0)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(hostile.AsSpan(slot), 0);
                }
            }
            AssertBounded(hostile, new string('a', round == 0 ? 1_000_000 : 50_000), $"seed {seed}, round {round}");
        }
    }

    /// <summary>Each merge waits for the one behind it, so that the first boundary is only known at the end, whatever it is.</summary>
    [Fact]
    public void Work_on_a_long_word_is_bounded_where_its_far_end_decides()
    {
        string[] letters = [.. Enumerable.Range(0x4E00, 4_000).Select(char.ConvertFromUtf32)];
        string[] whole =
            [.. letters.Select(
                letter => string.Concat(Encoding.UTF8.GetBytes(letter).Select(b => (char)ByteLevelAlphabet.ToCodePoint(b))))];
        IEnumerable<string> merges = whole.SelectMany(letter => new[] { $"{letter[0]} {letter[1]}", $"{letter[..2]} {letter[2]}" })
            .Concat(Enumerable.Range(1, letters.Length - 1).Reverse().Select(i => $"{whole[i - 1]} {whole[i]}"));

        int[] ids = AssertBounded(BytePairTokenizerWriter.Write(TestTokenizers.BytePair(merges.Distinct())), string.Concat(letters), "");

        // The last two letters pair off first, then the two before them: all do.
        Assert.Equal(letters.Length / 2, ids.Length - 2);
    }

    [Fact]
    public void Tokens_that_start_with_very_many_others_are_refused()
    {
        string all = string.Concat(Enumerable.Range('!', 90).Select(c => (char)c));
        byte[] Chain(int merges) =>
            BytePairTokenizerWriter.Write(TestTokenizers.BytePair(Enumerable.Range(1, merges).Select(i => $"{all[..i]} {all[i]}")));
        // Of n + 1 tokens that start the longest one the last has n left parts, each before it one less: 3 (n + 1) + n (n + 1) / 2 lookups.
        TryOpen(Chain(60)).Dispose();
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => TryOpen(Chain(61)).Dispose());
        Assert.Contains("lookups can be needed at one byte", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, 'b', "two nodes of the trie share the base")]  // what follows a follows b as well
    [InlineData(true, 'b', "has string 1 where its bytes do not lead")]
    public unsafe void A_trie_that_finds_other_strings_is_refused(bool isLeaf, char label, string expected)
    {
        byte[][] strings = [[.. "aa"u8], [.. "ab"u8], [.. "ba"u8], [.. "bb"u8]];
        uint[] units = TrieBuilder.Build(strings.Index().Select(x => KeyValuePair.Create(x.Item, x.Index)), []).Units,
            offsets = [0, 2, 4, 6, 8];
        fixed (uint* unit = units, offset = offsets)
        fixed (byte* text = "aaabbabb"u8)
        {
            var pieces = StringTable.Open(new NativeSpan<uint>(offset, offsets.Length), new NativeSpan<byte>(text, 8), "the strings");
            var table = new NativeSpan<uint>(unit, units.Length);
            DoubleArrayTrie.Open(table, pieces, "the trie");
            uint root = units[DoubleArrayTrie.Root] >> DoubleArrayTrie.ValueShift, a = root ^ 'a', b = root ^ label;
            if (isLeaf)
            {
                units[(units[b] >> DoubleArrayTrie.ValueShift) ^ 'a'] = 1u << DoubleArrayTrie.ValueShift | DoubleArrayTrie.LeafFlag | 'a';
                units[(units[a] >> DoubleArrayTrie.ValueShift) ^ 'b'] = 0;
            }
            else
            {
                units[b] = units[a] ^ 'a' ^ label;
            }
            ModelFormatException error = Assert.Throws<ModelFormatException>(() => DoubleArrayTrie.Open(table, pieces, "the trie"));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Encodes a word, all of its tokens asked for, and counts the lookups.</summary>
    private static int[] AssertBounded(byte[] bytes, string word, string what)
    {
        using OpenedTokenizer opened = TryOpen(bytes);
        var tokenizer = (BytePairTokenizer)opened.Tokenizer;
        byte[] text = Encoding.UTF8.GetBytes(word);
        int[] ids = opened.Encode(text, text.Length + 2);
        // Two horizons are read for each one less a token; twice in each halving, of which there are as many as the shortest horizon
        // allows.
        double passes = 3 + (2 * Math.Log2(text.Length / 256.0));
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{(double)tokenizer.Steps / text.Length:F1} steps per byte, {tokenizer.LookupsPerByte} at one, {passes:F1} passes");
        Assert.True(tokenizer.Steps <= passes * tokenizer.LookupsPerByte * text.Length, what);
        return ids;
    }

    /// <summary>Where the pair table of a section has its slots.</summary>
    private static IEnumerable<int> PairSlots(byte[] section)
    {
        int Field(int at) => BinaryPrimitives.ReadInt32LittleEndian(section.AsSpan(at));
        static int Padded(int bytes) => (bytes + 3) & ~3;
        (int vocabulary, int added) = (Field(8), Field(16));
        int counts = 40 + (8 * (Field(32) + Field(36))) + (4 * (vocabulary + 1)) + Padded(Field(12))
            + (8 * added) + (4 * (added + 1)) + Padded(Field(20)) + (4 * (Field(24) + Field(28)));
        int slots = counts + 12 + (12 * vocabulary);
        return Enumerable.Range(0, Field(counts + 4)).Select(i => slots + (4 * i));
    }

    private static byte[] SectionOf(int kind) => kind == TokenizerSection.WordPieceKind ? s_wordPiece : s_bytePair;

    private static OpenedTokenizer TryOpen(byte[] bytes) => new(bytes);

    private static bool TryUse(byte[] mutant)
    {
        OpenedTokenizer opened;
        try
        {
            opened = TryOpen(mutant);
        }
        catch (ModelFormatException)
        {
            return false;
        }
        using (opened)
        {
            Tokenizer tokenizer = opened.Tokenizer;
            Span<int> ids = stackalloc int[64];
            Span<byte> types = stackalloc byte[64];
            foreach (byte[] text in s_texts)
            {
                int count = tokenizer.Encode(text, ids, out _);
                foreach (int id in ids[..count])
                {
                    Assert.True(tokenizer.Piece(id).Length >= 0);
                }
                count = tokenizer.EncodePair(text, s_texts[0], ids, types, out _);
                Assert.False(types[..count].ContainsAnyExceptInRange((byte)0, (byte)1));
            }
        }
        return true;
    }

    private static byte[] Mutate(byte[] whole, Random random)
    {
        byte[] mutant = [.. whole];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(mutant.Length / 4) * 4;
            Span<byte> word = mutant.AsSpan(at, 4);
            int old = BinaryPrimitives.ReadInt32LittleEndian(word);
            int[] values =
                [0, 1, -1, int.MaxValue, int.MinValue, old + 1, old - 1, old << 1, random.Next(), random.Next(512) << 9, old ^ 256];
            if (random.Next(3) == 0)
            {
                word[random.Next(4)] ^= (byte)(1 << random.Next(8));
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(word, values[random.Next(values.Length)]);
            }
        }
        return random.Next(20) == 0 ? mutant[..random.Next(mutant.Length)] : mutant;
    }
}
