// Target `tokenizer`: the tokenizer section of a model is opened; if it opens, it tokenizes texts and a pair.
using System.Text;
using IBert.Edge.Format;
using IBert.Edge.Memory;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;

namespace IBert.Edge.CoverageFuzz;

internal sealed unsafe class TokenizerTarget : ITarget
{
    private const int MostBytes = 1 << 20;

    private static readonly Lazy<Patches> s_patches = new(() => new Patches(
        1,
        WordPieceTokenizerWriter.Write(TestedTokenizers.WordPiece(BertNormalizerOptions.All, TestedTokenizers.Added)),
        WordPieceTokenizerWriter.Write(TestedTokenizers.WordPiece(BertNormalizerOptions.CleanText, [])),
        BytePairTokenizerWriter.Write(TestedTokenizers.BytePair(BytePairOptions.AddPrefixSpace, TestedTokenizers.Added)),
        BytePairTokenizerWriter.Write(TestedTokenizers.BytePair(BytePairOptions.None, []))));

    private static readonly byte[][] s_texts =
    [
        "a good film, the [M] baddest <M>"u8.ToArray(), [0xFF, (byte)'a', 0xC3, 0x00, 0xE4, 0xB8, (byte)' ', 0xED, 0xA0, 0x80, 0xF4, 0x90],
        Encoding.UTF8.GetBytes(
            " Film,ing \u00C9\u302E\U0001D165\u4E2D abcab " + string.Concat(TestedTokenizers.Added.Select(token => token.Content))),
        // Longer than what byte-pair encoding keeps of a word.
        Encoding.UTF8.GetBytes(new string('a', 700) + string.Concat(Enumerable.Repeat("babc", 200))),
    ];

    private readonly GuardedMemory memory = new(MostBytes);

    /// <summary>Both kinds, and a word here and there.</summary>
    public static IEnumerable<byte[]> Seeds() =>
        s_patches.Value.Seeds(file => Enumerable.Range(0, file.Length).Where(place => place < 128 ? place % 4 == 0 : place % 252 == 0));

    public string? Run(ReadOnlySpan<byte> input)
    {
        byte[] section = s_patches.Value.Apply(input);
        byte* start = memory.Take(section.Length);
        section.CopyTo(new Span<byte>(start, section.Length));
        memory.ReadOnly = true;
        try
        {
            Tokenizer tokenizer = Tokenizer.Open(new NativeSpan<byte>(start, section.Length));
            foreach (byte[] text in s_texts)
            {
                foreach (int id in TokenizerChecks.Check(tokenizer, text))
                {
                    _ = tokenizer.Piece(id);
                }
                TokenizerChecks.CheckPair(tokenizer, text, s_texts[0]);
            }
            TokenizerChecks.Check(tokenizer, []);
            return null;
        }
        catch (ModelFormatException refused)
        {
            return refused.Message;
        }
        finally
        {
            memory.ReadOnly = false;
        }
    }

    public void Dispose() => memory.Dispose();
}
