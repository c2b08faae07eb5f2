// Well-formed tokenizers of both kinds that have a bit of everything, in a few kilobytes.
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Text;

namespace IBert.Edge.CoverageFuzz;

internal static class TestedTokenizers
{
    private static readonly TemplateDefinition[] s_single = [new(1, 0), new(TemplateItem.First, 0), new(2, 0)];

    private static readonly string[] s_merges =
    [
        "a b", "ab c", "\u0120 a", "\u0120 ab", "i n", "in g", "o o", "oo d", "g ood", "\u0120 good", "\u00c3 \u00a9", "a a", "aa aa",
        "' s", "1 2", "\u0120 \u0120", "\u010a \u010a",
    ];

    /// <summary>Tokens of all sixteen combinations of flags, some of them parts of others.</summary>
    public static (string Content, AddedTokenFlags Flags)[] Added =>
    [
        .. Enumerable.Range(0, 16).Select(flags => ($"T\u00e9{(char)('a' + flags)}", (AddedTokenFlags)flags)),
        ("T\u00e9", AddedTokenFlags.None), ("<x>", AddedTokenFlags.LeftStrip | AddedTokenFlags.RightStrip), (" y ", AddedTokenFlags.None),
        ("abcab", AddedTokenFlags.Normalized), ("bca", AddedTokenFlags.Normalized | AddedTokenFlags.SingleWord),
        ("\u4e2d", AddedTokenFlags.Normalized),
    ];

    public static BytePairDefinition BytePair(BytePairOptions options, (string Content, AddedTokenFlags Flags)[] added)
    {
        IEnumerable<string> bytes = Enumerable.Range(0, 256).Select(value => ((char)ByteLevelAlphabet.ToCodePoint((byte)value)).ToString());
        Dictionary<string, int> vocabulary = new[] { "<m>", "<s>", "</s>" }.Concat(bytes)
            .Concat(s_merges.Select(merge => merge.Replace(" ", ""))).Distinct().Index().ToDictionary(x => x.Item, x => x.Index);
        return new BytePairDefinition
        {
            Vocabulary = vocabulary,
            Merges = [.. s_merges.Select(merge => merge.Split(' ')).Select(parts => (parts[0], parts[1]))],
            Options = options,
            AddedTokens = Definitions(added, vocabulary.Count),
            Single = s_single,
            Pair = [.. s_single, new(2, 0), new(TemplateItem.Second, 0), new(2, 0)],
        };
    }

    public static WordPieceDefinition WordPiece(BertNormalizerOptions options, (string Content, AddedTokenFlags Flags)[] added)
    {
        string[] words =
        [
            "[UNK]", "[CLS]", "[SEP]", "good", "##ing", "ab", "abc", "##bc", "##a##", "##", "the", "\u4e2d", "\ufffd", "##\ufffd", ".",
            ",", "!", "\u2014", "\ud83d\ude00",
        ];
        IEnumerable<string> letters = "abcdefghijklmnopqrstuvwxyz0123456789\u00e9T".Select(c => c.ToString());
        Dictionary<string, int> vocabulary = words.Concat(letters).Concat(letters.Select(c => "##" + c))
            .Index().ToDictionary(x => x.Item, x => x.Index);
        return new WordPieceDefinition
        {
            Vocabulary = vocabulary,
            Options = options,
            UnknownToken = "[UNK]",
            PaddingToken = null,
            ContinuingPrefix = "##",
            MaxCharacters = 20,
            AddedTokens = Definitions(added, vocabulary.Count),
            Single = s_single,
            Pair = [.. s_single, new(TemplateItem.Second, 1), new(2, 1)],
        };
    }

    private static AddedTokenDefinition[] Definitions((string Content, AddedTokenFlags Flags)[] added, int firstId) =>
        [.. added.Select((token, i) => new AddedTokenDefinition(token.Content, firstId + i, token.Flags))];
}
