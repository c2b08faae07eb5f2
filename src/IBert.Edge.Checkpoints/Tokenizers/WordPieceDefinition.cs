// A WordPiece tokenizer as a checkpoint's files describe it.
using System.Text;
using IBert.Edge.Text;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <summary>All that decides which ids a text gets.</summary>
internal sealed record WordPieceDefinition : TokenizerDefinition
{
    public required BertNormalizerOptions Options { get; init; }

    public required string UnknownToken { get; init; }

    /// <summary>Nothing where the vocabulary has no padding token.</summary>
    public required string? PaddingToken { get; init; }

    public required string ContinuingPrefix { get; init; }

    public required int MaxCharacters { get; init; }

    /// <summary>The normalizer's result for a whole text, in UTF-8, as added tokens are compared.</summary>
    public static byte[] Normalize(string content, BertNormalizerOptions options)
    {
        byte[] text = Encoding.UTF8.GetBytes(content);
        var normalizer = new BertNormalizer(options, TokenizerSection.MaxCharacters);
        var buffer = new byte[(16 * text.Length) + normalizer.Headroom];
        int position = 0;
        return buffer[..normalizer.Fill(text, ref position, buffer)];
    }
}
