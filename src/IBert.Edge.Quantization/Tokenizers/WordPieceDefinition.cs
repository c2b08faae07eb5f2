// A WordPiece tokenizer as a checkpoint's files describe it.
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tokenizers;

/// <summary>All that decides which ids a text gets.</summary>
internal sealed record WordPieceDefinition : TokenizerDefinition
{
    public required BertNormalizerOptions Options { get; init; }

    public required string UnknownToken { get; init; }

    /// <summary>Nothing where the vocabulary has no padding token.</summary>
    public required string? PaddingToken { get; init; }

    public required string ContinuingPrefix { get; init; }

    public required int MaxCharacters { get; init; }
}
