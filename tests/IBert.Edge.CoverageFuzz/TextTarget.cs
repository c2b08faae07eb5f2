// Target `text`: any bytes as a text for well-formed tokenizers of both kinds, with added tokens of every flag and without.
using System.Text;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;

namespace IBert.Edge.CoverageFuzz;

internal sealed class TextTarget : ITarget
{
    private const int LongestText = 8192;

    // Beyond this the definition of byte-pair encoding, which is quadratic, would be most of the time.
    private const int LongestWord = 256;

    private readonly BytePairDefinition plain = TestedTokenizers.BytePair(BytePairOptions.None, []);
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
            new(BytePairTokenizerWriter.Write(TestedTokenizers.BytePair(BytePairOptions.AddPrefixSpace, TestedTokenizers.Added))),
            new(WordPieceTokenizerWriter.Write(TestedTokenizers.WordPiece(BertNormalizerOptions.All, TestedTokenizers.Added))),
            new(WordPieceTokenizerWriter.Write(
                TestedTokenizers.WordPiece(BertNormalizerOptions.CleanText | BertNormalizerOptions.HandleChinese, []))),
            new(WordPieceTokenizerWriter.Write(TestedTokenizers.WordPiece(BertNormalizerOptions.None, TestedTokenizers.Added))),
        ];
    }

    /// <summary>Lines of the repository's texts, and what no text of its has.</summary>
    public static IEnumerable<byte[]> Seeds()
    {
        IEnumerable<string> lines = File.ReadLines(Given.Texts("phrases.txt"))
            .Concat(File.ReadLines(Given.Texts("written.tsv")).Skip(1).Where((_, i) => i % 8 == 0))
            .Concat(TokenizerData.Lines("uncased.jsonl").Where((_, i) => i % 40 == 0).Select(line => TokenizerData.Text(line)));
        string tokens = string.Concat(TestedTokenizers.Added.Select((token, i) => i % 3 == 0 ? $" {token.Content} " : token.Content));
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
}
