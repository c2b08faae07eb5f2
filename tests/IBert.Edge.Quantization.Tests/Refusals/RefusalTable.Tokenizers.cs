// The part of RefusalTable for tokenizers: the files of a sound one, with one thing changed.
using System.Text;
using System.Text.Json.Nodes;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tests.Refusals;

internal static partial class RefusalTable
{
    private const string TokenizerConfig = "tokenizer_config.json", WordPiece = "uncased", BytePair = "roberta";

    private static IEnumerable<Refusal> Tokenizers()
    {
        yield return new("no tokenizer", null, b => b.Delete(Vocabulary));
        // What the model's reader demands of a tokenizer, and no file of it does.
        yield return new("a tokenizer without special tokens", null, b => b.Text(Tokenizer, LettersWithoutTemplate(b)));

        yield return Files("vocab.txt in Latin-1", WordPiece, b =>
        {
            b.Delete(Tokenizer);
            File.AppendAllText(b[Vocabulary], "caf\u00E9\n", Encoding.Latin1);
        });
        yield return Files("vocab.txt without [UNK]", WordPiece, b =>
        {
            b.Delete(Tokenizer);
            b.Replace(Vocabulary, "[UNK]\n", "unknown\n");
        });
        yield return Files("a piece with a zero byte", WordPiece, b =>
        {
            b.Delete(Tokenizer);
            File.AppendAllText(b[Vocabulary], "a piece\0of binary data\n");
        });
        yield return Files("byte-level BPE without merges.txt", BytePair, b =>
        {
            b.Delete(Tokenizer);
            b.Delete("merges.txt");
        });
        yield return Files("merges.txt with a line of three pieces", BytePair, b =>
        {
            b.Delete(Tokenizer);
            File.AppendAllText(b["merges.txt"], "a b c\n");
        });
        yield return Files("merges.txt without its first line", BytePair, b =>
        {
            b.Delete(Tokenizer);
            b.Text("merges.txt", string.Join('\n', File.ReadAllLines(b["merges.txt"]).Skip(1)) + "\n");
        });
        yield return Files("a merge of a piece that is not there", BytePair, b =>
        {
            b.Delete(Tokenizer);
            File.AppendAllText(b["merges.txt"], "q qqqq\n");
        });
        yield return Files("merges in another order", BytePair, b =>
        {
            b.Delete(Tokenizer);
            string[] lines = File.ReadAllLines(b["merges.txt"]);
            b.Text("merges.txt", string.Join('\n', lines[..1].Concat(lines[1..].Reverse())) + "\n");
        });
        yield return Files("tokenizer.json that is no JSON", WordPiece, b => b.Text(Tokenizer, "{"));
        yield return Files("tokenizer.json with half a surrogate pair", WordPiece, b => b.Replace(Tokenizer, "\"[MASK]\"", "\"\\ud800\""));
        yield return Files("the generic class without tokenizer.json", WordPiece, b =>
        {
            b.Delete(Tokenizer);
            Set(b, TokenizerConfig, "tokenizer_class", "\"PreTrainedTokenizerFast\"");
        });
        yield return Files("another model_type without a tokenizer's class", WordPiece, b =>
        {
            b.Delete(TokenizerConfig);
            b.Text(Config, "{\"model_type\": \"electra\"}");
        });

        foreach ((string kind, string data, string file, string member, string value) in ((string, string, string, string, string)[])
            [
                ("another class", WordPiece, TokenizerConfig, "tokenizer_class", "\"T5Tokenizer\""),
                ("a class of its own", WordPiece, TokenizerConfig, "auto_map", "{\"AutoTokenizer\": [\"own.OwnTokenizer\", null]}"),
                ("another file for tokenizer.json", WordPiece, TokenizerConfig, "tokenizer_file", "\"other.json\""),
                ("a setting of another tokenizer", WordPiece, TokenizerConfig, "sp_model_kwargs", "{}"),
                ("another file for vocab.txt", WordPiece, TokenizerConfig, "vocab_file", "\"other.txt\""),
                ("a file for a version of transformers", WordPiece, TokenizerConfig, "fast_tokenizer_files", "[\"tokenizer.4.0.0.json\"]"),
                ("another way to cut pairs", WordPiece, TokenizerConfig, "truncation_strategy", "\"only_first\""),
                ("a length without room", WordPiece, TokenizerConfig, "model_max_length", "2"),
                ("another way to cut pairs in tokenizer.json", WordPiece, Tokenizer, "truncation",
                    "{\"strategy\": \"OnlyFirst\", \"direction\": \"Right\", \"max_length\": 128, \"stride\": 0}"),
                ("a model without ids", WordPiece, TokenizerConfig, "model_input_names", "[\"pixel_values\"]"),
                ("a slow tokenizer's setting", WordPiece, TokenizerConfig, "do_basic_tokenize", "false"),
                ("words that are not split", WordPiece, TokenizerConfig, "never_split", "[\"word\"]"),
                ("a side that is none", WordPiece, TokenizerConfig, "truncation_side", "\"middle\""),
                ("another version", WordPiece, Tokenizer, "version", "\"2.0\""),
                ("a model of another kind", WordPiece, Tokenizer, "model.type", "\"Unigram\""),
                ("a model of no kind", WordPiece, Tokenizer, "model", "{\"vocab\": []}"),
                ("another pre-tokenizer", WordPiece, Tokenizer, "pre_tokenizer",
                    "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Whitespace\"}, {\"type\": \"Digits\"}]}"),
                ("no normalizer", WordPiece, Tokenizer, "normalizer", "null"),
                ("another post-processor", WordPiece, Tokenizer, "post_processor", "{\"type\": \"ByteLevel\"}"),
                ("an id that no trie holds", WordPiece, Tokenizer, "model.vocab.[CLS]", "99999999"),
                ("an id twice", WordPiece, Tokenizer, "model.vocab.[CLS]", "8"),
                ("an id that is no number", WordPiece, Tokenizer, "model.vocab.[CLS]", "\"7\""),
                ("no pieces", WordPiece, Tokenizer, "model.vocab", "{}"),
                ("a limit of a word that is too large", WordPiece, Tokenizer, "model.max_input_chars_per_word", "100000"),
                ("a prefix that is too long", WordPiece, Tokenizer, "model.continuing_subword_prefix", $"\"{new string('#', 300)}\""),
                ("a template's token without an id", WordPiece, Tokenizer, "post_processor",
                    "{\"type\": \"BertProcessing\", \"cls\": [\"[CLS]\"], \"sep\": [\"[SEP]\", 8]}"),
                ("a template's token with an id below zero", WordPiece, Tokenizer, "post_processor",
                    "{\"type\": \"BertProcessing\", \"cls\": [\"[CLS]\", -1], \"sep\": [\"[SEP]\", 8]}"),
                ("a template's token that the vocabulary has not", WordPiece, Tokenizer, "post_processor",
                    "{\"type\": \"BertProcessing\", \"cls\": [\"[CLS]\", 99999], \"sep\": [\"[SEP]\", 8]}"),
                ("a template of something else", WordPiece, Tokenizer, "post_processor.single",
                    "[{\"Text\": {\"id\": \"A\", \"type_id\": 0}}]"),
                ("a template with a type that is none", WordPiece, Tokenizer, "post_processor.single",
                    "[{\"Sequence\": {\"id\": \"A\", \"type_id\": 7}}]"),
                ("a template without a text", WordPiece, Tokenizer, "post_processor.single",
                    "[{\"SpecialToken\": {\"id\": \"[CLS]\", \"type_id\": 0}}]"),
                ("an added token whose id is no number", WordPiece, TokenizerConfig, "added_tokens_decoder.first",
                    "{\"content\": \"<first>\"}"),
                ("an added token with another id", WordPiece, Tokenizer, "added_tokens",
                    "[{\"id\": 99999, \"content\": \"<new>\", \"special\": true}]"),
                ("BPE with dropout", BytePair, Tokenizer, "model.dropout", "0.1"),
                ("BPE with a normalizer", BytePair, Tokenizer, "normalizer", "{\"type\": \"NFC\"}"),
                ("a merge of one piece", BytePair, Tokenizer, "model.merges", "[[\"a\"]]"),
                ("a vocabulary without a byte", BytePair, Tokenizer, "model.vocab.Q", "null"),
            ])
        {
            yield return Files($"tokenizer: {kind}", data, b => Set(b, file, member, value));
        }

        yield return Files(
            "tokenizer: an added token that is too long", WordPiece, b => AddToken(b, new string('x', 300), "\"special\": true"));
        yield return Files(
            "tokenizer: an added token of which nothing is left", WordPiece, b => AddToken(b, "\\u0001", "\"normalized\": true"));
        yield return Files("tokenizer: an added token in the place of a piece", WordPiece, b =>
        {
            int count = JsonNode.Parse(File.ReadAllText(b[Tokenizer]))!["model"]!["vocab"]!.AsObject().Count;
            Set(b, Tokenizer, "model.vocab.0", $"{count}");
            AddToken(b, "<new>", "\"special\": true");
        });
        yield return Files("tokenizer: an added token of white space that strips to the left alone", WordPiece, b =>
        {
            AddToken(b, " ", "\"lstrip\": true, \"normalized\": true");
            AddToken(b, "<b>", "\"rstrip\": true, \"normalized\": true");
        });
        yield return Files("tokenizer: an added token whose case two files see differently", WordPiece, b =>
        {
            AddToken(b, "ABC", "\"normalized\": true");
            Set(b, TokenizerConfig, "do_lower_case", "false");
        });
        yield return Files(
            "tokenizer: added_tokens.json that says something else", WordPiece, b => b.Text("added_tokens.json", "{\"[CLS]\": 99}"));
        yield return Files(
            "tokenizer: a piece that is too long", BytePair, b => Set(b, Tokenizer, $"model.vocab.{new string('a', 2000)}", "5000"));
        yield return new("tokenizer: more pieces than a section holds", null)
        {
            Use = _ => WordPieceTokenizerWriter.Write(new WordPieceDefinition
            {
                Vocabulary = new Dictionary<string, int> { ["[UNK]"] = DoubleArrayTrie.MaxValue },
                Options = BertNormalizerOptions.All,
                UnknownToken = "[UNK]",
                PaddingToken = null,
                ContinuingPrefix = "##",
                MaxCharacters = 100,
                AddedTokens = [],
                Single = [new(TemplateItem.First, 0)],
                Pair = [new(TemplateItem.First, 0), new(TemplateItem.Second, 1)],
            }),
        };
    }

    /// <summary>The files of a tokenizer of tests/data, with one thing changed.</summary>
    private static Refusal Files(string kind, string data, Action<BrokenCheckpoint> change) => new(kind, null, b =>
    {
        foreach (string file in Directory.EnumerateFiles(b.Folder))
        {
            File.Delete(file);
        }
        foreach (string file in Directory.EnumerateFiles(TokenizerData.Path(data)))
        {
            File.Copy(file, b[Path.GetFileName(file)]);
        }
        change(b);
    })
    {
        Use = b => TokenizerSections.Build(b.Folder),
    };

    /// <summary>Sets a member of a JSON file, or takes it away where the value is null.</summary>
    private static void Set(BrokenCheckpoint b, string file, string member, string value)
    {
        JsonObject root = JsonNode.Parse(File.ReadAllText(b[file]))!.AsObject(), at = root;
        string[] names = member.Split('.');
        foreach (string name in names[..^1])
        {
            at = at[name]!.AsObject();
        }
        if (value == "null" && names.Length > 1)
        {
            at.Remove(names[^1]);
        }
        else
        {
            at[names[^1]] = JsonNode.Parse(value);
        }
        b.Text(file, root.ToJsonString());
    }

    /// <summary>Adds a token behind all ids.</summary>
    private static void AddToken(BrokenCheckpoint b, string content, string flags)
    {
        JsonObject root = JsonNode.Parse(File.ReadAllText(b[Tokenizer]))!.AsObject();
        JsonArray added = root["added_tokens"]!.AsArray();
        int id = Math.Max(root["model"]!["vocab"]!.AsObject().Count, added.Max(token => (int)token!["id"]!) + 1);
        added.Add(JsonNode.Parse($"{{\"id\": {id}, \"content\": \"{content}\", {flags}}}"));
        b.Text(Tokenizer, root.ToJsonString());
        if (File.Exists(b[TokenizerConfig]))
        {
            Set(b, TokenizerConfig, $"added_tokens_decoder.{id}", $"{{\"content\": \"{content}\", {flags}}}");
        }
    }

    private static string LettersWithoutTemplate(BrokenCheckpoint b) => new JsonObject
    {
        ["version"] = "1.0",
        ["added_tokens"] = new JsonArray(),
        ["normalizer"] = JsonNode.Parse("{\"type\": \"BertNormalizer\"}"),
        ["pre_tokenizer"] = JsonNode.Parse("{\"type\": \"BertPreTokenizer\"}"),
        ["post_processor"] = null,
        ["model"] = new JsonObject
        {
            ["type"] = "WordPiece",
            ["unk_token"] = "[UNK]",
            ["continuing_subword_prefix"] = "##",
            ["max_input_chars_per_word"] = 100,
            ["vocab"] = new JsonObject(
                File.ReadLines(b[Vocabulary]).Select((piece, id) => KeyValuePair.Create<string, JsonNode?>(piece, id))),
        },
    }.ToJsonString();
}
