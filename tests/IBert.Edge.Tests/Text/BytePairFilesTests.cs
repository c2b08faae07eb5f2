// Byte-level BPE of a checkpoint folder in all the forms it comes in, and what is refused, by name.
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class BytePairFilesTests : IDisposable
{
    private const string Config = "tokenizer_config.json", Specials = "special_tokens_map.json", Tokenizer = "tokenizer.json";
    private const string Vocabulary = "vocab.json", Merges = "merges.txt";

    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string folder = Directory.CreateTempSubdirectory("ibert-tokenizer-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_same_files_give_the_same_bytes_of_a_compact_section()
    {
        CopyRoberta();
        byte[] section = TokenizerSections.Build(folder);
        Assert.Equal(section, TokenizerSections.Build(folder));
        int size = TokenizerFiles.Read(folder).VocabularySize;
        Assert.InRange(section.Length, 30 * size, 45 * size);
    }

    [Theory]
    [InlineData(Vocabulary, Merges)]
    [InlineData(Tokenizer)]
    [InlineData(Specials)]
    [InlineData(Config)]
    [InlineData(Tokenizer, Specials, Config)]
    [InlineData(Vocabulary, Merges, Specials, Config)]
    public void What_is_left_of_the_files_gives_the_same_ids(params string[] missing)
    {
        CopyRoberta();
        foreach (string name in missing)
        {
            File.Delete(Path.Combine(folder, name));
        }
        using OpenedTokenizer a = TestTokenizers.OpenRoberta();
        using var b = new OpenedTokenizer(TokenizerSections.Build(folder));
        foreach (string text in TokenizerData.Lines("roberta.jsonl").Select(line => TokenizerData.Text(line)))
        {
            Assert.Equal(a.Encode(text), b.Encode(text));
        }
        Assert.Equal(a.Tokens("a <mask> <s>b"), b.Tokens("a <mask> <s>b"));
    }

    [Fact]
    public void Vocabulary_and_merges_are_enough()
    {
        WriteSmall();
        using var tokenizer = new OpenedTokenizer(TokenizerSections.Build(folder));
        Assert.Equal("<s> low er \u0120low </s>", tokenizer.Tokens("lower low"));
        Assert.Equal(4, tokenizer.Tokenizer.PairSpecialTokens);
    }

    [Fact]
    public void The_configuration_decides_about_the_space_in_front()
    {
        WriteSmall();
        Write(Config, """{"add_prefix_space": true, "tokenizer_class": "RobertaTokenizerFast"}""");
        Assert.Equal(BytePairOptions.AddPrefixSpace, ((BytePairDefinition)TokenizerFiles.Read(folder)).Options);
        WriteSmallJson(json => json["pre_tokenizer"]!["add_prefix_space"] = false);
        Assert.Equal(BytePairOptions.AddPrefixSpace, ((BytePairDefinition)TokenizerFiles.Read(folder)).Options);
        Write(Config, "{}");
        WriteSmallJson(json => json["pre_tokenizer"]!["add_prefix_space"] = true);
        Assert.Equal(BytePairOptions.None, ((BytePairDefinition)TokenizerFiles.Read(folder)).Options);
    }

    [Theory]
    [InlineData("\"RobertaTokenizer\"")]
    [InlineData("\"PreTrainedTokenizerFast\"")]
    [InlineData("null")]
    public void Merges_of_tokenizer_json_may_be_lists_or_texts(string tokenizerClass)
    {
        Write(Config, $$"""{"tokenizer_class": {{tokenizerClass}}}""");
        WriteSmallJson(_ => { });
        byte[] lists = TokenizerSections.Build(folder);
        WriteSmallJson(json => json["model"]!["merges"] = JsonNode.Parse("""["l o", "lo w", "e r", "\u0120 low"]"""));
        Assert.Equal(lists, TokenizerSections.Build(folder));
    }

    [Theory]
    [InlineData("normalizer", """{"type": "NFC"}""", "tokenizer.json.normalizer is {")]
    [InlineData("pre_tokenizer", """{"type": "Sequence"}""", "tokenizer.json.pre_tokenizer is Sequence")]
    [InlineData("pre_tokenizer", "null", "tokenizer.json.pre_tokenizer is missing")]
    [InlineData("pre_tokenizer", """{"type": "ByteLevel", "use_regex": false}""", "pre_tokenizer.use_regex is false")]
    [InlineData("post_processor", """{"type": "BertProcessing"}""", "tokenizer.json.post_processor.cls is missing")]
    [InlineData("model.dropout", "0.1", "tokenizer.json.model.dropout is 0.1; expected null")]
    [InlineData("model.fuse_unk", "true", "tokenizer.json.model.fuse_unk is true")]
    [InlineData("model.byte_fallback", "true", "tokenizer.json.model.byte_fallback is true")]
    [InlineData("model.ignore_merges", "true", "tokenizer.json.model.ignore_merges is true")]
    [InlineData("model.continuing_subword_prefix", "\"##\"", "continuing_subword_prefix is \"##\"")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "end_of_word_suffix is \"</w>\"")]
    [InlineData("model.type", "\"Unigram\"", "tokenizer.json.model is Unigram")]
    [InlineData("model.merges", """[["a", "b", "c"]]""", "merges[0] is [\"a\",\"b\",\"c\"]; expected two pieces")]
    [InlineData("model.merges", """["l o", "lo z"]""", "needs the token 'loz'")]
    [InlineData("model.merges", """[["l", ""]]""", "expected two pieces")]
    [InlineData("model.vocab", """{"<s>": 0, "</s>": 1, "a": 2}""", "no token")]
    [InlineData("model.vocab", "{}", "tokenizer.json.model.vocab is {}")]
    public void What_is_not_supported_is_refused_by_name(string member, string value, string expected)
    {
        Write(Config, """{"tokenizer_class": "RobertaTokenizer"}""");
        WriteSmallJson(json =>
        {
            string[] path = member.Split('.');
            (path.Length > 1 ? json[path[0]]! : json)[path[^1]] = JsonNode.Parse(value);
        });
        AssertRefused(expected);
    }

    [Theory]
    [InlineData(Merges, "#version: 0.2\nl o\nlow\n", "Line 3 of merges.txt")]
    [InlineData(Merges, "#version: 0.2\nl o\n\nlo w\n", "Line 3 of merges.txt")]
    [InlineData(Merges, "l o\nlo w\n", "does not begin with a line '#version'")]
    [InlineData(Merges, "#version: 0.2\nl o\nlo w", "does not end with a line's end")]
    [InlineData(Merges, "#version: 0.2\nlo w\nl o\n", "merge 1 comes before the merges that make its two parts")]
    [InlineData(Vocabulary, "{", "vocab.json in ")]
    [InlineData(Vocabulary, "[]", "vocab.json is []")]
    [InlineData(Vocabulary, """{"<s>": 0, "</s>": 0}""", "vocab.json.</s> is 0")]
    [InlineData(Config, """{"cls_token": "[CLS]"}""", "no '[CLS]'")]
    public void Broken_files_are_refused(string file, string content, string expected)
    {
        WriteSmall();
        Write(file, content);
        AssertRefused(expected);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        WriteSmall();
        File.Delete(Path.Combine(folder, Merges));
        AssertRefused("neither tokenizer.json nor merges.txt");
        File.Delete(Path.Combine(folder, Vocabulary));
        AssertRefused("neither tokenizer.json nor vocab.txt, nor vocab.json with merges.txt");
        Write(Config, """{"tokenizer_class": "RobertaTokenizer"}""");
        AssertRefused("neither tokenizer.json nor vocab.json");
    }

    private void CopyRoberta()
    {
        foreach (string name in new[] { Config, Tokenizer, Vocabulary, Merges, Specials })
        {
            File.Copy(TokenizerData.Path(Path.Combine("roberta", name)), Path.Combine(folder, name));
        }
    }

    private static BytePairDefinition Small() => TestTokenizers.BytePair(["l o", "lo w", "e r", "\u0120 low"]);

    private void WriteSmall()
    {
        Write(Vocabulary, VocabularyJson().ToJsonString());
        Write(Merges, "#version: 0.2\r\n" + string.Concat(Small().Merges.Select(merge => $"{merge.Left} {merge.Right}\r\n")));
    }

    private void WriteSmallJson(Action<JsonNode> change)
    {
        var merges = new JsonArray([.. Small().Merges.Select(merge => (JsonNode)new JsonArray(merge.Left, merge.Right))]);
        var json = new JsonObject
        {
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel" },
            ["post_processor"] = new JsonObject
            {
                ["type"] = "RobertaProcessing",
                ["sep"] = new JsonArray("</s>", 1),
                ["cls"] = new JsonArray("<s>", 0),
            },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = VocabularyJson(), ["merges"] = merges },
        };
        change(json);
        Write(Tokenizer, json.ToJsonString(s_plain));
    }

    private static JsonObject VocabularyJson() =>
        new(Small().Vocabulary.Select(item => KeyValuePair.Create(item.Key, (JsonNode?)JsonValue.Create(item.Value))));

    private void AssertRefused(string expected)
    {
        CheckpointException error = Assert.Throws<CheckpointException>(() => TokenizerSections.Build(folder));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(folder, name), content, new UTF8Encoding(false));
}
