// A very small model with random weights, made in milliseconds: for tests that open and break thousands of models.
using System.Runtime.InteropServices;
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Format;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.Text;
using Architecture = IBert.Edge.Checkpoints.Architecture;

namespace IBert.Edge.TestSupport;

/// <summary>
/// Two layers of 40 with two heads of 20, a feed-forward width of 50, three labels, up to 16 tokens: no size is a multiple of 16, so that
/// all padding is there to be broken. Its tokenizer knows lower-case letters, a few words and an added token, or bytes and a few merges.
/// </summary>
internal static class SmallModel
{
    public const int MaxLength = 16, Hidden = 40, Heads = 2, FeedForward = 50, Layers = 2;

    public static readonly string[] Labels = ["red", "green", "blue"];

    private static readonly string[] s_words = ["good", "bad", "film", "##ing", "the", "a", "##est", ",", "."];

    private static readonly string[] s_merges =
        ["i n", "in g", "\u0120 a", "o o", "oo d", "g ood", "\u0120 good", "f i", "l m", "\u0120 fi", "\u0120fi lm", "a a"];

    private static readonly Lazy<IReadOnlyList<ModelSection>> s_sections = new(() => Make(HeadKind.SingleLabel, WordPiece));

    /// <summary>The required sections, in the order of the file.</summary>
    public static IReadOnlyList<ModelSection> Sections => s_sections.Value;

    /// <summary>The whole file, as a model that the quantizer writes: with provenance.</summary>
    public static byte[] File() => ModelBuilder.Assemble([.. Sections, new(SectionKind.Provenance, false, "{}"u8.ToArray())]);

    /// <summary>The whole file of one with another head; a regression has one value, named after the first label.</summary>
    public static byte[] File(HeadKind kind) => ModelBuilder.Assemble(SectionsOf(kind));

    /// <summary>The required sections of one with another head.</summary>
    public static IReadOnlyList<ModelSection> SectionsOf(HeadKind kind) => Make(kind, WordPiece);

    /// <summary>The required sections of one that splits texts into bytes and merges them.</summary>
    public static IReadOnlyList<ModelSection> BytePairSections() => Make(HeadKind.SingleLabel, BytePair);

    /// <summary>The file of one that takes only so many tokens.</summary>
    public static byte[] File(int maxLength)
    {
        ModelSection[] sections = [.. Sections.Select(section => section with { Bytes = [.. section.Bytes] })];
        MemoryMarshal.AsRef<GraphHeader>(sections.Single(section => section.Kind == SectionKind.Graph).Bytes.AsSpan()).MaxLength =
            (uint)maxLength;
        return ModelBuilder.Assemble(sections);
    }

    /// <summary>A random checkpoint and its calibration.</summary>
    public static (Checkpoint Checkpoint, Calibrator Calibrator) Weights(
        Architecture architecture, HeadKind kind, Random random, int vocabulary)
    {
        Checkpoint checkpoint = SmallCheckpoint.Make(architecture, kind, random, vocabulary);
        bool typed = checkpoint.Config.TypeCount > 1;
        TokenizedText[] texts = [.. Enumerable.Range(0, 16).Select(i => Text(random, 2 + (i % (MaxLength - 1)), vocabulary, typed))];
        return (checkpoint, new Calibrator(new Fp32Model(checkpoint), texts, 1, null));
    }

    private static IReadOnlyList<ModelSection> Make(HeadKind kind, Func<byte[]> writeTokenizer)
    {
        byte[] tokenizer = writeTokenizer();
        (Checkpoint checkpoint, Calibrator calibrator) = Weights(
            Architecture.Bert, kind, new Random(1), BitConverter.ToInt32(tokenizer, 8));
        return new Int8Lowering(checkpoint, calibrator.Ranges(), new Int8Options()).Lower(MaxLength, tokenizer);
    }

    private static TokenizedText Text(Random random, int length, int vocabulary, bool typed) =>
        new([.. Enumerable.Range(0, length)
            .Select(_ => random.Next(vocabulary))], [.. Enumerable.Range(0, length).Select(i => typed && i > length / 2 ? 1 : 0)]);

    /// <summary>The section of the tokenizer that splits texts into bytes and merges them.</summary>
    public static byte[] BytePair()
    {
        string[] special = ["<s>", "</s>", "<M>"];
        IEnumerable<string> bytes = Enumerable.Range(0, 256).Select(value => ((char)ByteLevelAlphabet.ToCodePoint((byte)value)).ToString());
        TemplateDefinition[] single = [new(0, 0), new(TemplateItem.First, 0), new(1, 0)];
        return BytePairTokenizerWriter.Write(new BytePairDefinition
        {
            Vocabulary = special.Concat(bytes).Concat(s_merges.Select(merge => merge.Replace(" ", ""))).Index()
                .ToDictionary(x => x.Item, x => x.Index),
            Merges = [.. s_merges.Select(merge => merge.Split(' ')).Select(parts => (parts[0], parts[1]))],
            Options = BytePairOptions.AddPrefixSpace,
            AddedTokens = [new("<M>", 2, AddedTokenFlags.LeftStrip)],
            Single = single,
            Pair = [.. single, new(1, 0), new(TemplateItem.Second, 0), new(1, 0)],
        });
    }

    /// <summary>The section of the tokenizer of words.</summary>
    public static byte[] WordPiece()
    {
        IEnumerable<string> letters = Enumerable.Range('a', 26).Select(c => ((char)c).ToString());
        string[] pieces = ["[UNK]", "[CLS]", "[SEP]", "[M]", .. s_words.Concat(letters).Concat(letters.Select(c => "##" + c)).Distinct()];
        TemplateDefinition[] single = [new(1, 0), new(TemplateItem.First, 0), new(2, 0)];
        return WordPieceTokenizerWriter.Write(new WordPieceDefinition
        {
            Vocabulary = pieces.Index().ToDictionary(x => x.Item, x => x.Index),
            Options = BertNormalizerOptions.All,
            UnknownToken = "[UNK]",
            PaddingToken = null,
            ContinuingPrefix = "##",
            MaxCharacters = 20,
            AddedTokens =
                [new("[M]", 3, AddedTokenFlags.LeftStrip), new("film", 6, AddedTokenFlags.Normalized | AddedTokenFlags.SingleWord)],
            Single = single,
            Pair = [.. single, new(TemplateItem.Second, 1), new(2, 1)],
        });
    }
}
