// Tokenizer files of a checkpoint folder in all the forms they come in, and what is refused, by name.
using System.Text.Json.Nodes;
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class TokenizerFilesTests : IDisposable
{
    private const string Config = "tokenizer_config.json", Specials = "special_tokens_map.json";
    private const string Tokenizer = "tokenizer.json", Vocabulary = "vocab.txt";

    private readonly string folder = Directory.CreateTempSubdirectory("ibert-tokenizer-").FullName;

    public TokenizerFilesTests()
    {
        foreach (string name in new[] { Config, Tokenizer, Vocabulary, Specials })
        {
            File.Copy(TokenizerData.Path(Path.Combine("uncased", name)), Path.Combine(folder, name));
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_same_files_give_the_same_bytes_of_a_compact_section()
    {
        byte[] section = TokenizerSections.Build(folder);
        Assert.Equal(section, TokenizerSections.Build(folder));
        int size = TokenizerFiles.Read(folder).VocabularySize;
        Assert.Equal(File.ReadAllLines(Path.Combine(folder, Vocabulary)).Length, size);
        Assert.InRange(section.Length, 10 * size, 20 * size);
    }

    [Theory]
    [InlineData(Vocabulary)]
    [InlineData(Tokenizer)]
    [InlineData(Specials)]
    [InlineData(Config)]
    [InlineData(Tokenizer, Specials)]
    [InlineData(Tokenizer, Specials, Config)]
    [InlineData(Vocabulary, Specials, Config)]
    public void What_is_left_of_the_files_gives_the_same_section(params string[] missing)
    {
        byte[] expected = TokenizerSections.Build(folder);
        foreach (string name in missing)
        {
            File.Delete(Path.Combine(folder, name));
        }
        // Added tokens may come in another order then: that of the special tokens, not that of their ids.
        using var a = new OpenedTokenizer(expected);
        using var b = new OpenedTokenizer(TokenizerSections.Build(folder));
        foreach (string text in TokenizerData.Lines("uncased.jsonl").Select(line => TokenizerData.Text(line)))
        {
            Assert.Equal(a.Encode(text), b.Encode(text));
        }
    }

    [Theory]
    [InlineData("""{"do_lower_case": false}""", (int)(BertNormalizerOptions.CleanText | BertNormalizerOptions.HandleChinese))]
    [InlineData("""{"do_lower_case": false, "strip_accents": true}""", (int)(BertNormalizerOptions.All & ~BertNormalizerOptions.LowerCase))]
    [InlineData("""{"strip_accents": false}""", (int)(BertNormalizerOptions.All & ~BertNormalizerOptions.StripAccents))]
    [InlineData("""{"tokenize_chinese_chars": false}""", (int)(BertNormalizerOptions.All & ~BertNormalizerOptions.HandleChinese))]
    [InlineData("""{"strip_accents": null, "tokenizer_class": "DistilBertTokenizerFast"}""", (int)BertNormalizerOptions.All)]
    public void The_configuration_wins_over_tokenizer_json(string config, int expected)
    {
        Edit(Tokenizer, json => json["normalizer"]!["lowercase"] = false);
        Write(Config, config);
        Assert.Equal((BertNormalizerOptions)expected, ((WordPieceDefinition)TokenizerFiles.Read(folder)).Options);
        File.Delete(Path.Combine(folder, Tokenizer));
        Assert.Equal((BertNormalizerOptions)expected, ((WordPieceDefinition)TokenizerFiles.Read(folder)).Options);
    }

    [Fact]
    public void The_generic_class_takes_tokenizer_json_as_it_is()
    {
        Edit(Tokenizer, json => json["normalizer"] = JsonNode.Parse(
            """
            {"type": "BertNormalizer", "clean_text": false, "handle_chinese_chars": false, "strip_accents": true, "lowercase": false}
            """));
        Write(Config, """{"tokenizer_class": "PreTrainedTokenizerFast"}""");
        Assert.Equal(BertNormalizerOptions.StripAccents, ((WordPieceDefinition)TokenizerFiles.Read(folder)).Options);
        Edit(Tokenizer, json => json["normalizer"] = null);
        Assert.Equal(BertNormalizerOptions.None, ((WordPieceDefinition)TokenizerFiles.Read(folder)).Options);
    }

    [Fact]
    public void Model_settings_and_processors_of_tokenizer_json_count()
    {
        Edit(Tokenizer, json =>
        {
            json["model"]!["max_input_chars_per_word"] = 5;
            json["post_processor"] = JsonNode.Parse("""{"type": "BertProcessing", "sep": ["[SEP]", 8], "cls": ["[CLS]", 7]}""");
        });
        using var tokenizer = new OpenedTokenizer(TokenizerSections.Build(folder));
        Assert.Equal("[CLS] film [UNK] [SEP]", tokenizer.Tokens("film second"));
        Assert.Equal(3, tokenizer.Tokenizer.PairSpecialTokens);
    }

    [Fact]
    public void Tokens_added_by_a_user_are_found_and_count()
    {
        int id = TokenizerFiles.Read(folder).VocabularySize;
        Edit(Config, json => json["added_tokens_decoder"]![$"{id}"] = JsonNode.Parse(
            """{"content": "[DEVICE]", "lstrip": false, "normalized": true, "rstrip": false, "single_word": false, "special": false}"""));
        using var tokenizer = new OpenedTokenizer(TokenizerSections.Build(folder));
        Assert.Equal("[CLS] the [DEVICE] [SEP]", tokenizer.Tokens("the [device]"));
        Assert.Equal(id + 1, tokenizer.Tokenizer.VocabularySize);
    }

    [Fact]
    public void A_vocabulary_may_have_carriage_returns_and_a_piece_twice()
    {
        Write(Vocabulary, "[UNK]\r\n[CLS]\r\n[SEP]\r\na\r\nb\r\na\r\n");
        File.Delete(Path.Combine(folder, Tokenizer));
        File.Delete(Path.Combine(folder, Specials));
        Write(Config, "{}");
        using var tokenizer = new OpenedTokenizer(TokenizerSections.Build(folder));
        Assert.Equal([1, 5, 4, 2], tokenizer.Encode("a b")); // the later one counts, as in transformers
        Assert.True(tokenizer.Tokenizer.Piece(3).IsEmpty);
    }

    [Theory]
    [InlineData(Tokenizer, "model", """{"type": "BPE", "vocab": {}, "merges": []}""", "tokenizer.json.model is BPE")]
    [InlineData(Tokenizer, "model", """{"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"a": 0}}""", "no '[UNK]'")]
    [InlineData(Tokenizer, "model", """{"type": "WordPiece", "vocab": {"a": 0, "b": 0}}""",
        "tokenizer.json.model.vocab.b is 0; expected an id that no other piece has")]
    [InlineData(Tokenizer, "model", """{"type": "WordPiece", "vocab": {"a": -1}}""", "tokenizer.json.model.vocab.a is -1")]
    [InlineData(Tokenizer, "model", """{"type": "WordPiece", "vocab": {"\ud800": 0}}""", "lone surrogates")]
    [InlineData(Tokenizer, "model", """{"type": "WordPiece", "vocab": {"a": 0}, "t\ud800": 1}""", "lone surrogates")]
    [InlineData(Tokenizer, "model", """{"type": "WordPiece"}""", "tokenizer.json.model.vocab is missing")]
    [InlineData(Tokenizer, "normalizer", """{"type": "Lowercase"}""", "tokenizer.json.normalizer is Lowercase")]
    [InlineData(Tokenizer, "pre_tokenizer", """{"type": "ByteLevel"}""", "tokenizer.json.pre_tokenizer is ByteLevel")]
    [InlineData(Tokenizer, "post_processor", """{"type": "RobertaProcessing"}""", "tokenizer.json.post_processor.cls is missing")]
    [InlineData(Tokenizer, "post_processor", """{"type": "BertProcessing", "sep": ["[SEP]", 99999], "cls": ["[CLS]", 7]}""", "99999")]
    [InlineData(Tokenizer, "post_processor", """{"type": "TemplateProcessing", "single": [], "pair": []}""", "post_processor.single is []")]
    [InlineData(Config, "tokenizer_class", "\"BertJapaneseTokenizer\"", "BertJapaneseTokenizer")]
    [InlineData(Config, "do_lower_case", "\"yes\"", "tokenizer_config.json.do_lower_case is \"yes\"")]
    [InlineData(Config, "added_tokens_decoder", """{"1": {"content": "[NEW]"}}""", "'[NEW]' has 1")]
    public void What_is_not_supported_is_refused_by_name(string file, string member, string value, string expected)
    {
        Edit(file, json => json[member] = JsonNode.Parse("0"));
        string text = File.ReadAllText(Path.Combine(folder, file)); // not through JsonNode, which refuses a lone surrogate itself
        Write(file, text.Replace($"\"{member}\":0", $"\"{member}\":{value}", StringComparison.Ordinal));
        AssertRefused(expected);
    }

    [Theory]
    [InlineData(Tokenizer, "{", "tokenizer.json in ")]
    [InlineData(Tokenizer, "[]", "tokenizer.json is []")]
    [InlineData(Config, "\u0000", "is in UTF-16, not in UTF-8")]
    public void Broken_files_are_refused(string file, string content, string expected)
    {
        Write(file, content);
        AssertRefused(expected);
    }

    [Theory]
    [InlineData("a\n\nb\n", "no '[CLS]'")]
    [InlineData("", "no '[CLS]'")]
    [InlineData("[UNK]\n[CLS]\n", "no '[SEP]'")]
    public void Broken_vocabularies_are_refused(string content, string expected)
    {
        File.Delete(Path.Combine(folder, Tokenizer));
        Write(Vocabulary, content);
        AssertRefused(expected);
    }

    [Fact]
    public void A_vocabulary_that_is_not_UTF8_is_refused()
    {
        File.Delete(Path.Combine(folder, Tokenizer));
        File.WriteAllBytes(Path.Combine(folder, Vocabulary), [0x61, 0x0A, 0xFF]);
        AssertRefused("vocab.txt");
        File.Delete(Path.Combine(folder, Vocabulary));
        AssertRefused("neither tokenizer.json nor vocab.txt");
    }

    private void AssertRefused(string expected)
    {
        CheckpointException error = Assert.Throws<CheckpointException>(() => TokenizerSections.Build(folder));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(folder, name), content);

    private void Edit(string name, Action<JsonNode> change)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name)))!;
        change(json);
        Write(name, json.ToJsonString());
    }
}
