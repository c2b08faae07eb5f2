// The tokenizers of real checkpoints: ids equal to those of transformers, sizes, merges, work.
using System.Text;
using System.Text.Json;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.RealData.Text;

public sealed class GoldenTokenizerTests
{
    private static readonly Lazy<byte[]> s_roberta = new(() => TokenizerSections.Build(Shared.Require("checkpoints", "ibert-l3-sst2")));

    [Theory]
    [InlineData("bert-base-uncased.jsonl", 2500)]
    [InlineData("bert-cased-options.jsonl", 900)]
    public void Every_text_has_the_ids_of_Hugging_Face(string file, int lines)
    {
        using OpenedTokenizer tokenizer = OpenBert(cased: file != "bert-base-uncased.jsonl");
        Assert.Equal(lines, TokenizerData.AssertTexts(tokenizer, Golden(file)));
    }

    [Fact]
    public void Every_text_has_the_ids_of_Hugging_Face_by_byte_level_BPE()
    {
        using var tokenizer = new OpenedTokenizer(s_roberta.Value);
        Assert.Equal(2500, TokenizerData.AssertTexts(tokenizer, Golden("roberta-bpe.jsonl")));
    }

    [Fact]
    public void Every_pair_is_cut_as_Hugging_Face_cuts_it()
    {
        using OpenedTokenizer tokenizer = OpenBert(cased: false);
        AssertPairs(tokenizer, "bert-base-uncased.pairs.jsonl");
    }

    [Fact]
    public void Every_pair_is_cut_as_Hugging_Face_cuts_it_by_byte_level_BPE()
    {
        using var tokenizer = new OpenedTokenizer(s_roberta.Value);
        AssertPairs(tokenizer, "roberta-bpe.pairs.jsonl");
    }

    /// <summary>So that the tests on the repository's own tables are tests on these.</summary>
    [Theory]
    [InlineData("unicode.bert-classes.tsv")]
    [InlineData("unicode.bert-uncased-map.tsv")]
    [InlineData("unicode.gpt2-classes.tsv")]
    public void The_tables_of_code_points_that_are_made_from_npm_are_those_of_transformers(string name) =>
        Assert.Equal(File.ReadAllText(Shared.Require("golden", "tokenizer", name)), File.ReadAllText(TokenizerData.Path(name)));

    [Theory]
    [InlineData("tiny-sst2", 30522, 500_000, 560_000)]
    [InlineData("ibert-l3-sst2", 50265, 1_500_000, 2_200_000)]
    public void Sections_are_compact_and_tell_every_piece(string checkpoint, int size, int least, int most)
    {
        TokenizerDefinition definition = TokenizerFiles.Read(Shared.Require("checkpoints", checkpoint));
        byte[] section = TokenizerSections.Build(Shared.Require("checkpoints", checkpoint));
        Assert.Equal(size, definition.VocabularySize);
        Assert.InRange(section.Length, least, most);
        using var tokenizer = new OpenedTokenizer(section);
        foreach ((string piece, int id) in definition.Vocabulary)
        {
            Assert.Equal(piece, Encoding.UTF8.GetString(tokenizer.Tokenizer.Piece(id)));
        }
    }

    /// <summary>Two settings by the ids that transformers gives with this vocabulary.</summary>
    [Theory]
    [InlineData("truncation_side", "\"left\"", "one two three four five six seven", 6, new[] { 101, 2176, 2274, 2416, 2698, 102 })]
    [InlineData("split_special_tokens", "true", "bad [SEP] good", 64, new[] { 101, 2919, 1031, 19802, 1033, 2204, 102 })]
    public void Settings_of_a_real_checkpoint_are_done(string name, string value, string text, int maxLength, int[] expected)
    {
        string given = Shared.Require("checkpoints", "tiny-sst2");
        string folder = Directory.CreateTempSubdirectory("ibert-tokenizer-").FullName;
        try
        {
            File.Copy(Path.Combine(given, "tokenizer.json"), Path.Combine(folder, "tokenizer.json"));
            File.WriteAllText(
                Path.Combine(folder, "tokenizer_config.json"), $$"""{"tokenizer_class": "BertTokenizer", "{{name}}": {{value}}}""");
            using var tokenizer = new OpenedTokenizer(TokenizerSections.Build(folder));
            Assert.Equal(expected, tokenizer.Encode(text, maxLength));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Words_are_merged_as_pair_by_pair()
    {
        var definition = (BytePairDefinition)TokenizerFiles.Read(Shared.Require("checkpoints", "ibert-l3-sst2"));
        using var tokenizer = new OpenedTokenizer(s_roberta.Value);
        const int seed = 5;
        var random = new Random(seed);
        string[] pieces = [.. definition.Vocabulary.Keys.Where(piece => piece.All(char.IsAsciiLetterLower))];
        var oracle = new PairByPair(definition);
        for (int round = 0; round < 3000; round++)
        {
            string word = string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => pieces[random.Next(pieces.Length)]));
            Assert.Equal([0, .. oracle.Merge(word), 2], tokenizer.Encode(word, 1 << 10));
        }
    }

    [Theory]
    [InlineData("a charming and often affecting journey, unflinchingly supercalifragilisticexpialidocious 123. ")]
    [InlineData("a")]
    [InlineData("-")]
    [InlineData("\u00C3\u00C2")]
    [InlineData("supercalifragilistic")]
    public void Work_is_linear_in_the_text_even_if_that_is_one_word(string part)
    {
        using var tokenizer = new OpenedTokenizer(s_roberta.Value);
        int bytes = Encoding.UTF8.GetByteCount(part);
        long StepsOf(int total)
        {
            long before = tokenizer.Tokenizer.Steps;
            tokenizer.Encode(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(part, total / bytes))), 1 << 20);
            return tokenizer.Tokenizer.Steps - before;
        }
        long small = StepsOf(10_000), large = StepsOf(1_000_000);
        TestContext.Current.TestOutputHelper!.WriteLine($"{large / 1e6:F1} steps per byte");
        Assert.InRange(large, 1, 110 * small);
        // What is told at BytePairEncoder.MaxLookups, on no more bytes than two horizons for each that gets settled.
        Assert.Equal(283, ((BytePairTokenizer)tokenizer.Tokenizer).LookupsPerByte);
        Assert.InRange(large, 1, 3 * 283 * 1_000_000L);
    }

    private static IEnumerable<JsonElement> Golden(string name) => TokenizerData.Read(Shared.Require("golden", "tokenizer", name));

    private static OpenedTokenizer OpenBert(bool cased)
    {
        var given = (WordPieceDefinition)TokenizerFiles.Read(Shared.Require("checkpoints", "tiny-sst2"));
        return new OpenedTokenizer(WordPieceTokenizerWriter.Write(
            cased ? given with { Options = BertNormalizerOptions.CleanText | BertNormalizerOptions.HandleChinese } : given));
    }

    private static void AssertPairs(OpenedTokenizer tokenizer, string file)
    {
        int count = 0, cut = 0;
        foreach (JsonElement line in Golden(file))
        {
            int[]? types = line.GetProperty("type_ids").ValueKind == JsonValueKind.Null ? null : TokenizerData.Integers(line, "type_ids");
            cut += TokenizerData.AssertPair(tokenizer, line, line.GetProperty("max_length").GetInt32(), types) ? 1 : 0;
            count++;
        }
        Assert.Equal(500, count);
        Assert.InRange(cut, 100, 400);
    }
}
