// The places of the forward pass at which a calibration or a comparison may look.
namespace IBert.Edge.Quantization.Reference;

/// <summary>Which intermediate tensor; S is the sequence length, H the hidden size, F the feed-forward size.</summary>
internal enum TensorSite
{
    /// <summary>Word + type + position, before LayerNorm: [S, H]; no layer (-1).</summary>
    EmbeddingSum,

    /// <summary>The embeddings' LayerNorm: [S, H]; no layer (-1).</summary>
    EmbeddingNorm,

    /// <summary>Q with its bias: [S, H].</summary>
    Query,

    /// <summary>K with its bias: [S, H].</summary>
    Key,

    /// <summary>V with its bias: [S, H].</summary>
    Value,

    /// <summary>Q K^T / sqrt(d): [heads * S, S], head after head.</summary>
    AttentionScores,

    /// <summary>Softmax of the scores: [heads * S, S], head after head.</summary>
    AttentionProbabilities,

    /// <summary>P V, heads side by side: [S, H].</summary>
    Context,

    /// <summary>The attention's output layer, before the residual: [S, H].</summary>
    AttentionOutput,

    /// <summary>With the residual, before LayerNorm: [S, H].</summary>
    AttentionSum,

    /// <summary>The attention's LayerNorm: [S, H].</summary>
    AttentionNorm,

    /// <summary>The first feed-forward layer, before the activation: [S, F].</summary>
    FeedForward1,

    /// <summary>Behind the activation: [S, F].</summary>
    FeedForwardActivation,

    /// <summary>The second feed-forward layer, before the residual: [S, H].</summary>
    FeedForward2,

    /// <summary>With the residual, before LayerNorm: [S, H].</summary>
    OutputSum,

    /// <summary>The layer's LayerNorm: [S, H].</summary>
    OutputNorm,

    /// <summary>The head's dense layer (BERT's pooler), before the activation: [1, H]; no layer (-1).</summary>
    HeadDense,

    /// <summary>Behind the head's activation: [1, H]; no layer (-1).</summary>
    HeadActivation,

    /// <summary>The classifier: [1, labels]; no layer (-1).</summary>
    Logits,
}

/// <summary>Sees the intermediate tensors of one text as they come about.</summary>
internal interface IReferenceObserver
{
    /// <summary>Called once per text, site and layer, in the order of computation.</summary>
    /// <param name="site">Which tensor.</param>
    /// <param name="layer">Of which encoder layer; -1 outside the layers.</param>
    /// <param name="values">[rows, columns], row-major; overwritten later, so copy what is to stay.</param>
    /// <param name="rows">Rows: see the site. Where the last layer is computed for the first token alone, S there is 1, except K's and V's.</param>
    /// <param name="columns">Columns.</param>
    void Observe(TensorSite site, int layer, ReadOnlySpan<float> values, int rows, int columns);
}
