// Writes a WordPiece tokenizer as the section that TokenizerSection.cs of the runtime lays out.
using System.Text;
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tokenizers;

/// <summary>Turns a definition into bytes; the same definition gives the same bytes.</summary>
internal static class WordPieceTokenizerWriter
{
    /// <summary>The section's bytes, a multiple of 4.</summary>
    /// <exception cref="CheckpointException">The definition asks for what the runtime does not take.</exception>
    public static byte[] Write(WordPieceDefinition definition)
    {
        SectionWriter.Require(
            definition.MaxCharacters is >= 1 and <= TokenizerSection.MaxCharacters,
            $"max_input_chars_per_word is {definition.MaxCharacters}; supported are 1 to {TokenizerSection.MaxCharacters}");
        byte[] prefix = Encoding.UTF8.GetBytes(definition.ContinuingPrefix);
        SectionWriter.Require(prefix.Length <= TokenizerSection.MaxAddedBytes, "the continuing prefix is too long");

        var section = new SectionWriter(
            TokenizerSection.WordPieceKind,
            definition,
            SectionWriter.ToBytes,
            content => Normalize(content, definition.Options),
            out _);
        BuiltTrie trie = TrieBuilder.Build(
            definition.Vocabulary.Select(item => KeyValuePair.Create(SectionWriter.ToBytes(item.Key), item.Value)), prefix);
        section.Write([
            (int)definition.Options | SectionWriter.CutOption(definition), definition.Vocabulary[definition.UnknownToken],
            definition.PaddingToken is null ? -1 : definition.Vocabulary[definition.PaddingToken],
            definition.MaxCharacters, prefix.Length, trie.PrefixNode, trie.Units.Length,
        ]);
        section.Write(trie.Units);
        return section.ToArray();
    }

    private static byte[] Normalize(string content, BertNormalizerOptions options)
    {
        SectionWriter.RequireNoZero(content);
        return WordPieceDefinition.Normalize(content, options);
    }
}
