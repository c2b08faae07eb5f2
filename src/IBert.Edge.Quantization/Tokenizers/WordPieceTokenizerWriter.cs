// Writes a WordPiece tokenizer as the section that TokenizerSection.cs of the runtime lays out.
using System.Buffers.Binary;
using System.Text;
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tokenizers;

/// <summary>Turns a definition into bytes; the same definition gives the same bytes.</summary>
internal static class WordPieceTokenizerWriter
{
    /// <summary>The section's bytes, a multiple of 4.</summary>
    /// <exception cref="CheckpointException">The definition asks for what the runtime does not take.</exception>
    public static byte[] Write(WordPieceDefinition definition)
    {
        Require(definition.VocabularySize <= DoubleArrayTrie.MaxValue, $"{definition.VocabularySize} tokens are too many");
        Require(
            definition.MaxCharacters is >= 1 and <= TokenizerSection.MaxCharacters,
            $"max_input_chars_per_word is {definition.MaxCharacters}; supported are 1 to {TokenizerSection.MaxCharacters}");
        foreach (TemplateDefinition item in definition.Single.Concat(definition.Pair))
        {
            Require(
                item.Id < definition.VocabularySize,
                $"the template asks for id {item.Id}, and there are {definition.VocabularySize} tokens");
        }
        byte[] prefix = Encoding.UTF8.GetBytes(definition.ContinuingPrefix);
        Require(prefix.Length <= TokenizerSection.MaxAddedBytes, "the continuing prefix is too long");

        var pieces = new byte[definition.VocabularySize][];
        Array.Fill(pieces, []);
        Dictionary<byte[], int> words = [];
        foreach ((string piece, int id) in definition.Vocabulary)
        {
            pieces[id] = ToBytes(piece);
            words.Add(pieces[id], id);
        }
        foreach (AddedTokenDefinition token in definition.AddedTokens)
        {
            pieces[token.Id] = ToBytes(token.Content);
        }
        BuiltTrie trie = TrieBuilder.Build(words, prefix);

        List<(AddedTokenDefinition Token, byte[] Match)> added = [];
        Dictionary<string, int> raw = new(StringComparer.Ordinal), normalized = new(StringComparer.Ordinal);
        foreach (AddedTokenDefinition token in definition.AddedTokens)
        {
            bool isNormalized = (token.Flags & AddedTokenFlags.Normalized) != 0;
            byte[] match = isNormalized ? Normalize(token.Content, definition.Options) : ToBytes(token.Content);
            Require(
                match.Length <= TokenizerSection.MaxAddedBytes,
                $"the added token '{token.Content}' is longer than {TokenizerSection.MaxAddedBytes} bytes");
            // What the normalizer makes empty, or the same as another, is never found by Hugging Face's tokenizers either.
            if (match.Length > 0 && (isNormalized ? normalized : raw).TryAdd(Encoding.UTF8.GetString(match), added.Count))
            {
                added.Add((token, match));
            }
        }
        uint[] rawTrie = BuildAdded(raw), normalizedTrie = BuildAdded(normalized);

        using var stream = new MemoryStream();
        Write(stream, [
            TokenizerSection.WordPieceKind, TokenizerSection.Version, definition.VocabularySize, pieces.Sum(piece => piece.Length),
            added.Count, added.Sum(token => token.Match.Length), rawTrie.Length, normalizedTrie.Length,
            definition.Single.Count, definition.Pair.Count,
        ]);
        Write(stream, definition.Single.Concat(definition.Pair).SelectMany<TemplateDefinition, int>(item => [item.Id, item.TypeId]));
        WriteStrings(stream, pieces);
        Write(stream, added.SelectMany<(AddedTokenDefinition Token, byte[]), int>(item => [item.Token.Id, (int)item.Token.Flags]));
        WriteStrings(stream, [.. added.Select(item => item.Match)]);
        Write(stream, rawTrie.Concat(normalizedTrie).Select(unit => (int)unit));
        Write(stream, [
            (int)definition.Options, definition.Vocabulary[definition.UnknownToken],
            definition.PaddingToken is null ? -1 : definition.Vocabulary[definition.PaddingToken],
            definition.MaxCharacters, prefix.Length, trie.PrefixNode, trie.Units.Length,
        ]);
        Write(stream, trie.Units.Select(unit => (int)unit));
        return stream.ToArray();
    }

    private static uint[] BuildAdded(Dictionary<string, int> contents) =>
        TrieBuilder.Build(contents.Select(item => KeyValuePair.Create(Encoding.UTF8.GetBytes(item.Key), item.Value)), []).Units;

    /// <summary>The normalizer's result for a whole text, as added tokens are compared.</summary>
    private static byte[] Normalize(string content, BertNormalizerOptions options)
    {
        byte[] text = ToBytes(content);
        var normalizer = new BertNormalizer(options, TokenizerSection.MaxCharacters);
        var buffer = new byte[16 * text.Length + normalizer.Headroom];
        int position = 0;
        return buffer[..normalizer.Fill(text, ref position, buffer)];
    }

    private static byte[] ToBytes(string piece)
    {
        Require(!piece.Contains('\0'), $"the token '{piece.Replace("\0", "\\0", StringComparison.Ordinal)}' contains a zero byte");
        return Encoding.UTF8.GetBytes(piece);
    }

    private static void Write(Stream stream, IEnumerable<int> values)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (int value in values)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            stream.Write(bytes);
        }
    }

    private static void WriteStrings(Stream stream, IReadOnlyList<byte[]> strings)
    {
        int offset = 0;
        Write(stream, strings.Select(text => text.Length).Prepend(0).Select(length => offset += length));
        foreach (byte[] text in strings)
        {
            stream.Write(text);
        }
        while (stream.Position % 4 != 0)
        {
            stream.WriteByte(0);
        }
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new CheckpointException($"The tokenizer cannot be written: {what}. Change it in the checkpoint's tokenizer files.");
        }
    }
}
