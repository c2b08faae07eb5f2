// Ids equal to those of Hugging Face's tokenizers, on every text of tests/data/tokenizers and on every code point.
using System.Globalization;
using System.Text;
using System.Text.Json;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class GoldenTokenizerTests
{
    [Theory]
    [InlineData("uncased", 900)]
    [InlineData("cased", 900)]
    [InlineData("roberta", 900)]
    public void Every_text_has_the_ids_of_Hugging_Face(string folder, int leastLines)
    {
        using OpenedTokenizer tokenizer = Open(folder);
        Assert.InRange(TokenizerData.AssertTexts(tokenizer, TokenizerData.Lines($"{folder}.jsonl")), leastLines, int.MaxValue);
    }

    [Fact]
    public void Every_combination_of_the_normalizers_options_gives_the_ids_of_Hugging_Face()
    {
        var definition = (WordPieceDefinition)TokenizerFiles.Read(TokenizerData.Path("other"));
        int combinations = 0;
        foreach (var lines in TokenizerData.Lines("other.jsonl").GroupBy(line => line.GetProperty("options").GetInt32()))
        {
            using var tokenizer = new OpenedTokenizer(
                WordPieceTokenizerWriter.Write(definition with { Options = (BertNormalizerOptions)lines.Key }));
            Assert.InRange(TokenizerData.AssertTexts(tokenizer, lines), 100, int.MaxValue);
            combinations++;
        }
        Assert.Equal(16, combinations);
    }

    [Theory]
    [InlineData("uncased", false)]
    [InlineData("uncased", true)]
    [InlineData("cased", false)]
    [InlineData("cased", true)]
    [InlineData("roberta", false)]
    [InlineData("roberta", true)]
    public void Every_text_and_pair_is_cut_as_Hugging_Face_cuts_it(string folder, bool atTheStart)
    {
        using var tokenizer = new OpenedTokenizer(TokenizerFiles.Read(TokenizerData.Path(folder)) switch
        {
            WordPieceDefinition definition => WordPieceTokenizerWriter.Write(definition with { CutsStart = atTheStart }),
            TokenizerDefinition definition => BytePairTokenizerWriter.Write((BytePairDefinition)definition with { CutsStart = atTheStart }),
        });
        int pairs = 0, cut = 0, singles = 0;
        string side = atTheStart ? "left" : "right";
        foreach (JsonElement line in TokenizerData.Lines($"{folder}.cut.jsonl").Where(line => TokenizerData.Text(line, "side") == side))
        {
            int max = line.GetProperty("max").GetInt32();
            if (line.TryGetProperty("b", out _))
            {
                pairs++;
                cut += TokenizerData.AssertPair(tokenizer, line, max, TokenizerData.Integers(line, "types")) ? 1 : 0;
            }
            else
            {
                singles++;
                Assert.Equal(TokenizerData.Integers(line, "ids"), tokenizer.Encode(TokenizerData.Text(line), max));
            }
        }
        Assert.InRange(singles, 50, int.MaxValue);
        Assert.InRange(cut, pairs / 4, pairs * 19 / 20);
    }

    [Fact]
    public void Every_code_point_has_the_class_of_Hugging_Face() =>
        AssertClasses("unicode.bert-classes.tsv", codePoint => UnicodeData.ClassOf(UnicodeData.Properties(codePoint)));

    [Fact]
    public void Every_code_point_has_the_class_of_the_byte_level_expression() =>
        AssertClasses("unicode.gpt2-classes.tsv", UnicodeData.ByteLevelClassOf);

    [Fact]
    public void Every_code_point_is_lowered_and_stripped_as_by_Hugging_Face()
    {
        Dictionary<int, string> given = File.ReadLines(TokenizerData.Path("unicode.bert-uncased-map.tsv")).Skip(1)
            .Select(line => line.Split('\t'))
            .ToDictionary(columns => Hex(columns[0]), columns => string.Concat(columns[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(code => char.ConvertFromUtf32(Hex(code)))));
        var stepByStep = new BertNormalizer(BertNormalizerOptions.StripAccents, 8);
        var lower = new BertNormalizer(BertNormalizerOptions.LowerCase, 8);
        var both = new BertNormalizer(BertNormalizerOptions.StripAccents | BertNormalizerOptions.LowerCase, 8);
        for (int codePoint = 0; codePoint < 0x110000; codePoint++)
        {
            CodePointClass kind = UnicodeData.ClassOf(UnicodeData.Properties(codePoint));
            if (codePoint is >= 0xD800 and < 0xE000 || kind is CodePointClass.Removed or CodePointClass.Space)
            {
                continue; // no text, or cleaned before: never lowered or stripped
            }
            string text = char.ConvertFromUtf32(codePoint);
            string expected = given.GetValueOrDefault(codePoint, text).Trim(' ');
            string found = Normalize(both, text);
            Assert.True(found == expected, $"U+{codePoint:X4} becomes '{found}', not '{expected}'");
            Assert.Equal(expected, Normalize(lower, Normalize(stepByStep, text)));
        }
    }

    private static void AssertClasses<T>(string file, Func<int, T> classOf) where T : struct, Enum
    {
        int count = 0;
        foreach (string[] columns in File.ReadLines(TokenizerData.Path(file)).Skip(1).Select(line => line.Split('\t')))
        {
            for (int codePoint = Hex(columns[0]); codePoint <= Hex(columns[1]); codePoint++, count++)
            {
                Assert.True(
                    classOf(codePoint).Equals(Enum.Parse<T>(columns[2], ignoreCase: true)),
                    $"U+{codePoint:X4} is {classOf(codePoint)}, not {columns[2]}");
            }
        }
        Assert.Equal(0x110000 - 0x800, count);
    }

    private static OpenedTokenizer Open(string folder) => new(TokenizerSections.Build(TokenizerData.Path(folder)));

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Normalize(BertNormalizer normalizer, string text) => NormalizerTests.Normalize(normalizer, text);
}
