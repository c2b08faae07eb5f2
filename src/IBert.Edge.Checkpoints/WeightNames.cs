// What each architecture calls its weights. A new one is a new table here.
namespace IBert.Edge.Checkpoints;

/// <summary>Names of modules below <see cref="Prefix"/>; ".weight" and ".bias" follow.</summary>
internal sealed record WeightNames
{
    /// <summary>Hugging Face's names for BERT.</summary>
    public static readonly WeightNames Bert = new()
    {
        Prefix = "bert.",
        Words = "embeddings.word_embeddings",
        Positions = "embeddings.position_embeddings",
        Types = "embeddings.token_type_embeddings",
        EmbeddingNorm = "embeddings.LayerNorm",
        Layer = "encoder.layer.",
        Query = "attention.self.query",
        Key = "attention.self.key",
        Value = "attention.self.value",
        AttentionOutput = "attention.output.dense",
        AttentionNorm = "attention.output.LayerNorm",
        FeedForward1 = "intermediate.dense",
        FeedForward2 = "output.dense",
        OutputNorm = "output.LayerNorm",
        HeadDense = "pooler.dense",
        HeadActivation = Activation.Tanh,
        Classifier = "classifier",
    };

    /// <summary>Hugging Face's names for DistilBERT.</summary>
    public static readonly WeightNames DistilBert = new()
    {
        Prefix = "distilbert.",
        Words = "embeddings.word_embeddings",
        Positions = "embeddings.position_embeddings",
        Types = null,
        EmbeddingNorm = "embeddings.LayerNorm",
        Layer = "transformer.layer.",
        Query = "attention.q_lin",
        Key = "attention.k_lin",
        Value = "attention.v_lin",
        AttentionOutput = "attention.out_lin",
        AttentionNorm = "sa_layer_norm",
        FeedForward1 = "ffn.lin1",
        FeedForward2 = "ffn.lin2",
        OutputNorm = "output_layer_norm",
        HeadDense = "pre_classifier",
        HeadActivation = Activation.Relu,
        Classifier = "classifier",
    };

    /// <summary>Hugging Face's names for RoBERTa: BERT's, and a head of two layers without the pooler.</summary>
    public static readonly WeightNames Roberta = Bert with
    {
        Prefix = "roberta.",
        HeadDense = "classifier.dense",
        Classifier = "classifier.out_proj",
    };

    /// <summary>Hugging Face's names for I-BERT: RoBERTa's under its own prefix.</summary>
    public static readonly WeightNames IBert = Roberta with { Prefix = "ibert." };

    /// <summary>In front of the encoder's names; absent in checkpoints saved from the encoder alone.</summary>
    public required string Prefix { get; init; }

    public required string Words { get; init; }

    public required string Positions { get; init; }

    /// <summary>Nothing where the architecture has no token types.</summary>
    public required string? Types { get; init; }

    public required string EmbeddingNorm { get; init; }

    /// <summary>Followed by the layer's index and a dot.</summary>
    public required string Layer { get; init; }

    public required string Query { get; init; }

    public required string Key { get; init; }

    public required string Value { get; init; }

    public required string AttentionOutput { get; init; }

    public required string AttentionNorm { get; init; }

    public required string FeedForward1 { get; init; }

    public required string FeedForward2 { get; init; }

    public required string OutputNorm { get; init; }

    public required string HeadDense { get; init; }

    /// <summary>What the architecture's code applies behind <see cref="HeadDense"/>.</summary>
    public required Activation HeadActivation { get; init; }

    public required string Classifier { get; init; }

    /// <summary>A tensor's name as Hugging Face writes it: the heads stand beside the encoder, BERT's pooler in it.</summary>
    /// <param name="module">As it is called here.</param>
    /// <param name="kind">"weight" or "bias".</param>
    public string FullName(string module, string kind)
    {
        bool besideEncoder = module == Classifier || (module == HeadDense && !module.StartsWith("pooler.", StringComparison.Ordinal));
        return $"{(besideEncoder ? "" : Prefix)}{module}.{kind}";
    }

    /// <summary>The names of an architecture.</summary>
    public static WeightNames Of(Architecture architecture) => architecture switch
    {
        Architecture.Bert => Bert,
        Architecture.DistilBert => DistilBert,
        Architecture.Roberta => Roberta,
        _ => IBert,
    };
}
