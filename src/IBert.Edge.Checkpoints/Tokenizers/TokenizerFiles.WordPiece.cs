// The part of TokenizerFiles for BERT's WordPiece: vocab.txt, or the WordPiece model of tokenizer.json.
using System.Text;
using IBert.Edge.Text;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <remarks>
/// For BERT's own classes tokenizer_config.json decides about case, accents and Chinese characters, with tokenizer.json or without.
/// </remarks>
internal static partial class TokenizerFiles
{
    private const string WordPieceVocabulary = "vocab.txt";

    private static WordPieceDefinition ReadWordPiece(in Files files, string tokenizerClass)
    {
        TokenizerJson tokenizer = files.Tokenizer, model = tokenizer["model"];
        VocabularyFile vocabulary;
        TemplatePair templates;
        if (tokenizer.IsNull)
        {
            vocabulary = ReadVocabularyText(files.Folder);
            templates = TemplatePair.OfBert(
                RequireToken(vocabulary, SpecialText(files, tokenizerClass, "cls_token"), "cls_token"),
                RequireToken(vocabulary, SpecialText(files, tokenizerClass, "sep_token"), "sep_token"));
        }
        else
        {
            RequireModel(model, "WordPiece");
            RequireType(tokenizer["pre_tokenizer"], "BertPreTokenizer");
            vocabulary = ReadVocabulary(model["vocab"]);
            templates = ReadTemplates(tokenizer["post_processor"]);
        }
        templates = HasTypes(files, tokenizerClass) ? templates : templates.WithoutTypes();
        string? unknown = model["unk_token"].IsNull ? SpecialText(files, tokenizerClass, "unk_token") : model["unk_token"].Text;
        RequireToken(vocabulary, unknown, "unk_token");
        string? padding = SpecialText(files, tokenizerClass, "pad_token");
        BertNormalizerOptions own = ReadOptions(tokenizer["normalizer"], hasFile: !tokenizer.IsNull, tokenizerClass);
        var definition = new WordPieceDefinition
        {
            Vocabulary = vocabulary.Pieces,
            Options = tokenizerClass == GenericClass ? own : WithConfig(own, files.Config),
            UnknownToken = unknown!,
            PaddingToken = padding is not null && vocabulary.Pieces.ContainsKey(padding) ? padding : null,
            ContinuingPrefix = model["continuing_subword_prefix"].TextOr("##"),
            MaxCharacters = model["max_input_chars_per_word"] is { IsNull: false } limit ? limit.Integer : 100,
            AddedTokens = ReadAddedTokens(files, vocabulary, tokenizerClass),
            Single = templates.Single,
            Pair = templates.Pair,
            CutsStart = ReadCutsStart(files),
            MaxLength = ReadMaxLength(files),
        };
        if (!tokenizer.IsNull)
        {
            RequireSameContents(definition, own);
        }
        return definition;
    }

    /// <summary>vocab.txt: of a piece that is there twice the later id counts, and an empty line is a piece that no text has.</summary>
    private static VocabularyFile ReadVocabularyText(string folder)
    {
        if (!CheckpointFile.IsThere(Path.Combine(folder, WordPieceVocabulary)))
        {
            throw new CheckpointException(
                $"{folder} has neither tokenizer.json nor vocab.txt, nor vocab.json with merges.txt. Copy the whole checkpoint folder; a "
                + "tokenizer of another kind (sentencepiece) is not supported.");
        }
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        string[] lines = ReadLines(folder, WordPieceVocabulary);
        // What follows the last line's end is a line only if there is something.
        for (int id = 0; id < (lines[^1].Length > 0 ? lines.Length : lines.Length - 1); id++)
        {
            vocabulary[lines[id]] = id;
        }
        return VocabularyFile.Create(vocabulary);
    }

    /// <summary>What tokenizer.json's normalizer does; without tokenizer.json that of the class.</summary>
    private static BertNormalizerOptions ReadOptions(TokenizerJson normalizer, bool hasFile, string tokenizerClass)
    {
        if (hasFile && tokenizerClass == GenericClass && normalizer.IsNull)
        {
            return BertNormalizerOptions.None;
        }
        if (hasFile)
        {
            RequireType(normalizer, "BertNormalizer");
        }
        bool lower = normalizer["lowercase"].FlagOr(true);
        return (normalizer["clean_text"].FlagOr(true) ? BertNormalizerOptions.CleanText : 0)
            | Options(lower, normalizer["strip_accents"].FlagOr(lower), normalizer["handle_chinese_chars"].FlagOr(true));
    }

    /// <summary>The same with what tokenizer_config.json decides for BERT's own classes.</summary>
    private static BertNormalizerOptions WithConfig(BertNormalizerOptions own, TokenizerJson config)
    {
        bool lower = config["do_lower_case"].FlagOr(true);
        return own & BertNormalizerOptions.CleanText
            | Options(lower, config["strip_accents"].FlagOr(lower), config["tokenize_chinese_chars"].FlagOr(true));
    }

    private static BertNormalizerOptions Options(bool lower, bool strip, bool chinese) =>
        (chinese ? BertNormalizerOptions.HandleChinese : 0)
        | (strip ? BertNormalizerOptions.StripAccents : 0)
        | (lower ? BertNormalizerOptions.LowerCase : 0);

    /// <summary>
    /// transformers normalizes added tokens as tokenizer.json says, and only then changes the normalizer: both must agree.
    /// </summary>
    private static void RequireSameContents(WordPieceDefinition definition, BertNormalizerOptions own)
    {
        foreach (AddedTokenDefinition token in definition.AddedTokens)
        {
            if ((token.Flags & AddedTokenFlags.Normalized) != 0
                && !WordPieceDefinition.Normalize(token.Content, own)
                    .SequenceEqual(WordPieceDefinition.Normalize(token.Content, definition.Options)))
            {
                throw new CheckpointException(
                    $"The added token '{token.Content}' is normalized, and the normalizer of tokenizer.json is not that of "
                    + "tokenizer_config.json (do_lower_case, strip_accents, tokenize_chinese_chars): transformers looks for " +
                        "the one in texts "
                    + "of the other. Make the two the same.");
            }
        }
    }
}
