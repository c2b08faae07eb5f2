// Writes the parts of a tokenizer section that all kinds have, as TokenizerSection.cs of the runtime lays them out.
using System.Buffers.Binary;
using System.Text;
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tokenizers;

/// <summary>A section in the making; the same definition gives the same bytes.</summary>
internal sealed class SectionWriter
{
    private readonly MemoryStream stream = new();

    /// <summary>Begins a section with the part that all kinds have.</summary>
    /// <param name="kind">The tokenizer's kind.</param>
    /// <param name="definition">The tokenizer.</param>
    /// <param name="encode">Turns a piece of the vocabulary into the bytes that the section keeps.</param>
    /// <param name="normalize">Turns the content of an added token into what the normalizer leaves of it.</param>
    /// <param name="pieces">The bytes of each id.</param>
    /// <exception cref="CheckpointException">The definition asks for what the runtime does not take.</exception>
    public SectionWriter(
        int kind, TokenizerDefinition definition, Func<string, byte[]> encode, Func<string, byte[]> normalize, out byte[][] pieces)
    {
        Require(definition.VocabularySize <= DoubleArrayTrie.MaxValue, $"{definition.VocabularySize} tokens are too many");
        foreach (TemplateDefinition item in definition.Single.Concat(definition.Pair))
        {
            Require(
                item.Id < definition.VocabularySize,
                $"the template asks for id {item.Id}, and there are {definition.VocabularySize} tokens");
        }
        pieces = new byte[definition.VocabularySize][];
        Array.Fill(pieces, []);
        foreach ((string piece, int id) in definition.Vocabulary)
        {
            pieces[id] = encode(piece);
        }
        List<(AddedTokenDefinition Token, byte[] Match)> added = [];
        Dictionary<string, int> raw = new(StringComparer.Ordinal), normalized = new(StringComparer.Ordinal);
        foreach (AddedTokenDefinition token in definition.AddedTokens)
        {
            // What the vocabulary has is a piece as well, in the bytes that pieces have.
            pieces[token.Id] = definition.Vocabulary.ContainsKey(token.Content) ? pieces[token.Id] : ToBytes(token.Content);
            bool isNormalized = (token.Flags & AddedTokenFlags.Normalized) != 0;
            byte[] match = isNormalized ? normalize(token.Content) : ToBytes(token.Content);
            Require(
                match.Length <= TokenizerSection.MaxAddedBytes,
                $"the added token '{token.Content}' is longer than {TokenizerSection.MaxAddedBytes} bytes");
            Require(match.Length > 0, $"nothing is left of the added token '{token.Content}' when it is normalized");
            // Of those that are the same when they are normalized, Hugging Face's tokenizers find the first.
            if ((isNormalized ? normalized : raw).TryAdd(Encoding.UTF8.GetString(match), added.Count))
            {
                added.Add((token, match));
            }
        }
        uint[] rawTrie = BuildTrie(raw), normalizedTrie = BuildTrie(normalized);

        Write([
            kind, TokenizerSection.Version, definition.VocabularySize, pieces.Sum(piece => piece.Length),
            added.Count, added.Sum(token => token.Match.Length), rawTrie.Length, normalizedTrie.Length,
            definition.Single.Count, definition.Pair.Count,
        ]);
        Write(definition.Single.Concat(definition.Pair).SelectMany<TemplateDefinition, int>(item => [item.Id, item.TypeId]));
        WriteStrings(pieces);
        Write(added.SelectMany<(AddedTokenDefinition Token, byte[]), int>(item => [item.Token.Id, (int)item.Token.Flags]));
        WriteStrings([.. added.Select(item => item.Match)]);
        Write(rawTrie);
        Write(normalizedTrie);
    }

    /// <summary>The bytes so far, a multiple of 4.</summary>
    public byte[] ToArray() => stream.ToArray();

    public void Write(IEnumerable<int> values)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (int value in values)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            stream.Write(bytes);
        }
    }

    public void Write(uint[] values) => Write(values.Select(value => (int)value));

    /// <summary>UTF-8 as a trie can keep it.</summary>
    public static byte[] ToBytes(string piece)
    {
        RequireNoZero(piece);
        return Encoding.UTF8.GetBytes(piece);
    }

    /// <summary>Refuses a zero byte, which ends the strings of a trie.</summary>
    public static void RequireNoZero(string piece) =>
        Require(!piece.Contains('\0'), $"the token '{piece.Replace("\0", "\\0", StringComparison.Ordinal)}' contains a zero byte");

    /// <summary>The option that says which side of a text is cut.</summary>
    public static int CutOption(TokenizerDefinition definition) => definition.CutsStart ? TokenizerSection.CutStartOption : 0;

    public static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new CheckpointException($"The tokenizer cannot be written: {what}. Change it in the checkpoint's tokenizer files.");
        }
    }

    private static uint[] BuildTrie(Dictionary<string, int> contents) =>
        TrieBuilder.Build(contents.Select(item => KeyValuePair.Create(Encoding.UTF8.GetBytes(item.Key), item.Value)), []).Units;

    private void WriteStrings(IReadOnlyList<byte[]> strings)
    {
        int offset = 0;
        Write(strings.Select(text => text.Length).Prepend(0).Select(length => offset += length));
        foreach (byte[] text in strings)
        {
            stream.Write(text);
        }
        while (stream.Position % 4 != 0)
        {
            stream.WriteByte(0);
        }
    }
}
