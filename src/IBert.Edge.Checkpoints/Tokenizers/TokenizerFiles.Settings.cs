// The part of TokenizerFiles for settings: the kinds of their values, those that are done, and those that are refused because they are not.
using IBert.Edge.Text;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <remarks>
/// Of what is not here, and not read elsewhere, nothing changes the ids of a text in transformers either: what is decoded, padded, returned
/// or printed, where files were, chat templates.
/// </remarks>
internal static partial class TokenizerFiles
{
    private const JsonKinds Text = JsonKinds.Text | JsonKinds.Null, Flag = JsonKinds.Flag | JsonKinds.Null;
    private const JsonKinds Whole = JsonKinds.Whole | JsonKinds.Null, List = JsonKinds.List | JsonKinds.Null;
    private const JsonKinds Object = JsonKinds.Object | JsonKinds.Null, Special = JsonKinds.Text | JsonKinds.Object | JsonKinds.Null;

    // The kinds of all members that this program or transformers looks at, whether they matter or not.
    private static readonly (string Name, JsonKinds Kinds)[] s_configKinds =
    [
        ("add_prefix_space", Flag), ("added_tokens_decoder", Object), ("additional_special_tokens", List),
        ("auto_map", Object | List), ("bos_token", Special), ("clean_up_tokenization_spaces", Flag), ("cls_token", Special),
        ("do_basic_tokenize", Flag), ("do_lower_case", Flag), ("eos_token", Special), ("errors", Text),
        ("extra_special_tokens", Object), ("fast_tokenizer_files", List), ("from_slow", Flag), ("init_inputs", List),
        ("mask_token", Special), ("max_len", Whole), ("max_length", Whole), ("merges_file", Text), ("model_input_names", List),
        ("model_max_length", Whole), ("name_or_path", Text), ("never_split", List), ("pad_to_multiple_of", Whole),
        ("pad_token", Special), ("pad_token_type_id", Whole), ("padding_side", Text), ("processor_class", Text),
        ("sep_token", Special), ("special_tokens_map_file", Text), ("split_special_tokens", Flag), ("stride", Whole),
        ("strip_accents", Flag), ("tokenize_chinese_chars", Flag), ("tokenizer_class", Text), ("tokenizer_file", Text),
        ("trim_offsets", Flag), ("truncation_side", Text), ("truncation_strategy", Text), ("unk_token", Special),
        ("use_fast", Flag), ("vocab_file", Text), ("wordpieces_prefix", Text),
    ];

    private static readonly (string Name, JsonKinds Kinds)[] s_specialsKinds =
        [.. s_specialNames.Select(name => (name, Special)), (AdditionalMember, List)];

    private static readonly (string Name, JsonKinds Kinds)[] s_tokenizerKinds =
    [
        ("version", Text), ("truncation", Object), ("padding", Object), ("added_tokens", List), ("normalizer", Object),
        ("pre_tokenizer", Object), ("post_processor", Object), ("decoder", Object), ("model", JsonKinds.Object),
        ("truncation.direction", Text), ("truncation.max_length", Whole), ("truncation.strategy", Text),
        ("truncation.stride", Whole), ("padding.direction", Text), ("padding.pad_to_multiple_of", Whole), ("padding.pad_id", Whole),
        ("padding.pad_type_id", Whole), ("padding.pad_token", Text), ("padding.strategy", Text | Object),
        ("pre_tokenizer.add_prefix_space", Flag), ("pre_tokenizer.trim_offsets", Flag), ("pre_tokenizer.use_regex", Flag),
        ("post_processor.add_prefix_space", Flag), ("post_processor.trim_offsets", Flag), ("model.unk_token", Text),
    ];

    // Settings of tokenizers that no supported class has; a checkpoint that has them was made with another.
    private static readonly string[] s_settingsOfOthers =
    [
        "add_bos_token", "add_eos_token", "bpe_dropout", "do_subword_tokenize", "do_word_tokenize", "jumanpp_kwargs",
        "keep_accents", "mecab_kwargs", "normalization", "remove_space", "sp_model_kwargs", "subword_tokenizer_type",
        "sudachi_kwargs", "word_tokenizer_type",
    ];

    private static void RequireKinds(in Files files)
    {
        RequireKinds(files.Config, s_configKinds);
        RequireKinds(files.Specials, s_specialsKinds);
        RequireKinds(files.Model, [("tokenizer_class", Text), ("model_type", Text), ("auto_map", Object), ("vocab_size", Whole)]);
        if (!files.Tokenizer.IsNull)
        {
            RequireKinds(files.Tokenizer, s_tokenizerKinds);
        }
        if (!files.AddedTokens.IsNull)
        {
            foreach ((_, TokenizerJson id) in files.AddedTokens.Members)
            {
                id.Require(JsonKinds.Whole);
            }
        }
    }

    private static void RequireKinds(TokenizerJson json, (string Name, JsonKinds Kinds)[] members)
    {
        foreach ((string name, JsonKinds kinds) in members)
        {
            name.Split('.').Aggregate(json, (value, part) => value[part]).Require(kinds);
        }
    }

    /// <summary>Whether a text that is too long loses its start: by tokenizer_config.json, else by tokenizer.json.</summary>
    private static bool ReadCutsStart(in Files files)
    {
        TokenizerJson config = files.Config["truncation_side"], own = files.Tokenizer["truncation"]["direction"];
        return files.Config.Has("truncation_side") ? Side(config, "right", "left") : !own.IsNull && Side(own, "Right", "Left");
    }

    private static bool Side(TokenizerJson value, string right, string left) => value.TextOr("") switch
    {
        string side when side == right => false,
        string side when side == left => true,
        _ => throw value.Wrong($"\"{right}\" or \"{left}\""),
    };

    /// <summary>model_max_length; a number beyond all lengths stands for none.</summary>
    private static int? ReadMaxLength(in Files files) =>
        MaxLengthOf(files) is { IsNull: false, IsBeyondIntegers: false } value ? value.Integer : null;

    private static TokenizerJson MaxLengthOf(in Files files) =>
        files.Config.Has("model_max_length") ? files.Config["model_max_length"] : files.Config["max_len"];

    /// <summary>tokenizer_config.json may say that tokenizer.json is not to be read, or another one.</summary>
    private static Files WithoutTokenizerFile(in Files files, string? tokenizerClass)
    {
        TokenizerJson stated = files.Config["tokenizer_file"];
        if (files.Tokenizer.IsNull || !files.Config.Has("tokenizer_file"))
        {
            return files;
        }
        if (!stated.IsNull)
        {
            throw stated.Wrong("no such member, so that tokenizer.json of the folder is read");
        }
        bool hasVocabulary = tokenizerClass switch
        {
            GenericClass => false,
            RobertaClass => files.Exists(BytePairVocabulary),
            _ => files.Exists(WordPieceVocabulary),
        };
        return hasVocabulary ? files with { Tokenizer = TokenizerJson.Missing("tokenizer.json") } : files;
    }

    /// <summary>Refuses the settings that ask for something else than is done.</summary>
    private static void RequireSupported(in Files files, TokenizerDefinition definition)
    {
        TokenizerJson config = files.Config, tokenizer = files.Tokenizer;
        BertNormalizerOptions options = (definition as WordPieceDefinition)?.Options ?? 0;
        string prefix = (definition as WordPieceDefinition)?.ContinuingPrefix ?? "";

        // Of the classes that go by tokenizer.json these change nothing, and must not say anything else.
        RequireFlag(config["do_lower_case"], (options & BertNormalizerOptions.LowerCase) != 0);
        RequireFlag(config["strip_accents"], (options & BertNormalizerOptions.StripAccents) != 0);
        RequireFlag(config["tokenize_chinese_chars"], (options & BertNormalizerOptions.HandleChinese) != 0);
        if (config["wordpieces_prefix"].TextOr(prefix) != prefix)
        {
            throw config["wordpieces_prefix"].Wrong($"\"{prefix}\"");
        }

        // Only slow tokenizers have these; AutoTokenizer's are fast and split all the same.
        RequireFlag(config["do_basic_tokenize"], true);
        RequireFlag(config["use_fast"], true);
        RequireFlag(config["from_slow"], false);
        RequireEmpty(config["never_split"]);
        RequireEmpty(config["init_inputs"]);
        foreach (string name in s_settingsOfOthers)
        {
            if (!config[name].IsNull)
            {
                throw config[name].Wrong("no such setting: no tokenizer of BERT's or RoBERTa's has it");
            }
        }
        foreach (string name in new[] { "vocab_file", "merges_file" })
        {
            if (!config[name].IsNull)
            {
                throw config[name].Wrong("no such member: the files of the folder are read");
            }
        }
        if (config["fast_tokenizer_files"] is { IsNull: false } names
            && names.Elements.FirstOrDefault(file => file.Text != "tokenizer.json") is { IsNull: false } other)
        {
            throw other.Wrong("tokenizer.json alone: files for versions of transformers are not supported");
        }
        if (config["truncation_strategy"].TextOr("longest_first") is not ("longest_first" or "do_not_truncate"))
        {
            throw config["truncation_strategy"].Wrong("longest_first: of a pair the longer text is cut");
        }
        int least = Math.Max(definition.Single.Count(item => item.Id >= 0), definition.Pair.Count(item => item.Id >= 0)) + 1;
        if (definition.MaxLength < least)
        {
            throw MaxLengthOf(files).Wrong($"at least {least}, for a token between the special ones");
        }
        if (!config["padding_side"].IsNull)
        {
            Side(config["padding_side"], "right", "left");
        }
        if (tokenizer["version"].TextOr("1.0") != "1.0")
        {
            throw tokenizer["version"].Wrong("\"1.0\"");
        }
        if (tokenizer["truncation"]["strategy"].TextOr("LongestFirst") != "LongestFirst")
        {
            throw tokenizer["truncation"]["strategy"].Wrong("LongestFirst: of a pair the longer text is cut");
        }
        if (!config["model_input_names"].IsNull && !config["model_input_names"].Elements.Any(name => name.Text == "input_ids"))
        {
            throw config["model_input_names"].Wrong("a list that has input_ids");
        }
    }

    private static void RequireFlag(TokenizerJson value, bool supported)
    {
        if (value.FlagOr(supported) != supported)
        {
            throw value.Wrong($"{(supported ? "true" : "false")}, which is what the fast tokenizer of this checkpoint does");
        }
    }

    private static void RequireEmpty(TokenizerJson value)
    {
        if (!value.IsNull && value.Elements.Any())
        {
            throw value.Wrong("null or an empty list");
        }
    }
}
