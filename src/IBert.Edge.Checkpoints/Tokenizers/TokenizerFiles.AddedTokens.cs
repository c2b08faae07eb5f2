// The part of TokenizerFiles for added and special tokens, of which four files and the tokenizer's class may speak.
using System.Globalization;
using IBert.Edge.Text;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <remarks>
/// As <c>PreTrainedTokenizerFast</c> of transformers 4.55 adds them: those of tokenizer.json; of added_tokens_decoder in
/// tokenizer_config.json those that differ; and the special tokens that are named one by one there. Only where there is no
/// added_tokens_decoder are special_tokens_map.json and added_tokens.json read.
/// </remarks>
internal static partial class TokenizerFiles
{
    private const string DecoderMember = "added_tokens_decoder";
    private const string AdditionalMember = "additional_special_tokens", ExtraMember = "extra_special_tokens";

    // The order of transformers, which is that of the ids that new ones get.
    private static readonly string[] s_specialNames =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>What a class takes where no file says it.</summary>
    private static string? DefaultSpecial(string tokenizerClass, string name) => (tokenizerClass, name) switch
    {
        (GenericClass, _) => null,
        (RobertaClass, "bos_token" or "cls_token") => "<s>",
        (RobertaClass, "eos_token" or "sep_token") => "</s>",
        (RobertaClass, _) => $"<{name[..^"_token".Length]}>",
        (_, "bos_token" or "eos_token") => null,
        _ => $"[{name[..^"_token".Length].ToUpperInvariant()}]",
    };

    /// <summary>A special token by its name; nothing where there is none.</summary>
    private static string? SpecialText(in Files files, string tokenizerClass, string name) =>
        FindSpecial(files, name, out TokenizerJson value)
            ? value.IsNull ? null : ContentOf(value)
            : DefaultSpecial(tokenizerClass, name);

    /// <summary>What the files say of a special token, which may be null; false where they say nothing.</summary>
    private static bool FindSpecial(in Files files, string name, out TokenizerJson value)
    {
        bool isLegacy = files.Config[DecoderMember].IsNull;
        TokenizerJson from = isLegacy && files.Specials.Has(name) ? files.Specials : files.Config;
        value = from[name];
        return from.Has(name);
    }

    private static List<AddedTokenDefinition> ReadAddedTokens(in Files files, VocabularyFile vocabulary, string tokenizerClass)
    {
        var added = new AddedVocabulary(vocabulary.Pieces, vocabulary.Size);
        List<AddedTokenStatement> stated = [];
        if (!files.Tokenizer["added_tokens"].IsNull)
        {
            stated = [.. files.Tokenizer["added_tokens"].Elements.Select(
                token => new AddedTokenStatement(ValueOf(token), token["id"].Integer, token))];
            added.Add(stated);
        }
        if (files.Config[DecoderMember] is { IsNull: false } decoder)
        {
            stated = [.. decoder.Members.Select(
                item => new AddedTokenStatement(ValueOf(item.Value), ParseId(item.Name, item.Value), item.Value))];
        }
        Dictionary<string, AddedTokenValue> known = [];
        foreach (AddedTokenStatement statement in stated)
        {
            known[statement.Token.Content] = statement.Token;
        }
        // What tokenizer.json has with the same flags is not added again, even if it would become special by that.
        List<AddedTokenStatement> again = [.. stated.Concat(ReadLegacyTokens(files, [.. stated.Select(statement => statement.Id)]))
            .Where(statement => !added.Contains(statement.Token)).OrderBy(statement => statement.Id)];
        HashSet<string> contents = new([.. added.Contents, .. again.Select(statement => statement.Token.Content)], StringComparer.Ordinal);
        List<SpecialToken> specials = ReadSpecials(files, tokenizerClass, known);
        foreach (SpecialToken special in specials)
        {
            // One that is given as a text is only added if it is new.
            bool isNew = special.Token is { } given
                ? !again.Exists(item => item.Token.Resolved == given.Resolved)
                : !contents.Contains(special.Content);
            if (isNew)
            {
                AddedTokenValue token = special.Token ?? new(special.Content, 0, null, true);
                again.Add(new AddedTokenStatement(token, null, special.Value, special.Limit));
            }
        }
        HashSet<string> names = new(specials.Select(special => special.Content), StringComparer.Ordinal);
        added.Add(
            again.Select(item => names.Contains(item.Token.Content) ? item with { Token = item.Token with { IsSpecial = true } } : item));
        RequireAgreement(files, added);
        return added.Definitions(files.Config["split_special_tokens"].FlagOr(false));
    }

    /// <summary>The special tokens in their order, each once; with flags where the files or the class give any.</summary>
    private static List<SpecialToken> ReadSpecials(Files files, string tokenizerClass, Dictionary<string, AddedTokenValue> known)
    {
        List<SpecialToken> specials = [];
        bool isLegacy = files.Config[DecoderMember].IsNull;

        // Without a row to embed it transformers finds a token in a text and fails; nobody asked for the ones of the class.
        int? rows = files.Model["vocab_size"].IsNull ? null : files.Model["vocab_size"].Integer;
        void Add(AddedTokenValue? token, string content, TokenizerJson value, bool isStated = true)
        {
            if (content.Length > 0 && !specials.Exists(special => special.Content == content))
            {
                specials.Add(new SpecialToken(token, content, value, rows ?? (isStated ? int.MaxValue : 0)));
            }
        }

        // What special_tokens_map.json describes is special there.
        AddedTokenValue? Described(TokenizerJson value) =>
            value.IsText ? null : isLegacy ? ValueOf(value) with { IsSpecial = true } : ValueOf(value);

        foreach (string name in s_specialNames)
        {
            bool isStated = FindSpecial(files, name, out TokenizerJson value);
            if (SpecialText(files, tokenizerClass, name) is { } content)
            {
                AddedTokenValue? token = isStated ? known.TryGetValue(content, out AddedTokenValue found) ? found : Described(value) : null;
                Add(token ?? OwnFlags(files, tokenizerClass, name, content), content, value, isStated);
            }
        }
        if (FindSpecial(files, AdditionalMember, out TokenizerJson additional) && !additional.IsNull)
        {
            foreach (TokenizerJson value in additional.Elements)
            {
                Add(Described(value), ContentOf(value), value);
            }
        }
        if (!files.Config[ExtraMember].IsNull)
        {
            foreach ((_, TokenizerJson value) in files.Config[ExtraMember].Members)
            {
                Add(value.IsText ? null : ValueOf(value), ContentOf(value), value);
            }
        }
        return specials;
    }

    /// <summary>The flags that a class gives a token whose text alone is given.</summary>
    private static AddedTokenValue? OwnFlags(in Files files, string tokenizerClass, string name, string content)
    {
        if (tokenizerClass != RobertaClass)
        {
            return null;
        }
        // Without tokenizer.json the slow class gives them, all but the mask normalized.
        return name == "mask_token" ? new AddedTokenValue(content, AddedTokenFlags.LeftStrip, null, true)
            : files.Tokenizer.IsNull ? new AddedTokenValue(content, 0, true, true) : null;
    }

    /// <summary>Of added_tokens.json, which counts where there is no added_tokens_decoder, what tokenizer.json does not have.</summary>
    private static IEnumerable<AddedTokenStatement> ReadLegacyTokens(Files files, IReadOnlyCollection<int?> known)
    {
        if (files.AddedTokens.IsNull || !files.Config[DecoderMember].IsNull)
        {
            return [];
        }
        HashSet<string> special = [];
        foreach (string name in s_specialNames)
        {
            if (FindSpecial(files, name, out TokenizerJson value) && !value.IsNull)
            {
                special.Add(ContentOf(value));
            }
        }
        if (FindSpecial(files, AdditionalMember, out TokenizerJson additional) && !additional.IsNull)
        {
            special.UnionWith(additional.Elements.Select(ContentOf));
        }
        return files.AddedTokens.Members.Where(item => !known.Contains(item.Value.Integer)).Select(item => new AddedTokenStatement(
            new AddedTokenValue(item.Name, 0, !special.Contains(item.Name), special.Contains(item.Name)), item.Value.Integer, item.Value));
    }

    /// <summary>
    /// added_tokens.json, which save_pretrained writes for slow tokenizers, must say what the others do where they count.
    /// </summary>
    private static void RequireAgreement(in Files files, AddedVocabulary added)
    {
        if (files.AddedTokens.IsNull)
        {
            return;
        }
        foreach ((string content, TokenizerJson value) in files.AddedTokens.Members)
        {
            if (added.IdOf(content) is int id ? id != value.Integer : content.Length > 0)
            {
                throw value.Wrong($"the id that tokenizer.json or {DecoderMember} of tokenizer_config.json give '{content}'");
            }
        }
    }

    private static int ParseId(string name, TokenizerJson value) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : throw value.Wrong("an id as its name");

    private static string ContentOf(TokenizerJson value) => value.IsText ? value.Text : value["content"].Text;

    private static AddedTokenValue ValueOf(TokenizerJson value) => new(
        value["content"].Text,
        (value["single_word"].FlagOr(false) ? AddedTokenFlags.SingleWord : 0)
            | (value["lstrip"].FlagOr(false) ? AddedTokenFlags.LeftStrip : 0)
            | (value["rstrip"].FlagOr(false) ? AddedTokenFlags.RightStrip : 0),
        value["normalized"].IsNull ? null : value["normalized"].FlagOr(false),
        value["special"].FlagOr(false));

    /// <summary>Refuses tokens that end Hugging Face's library: white space that takes what is before it, where another took all.</summary>
    private static void RequireTellable(IReadOnlyList<AddedTokenDefinition> tokens)
    {
        const AddedTokenFlags Strips = AddedTokenFlags.LeftStrip | AddedTokenFlags.RightStrip;
        foreach (AddedTokenDefinition token in tokens)
        {
            if ((token.Flags & Strips) == AddedTokenFlags.LeftStrip
                && token.Content.EnumerateRunes().All(rune => UnicodeData.IsWhiteSpace(rune.Value))
                && tokens.Any(other => (other.Flags & AddedTokenFlags.RightStrip) != 0
                    && ((other.Flags ^ token.Flags) & AddedTokenFlags.Normalized) == 0))
            {
                throw new CheckpointException(
                    $"The added token '{token.Content}' is white space with lstrip and without rstrip, beside another with rstrip: "
                    + "transformers fails on texts that have both. Set its rstrip as well.");
            }
        }
    }

    /// <summary>A special token of one of the names.</summary>
    /// <param name="Token">Its flags, where the files or the class give any.</param>
    /// <param name="Content">Its text.</param>
    /// <param name="Value">What the file says.</param>
    /// <param name="Limit">The ids below which it is added if it is new.</param>
    private readonly record struct SpecialToken(AddedTokenValue? Token, string Content, TokenizerJson Value, int Limit);
}
