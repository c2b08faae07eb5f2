// Tokenizers for tests: written for one test, or those of the repository's data.
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;

namespace IBert.Edge.Tests.Text;

/// <summary>Small tokenizers written for one test, and those of tests/data/tokenizers.</summary>
internal static class TestTokenizers
{
    private static readonly TemplateDefinition[] s_single = [new(1, 0), new(TemplateItem.First, 0), new(2, 0)];

    /// <summary>WordPiece as BERT's uncased checkpoints have it.</summary>
    public static WordPieceDefinition Uncased => (WordPieceDefinition)TokenizerFiles.Read(TokenizerData.Path("uncased"));

    /// <summary>Byte-level BPE as RoBERTa's checkpoints have it.</summary>
    public static BytePairDefinition Roberta => (BytePairDefinition)TokenizerFiles.Read(TokenizerData.Path("roberta"));

    public static OpenedTokenizer OpenUncased() => new(WordPieceTokenizerWriter.Write(Uncased));

    public static OpenedTokenizer OpenRoberta() => new(BytePairTokenizerWriter.Write(Roberta));

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
            Single = s_single,
            Pair = [.. s_single, new(TemplateItem.Second, 1), new(2, 1)],
        });

    /// <summary>
    /// Byte-level BPE with ids in this order: s, /s, the 256 bytes, what each merge makes. Merges are given as text, "Ġt h" is
    /// " t" and "h"; of a merged piece that another merge makes already there is only one.
    /// </summary>
    public static BytePairDefinition BytePair(
        IEnumerable<string> merges, BytePairOptions options = BytePairOptions.None, params AddedTokenDefinition[] added)
    {
        List<(string Left, string Right)> pairs = [.. merges.Select(merge => merge.Split(' ')).Select(parts => (parts[0], parts[1]))];
        IEnumerable<string> bytes = Enumerable.Range(0, 256).Select(value => ((char)ByteLevelAlphabet.ToCodePoint((byte)value)).ToString());
        return new BytePairDefinition
        {
            Vocabulary = new[] { "<s>", "</s>" }.Concat(bytes).Concat(pairs.Select(pair => pair.Left + pair.Right)).Distinct()
                .Index().ToDictionary(x => x.Item, x => x.Index),
            Merges = pairs,
            Options = options,
            AddedTokens = added,
            Single = [new(0, 0), new(TemplateItem.First, 0), new(1, 0)],
            Pair = [new(0, 0), new(TemplateItem.First, 0), new(1, 0), new(1, 0), new(TemplateItem.Second, 0), new(1, 0)],
        };
    }
}
