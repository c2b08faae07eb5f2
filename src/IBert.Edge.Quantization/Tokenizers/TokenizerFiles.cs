// Reads the tokenizer of a Hugging Face checkpoint folder: vocab.txt, tokenizer.json, tokenizer_config.json, special_tokens_map.json.
using System.Globalization;
using System.Text;
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tokenizers;

/// <summary>
/// The tokenizer of a checkpoint, put together as <c>AutoTokenizer</c> of transformers 4.55 does for its fast tokenizers. tokenizer.json
/// gives vocabulary, added tokens and templates where it is there, vocab.txt the vocabulary where it is not; for BERT's own classes
/// tokenizer_config.json decides about case, accents and Chinese characters either way. Truncation and padding that the files state are
/// of no concern: the maximal length is the caller's.
/// </summary>
internal static class TokenizerFiles
{
    private const string GenericClass = "PreTrainedTokenizer";
    private const string AddedTokensMember = "added_tokens_decoder";

    private static readonly string[] BertClasses = ["BertTokenizer", "DistilBertTokenizer"];
    private static readonly string[] SpecialTokens = ["unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>The tokenizer section of a model file, for a checkpoint folder.</summary>
    /// <exception cref="CheckpointException">A file is missing, broken, or asks for what is not supported.</exception>
    public static byte[] BuildSection(string folder) => WordPieceTokenizerWriter.Write(Read(folder));

    /// <summary>The tokenizer of a checkpoint folder.</summary>
    /// <exception cref="CheckpointException">A file is missing, broken, or asks for what is not supported.</exception>
    public static WordPieceDefinition Read(string folder)
    {
        try
        {
            TokenizerJson tokenizer = TokenizerJson.Read(Path.Combine(folder, "tokenizer.json"));
            TokenizerJson config = TokenizerJson.Read(Path.Combine(folder, "tokenizer_config.json"));
            TokenizerJson specials = TokenizerJson.Read(Path.Combine(folder, "special_tokens_map.json"));
            return Combine(folder, tokenizer, config, specials);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The tokenizer files in {folder} cannot be read: {error.Message}", error);
        }
    }

    private static WordPieceDefinition Combine(string folder, TokenizerJson tokenizer, TokenizerJson config, TokenizerJson specials)
    {
        bool isBert = IsBertClass(config, !tokenizer.IsNull);
        TokenizerJson model = tokenizer["model"];
        Dictionary<string, int> vocabulary;
        if (tokenizer.IsNull)
        {
            vocabulary = ReadVocabularyText(folder);
        }
        else
        {
            RequireType(model, "WordPiece");
            RequireType(tokenizer["pre_tokenizer"], "BertPreTokenizer");
            vocabulary = ReadVocabulary(model["vocab"]);
        }

        // Newer checkpoints state all added tokens in the configuration; for older ones special_tokens_map.json wins over it.
        TokenizerJson Special(string name) =>
            config[AddedTokensMember].IsNull && !specials[name].IsNull ? specials[name] : config[name];
        string NameOf(string name, string bertDefault) => Special(name) is { IsNull: false } value ? ContentOf(value) : bertDefault;

        string unknown = model["unk_token"].TextOr(NameOf("unk_token", "[UNK]"));
        RequireToken(vocabulary, unknown);
        string padding = NameOf("pad_token", "[PAD]");
        (List<TemplateDefinition> single, List<TemplateDefinition> pair) = tokenizer.IsNull
            ? BertTemplates(
                RequireToken(vocabulary, NameOf("cls_token", "[CLS]")), RequireToken(vocabulary, NameOf("sep_token", "[SEP]")))
            : ReadTemplates(tokenizer["post_processor"]);
        return new WordPieceDefinition
        {
            Vocabulary = vocabulary,
            Options = ReadOptions(tokenizer, config, isBert),
            UnknownToken = unknown,
            PaddingToken = vocabulary.ContainsKey(padding) ? padding : null,
            ContinuingPrefix = model["continuing_subword_prefix"].TextOr("##"),
            MaxCharacters = model["max_input_chars_per_word"] is { IsNull: false } limit ? limit.Integer : 100,
            AddedTokens = ReadAddedTokens(folder, tokenizer, config, Special, vocabulary, isBert),
            Single = single,
            Pair = pair,
        };
    }

    private static bool IsBertClass(TokenizerJson config, bool hasTokenizerJson)
    {
        TokenizerJson member = config["tokenizer_class"];
        string name = member.TextOr(BertClasses[0]);
        name = name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^"Fast".Length] : name;
        if (BertClasses.Contains(name))
        {
            return true;
        }
        return name == GenericClass && hasTokenizerJson
            ? false
            : throw new CheckpointException(
                $"tokenizer_config.json asks for the tokenizer class {member.Text}, which is not supported"
                + (name == GenericClass ? " without tokenizer.json" : "")
                + $". Supported are {string.Join(", ", BertClasses)} and, with tokenizer.json, {GenericClass}Fast.");
    }

    private static void RequireType(TokenizerJson value, string type)
    {
        if (value.IsNull || value["type"].TextOr("") != type)
        {
            throw NotSupported(value, type);
        }
    }

    private static CheckpointException NotSupported(TokenizerJson value, string supported) => new(
        $"{value.Place} is {(value.IsNull ? "missing" : value["type"].TextOr("of no type"))}, and only {supported} is supported: "
        + "the tokenizer must be BERT's WordPiece. Use a checkpoint of BERT or DistilBERT with its own tokenizer.");

    private static Dictionary<string, int> ReadVocabulary(TokenizerJson vocab)
    {
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        HashSet<int> ids = [];
        foreach ((string piece, TokenizerJson value) in vocab.Members)
        {
            int id = value.Integer;
            if (id is < 0 or >= DoubleArrayTrie.MaxValue || piece.Length == 0)
            {
                throw value.Wrong($"a piece that is not empty, with an id from 0 to {DoubleArrayTrie.MaxValue - 1}");
            }
            if (!ids.Add(id) || !vocabulary.TryAdd(piece, id))
            {
                throw value.Wrong("a piece and an id that are not there before");
            }
        }
        return vocabulary.Count > 0 ? vocabulary : throw vocab.Wrong("at least one piece");
    }

    private static Dictionary<string, int> ReadVocabularyText(string folder)
    {
        string path = Path.Combine(folder, "vocab.txt");
        if (!File.Exists(path))
        {
            throw new CheckpointException(
                $"{folder} has neither tokenizer.json nor vocab.txt. Copy the whole checkpoint folder; a tokenizer of another kind than "
                + "BERT's WordPiece (vocab.json with merges.txt, sentencepiece) is not supported.");
        }
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path));
        }
        catch (DecoderFallbackException error)
        {
            throw new CheckpointException($"vocab.txt in {folder} is not UTF-8: {error.Message} Copy it again.", error);
        }
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        string[] lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').TrimEnd('\n').Split('\n');
        for (int id = 0; id < lines.Length; id++)
        {
            if (lines[id].Length == 0)
            {
                throw new CheckpointException(
                    $"Line {id + 1} of vocab.txt in {folder} is empty, so the ids of all pieces behind it are in doubt. Copy it again.");
            }
            vocabulary[lines[id]] = id; // a piece that is there twice has its later id, as in transformers
        }
        return vocabulary;
    }

    private static BertNormalizerOptions ReadOptions(TokenizerJson tokenizer, TokenizerJson config, bool isBert)
    {
        TokenizerJson normalizer = tokenizer["normalizer"];
        if (!tokenizer.IsNull && (isBert || !normalizer.IsNull))
        {
            RequireType(normalizer, "BertNormalizer");
        }
        if (!isBert && normalizer.IsNull)
        {
            return BertNormalizerOptions.None;
        }
        bool lower = isBert ? config["do_lower_case"].FlagOr(true) : normalizer["lowercase"].FlagOr(true);
        bool strip = (isBert ? config : normalizer)["strip_accents"].FlagOr(lower);
        bool chinese = isBert ? config["tokenize_chinese_chars"].FlagOr(true) : normalizer["handle_chinese_chars"].FlagOr(true);
        return (normalizer["clean_text"].FlagOr(true) ? BertNormalizerOptions.CleanText : 0)
            | (chinese ? BertNormalizerOptions.HandleChinese : 0)
            | (strip ? BertNormalizerOptions.StripAccents : 0)
            | (lower ? BertNormalizerOptions.LowerCase : 0);
    }

    private static List<AddedTokenDefinition> ReadAddedTokens(
        string folder,
        TokenizerJson tokenizer,
        TokenizerJson config,
        Func<string, TokenizerJson> special,
        Dictionary<string, int> vocabulary,
        bool isBert)
    {
        Dictionary<string, AddedTokenDefinition> added = new(StringComparer.Ordinal);
        Dictionary<int, string> contents = vocabulary.ToDictionary(item => item.Value, item => item.Key);

        void Add(TokenizerJson value, string content, int? statedId)
        {
            if (content.Length == 0 || added.ContainsKey(content))
            {
                return;
            }
            // The vocabulary's id counts before the stated one; a special token that has neither cannot be embedded, and is not looked for.
            int id = vocabulary.TryGetValue(content, out int known) ? known : statedId ?? -1;
            if (id < 0 && statedId is null)
            {
                return;
            }
            if (id is < 0 or >= DoubleArrayTrie.MaxValue || contents.TryGetValue(id, out string? other) && other != content)
            {
                throw value.Wrong($"an added token with an id that no other has; '{content}' has {id}");
            }
            contents[id] = content;
            added.Add(content, new AddedTokenDefinition(content, id, FlagsOf(value, isSpecial: statedId is null)));
        }

        if (!tokenizer["added_tokens"].IsNull)
        {
            foreach (TokenizerJson token in tokenizer["added_tokens"].Elements)
            {
                Add(token, token["content"].Text, token["id"].Integer);
            }
        }
        if (!config[AddedTokensMember].IsNull)
        {
            foreach ((string name, TokenizerJson token) in config[AddedTokensMember].Members)
            {
                bool isId = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id);
                Add(token, token["content"].Text, isId ? id : throw token.Wrong("an id as its name"));
            }
        }
        else if (tokenizer.IsNull && File.Exists(Path.Combine(folder, "added_tokens.json")))
        {
            throw new CheckpointException(
                $"{folder} has added_tokens.json without tokenizer.json, which is not supported. Load it with AutoTokenizer of "
                + "transformers and save it with save_pretrained.");
        }
        foreach (string name in SpecialTokens)
        {
            TokenizerJson value = special(name);
            if (!value.IsNull || isBert)
            {
                Add(value, value.IsNull ? $"[{name[..^"_token".Length].ToUpperInvariant()}]" : ContentOf(value), null);
            }
        }
        if (special("additional_special_tokens") is { IsNull: false } additional)
        {
            foreach (TokenizerJson value in additional.Elements)
            {
                Add(value, ContentOf(value), null);
            }
        }
        return [.. added.Values];
    }

    /// <summary>A special token is given as a text, or as an object with its flags.</summary>
    private static string ContentOf(TokenizerJson value) => value.IsText ? value.Text : value["content"].Text;

    private static AddedTokenFlags FlagsOf(TokenizerJson value, bool isSpecial)
    {
        if (value.IsNull || value.IsText)
        {
            return AddedTokenFlags.None;
        }
        return (value["single_word"].FlagOr(false) ? AddedTokenFlags.SingleWord : 0)
            | (value["lstrip"].FlagOr(false) ? AddedTokenFlags.LeftStrip : 0)
            | (value["rstrip"].FlagOr(false) ? AddedTokenFlags.RightStrip : 0)
            | (value["normalized"].FlagOr(!value["special"].FlagOr(isSpecial)) ? AddedTokenFlags.Normalized : 0);
    }

    private static int RequireToken(Dictionary<string, int> vocabulary, string token) =>
        vocabulary.TryGetValue(token, out int id)
            ? id
            : throw new CheckpointException(
                $"The vocabulary has no '{token}', which the tokenizer needs. "
                + "Copy vocab.txt and tokenizer_config.json again, from one checkpoint.");

    private static (List<TemplateDefinition> Single, List<TemplateDefinition> Pair) ReadTemplates(TokenizerJson processor)
    {
        if (processor.IsNull)
        {
            return ([new(TemplateItem.First, 0)], [new(TemplateItem.First, 0), new(TemplateItem.Second, 1)]);
        }
        switch (processor["type"].Text)
        {
            case "TemplateProcessing":
                TokenizerJson specials = processor["special_tokens"];
                return (ReadTemplate(processor["single"], specials, "A", 0), ReadTemplate(processor["pair"], specials, "AB", 1));
            case "BertProcessing":
                return BertTemplates(IdOf(processor["cls"].Elements.Last()), IdOf(processor["sep"].Elements.Last()));
            default:
                throw NotSupported(processor, "TemplateProcessing or BertProcessing");
        }
    }

    private static int IdOf(TokenizerJson value) => value.Integer is >= 0 and int id ? id : throw value.Wrong("a token's id");

    /// <summary>[CLS] A [SEP], and [CLS] A [SEP] B [SEP] with type 1 from B on.</summary>
    private static (List<TemplateDefinition> Single, List<TemplateDefinition> Pair) BertTemplates(int classification, int separator)
    {
        List<TemplateDefinition> single = [new(classification, 0), new(TemplateItem.First, 0), new(separator, 0)];
        return (single, [.. single, new(TemplateItem.Second, 1), new(separator, 1)]);
    }

    private static List<TemplateDefinition> ReadTemplate(TokenizerJson template, TokenizerJson specials, string sequences, int maxType)
    {
        List<TemplateDefinition> items = [];
        string found = "";
        foreach (TokenizerJson item in template.Elements)
        {
            (string kind, TokenizerJson value) = item.Members.FirstOrDefault();
            int type = kind is "Sequence" or "SpecialToken" ? value["type_id"].Integer : throw item.Wrong("Sequence or SpecialToken");
            if (type < 0 || type > maxType)
            {
                throw value["type_id"].Wrong($"a token type from 0 to {maxType}");
            }
            if (kind == "Sequence")
            {
                found += value["id"].Text;
                items.Add(new TemplateDefinition(value["id"].Text == "A" ? TemplateItem.First : TemplateItem.Second, type));
            }
            else
            {
                items.AddRange(specials[value["id"].Text]["ids"].Elements.Select(id => new TemplateDefinition(IdOf(id), type)));
            }
        }
        return found == sequences && items.Count <= TokenizerSection.MaxTemplateItems
            ? items
            : throw template.Wrong($"each text once, in order, and at most {TokenizerSection.MaxTemplateItems} tokens");
    }
}
