// Tokenizers for tests, opened on sections in native memory as they are on a mapped file.
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using IBert.Edge.Format;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;

namespace IBert.Edge.Tests.Text;

/// <summary>A section in native memory with the tokenizer opened on it.</summary>
internal sealed unsafe class OpenedTokenizer : IDisposable
{
    private readonly void* memory;
    private readonly int length;

    public OpenedTokenizer(byte[] section)
    {
        length = section.Length;
        memory = NativeMemory.AlignedAlloc((nuint)Math.Max(section.Length, 1), 64);
        section.CopyTo(new Span<byte>(memory, section.Length));
        try
        {
            Tokenizer = OpenAnother();
        }
        catch
        {
            NativeMemory.AlignedFree(memory);
            throw;
        }
    }

    public Tokenizer Tokenizer { get; }

    public Tokenizer OpenAnother() => Tokenizer.Open(new NativeSpan<byte>((byte*)memory, length));

    public void Dispose() => NativeMemory.AlignedFree(memory);

    public int[] Encode(string text, int length = 512) => Encode(Encoding.UTF8.GetBytes(text), length);

    public int[] Encode(byte[] text, int length = 512)
    {
        var ids = new int[length];
        return ids[..Tokenizer.Encode(text, ids, out _)];
    }

    /// <summary>The tokens of a text, special tokens included, separated by spaces.</summary>
    public string Tokens(string text) => string.Join(' ', Encode(text).Select(id => Encoding.UTF8.GetString(Tokenizer.Piece(id))));
}

/// <summary>Small tokenizers written for one test, and the given ones.</summary>
internal static class TestTokenizers
{
    public const string UncasedCheckpoint = "tiny-sst2";
    public const string RobertaCheckpoint = "ibert-l3-sst2";

    private static byte[]? s_roberta;

    private static readonly TemplateDefinition[] Single = [new(1, 0), new(TemplateItem.First, 0), new(2, 0)];

    /// <summary>The tokenizer of the given checkpoints.</summary>
    public static WordPieceDefinition Uncased => (WordPieceDefinition)TokenizerFiles.Read(Shared.Require("checkpoints", UncasedCheckpoint));

    /// <summary>The same vocabulary with other options.</summary>
    public static OpenedTokenizer OpenUncased(BertNormalizerOptions options = BertNormalizerOptions.All) =>
        new(WordPieceTokenizerWriter.Write(With(Uncased, options)));

    /// <summary>The byte-level BPE tokenizer of the given checkpoints.</summary>
    public static OpenedTokenizer OpenRoberta()
    {
        string folder = Shared.Require("checkpoints", RobertaCheckpoint);
        s_roberta ??= TokenizerFiles.BuildSection(folder);
        return new(s_roberta);
    }

    /// <summary>A tokenizer with pieces [UNK] [CLS] [SEP] and those given.</summary>
    public static OpenedTokenizer Open(
        IEnumerable<string> pieces,
        BertNormalizerOptions options = BertNormalizerOptions.All,
        int maxCharacters = 100,
        string prefix = "##",
        params AddedTokenDefinition[] added) =>
        new(Write(pieces, options, maxCharacters, prefix, added));

    public static byte[] Write(
        IEnumerable<string> pieces,
        BertNormalizerOptions options = BertNormalizerOptions.All,
        int maxCharacters = 100,
        string prefix = "##",
        params AddedTokenDefinition[] added) =>
        WordPieceTokenizerWriter.Write(new WordPieceDefinition
        {
            Vocabulary = new[] { "[UNK]", "[CLS]", "[SEP]" }.Concat(pieces).Index().ToDictionary(x => x.Item, x => x.Index),
            Options = options,
            UnknownToken = "[UNK]",
            PaddingToken = null,
            ContinuingPrefix = prefix,
            MaxCharacters = maxCharacters,
            AddedTokens = added,
            Single = Single,
            Pair = [.. Single, new(TemplateItem.Second, 1), new(2, 1)],
        });

    /// <summary>The lines of a golden file.</summary>
    public static IEnumerable<JsonElement> Golden(string name) =>
        File.ReadLines(Shared.Require("golden", "tokenizer", name)).Select(line => JsonDocument.Parse(line).RootElement);

    public static int[] Integers(JsonElement line, string name) => [.. line.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    public static WordPieceDefinition With(WordPieceDefinition from, BertNormalizerOptions options) => new()
    {
        Vocabulary = from.Vocabulary,
        Options = options,
        UnknownToken = from.UnknownToken,
        PaddingToken = from.PaddingToken,
        ContinuingPrefix = from.ContinuingPrefix,
        MaxCharacters = from.MaxCharacters,
        AddedTokens = from.AddedTokens,
        Single = from.Single,
        Pair = from.Pair,
    };
}
