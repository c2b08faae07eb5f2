// Target `text`: any bytes as a text for well-formed tokenizers of both kinds, with added tokens of every flag and without.
using System.Text;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;

namespace IBert.Edge.CoverageFuzz;

internal sealed class TextTarget : ITarget
{
    private const int LongestText = 8192;

    // Beyond this the definition of byte-pair encoding, which is quadratic, would be most of the time.
    private const int LongestWord = 256;

    private static readonly TemplateDefinition[] s_single = [new(1, 0), new(TemplateItem.First, 0), new(2, 0)];

    private static readonly string[] s_merges =
    [
        "a b", "ab c", "\u0120 a", "\u0120 ab", "i n", "in g", "o o", "oo d", "g ood", "\u0120 good", "\u00c3 \u00a9", "a a", "aa aa", "' s", "1 2", "\u0120 \u0120", "\u010a \u010a",
    ];

    private readonly BytePairDefinition plain = BytePair(BytePairOptions.None, []);
    private readonly PairByPair oracle;
    private readonly OpenedTokenizer plainBytePair;
    private readonly OpenedTokenizer[] all;

    public TextTarget()
    {
        oracle = new PairByPair(plain);
        plainBytePair = new OpenedTokenizer(BytePairTokenizerWriter.Write(plain));
        all =
        [
            plainBytePair,
            new(BytePairTokenizerWriter.Write(BytePair(BytePairOptions.AddPrefixSpace, Added))),
            new(WordPieceTokenizerWriter.Write(WordPiece(BertNormalizerOptions.All, Added))),
            new(WordPieceTokenizerWriter.Write(WordPiece(BertNormalizerOptions.CleanText | BertNormalizerOptions.HandleChinese, []))),
            new(WordPieceTokenizerWriter.Write(WordPiece(BertNormalizerOptions.None, Added))),
        ];
    }

    /// <summary>Tokens of all sixteen combinations of flags, some of them parts of others.</summary>
    private static (string Content, AddedTokenFlags Flags)[] Added =>
    [
        .. Enumerable.Range(0, 16).Select(flags => ($"T\u00e9{(char)('a' + flags)}", (AddedTokenFlags)flags)),
        ("T\u00e9", AddedTokenFlags.None), ("<x>", AddedTokenFlags.LeftStrip | AddedTokenFlags.RightStrip), (" y ", AddedTokenFlags.None),
        ("abcab", AddedTokenFlags.Normalized), ("bca", AddedTokenFlags.Normalized | AddedTokenFlags.SingleWord), ("\u4e2d", AddedTokenFlags.Normalized),
    ];

    /// <summary>Lines of the repository's texts, and what no text of its has.</summary>
    public static IEnumerable<byte[]> Seeds()
    {
        IEnumerable<string> lines = File.ReadLines(Given.Texts("phrases.txt")).Concat(File.ReadLines(Given.Texts("written.tsv")).Skip(1).Where((_, i) => i % 8 == 0))
            .Concat(TokenizerData.Lines("uncased.jsonl").Where((_, i) => i % 40 == 0).Select(line => TokenizerData.Text(line)));
        string tokens = string.Concat(Added.Select((token, i) => i % 3 == 0 ? $" {token.Content} " : token.Content));
        return lines.Append(tokens).Append(tokens.ToUpperInvariant()).Append("I've 12 good  things\n\n it's\t'll")
            .Select(line => Encoding.UTF8.GetBytes(line.Length > 400 ? line[..400] : line))
            .Append([0xFF, (byte)'a', 0xC3, 0x00, 0xE4, 0xB8, (byte)' ', 0xED, 0xA0, 0x80, 0xF4, 0x90]);
    }

    public string? Run(ReadOnlySpan<byte> input)
    {
        ReadOnlySpan<byte> text = input[..Math.Min(input.Length, LongestText)];
        // A line's end parts the texts of a pair.
        int end = text.IndexOf((byte)'\n');
        foreach (OpenedTokenizer opened in all)
        {
            TokenizerChecks.Check(opened.Tokenizer, text);
            TokenizerChecks.CheckInvalid(opened.Tokenizer, text);
            TokenizerChecks.CheckPair(opened.Tokenizer, text[..Math.Max(end, 0)], text[(end + 1)..]);
            TokenizerChecks.CheckSteps(opened.Tokenizer, text);
        }
        CheckMerges(text);
        return null;
    }

    public void Dispose()
    {
        foreach (OpenedTokenizer opened in all)
        {
            opened.Dispose();
        }
    }

    private void CheckMerges(ReadOnlySpan<byte> text)
    {
        List<int> expected = [1];
        for (ReadOnlySpan<byte> rest = text; !rest.IsEmpty;)
        {
            int length = BytePairTokenizer.WordLength(rest, addSpace: false);
            if (length > LongestWord)
            {
                return;
            }
            expected.AddRange(oracle.Merge(Encoding.UTF8.GetString(rest[..length])));
            rest = rest[length..];
        }
        expected.Add(2);
        int[] found = TokenizerChecks.Check(plainBytePair.Tokenizer, text);
        if (!found.AsSpan().SequenceEqual(expected.ToArray()))
        {
            throw new FindingException($"ids are {string.Join(' ', found)}, by the definition {string.Join(' ', expected)}");
        }
    }

    private static BytePairDefinition BytePair(BytePairOptions options, (string Content, AddedTokenFlags Flags)[] added)
    {
        IEnumerable<string> bytes = Enumerable.Range(0, 256).Select(value => ((char)ByteLevelAlphabet.ToCodePoint((byte)value)).ToString());
        Dictionary<string, int> vocabulary = new[] { "<m>", "<s>", "</s>" }.Concat(bytes).Concat(s_merges.Select(merge => merge.Replace(" ", ""))).Distinct()
            .Index().ToDictionary(x => x.Item, x => x.Index);
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

    private static WordPieceDefinition WordPiece(BertNormalizerOptions options, (string Content, AddedTokenFlags Flags)[] added)
    {
        IEnumerable<string> letters = Enumerable.Range('a', 26).Concat(Enumerable.Range('0', 10)).Append('\u00e9').Append('T').Select(c => ((char)c).ToString());
        string[] words = ["good", "##ing", "ab", "abc", "##bc", "##a##", "##", "the", "\u4e2d", "\ufffd", "##\ufffd", ".", ",", "!", "\u2014", "\ud83d\ude00"];
        Dictionary<string, int> vocabulary = new[] { "[UNK]", "[CLS]", "[SEP]" }.Concat(words).Concat(letters).Concat(letters.Select(c => "##" + c)).Distinct()
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
