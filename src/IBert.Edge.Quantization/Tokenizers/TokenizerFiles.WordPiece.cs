// The part of TokenizerFiles for BERT's WordPiece: vocab.txt, or the WordPiece model of tokenizer.json.
using System.Text;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tokenizers;

/// <remarks>
/// For BERT's own classes tokenizer_config.json decides about case, accents and Chinese characters, with tokenizer.json or without.
/// </remarks>
internal static partial class TokenizerFiles
{
    private const string WordPieceVocabulary = "vocab.txt";

    private static readonly string[] BertSpecialTokens = ["unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private static WordPieceDefinition ReadWordPiece(in Files files, bool isBert)
    {
        TokenizerJson tokenizer = files.Tokenizer, model = tokenizer["model"];
        Dictionary<string, int> vocabulary;
        if (tokenizer.IsNull)
        {
            vocabulary = ReadVocabularyText(files.Folder);
        }
        else
        {
            RequireType(model, "WordPiece");
            RequireType(tokenizer["pre_tokenizer"], "BertPreTokenizer");
            vocabulary = ReadVocabulary(model["vocab"]);
        }
        string unknown = model["unk_token"].TextOr(files.SpecialOr("unk_token", "[UNK]"));
        RequireToken(vocabulary, unknown);
        string padding = files.SpecialOr("pad_token", "[PAD]");
        (List<TemplateDefinition> single, List<TemplateDefinition> pair) = tokenizer.IsNull
            ? BertTemplates(
                RequireToken(vocabulary, files.SpecialOr("cls_token", "[CLS]")),
                RequireToken(vocabulary, files.SpecialOr("sep_token", "[SEP]")))
            : ReadTemplates(tokenizer["post_processor"], "BertProcessing", BertTemplates);
        return new WordPieceDefinition
        {
            Vocabulary = vocabulary,
            Options = ReadOptions(tokenizer, files.Config, isBert),
            UnknownToken = unknown,
            PaddingToken = vocabulary.ContainsKey(padding) ? padding : null,
            ContinuingPrefix = model["continuing_subword_prefix"].TextOr("##"),
            MaxCharacters = model["max_input_chars_per_word"] is { IsNull: false } limit ? limit.Integer : 100,
            AddedTokens = ReadAddedTokens(files, vocabulary, [.. BertSpecialTokens.Select(name => new SpecialToken(
                name, isBert ? $"[{name[..^"_token".Length].ToUpperInvariant()}]" : "", AddedTokenFlags.None))]),
            Single = single,
            Pair = pair,
        };
    }

    private static Dictionary<string, int> ReadVocabularyText(string folder)
    {
        if (!CheckpointFile.IsThere(Path.Combine(folder, WordPieceVocabulary)))
        {
            throw new CheckpointException(
                $"{folder} has neither tokenizer.json nor vocab.txt, nor vocab.json with merges.txt. Copy the whole checkpoint folder; a "
                + "tokenizer of another kind (sentencepiece) is not supported.");
        }
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        string[] lines = ReadLines(folder, WordPieceVocabulary);
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

    /// <summary>[CLS] A [SEP], and [CLS] A [SEP] B [SEP] with type 1 from B on.</summary>
    private static (List<TemplateDefinition> Single, List<TemplateDefinition> Pair) BertTemplates(int classification, int separator)
    {
        List<TemplateDefinition> single = [new(classification, 0), new(TemplateItem.First, 0), new(separator, 0)];
        return (single, [.. single, new(TemplateItem.Second, 1), new(separator, 1)]);
    }
}
