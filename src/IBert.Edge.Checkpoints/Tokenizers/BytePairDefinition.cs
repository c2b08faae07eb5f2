// A byte-level BPE tokenizer as a checkpoint's files describe it.
using IBert.Edge.Text;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <summary>All that decides which ids a text gets. The vocabulary is written in GPT-2's characters for bytes.</summary>
internal sealed record BytePairDefinition : TokenizerDefinition
{
    /// <summary>Two pieces each, in the order of their ranks; of a pair that is there twice the later rank counts.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    public required BytePairOptions Options { get; init; }
}
