// The part of TokenizerFiles for RoBERTa's byte-level BPE: vocab.json with merges.txt, or the BPE model of tokenizer.json.
using System.Text;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tokenizers;

/// <remarks>tokenizer_config.json decides about the space in front, with tokenizer.json or without.</remarks>
internal static partial class TokenizerFiles
{
    private const string BytePairVocabulary = "vocab.json", BytePairMergeList = "merges.txt";

    // As RobertaTokenizer adds those that are given as texts.
    private static readonly SpecialToken[] RobertaSpecialTokens =
    [
        new("bos_token", "<s>", AddedTokenFlags.Normalized), new("eos_token", "</s>", AddedTokenFlags.Normalized),
        new("unk_token", "<unk>", AddedTokenFlags.Normalized), new("sep_token", "</s>", AddedTokenFlags.Normalized),
        new("pad_token", "<pad>", AddedTokenFlags.Normalized), new("cls_token", "<s>", AddedTokenFlags.Normalized),
        new("mask_token", "<mask>", AddedTokenFlags.LeftStrip),
    ];

    private static BytePairDefinition ReadBytePair(in Files files, bool isRoberta)
    {
        TokenizerJson tokenizer = files.Tokenizer, model = tokenizer["model"];
        Dictionary<string, int> vocabulary;
        List<(string, string)> merges;
        (List<TemplateDefinition> Single, List<TemplateDefinition> Pair) templates;
        if (tokenizer.IsNull)
        {
            vocabulary = ReadVocabulary(RequireFile(files, BytePairVocabulary));
            merges = ReadMergeList(files);
            templates = RobertaTemplates(
                RequireToken(vocabulary, files.SpecialOr("cls_token", "<s>")),
                RequireToken(vocabulary, files.SpecialOr("sep_token", "</s>")));
        }
        else
        {
            RequireType(model, "BPE");
            RequireType(tokenizer["pre_tokenizer"], "ByteLevel");
            RequirePlain(tokenizer);
            vocabulary = ReadVocabulary(model["vocab"]);
            merges = [.. model["merges"].Elements.Select(ReadMerge)];
            templates = ReadTemplates(tokenizer["post_processor"], "RobertaProcessing", RobertaTemplates);
        }
        return new BytePairDefinition
        {
            Vocabulary = vocabulary,
            Merges = merges,
            Options = files.Config["add_prefix_space"].FlagOr(false) ? BytePairOptions.AddPrefixSpace : BytePairOptions.None,
            AddedTokens = ReadAddedTokens(
                files,
                vocabulary,
                [.. RobertaSpecialTokens.Select(token => isRoberta ? token : token with { Content = "", Flags = AddedTokenFlags.None })]),
            Single = templates.Single,
            Pair = templates.Pair,
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
        Refuse(!model["dropout"].IsNull, model["dropout"], "null");
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
        TokenizerJson.Read(Path.Combine(files.Folder, name), CheckpointFileKind.Tokenizer) is { IsNull: false } json ? json : throw MissingFile(files, name);

    private static CheckpointException MissingFile(in Files files, string name) => new(
        $"{files.Folder} has neither tokenizer.json nor {name}, which byte-level BPE needs. Copy the whole checkpoint folder.");

    /// <summary>merges.txt: a line per merge, two pieces parted by a space, lowest rank first; lines that begin with #version do not count.</summary>
    private static List<(string, string)> ReadMergeList(in Files files)
    {
        List<(string, string)> merges = [];
        string[] lines = files.Exists(BytePairMergeList) ? ReadLines(files.Folder, BytePairMergeList) : throw MissingFile(files, BytePairMergeList);
        foreach ((int i, string line) in lines.Index())
        {
            if (!line.StartsWith("#version", StringComparison.Ordinal))
            {
                merges.Add(AsMerge(line.Split(' ')) ?? throw new CheckpointException(
                    $"Line {i + 1} of {BytePairMergeList} in {files.Folder} is '{line}', not two pieces parted by a space. Copy it again."));
            }
        }
        return merges;
    }

    /// <summary>A merge of tokenizer.json: a list of two pieces, or a text as in merges.txt.</summary>
    private static (string, string) ReadMerge(TokenizerJson merge)
    {
        string[] pieces = merge.IsText ? merge.Text.Split(' ') : [.. merge.Elements.Select(piece => piece.Text)];
        return AsMerge(pieces) ?? throw merge.Wrong("two pieces");
    }

    private static (string, string)? AsMerge(string[] pieces) =>
        pieces is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right) : null;

    /// <summary>A between the two tokens, and A and B with two of the last kind between them; all of type 0.</summary>
    private static (List<TemplateDefinition> Single, List<TemplateDefinition> Pair) RobertaTemplates(int classification, int separator)
    {
        List<TemplateDefinition> single = [new(classification, 0), new(TemplateItem.First, 0), new(separator, 0)];
        return (single, [.. single, new(separator, 0), new(TemplateItem.Second, 0), new(separator, 0)]);
    }
}
