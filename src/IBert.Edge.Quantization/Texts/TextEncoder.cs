// Tokenizes on the workstation with the very tokenizer that runs on the board.
using System.Text;
using IBert.Edge.Graph;
using IBert.Edge.Memory;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Texts;

/// <summary>The runtime's tokenizer over a section that is not in a file yet. One thread at a time.</summary>
internal sealed class TextEncoder : IDisposable
{
    private readonly NativeBlock section;
    private readonly Tokenizer tokenizer;
    private readonly int[] ids;
    private readonly byte[] types;
    private readonly bool hasTypes;

    /// <param name="tokenizerSection">The tokenizer section of a model file.</param>
    /// <param name="maxLength">Longer texts are cut to this many tokens.</param>
    /// <param name="hasTypes">Whether the model tells the texts of a pair apart by type; where not, all types are 0.</param>
    public unsafe TextEncoder(byte[] tokenizerSection, int maxLength, bool hasTypes)
    {
        section = new NativeBlock(tokenizerSection.Length);
        tokenizerSection.CopyTo(new Span<byte>(section.Pointer, tokenizerSection.Length));
        tokenizer = Tokenizer.Open(new(section.Pointer, tokenizerSection.Length));
        ids = new int[maxLength];
        types = new byte[maxLength];
        this.hasTypes = hasTypes;
    }

    /// <summary>Number of ids, those of added tokens included.</summary>
    public int VocabularySize => tokenizer.VocabularySize;

    /// <summary>Most tokens of a text.</summary>
    public int MaxLength => ids.Length;

    /// <summary>Fewest tokens that a text and a pair of texts take.</summary>
    public int LeastLength => Math.Max(tokenizer.SpecialTokens, tokenizer.PairSpecialTokens);

    /// <summary>Tokenizes a text or a pair.</summary>
    public TokenizedText Encode(in SourceText text)
    {
        byte[] first = Encoding.UTF8.GetBytes(text.Text);
        int count;
        if (text.Pair is null)
        {
            count = tokenizer.Encode(first, ids, out _);
            types.AsSpan(0, count).Clear();
        }
        else
        {
            count = tokenizer.EncodePair(first, Encoding.UTF8.GetBytes(text.Pair), ids, types, out _);
        }
        return new TokenizedText(ids[..count], hasTypes ? [.. types.AsSpan(0, count).ToArray().Select(type => (int)type)] : new int[count]);
    }

    public void Dispose() => section.Dispose();
}
