// Reads the tokenizer of a Hugging Face checkpoint folder: which kind it is, and what the files of all kinds have in common.
using System.Globalization;
using System.Text;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tokenizers;

/// <summary>
/// The tokenizer of a checkpoint, put together as <c>AutoTokenizer</c> of transformers 4.55 does for its fast tokenizers. tokenizer.json
/// gives vocabulary, added tokens and templates where it is there, the files of the model's own class where it is not. Truncation and
/// padding that the files state are of no concern: the maximal length is the caller's.
/// </summary>
internal static partial class TokenizerFiles
{
    private const string GenericClass = "PreTrainedTokenizer";
    private const string AddedTokensMember = "added_tokens_decoder";

    private static readonly string[] BertClasses = ["BertTokenizer", "DistilBertTokenizer"];
    private static readonly string[] RobertaClasses = ["RobertaTokenizer"];

    /// <summary>The tokenizer section of a model file, for a checkpoint folder.</summary>
    /// <exception cref="CheckpointException">A file is missing, broken, or asks for what is not supported.</exception>
    public static byte[] BuildSection(string folder) => Read(folder) switch
    {
        BytePairDefinition definition => BytePairTokenizerWriter.Write(definition),
        WordPieceDefinition definition => WordPieceTokenizerWriter.Write(definition),
        TokenizerDefinition other => throw new NotSupportedException(other.GetType().Name),
    };

    /// <summary>The tokenizer of a checkpoint folder.</summary>
    /// <exception cref="CheckpointException">A file is missing, broken, or asks for what is not supported.</exception>
    public static TokenizerDefinition Read(string folder)
    {
        try
        {
            var files = new Files(
                folder,
                TokenizerJson.Read(Path.Combine(folder, "tokenizer.json"), CheckpointFileKind.Tokenizer),
                TokenizerJson.Read(Path.Combine(folder, "tokenizer_config.json"), CheckpointFileKind.Config),
                TokenizerJson.Read(Path.Combine(folder, "special_tokens_map.json"), CheckpointFileKind.Config));
            string? name = ReadClass(files);
            bool isBytePair = name is not (null or GenericClass)
                ? RobertaClasses.Contains(name)
                : files.Tokenizer.IsNull
                    ? !files.Exists(WordPieceVocabulary) && files.Exists(BytePairVocabulary)
                    : files.Tokenizer["model"] is { IsNull: false } model && model["type"].TextOr("") == "BPE";
            return isBytePair ? ReadBytePair(files, name != GenericClass) : ReadWordPiece(files, name != GenericClass);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The tokenizer files in {folder} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The tokenizer class that the configuration names, without Fast; nothing where it names none.</summary>
    private static string? ReadClass(in Files files)
    {
        TokenizerJson member = files.Config["tokenizer_class"];
        if (member.IsNull)
        {
            return null;
        }
        string name = member.Text.EndsWith("Fast", StringComparison.Ordinal) ? member.Text[..^"Fast".Length] : member.Text;
        string[] supported = [.. BertClasses, .. RobertaClasses];
        return supported.Contains(name) || name == GenericClass && !files.Tokenizer.IsNull
            ? name
            : throw new CheckpointException(
                $"tokenizer_config.json asks for the tokenizer class {member.Text}, which is not supported"
                + (name == GenericClass ? " without tokenizer.json" : "")
                + $". Supported are {string.Join(", ", supported)} and, with tokenizer.json, {GenericClass}Fast.");
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
        + "the tokenizer must be BERT's WordPiece or RoBERTa's byte-level BPE. Use a checkpoint of one of them with its own tokenizer.");

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

    private static string[] ReadLines(string folder, string name)
    {
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(CheckpointFile.ReadText(Path.Combine(folder, name), CheckpointFileKind.Tokenizer).Span);
            return text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').TrimEnd('\n').Split('\n');
        }
        catch (DecoderFallbackException error)
        {
            throw new CheckpointException($"{name} in {folder} is not UTF-8: {error.Message} Copy it again.", error);
        }
    }

    private static List<AddedTokenDefinition> ReadAddedTokens(
        in Files files, Dictionary<string, int> vocabulary, IReadOnlyList<SpecialToken> specialTokens)
    {
        Dictionary<string, AddedTokenDefinition> added = new(StringComparer.Ordinal);
        Dictionary<int, string> contents = vocabulary.ToDictionary(item => item.Value, item => item.Key);

        void Add(TokenizerJson value, string content, int? statedId, AddedTokenFlags plain)
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
            bool isPlain = value.IsNull || value.IsText;
            added.Add(content, new AddedTokenDefinition(content, id, isPlain ? plain : FlagsOf(value, isSpecial: statedId is null)));
        }

        if (!files.Tokenizer["added_tokens"].IsNull)
        {
            foreach (TokenizerJson token in files.Tokenizer["added_tokens"].Elements)
            {
                Add(token, token["content"].Text, token["id"].Integer, AddedTokenFlags.None);
            }
        }
        if (!files.Config[AddedTokensMember].IsNull)
        {
            foreach ((string name, TokenizerJson token) in files.Config[AddedTokensMember].Members)
            {
                bool isId = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id);
                Add(token, token["content"].Text, isId ? id : throw token.Wrong("an id as its name"), AddedTokenFlags.None);
            }
        }
        else if (files.Tokenizer.IsNull && files.Exists("added_tokens.json"))
        {
            throw new CheckpointException(
                $"{files.Folder} has added_tokens.json without tokenizer.json, which is not supported. Load it with AutoTokenizer of "
                + "transformers and save it with save_pretrained.");
        }
        foreach (SpecialToken token in specialTokens)
        {
            TokenizerJson value = files.Special(token.Name);
            Add(value, value.IsNull ? token.Content : ContentOf(value), null, token.Flags);
        }
        if (files.Special("additional_special_tokens") is { IsNull: false } additional)
        {
            foreach (TokenizerJson value in additional.Elements)
            {
                Add(value, ContentOf(value), null, AddedTokenFlags.None);
            }
        }
        return [.. added.Values];
    }

    /// <summary>A special token is given as a text, or as an object with its flags.</summary>
    private static string ContentOf(TokenizerJson value) => value.IsText ? value.Text : value["content"].Text;

    private static AddedTokenFlags FlagsOf(TokenizerJson value, bool isSpecial) =>
        (value["single_word"].FlagOr(false) ? AddedTokenFlags.SingleWord : 0)
        | (value["lstrip"].FlagOr(false) ? AddedTokenFlags.LeftStrip : 0)
        | (value["rstrip"].FlagOr(false) ? AddedTokenFlags.RightStrip : 0)
        | (value["normalized"].FlagOr(!value["special"].FlagOr(isSpecial)) ? AddedTokenFlags.Normalized : 0);

    private static int RequireToken(Dictionary<string, int> vocabulary, string token) =>
        vocabulary.TryGetValue(token, out int id)
            ? id
            : throw new CheckpointException(
                $"The vocabulary has no '{token}', which the tokenizer needs. "
                + "Copy the vocabulary and tokenizer_config.json again, from one checkpoint.");

    /// <param name="processor">The post-processor of tokenizer.json.</param>
    /// <param name="own">Name of the processor that only takes the two special tokens.</param>
    /// <param name="templates">Its templates, from the ids of those.</param>
    private static (List<TemplateDefinition> Single, List<TemplateDefinition> Pair) ReadTemplates(
        TokenizerJson processor, string own, Func<int, int, (List<TemplateDefinition>, List<TemplateDefinition>)> templates)
    {
        if (processor.IsNull)
        {
            return ([new(TemplateItem.First, 0)], [new(TemplateItem.First, 0), new(TemplateItem.Second, 1)]);
        }
        string type = processor["type"].Text;
        if (type == own)
        {
            return templates(IdOf(processor["cls"].Elements.Last()), IdOf(processor["sep"].Elements.Last()));
        }
        if (type != "TemplateProcessing")
        {
            throw NotSupported(processor, $"TemplateProcessing or {own}");
        }
        TokenizerJson specials = processor["special_tokens"];
        return (ReadTemplate(processor["single"], specials, "A", 0), ReadTemplate(processor["pair"], specials, "AB", 1));
    }

    private static int IdOf(TokenizerJson value) => value.Integer is >= 0 and int id ? id : throw value.Wrong("a token's id");

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

    /// <summary>What is read of a folder.</summary>
    private readonly record struct Files(string Folder, TokenizerJson Tokenizer, TokenizerJson Config, TokenizerJson Specials)
    {
        public bool Exists(string name) => CheckpointFile.IsThere(Path.Combine(Folder, name));

        /// <summary>A special token. Newer checkpoints state all added tokens in the configuration; for older ones
        /// special_tokens_map.json wins over it.</summary>
        public TokenizerJson Special(string name) => Config[AddedTokensMember].IsNull && !Specials[name].IsNull ? Specials[name] : Config[name];

        public string SpecialOr(string name, string fallback) => Special(name) is { IsNull: false } value ? ContentOf(value) : fallback;
    }

    /// <summary>A special token of a class: what it is where no file says it, and its flags where only its text is given.</summary>
    private readonly record struct SpecialToken(string Name, string Content, AddedTokenFlags Flags);
}
