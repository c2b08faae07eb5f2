// What Hugging Face's tokenizers make of added tokens that several files state, one after another.
using IBert.Edge.Text;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <summary>An <c>AddedToken</c> of transformers.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Flags">Single word, left strip and right strip.</param>
/// <param name="Normalized">Nothing where no file says it: a token that is not special then is.</param>
/// <param name="IsSpecial">Whether it is a special token.</param>
internal readonly record struct AddedTokenValue(string Content, AddedTokenFlags Flags, bool? Normalized, bool IsSpecial)
{
    /// <summary>The same with what no file says filled in.</summary>
    public AddedTokenValue Resolved => this with { Normalized = Normalized ?? !IsSpecial };
}

/// <summary>What a file says of an added token.</summary>
/// <param name="Token">The token.</param>
/// <param name="Id">Its id; nothing where the file does not say it.</param>
/// <param name="Value">Where the file says it.</param>
/// <param name="Limit">A token that is new is only added below this id: the model has no row for others.</param>
internal readonly record struct AddedTokenStatement(AddedTokenValue Token, int? Id, TokenizerJson Value, int Limit = int.MaxValue);

/// <summary>
/// The bookkeeping of <c>AddedVocabulary</c> of tokenizers 0.21, which transformers 4.55 comes with. A token that is added again keeps its
/// id and has the later flags, but is looked for where the first one was, before normalization or after it.
/// </summary>
/// <param name="vocabulary">The pieces that there are before.</param>
/// <param name="size">How many pieces the vocabulary counts.</param>
internal sealed class AddedVocabulary(IReadOnlyDictionary<string, int> vocabulary, int size)
{
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly Dictionary<int, AddedTokenValue> tokens = [];
    private readonly Dictionary<int, string> contents = vocabulary.ToDictionary(item => item.Value, item => item.Key);
    private readonly List<AddedTokenValue> special = [], others = [];
    private readonly HashSet<string> specialContents = new(StringComparer.Ordinal);
    private int lastId = -1;

    /// <summary>The contents so far.</summary>
    public IReadOnlyCollection<string> Contents => ids.Keys;

    /// <summary>Whether a token is there with these very flags.</summary>
    public bool Contains(AddedTokenValue token) => ids.TryGetValue(token.Content, out int id) && tokens[id] == token.Resolved;

    /// <summary>The id of an added token; nothing where there is none of this content.</summary>
    public int? IdOf(string content) => ids.TryGetValue(content, out int id) ? id : null;

    /// <summary>Adds tokens; those that are there already are passed over.</summary>
    /// <param name="statements">What the files say of them.</param>
    /// <exception cref="CheckpointException">A token gets another id than the file says, or one that something else has.</exception>
    public void Add(IEnumerable<AddedTokenStatement> statements)
    {
        List<AddedTokenStatement> added = [];
        HashSet<string> fresh = new(StringComparer.Ordinal);
        foreach (AddedTokenStatement statement in statements)
        {
            string content = statement.Token.Content;
            bool isNew = !ids.ContainsKey(content) && !vocabulary.ContainsKey(content) && !fresh.Contains(content);
            if (content.Length > 0 && !(isNew && Next + fresh.Count >= statement.Limit))
            {
                added.Add(statement);
                if (isNew)
                {
                    fresh.Add(content);
                }
            }
        }
        foreach (AddedTokenStatement statement in added)
        {
            if (statement.Token.IsSpecial && specialContents.Add(statement.Token.Content))
            {
                special.Add(statement.Token.Resolved);
            }
        }
        foreach (AddedTokenStatement statement in added)
        {
            AddedTokenValue token = statement.Token.Resolved;
            int id = ids.TryGetValue(token.Content, out int known) || vocabulary.TryGetValue(token.Content, out known) ? known : Next;
            if (statement.Id is not null && statement.Id != id)
            {
                throw statement.Value.Wrong(
                    $"an added token with the id that transformers gives it, which is {id}; '{token.Content}' has {statement.Id}");
            }
            if (contents.TryGetValue(id, out string? other) && other != token.Content)
            {
                throw statement.Value.Wrong(
                    $"a vocabulary whose ids leave room for '{token.Content}'; transformers gives it {id}, which '{other}' has");
            }
            if (Contains(token))
            {
                continue;
            }
            contents[id] = token.Content;
            ids[token.Content] = id;
            lastId = Math.Max(lastId, id);
            tokens[id] = token;
            if (!specialContents.Contains(token.Content))
            {
                others.Add(token);
            }
        }
    }

    /// <summary>What a text is searched for, in the order in which the library would have it of two that are the same.</summary>
    /// <param name="splitsSpecial">Whether the text of a special token is text.</param>
    public List<AddedTokenDefinition> Definitions(bool splitsSpecial)
    {
        HashSet<AddedTokenDefinition> definitions = [];
        foreach (AddedTokenValue listed in special.Concat(others))
        {
            int id = ids[listed.Content];
            AddedTokenFlags flags = tokens[id].Flags
                | (listed.Normalized == true ? AddedTokenFlags.Normalized : 0)
                | (splitsSpecial && specialContents.Contains(listed.Content) ? AddedTokenFlags.Split : 0);
            definitions.Add(new AddedTokenDefinition(listed.Content, id, flags));
        }
        return [.. definitions];
    }

    // Behind the vocabulary, whose size is the number of its pieces, and behind the added tokens so far.
    private int Next => Math.Max(lastId + 1, size);
}
