// A tokenizer section from an enemy gives ModelFormatException, or a tokenizer that stays inside its tables.
using System.Buffers.Binary;
using System.Text;
using IBert.Edge.Format;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class HostileTokenizerTests
{
    private static readonly byte[][] Texts =
    [
        "abab cab, [M]x ab \u00C9\u302E\U0001D165 \u4E2D"u8.ToArray(), [0xFF, 0x61, 0xC3, 0x00, 0xE4], [],
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("abcabcabcabca[M][", 300))),
    ];

    private static readonly byte[] WordPiece = TestTokenizers.Write(
        ["a", "b", "ab", "##a", "##b", "##bc", "abcabcab", ",", "\u4E2D"],
        added: [new("[M]", 12, AddedTokenFlags.LeftStrip), new("cab", 13, AddedTokenFlags.Normalized | AddedTokenFlags.SingleWord)]);

    private static readonly byte[] BytePair = BytePairTokenizerWriter.Write(TestTokenizers.BytePair(
        ["a b", "ab c", "\u0120 abc", "abc abc", "c a", "abcabc a", "abcabc abcabc"],
        BytePairOptions.AddPrefixSpace,
        new("[M]", 265, AddedTokenFlags.LeftStrip), new("cab", 266, AddedTokenFlags.Normalized | AddedTokenFlags.SingleWord)));

    private readonly byte[] section = [.. WordPiece];

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
    public unsafe void Merges_that_would_not_come_apart_are_refused(int token, int field, int value, string expected)
    {
        // Two bytes, both together, and those with the first byte once more: left, right, rank.
        int[] merges = [0, 0, -1, 0, 0, -1, 0, 1, 0, 2, 0, 1];
        uint[] slots = new uint[BytePairMerges.MaxProbes];
        fixed (int* first = merges)
        fixed (uint* slot = slots)
        {
            var table = new NativeSpan<BytePairMerge>((BytePairMerge*)first, merges.Length / 3);
            var pairs = new NativeSpan<uint>(slot, slots.Length);
            BytePairMerges.Open(table, pairs);
            merges[3 * token + field] = value;
            ModelFormatException error = Assert.Throws<ModelFormatException>(() => BytePairMerges.Open(table, pairs));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    private static byte[] SectionOf(int kind) => kind == TokenizerSection.WordPieceKind ? WordPiece : BytePair;

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
            foreach (byte[] text in Texts)
            {
                int count = tokenizer.Encode(text, ids, out _);
                foreach (int id in ids[..count])
                {
                    Assert.True(tokenizer.Piece(id).Length >= 0);
                }
                count = tokenizer.EncodePair(text, Texts[0], ids, types, out _);
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
