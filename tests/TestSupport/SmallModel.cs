// A very small model with random weights, made in milliseconds: for tests that open and break thousands of models.
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.Text;

namespace IBert.Edge.TestSupport;

/// <summary>
/// Two layers of 40 with two heads of 20, a feed-forward width of 50, three labels, up to 16 tokens: no size is a multiple of 16, so that all
/// padding is there to be broken. Its tokenizer knows lower-case letters, a few words and an added token, or bytes and a few merges.
/// </summary>
internal static class SmallModel
{
    public const int MaxLength = 16, Hidden = 40, Heads = 2, FeedForward = 50, Layers = 2;

    public static readonly string[] Labels = ["red", "green", "blue"];

    private static readonly string[] s_words = ["good", "bad", "film", "##ing", "the", "a", "##est", ",", "."];

    private static readonly string[] s_merges = ["i n", "in g", "\u0120 a", "o o", "oo d", "g ood", "\u0120 good", "f i", "l m", "\u0120 fi", "\u0120fi lm", "a a"];

    private static readonly Lazy<IReadOnlyList<ModelSection>> s_sections = new(() => Make(HeadKind.SingleLabel, WordPiece));

    /// <summary>The required sections, in the order of the file.</summary>
    public static IReadOnlyList<ModelSection> Sections => s_sections.Value;

    /// <summary>The whole file, as a model that the quantizer writes: with provenance.</summary>
    public static byte[] File() => ModelBuilder.Assemble([.. Sections, new(Format.SectionKind.Provenance, false, "{}"u8.ToArray())]);

    /// <summary>The whole file of one with another head; a regression has one value, named after the first label.</summary>
    public static byte[] File(HeadKind kind) => ModelBuilder.Assemble(SectionsOf(kind));

    /// <summary>The required sections of one with another head.</summary>
    public static IReadOnlyList<ModelSection> SectionsOf(HeadKind kind) => Make(kind, WordPiece);

    /// <summary>The required sections of one that splits texts into bytes and merges them.</summary>
    public static IReadOnlyList<ModelSection> BytePairSections() => Make(HeadKind.SingleLabel, BytePair);

    private static IReadOnlyList<ModelSection> Make(HeadKind kind, Func<byte[]> writeTokenizer)
    {
        Random random = new(1);
        byte[] tokenizer = writeTokenizer();
        int vocabulary = BitConverter.ToInt32(tokenizer, 8);
        Checkpoint checkpoint = Weights(kind, random, vocabulary);
        TokenizedText[] texts = [.. Enumerable.Range(0, 16).Select(i => Text(random, 2 + (i % (MaxLength - 1)), vocabulary))];
        Calibrator calibrator = new(new Fp32Model(checkpoint), texts, 1, null);
        return new Int8Lowering(checkpoint, calibrator, new Int8Options()).Lower(MaxLength, tokenizer);
    }

    private static TokenizedText Text(Random random, int length, int vocabulary) =>
        new([.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))], [.. Enumerable.Range(0, length).Select(i => i > length / 2 ? 1 : 0)]);

    private static byte[] BytePair()
    {
        string[] special = ["<s>", "</s>", "<M>"];
        IEnumerable<string> bytes = Enumerable.Range(0, 256).Select(value => ((char)ByteLevelAlphabet.ToCodePoint((byte)value)).ToString());
        TemplateDefinition[] single = [new(0, 0), new(TemplateItem.First, 0), new(1, 0)];
        return BytePairTokenizerWriter.Write(new BytePairDefinition
        {
            Vocabulary = special.Concat(bytes).Concat(s_merges.Select(merge => merge.Replace(" ", ""))).Index().ToDictionary(x => x.Item, x => x.Index),
            Merges = [.. s_merges.Select(merge => merge.Split(' ')).Select(parts => (parts[0], parts[1]))],
            Options = BytePairOptions.AddPrefixSpace,
            AddedTokens = [new("<M>", 2, AddedTokenFlags.LeftStrip)],
            Single = single,
            Pair = [.. single, new(1, 0), new(TemplateItem.Second, 0), new(1, 0)],
        });
    }

    private static byte[] WordPiece()
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
            AddedTokens = [new("[M]", 3, AddedTokenFlags.LeftStrip), new("film", 6, AddedTokenFlags.Normalized | AddedTokenFlags.SingleWord)],
            Single = single,
            Pair = [.. single, new(TemplateItem.Second, 1), new(2, 1)],
        });
    }

    private static Checkpoint Weights(HeadKind kind, Random random, int vocabulary)
    {
        string[] labels = kind == HeadKind.Regression ? Labels[..1] : Labels;
        CheckpointConfig config = new()
        {
            Architecture = Architecture.Bert,
            LayerCount = Layers,
            HiddenSize = Hidden,
            HeadCount = Heads,
            FeedForwardSize = FeedForward,
            VocabularySize = vocabulary,
            PositionRows = MaxLength,
            PositionOffset = 0,
            TypeCount = 2,
            LayerNormEpsilon = 1e-12,
            Activation = Activation.Gelu,
            Labels = labels,
            HeadKind = kind,
            LabelSource = "",
            SinusoidalPositions = false,
        };
        return new Checkpoint(
            config,
            new Embeddings(Uniform(vocabulary * Hidden, 1), Uniform(MaxLength * Hidden, 1), Uniform(2 * Hidden, 1), Norm()),
            [.. Enumerable.Range(0, Layers).Select(_ => new EncoderLayer(
                Dense(Hidden, Hidden), Dense(Hidden, Hidden), Dense(Hidden, Hidden), Dense(Hidden, Hidden), Norm(),
                Dense(FeedForward, Hidden), Dense(Hidden, FeedForward), Norm()))],
            new ClassificationHead(Dense(Hidden, Hidden), Activation.Tanh, Dense(labels.Length, Hidden)),
            "");

        // Uniform weights of this range keep the variance of what goes through.
        Linear Dense(int outputs, int inputs) => new(outputs, inputs, Uniform(outputs * inputs, (float)Math.Sqrt(3.0 / inputs)), Uniform(outputs, 0.2f));

        LayerNorm Norm() => new([.. Uniform(Hidden, 0.5f).Select(x => 1 + x)], Uniform(Hidden, 0.5f));

        float[] Uniform(int count, float range) => [.. Enumerable.Range(0, count).Select(_ => range * ((2 * random.NextSingle()) - 1))];
    }
}
