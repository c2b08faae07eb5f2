// Added tokens with every combination of flags, overlapping or not, give the ids of Hugging Face's tokenizers, in time linear in the text.
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class AddedTokenTests
{
    private static readonly TemplateDefinition[] s_template = [new(0, 0), new(TemplateItem.First, 0)];
    private static readonly string[] s_pieces =
        ["[UNK]", "a", "b", "B", "e", "E", "\u00C9", "\u00E9", ".", "_", "\u4E2D", "ab", "##a", "##b", "##B", "##ab", "##e", "##\u00E9",
            "##\u0301"];

    /// <summary>Each line has a tokenizer with added tokens of its own, and texts; made by added-tokens.mjs.</summary>
    [Fact]
    public void Every_text_has_the_ids_of_Hugging_Face_whatever_tokens_are_added()
    {
        using var packed = new GZipStream(File.OpenRead(TokenizerData.Path("added-tokens.jsonl.gz")), CompressionMode.Decompress);
        using var lines = new StreamReader(packed);
        int tokenizers = 0, texts = 0;
        while (lines.ReadLine() is { } json)
        {
            JsonElement line = JsonDocument.Parse(json).RootElement;
            AddedTokenDefinition[] added = [.. line.GetProperty("added").EnumerateArray().Select(
                token => new AddedTokenDefinition(token[0].GetString()!, token[1].GetInt32(), (AddedTokenFlags)token[2].GetInt32()))];
            using OpenedTokenizer tokenizer = Open(
                isBytePair: TokenizerData.Text(line, "kind") == "bpe", line.GetProperty("options").GetInt32(), added);
            tokenizers++;
            foreach (JsonElement text in line.GetProperty("texts").EnumerateArray())
            {
                int[] expected = [.. text[1].EnumerateArray().Select(id => id.GetInt32())];
                int[] found = tokenizer.Encode(text[0].GetString()!)[1..];
                Assert.True(
                    expected.AsSpan().SequenceEqual(found),
                    $"{text.GetRawText()}\nfound {string.Join(',', found)}\nin " +
                        $"{json[..json.IndexOf("\"texts\"", StringComparison.Ordinal)]}");
                texts++;
            }
        }
        Assert.True(tokenizers >= 600 && texts >= 7000, $"{tokenizers} tokenizers, {texts} texts");
    }

    /// <summary>What aborted a sealed RoBERTa model: a token that starts in the spaces that the one before has taken.</summary>
    [Fact]
    public void A_token_may_start_inside_what_the_one_before_has_taken()
    {
        const AddedTokenFlags Normalized = AddedTokenFlags.Normalized;
        AddedTokenDefinition[] added = [new("<pad>", 262, AddedTokenFlags.RightStrip | Normalized), new(" B", 263, Normalized)];
        using OpenedTokenizer bytePair = Open(isBytePair: true, 0, added), wordPiece = Open(isBytePair: false, 0, added);
        Assert.Equal("<pad>  B", bytePair.Tokens("<pad>   B")[4..]);
        Assert.Equal([262, 263], wordPiece.Encode("<pad>   B")[1..]);
    }

    /// <summary>Hugging Face's library ends the process here; a file can have it all the same, and then the token is nothing.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_token_of_white_space_that_another_has_taken_is_nothing(bool isBytePair)
    {
        using OpenedTokenizer tokenizer = Open(
            isBytePair, 0, new("P", 270, AddedTokenFlags.RightStrip), new("  ", 271, AddedTokenFlags.LeftStrip));
        Assert.Equal([270, 270], tokenizer.Encode("P     P")[1..]);
    }

    /// <summary>A text that is also how the vocabulary writes a byte.</summary>
    [Fact]
    public void A_token_of_byte_level_BPE_may_be_a_piece_of_the_vocabulary_that_stands_for_other_bytes()
    {
        AddedTokenDefinition[] added = [new("\u00C9", 203, AddedTokenFlags.None)];
        using OpenedTokenizer tokenizer = Open(isBytePair: true, 0, added);
        Assert.Equal([203, 99], tokenizer.Encode("\u00C9a")[1..]);
        Assert.Equal("\u00C9", Encoding.UTF8.GetString(tokenizer.Tokenizer.Piece(203)));
        Assert.Equal([203, 130], tokenizer.Encode("\u0240")[1..]); // whose first byte is C9
    }

    /// <summary>Tokens of white space, of letters and of both, with each combination of flags, in texts that are made of them.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Work_is_linear_in_the_text_whatever_tokens_are_added(bool isBytePair)
    {
        string[][] contents =
            [[" "], ["a"], [" ", "a"], ["  ", "\n"], ["a ", " a"], [" a ", " "], [new string(' ', 256)], [new string('a', 255) + "b", " "]];
        AddedTokenFlags[] others = [0, AddedTokenFlags.LeftStrip, AddedTokenFlags.RightStrip | AddedTokenFlags.Normalized];
        foreach (string[] set in contents)
        {
            for (AddedTokenFlags flags = 0; flags <= AddedTokenFlags.All; flags++)
            {
                foreach (AddedTokenFlags other in others[..(set.Length > 1 ? others.Length : 1)])
                {
                    using OpenedTokenizer tokenizer = Open(
                        isBytePair, 0, [.. set.Select((content, i) => new AddedTokenDefinition(content, 270 + i, i == 0 ? flags : other))]);
                    foreach (string part in new[] { " ", "a", "a ", " \n" })
                    {
                        long small = Steps(tokenizer, part, 1000), large = Steps(tokenizer, part, 3000);
                        Assert.True(
                            large <= (3 * small) + 2000 && large <= 300 * 3000,
                            $"'{string.Join("', '", set)}' with {flags} and {other} in '{part}': {small}, {large}");
                    }
                }
            }
        }
    }

    private static long Steps(OpenedTokenizer tokenizer, string part, int length)
    {
        long before = tokenizer.Tokenizer.Steps;
        tokenizer.Encode(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(part, length / part.Length))), 1 << 13);
        return tokenizer.Tokenizer.Steps - before;
    }

    private static OpenedTokenizer Open(bool isBytePair, int options, params AddedTokenDefinition[] added) => new(isBytePair
        ? BytePairTokenizerWriter.Write(
            TestTokenizers.BytePair(["a b", "\u0120 a", "\u0120 \u0120", "\u0120a b"], (BytePairOptions)options, added) with
            {
                Single = s_template,
            })
        : WordPieceTokenizerWriter.Write(new WordPieceDefinition
        {
            Vocabulary = s_pieces.Index().ToDictionary(x => x.Item, x => x.Index),
            Options = (BertNormalizerOptions)options,
            UnknownToken = "[UNK]",
            PaddingToken = null,
            ContinuingPrefix = "##",
            MaxCharacters = 6,
            AddedTokens = added,
            Single = s_template,
            Pair = [.. s_template, new(TemplateItem.Second, 1)],
        }));
}
