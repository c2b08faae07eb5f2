// The part of TokenizerFiles for RoBERTa's byte-level BPE: vocab.json with merges.txt, or the BPE model of tokenizer.json.
using System.Text;
using IBert.Edge.Text;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <remarks>tokenizer_config.json decides about the space in front, with tokenizer.json or without.</remarks>
internal static partial class TokenizerFiles
{
    private const string BytePairVocabulary = "vocab.json", BytePairMergeList = "merges.txt";

    private static BytePairDefinition ReadBytePair(in Files files, string tokenizerClass)
    {
        TokenizerJson tokenizer = files.Tokenizer, model = tokenizer["model"];
        VocabularyFile vocabulary;
        List<(string, string)> merges;
        TemplatePair templates;
        if (tokenizer.IsNull)
        {
            vocabulary = ReadVocabulary(RequireFile(files, BytePairVocabulary));
            merges = ReadMergeList(files);
            templates = TemplatePair.OfRoberta(
                RequireToken(vocabulary, SpecialText(files, tokenizerClass, "cls_token"), "cls_token"),
                RequireToken(vocabulary, SpecialText(files, tokenizerClass, "sep_token"), "sep_token"));
        }
        else
        {
            RequireModel(model, "BPE");
            RequireType(tokenizer["pre_tokenizer"], "ByteLevel");
            RequirePlain(tokenizer);
            vocabulary = ReadVocabulary(model["vocab"]);
            merges = [.. model["merges"].Elements.Select(ReadMerge)];
            templates = ReadTemplates(tokenizer["post_processor"]);
        }
        templates = HasTypes(files, tokenizerClass) ? templates : templates.WithoutTypes();
        return new BytePairDefinition
        {
            Vocabulary = vocabulary.Pieces,
            Merges = merges,
            Options = files.Config["add_prefix_space"].FlagOr(false) ? BytePairOptions.AddPrefixSpace : BytePairOptions.None,
            AddedTokens = ReadAddedTokens(files, vocabulary, tokenizerClass),
            Single = templates.Single,
            Pair = templates.Pair,
            CutsStart = ReadCutsStart(files),
            MaxLength = ReadMaxLength(files),
        };
    }

    /// <summary>Refuses the settings of tokenizer.json that make another tokenizer of byte-level BPE.</summary>
    private static void RequirePlain(TokenizerJson tokenizer)
    {
        TokenizerJson model = tokenizer["model"];
        void Refuse(bool isOther, TokenizerJson value, string supported)
        {
            if (isOther)
            {
                throw new CheckpointException(
                    $"{value.Wrong(supported).Message} RoBERTa's byte-level BPE has nothing else there, and no other is supported.");
            }
        }
        Refuse(!tokenizer["normalizer"].IsNull, tokenizer["normalizer"], "no normalizer");
        Refuse(!tokenizer["pre_tokenizer"]["use_regex"].FlagOr(true), tokenizer["pre_tokenizer"]["use_regex"], "true");
        Refuse(!model["dropout"].IsNull && !model["dropout"].IsZero, model["dropout"], "null");
        foreach (string name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
        {
            Refuse(model[name].TextOr("").Length > 0, model[name], "no text");
        }
        foreach (string name in new[] { "fuse_unk", "byte_fallback", "ignore_merges" })
        {
            Refuse(model[name].FlagOr(false), model[name], "false");
        }
    }

    private static TokenizerJson RequireFile(in Files files, string name) =>
        TokenizerJson.Read(Path.Combine(files.Folder, name), CheckpointFileKind.Tokenizer) is { IsNull: false } json
            ? json
            : throw MissingFile(files, name);

    private static CheckpointException MissingFile(in Files files, string name) => new(
        $"{files.Folder} has neither tokenizer.json nor {name}, which byte-level BPE needs. Copy the whole checkpoint folder.");

    /// <summary>
    /// merges.txt: a line per merge, two pieces parted by white space, lowest rank first. Of the first line, which tells the version, and
    /// of what follows the last line's end transformers takes nothing; of a pair that is there twice the first counts.
    /// </summary>
    private static List<(string, string)> ReadMergeList(in Files files)
    {
        List<(string, string)> merges = [];
        HashSet<(string, string)> found = [];
        string[] lines = files.Exists(BytePairMergeList)
            ? ReadLines(files.Folder, BytePairMergeList)
            : throw MissingFile(files, BytePairMergeList);
        for (int i = 1; i < lines.Length - 1; i++)
        {
            string[] parts = lines[i].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            (string, string) merge = AsMerge(parts) ?? throw new CheckpointException(
                $"Line {i + 1} of {BytePairMergeList} in {files.Folder} is '{lines[i]}', not two pieces parted by a space. Copy it again.");
            if (found.Add(merge))
            {
                merges.Add(merge);
            }
        }
        bool isLost = lines[^1].Length > 0 || !lines[0].StartsWith("#version", StringComparison.Ordinal);
        return !isLost ? merges : throw new CheckpointException(
            $"{BytePairMergeList} in {files.Folder} does not begin with a line '#version' or does not end with a line's end: "
            + "transformers takes neither the first line nor what follows the last one's end for merges. Copy it again.");
    }

    /// <summary>A merge of tokenizer.json: a list of two pieces, or a text as in merges.txt.</summary>
    private static (string, string) ReadMerge(TokenizerJson merge)
    {
        string[] pieces = merge.IsText ? merge.Text.Split(' ') : [.. merge.Elements.Select(piece => piece.Text)];
        return AsMerge(pieces) ?? throw merge.Wrong("two pieces");
    }

    private static (string, string)? AsMerge(string[] pieces) =>
        pieces is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right) : null;
}
