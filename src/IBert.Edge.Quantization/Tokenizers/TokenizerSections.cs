// From a checkpoint's tokenizer to the section of a model file that holds it.
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;

namespace IBert.Edge.Quantization.Tokenizers;

/// <summary>Tokenizer sections; the same files give the same bytes.</summary>
internal static class TokenizerSections
{
    /// <summary>The section of a checkpoint folder's tokenizer.</summary>
    /// <exception cref="CheckpointException">A file is missing, broken, or asks for what is not supported.</exception>
    public static byte[] Build(string folder) => Write(TokenizerFiles.Read(folder));

    /// <summary>The section of a tokenizer.</summary>
    /// <exception cref="CheckpointException">The definition asks for what the runtime does not take.</exception>
    public static byte[] Write(TokenizerDefinition tokenizer) => tokenizer switch
    {
        BytePairDefinition definition => BytePairTokenizerWriter.Write(definition),
        WordPieceDefinition definition => WordPieceTokenizerWriter.Write(definition),
        _ => throw new NotSupportedException(tokenizer.GetType().Name),
    };
}
