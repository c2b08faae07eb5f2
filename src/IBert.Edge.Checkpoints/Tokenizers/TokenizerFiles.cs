// Reads the tokenizer of a Hugging Face checkpoint folder: which kind it is, and what the files of all kinds have in common.
using System.Text;
using IBert.Edge.Files;
using IBert.Edge.Text;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <summary>
/// The tokenizer of a checkpoint, put together as <c>AutoTokenizer</c> of transformers 4.55 does for its fast tokenizers. tokenizer.json
/// gives vocabulary, added tokens and templates where it is there, the files of the model's own class where it is not. What the files say
/// about tokenization is done as transformers does it, or refused by name; padding, and lengths other than model_max_length, are the
/// caller's.
/// </summary>
internal static partial class TokenizerFiles
{
    private const string GenericClass = "PreTrainedTokenizer", BertClass = "BertTokenizer", DistilBertClass = "DistilBertTokenizer";
    private const string RobertaClass = "RobertaTokenizer";

    private static readonly string[] s_classes = [BertClass, DistilBertClass, RobertaClass];

    /// <summary>The files that may be a tokenizer's, beside config.json.</summary>
    private static readonly (string Name, CheckpointFileKind Kind)[] s_own =
    [
        ("tokenizer.json", CheckpointFileKind.Tokenizer), ("tokenizer_config.json", CheckpointFileKind.Config),
        ("special_tokens_map.json", CheckpointFileKind.Config), ("added_tokens.json", CheckpointFileKind.Config),
        (WordPieceVocabulary, CheckpointFileKind.Tokenizer), (BytePairVocabulary, CheckpointFileKind.Tokenizer),
        (BytePairMergeList, CheckpointFileKind.Tokenizer),
    ];

    /// <summary>Whose tokenizer AutoTokenizer takes where no file names a class.</summary>
    private static readonly (string ModelType, string Class)[] s_classOfModel =
        [("bert", BertClass), ("distilbert", DistilBertClass), ("roberta", RobertaClass), ("ibert", RobertaClass)];

    /// <summary>The tokenizer of a checkpoint folder.</summary>
    /// <exception cref="CheckpointException">A file is missing, broken, or asks for what is not supported.</exception>
    public static TokenizerDefinition Read(string folder)
    {
        TokenizerJson In(string name) => TokenizerJson.Read(
            Path.Combine(folder, name), name == "tokenizer.json" ? CheckpointFileKind.Tokenizer : CheckpointFileKind.Config);
        var files = new Files(
            folder, In("tokenizer.json"), In("tokenizer_config.json"), In("special_tokens_map.json"), In("added_tokens.json"),
            In("config.json"));
        RequireKinds(files);
        string? name = ReadClass(files);
        files = WithoutTokenizerFile(files, name);
        bool isBytePair = name is not (null or GenericClass)
            ? name == RobertaClass
            : files.Tokenizer.IsNull
                ? !files.Exists(WordPieceVocabulary) && files.Exists(BytePairVocabulary)
                : ModelType(files.Tokenizer["model"]) == "BPE";
        TokenizerDefinition definition = isBytePair ? ReadBytePair(files, name ?? RobertaClass) : ReadWordPiece(files, name ?? BertClass);
        RequireSupported(files, definition);
        RequireTellable(definition.AddedTokens);
        return definition;
    }

    /// <summary>
    /// Copies a tokenizer's files, as they are, from one checkpoint folder beside another's weights; those of another tokenizer there go.
    /// </summary>
    /// <param name="from">A folder whose tokenizer is read, and must be sound.</param>
    /// <param name="to">A folder with a config.json of its own, which tokenizers read too.</param>
    /// <exception cref="CheckpointException">A file is missing, broken, or asks for what is not supported: nothing is copied.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Copy(string from, string to)
    {
        _ = Read(from);
        foreach ((string name, CheckpointFileKind kind) in s_own)
        {
            if (CheckpointFile.IsThere(Path.Combine(from, name)))
            {
                OutputFile.Write(Path.Combine(to, name), CheckpointFile.Read(Path.Combine(from, name), kind));
            }
            else
            {
                File.Delete(Path.Combine(to, name));
            }
        }
    }

    /// <summary>The tokenizer class that AutoTokenizer takes, without Fast; nothing where no file tells.</summary>
    private static string? ReadClass(in Files files)
    {
        foreach (TokenizerJson config in new[] { files.Config, files.Model })
        {
            TokenizerJson own = config["auto_map"];
            if (own.IsList || !own.IsNull && !own["AutoTokenizer"].IsNull)
            {
                throw own.Wrong("no AutoTokenizer: a tokenizer that is a program of its own is not supported");
            }
            if (config["tokenizer_class"] is { IsNull: false } member)
            {
                string name = member.Text.EndsWith("Fast", StringComparison.Ordinal) ? member.Text[..^"Fast".Length] : member.Text;
                return s_classes.Contains(name) || name == GenericClass && !files.Tokenizer.IsNull
                    ? name
                    : throw new CheckpointException(
                        $"{member.Place} asks for the tokenizer class {member.Text}, which is not supported"
                        + (name == GenericClass ? " without tokenizer.json" : "")
                        + $". Supported are {string.Join(", ", s_classes)} and, with tokenizer.json, {GenericClass}Fast.");
            }
        }
        if (files.Model["model_type"] is not { IsNull: false } model)
        {
            return null;
        }
        return s_classOfModel.FirstOrDefault(item => item.ModelType == model.Text).Class
            ?? throw new CheckpointException(
                $"No file names a tokenizer class, and {model.Place} is {model.Text}, whose tokenizer is not " +
                "supported. Supported are those "
                + $"of {string.Join(", ", s_classOfModel.Select(item => item.ModelType))}.");
    }

    /// <summary>The model of tokenizer.json: what it says, or where it says nothing the first kind whose fields it has.</summary>
    private static string ModelType(TokenizerJson model)
    {
        if (model["type"] is { IsNull: false } type)
        {
            return type.Text;
        }
        return !model["vocab"].IsObject ? "of no type"
            : model["merges"].IsList ? "BPE"
            : !model["unk_token"].IsText ? "of no type"
            : model["continuing_subword_prefix"].IsText && !model["max_input_chars_per_word"].IsNull ? "WordPiece" : "WordLevel";
    }

    private static void RequireModel(TokenizerJson model, string type)
    {
        if (model.IsNull || ModelType(model) != type)
        {
            throw NotSupported(model, model.IsNull ? "missing" : ModelType(model), type);
        }
    }

    private static void RequireType(TokenizerJson value, string type)
    {
        if (value.IsNull || value["type"].TextOr("") != type)
        {
            throw NotSupported(value, Describe(value), type);
        }
    }

    /// <summary>The type of a part of tokenizer.json, and of what a sequence has.</summary>
    private static string Describe(TokenizerJson value)
    {
        if (value.IsNull)
        {
            return "missing";
        }
        string type = value["type"].TextOr("of no type");
        TokenizerJson parts = new[] { "normalizers", "pretokenizers", "processors" }
            .Select(name => value[name])
            .FirstOrDefault(list => list.IsList);
        return parts.IsList ? $"{type} of {string.Join(", ", parts.Elements.Select(Describe))}" : type;
    }

    private static CheckpointException NotSupported(TokenizerJson value, string found, string supported) => new(
        $"{value.Place} is {found}, and only {supported} is supported: "
        + "the tokenizer must be BERT's WordPiece or RoBERTa's byte-level BPE. Use a checkpoint of one of them with its own tokenizer.");

    /// <summary>Pieces and ids. A piece that is there twice has its later id.</summary>
    private static VocabularyFile ReadVocabulary(TokenizerJson vocab)
    {
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        foreach ((string piece, TokenizerJson value) in vocab.Members)
        {
            int id = value.Integer;
            vocabulary[piece] = id is >= 0 and < DoubleArrayTrie.MaxValue
                ? id
                : throw value.Wrong($"an id from 0 to {DoubleArrayTrie.MaxValue - 1}");
        }
        Dictionary<int, string> pieces = [];
        foreach ((string piece, int id) in vocabulary)
        {
            if (!pieces.TryAdd(id, piece))
            {
                throw vocab[piece].Wrong($"an id that no other piece has; '{pieces[id]}' has it");
            }
        }
        return vocabulary.Count > 0 ? VocabularyFile.Create(vocabulary) : throw vocab.Wrong("at least one piece");
    }

    /// <summary>The lines of a text file as Python reads them; the last one may be empty.</summary>
    private static string[] ReadLines(string folder, string name)
    {
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true)
                .GetString(CheckpointFile.Read(Path.Combine(folder, name), CheckpointFileKind.Tokenizer));
            return text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n');
        }
        catch (DecoderFallbackException error)
        {
            throw new CheckpointException($"{name} in {folder} is not UTF-8: {error.Message} Copy it again.", error);
        }
    }

    private static int RequireToken(VocabularyFile vocabulary, string? token, string name) =>
        token is not null && vocabulary.Pieces.TryGetValue(token, out int id)
            ? id
            : throw new CheckpointException(
                $"The vocabulary has no '{token}', which the tokenizer needs as its {name}. "
                + "Copy the vocabulary and tokenizer_config.json again, from one checkpoint.");

    /// <summary>A vocabulary as a file has it.</summary>
    /// <param name="Pieces">The pieces that a text can have, with their ids.</param>
    /// <param name="Size">How many the file has: the empty one counts when new tokens get ids.</param>
    private readonly record struct VocabularyFile(Dictionary<string, int> Pieces, int Size)
    {
        public static VocabularyFile Create(Dictionary<string, int> all)
        {
            int size = all.Count;
            all.Remove("");
            return new(all, size);
        }
    }

    /// <summary>What is read of a folder.</summary>
    private readonly record struct Files(
        string Folder,
        TokenizerJson Tokenizer,
        TokenizerJson Config,
        TokenizerJson Specials,
        TokenizerJson AddedTokens,
        TokenizerJson Model)
    {
        public bool Exists(string name) => CheckpointFile.IsThere(Path.Combine(Folder, name));
    }
}
