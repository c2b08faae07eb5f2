// Ids equal to those of Hugging Face's tokenizers, on every line and every code point that is given.
using System.Globalization;
using System.Text;
using System.Text.Json;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class GoldenTokenizerTests
{
    [Theory]
    [InlineData("bert-base-uncased.jsonl", true, 2500)]
    [InlineData("bert-cased-options.jsonl", false, 900)]
    public void Every_text_has_the_ids_of_Hugging_Face(string file, bool lowerCase, int lines)
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenUncased(
            lowerCase ? BertNormalizerOptions.All : BertNormalizerOptions.CleanText | BertNormalizerOptions.HandleChinese);
        AssertTexts(tokenizer, file, lines);
    }

    [Fact]
    public void Every_text_has_the_ids_of_Hugging_Face_by_byte_level_BPE()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenRoberta();
        AssertTexts(tokenizer, "roberta-bpe.jsonl", 2500);
    }

    private static void AssertTexts(OpenedTokenizer tokenizer, string file, int lines)
    {
        int count = 0;
        foreach (JsonElement line in TestTokenizers.Golden(file))
        {
            string text = line.GetProperty("text").GetString()!;
            int[] expected = TestTokenizers.Integers(line, "ids");
            Assert.True(expected.SequenceEqual(tokenizer.Encode(text)), $"line {count + 1}: {line.GetRawText()}");
            count++;
        }
        Assert.Equal(lines, count);
    }

    [Fact]
    public void Every_pair_is_cut_as_Hugging_Face_cuts_it()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenUncased();
        AssertPairs(tokenizer, "bert-base-uncased.pairs.jsonl");
    }

    [Fact]
    public void Every_pair_is_cut_as_Hugging_Face_cuts_it_by_byte_level_BPE()
    {
        using OpenedTokenizer tokenizer = TestTokenizers.OpenRoberta();
        AssertPairs(tokenizer, "roberta-bpe.pairs.jsonl");
    }

    private static void AssertPairs(OpenedTokenizer tokenizer, string file)
    {
        int count = 0, cut = 0;
        foreach (JsonElement line in TestTokenizers.Golden(file))
        {
            byte[] a = Encoding.UTF8.GetBytes(line.GetProperty("a").GetString()!);
            byte[] b = Encoding.UTF8.GetBytes(line.GetProperty("b").GetString()!);
            int[] expected = TestTokenizers.Integers(line, "ids");
            var ids = new int[line.GetProperty("max_length").GetInt32()];
            var types = new byte[ids.Length];
            int length = tokenizer.Tokenizer.EncodePair(a, b, ids, types, out bool truncated);
            Assert.True(expected.SequenceEqual(ids[..length]), $"line {count + 1}: {line.GetRawText()}");
            int[] expectedTypes = line.GetProperty("type_ids").ValueKind == JsonValueKind.Null
                ? new int[length]
                : TestTokenizers.Integers(line, "type_ids");
            Assert.Equal(expectedTypes, types[..length].Select(type => (int)type));
            count++;
            cut += truncated ? 1 : 0;
        }
        Assert.Equal(500, count);
        Assert.InRange(cut, 100, 400);
    }

    [Fact]
    public void Every_code_point_has_the_class_of_Hugging_Face()
    {
        int count = 0;
        foreach (string line in File.ReadLines(Shared.Require("golden", "tokenizer", "unicode.bert-classes.tsv")).Skip(1))
        {
            string[] columns = line.Split('\t');
            for (int codePoint = Hex(columns[0]); codePoint <= Hex(columns[1]); codePoint++, count++)
            {
                CodePointClass found = UnicodeData.ClassOf(UnicodeData.Properties(codePoint));
                Assert.True(
                    found == Enum.Parse<CodePointClass>(columns[2], ignoreCase: true),
                    $"U+{codePoint:X4} is {found}, not {columns[2]}");
            }
        }
        Assert.Equal(0x110000 - 0x800, count);
    }

    [Fact]
    public void Every_code_point_has_the_class_of_the_byte_level_expression()
    {
        int count = 0;
        foreach (string line in File.ReadLines(Shared.Require("golden", "tokenizer", "unicode.gpt2-classes.tsv")).Skip(1))
        {
            string[] columns = line.Split('\t');
            for (int codePoint = Hex(columns[0]); codePoint <= Hex(columns[1]); codePoint++, count++)
            {
                ByteLevelClass found = UnicodeData.ByteLevelClassOf(codePoint);
                Assert.True(
                    found == Enum.Parse<ByteLevelClass>(columns[2], ignoreCase: true),
                    $"U+{codePoint:X4} is {found}, not {columns[2]}");
            }
        }
        Assert.Equal(0x110000 - 0x800, count);
    }

    [Fact]
    public void Every_code_point_is_lowered_and_stripped_as_by_Hugging_Face()
    {
        Dictionary<int, string> given = File.ReadLines(Shared.Require("golden", "tokenizer", "unicode.bert-uncased-map.tsv")).Skip(1)
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

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Normalize(BertNormalizer normalizer, string text) => NormalizerTests.Normalize(normalizer, text);
}
