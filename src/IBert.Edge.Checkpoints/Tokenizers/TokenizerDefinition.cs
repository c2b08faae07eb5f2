// What the tokenizers of all kinds have in common, as a checkpoint's files describe it.
using IBert.Edge.Text;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <summary>A token recognized in the text itself.</summary>
internal sealed record AddedTokenDefinition(string Content, int Id, AddedTokenFlags Flags);

/// <summary>An item of a template: a token id, or <see cref="TemplateItem.First"/> or <see cref="TemplateItem.Second"/>.</summary>
internal readonly record struct TemplateDefinition(int Id, int TypeId);

/// <summary>Vocabulary, added tokens and templates.</summary>
internal abstract record TokenizerDefinition
{
    /// <summary>The pieces, each with its id.</summary>
    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    public required IReadOnlyList<AddedTokenDefinition> AddedTokens { get; init; }

    public required IReadOnlyList<TemplateDefinition> Single { get; init; }

    public required IReadOnlyList<TemplateDefinition> Pair { get; init; }

    /// <summary>Whether a text that is too long loses its start, not its end.</summary>
    public bool CutsStart { get; init; }

    /// <summary>Tokens that the checkpoint's own tokenizer cuts a text to; nothing where it does not say.</summary>
    public int? MaxLength { get; init; }

    /// <summary>One more than the largest id, added tokens included.</summary>
    public int VocabularySize => Math.Max(Vocabulary.Values.Max(), AddedTokens.Select(token => token.Id).DefaultIfEmpty(-1).Max()) + 1;
}
