// What the forward pass reads.
namespace IBert.Edge.Quantization.Reference;

/// <summary>A tokenized text.</summary>
/// <param name="Ids">Token ids, special tokens included.</param>
/// <param name="Types">As many token type ids.</param>
internal sealed record TokenizedText(int[] Ids, int[] Types);
