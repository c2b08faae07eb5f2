// The front end of models that read text.
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Text;

namespace IBert.Edge;

/// <summary>Writes texts as token ids, which are a graph's input. Used by one thread at a time; a text allocates nothing.</summary>
/// <param name="tokenizer">A tokenizer that nobody else uses.</param>
/// <param name="maxLength">Longer texts are cut to this many tokens.</param>
internal sealed class TextFrontEnd(Tokenizer tokenizer, int maxLength)
{
    private readonly int[] ids = new int[maxLength];
    private readonly byte[] types = new byte[maxLength];
    private int count;

    /// <summary>What turns texts to ids.</summary>
    public Tokenizer Tokenizer => tokenizer;

    /// <summary>Longest sequence in tokens, special tokens included.</summary>
    public int MaxLength => ids.Length;

    /// <summary>The last text as the graph reads it.</summary>
    public GraphInput Input => new(ids.AsSpan(0, count), types.AsSpan(0, count));

    /// <summary>
    /// What every text becomes, whatever it is: a text is cut to any length from the least on, and has no longest one of its own.
    /// </summary>
    public static InputBounds BoundsOf(Tokenizer tokenizer) =>
        new(InputKind.TokenIds, tokenizer.LeastLength, GraphVerifier.MaxSequence, tokenizer.VocabularySize);

    /// <summary>Writes a text in UTF-8.</summary>
    public void Write(ReadOnlySpan<byte> utf8, out bool truncated)
    {
        count = tokenizer.Encode(utf8, ids, out truncated);
        types.AsSpan(0, count).Clear();
    }

    /// <summary>Writes a pair of texts in UTF-8.</summary>
    public void Write(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> pair, out bool truncated) =>
        count = tokenizer.EncodePair(utf8, pair, ids, types, out truncated);

    /// <summary>Writes a sequence that another tokenizer made.</summary>
    /// <param name="sequence">1 to <see cref="MaxLength"/> ids of the vocabulary.</param>
    /// <param name="sequenceTypes">As many types, 0 or 1, or none: 0 of all.</param>
    public void Write(ReadOnlySpan<int> sequence, ReadOnlySpan<byte> sequenceTypes)
    {
        sequence.CopyTo(ids);
        count = sequence.Length;
        types.AsSpan(0, count).Clear();
        sequenceTypes.CopyTo(types);
    }
}
