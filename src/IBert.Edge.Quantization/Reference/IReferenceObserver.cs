// The places of the forward pass at which a calibration or a comparison may look.
namespace IBert.Edge.Quantization.Reference;

/// <summary>
/// Which intermediate tensor; S is the sequence length, H the hidden size, F the feed-forward size. The numbers stand in model files
/// (section MEAN).
/// </summary>
internal enum TensorSite
{
    /// <summary>Word + type + position, before LayerNorm: [S, H]; no layer (-1).</summary>
    EmbeddingSum = 0,

    /// <summary>The embeddings' LayerNorm: [S, H]; no layer (-1).</summary>
    EmbeddingNorm = 1,

    /// <summary>Q with its bias: [S, H].</summary>
    Query = 2,

    /// <summary>K with its bias: [S, H].</summary>
    Key = 3,

    /// <summary>V with its bias: [S, H].</summary>
    Value = 4,

    /// <summary>Q K^T / sqrt(d): [heads * S, S], head after head.</summary>
    AttentionScores = 5,

    /// <summary>Softmax of the scores: [heads * S, S], head after head.</summary>
    AttentionProbabilities = 6,

    /// <summary>P V, heads side by side: [S, H].</summary>
    Context = 7,

    /// <summary>The attention's output layer, before the residual: [S, H].</summary>
    AttentionOutput = 8,

    /// <summary>With the residual, before LayerNorm: [S, H].</summary>
    AttentionSum = 9,

    /// <summary>The attention's LayerNorm: [S, H].</summary>
    AttentionNorm = 10,

    /// <summary>The first feed-forward layer, before the activation: [S, F].</summary>
    FeedForward1 = 11,

    /// <summary>Behind the activation: [S, F].</summary>
    FeedForwardActivation = 12,

    /// <summary>The second feed-forward layer, before the residual: [S, H].</summary>
    FeedForward2 = 13,

    /// <summary>With the residual, before LayerNorm: [S, H].</summary>
    OutputSum = 14,

    /// <summary>The layer's LayerNorm: [S, H].</summary>
    OutputNorm = 15,

    /// <summary>The head's dense layer (BERT's pooler), before the activation: [1, H]; no layer (-1).</summary>
    HeadDense = 16,

    /// <summary>Behind the head's activation: [1, H]; no layer (-1).</summary>
    HeadActivation = 17,

    /// <summary>The classifier: [1, labels]; no layer (-1).</summary>
    Logits = 18,

    /// <summary>
    /// Rows of the table of words alone: [S, H]; no layer (-1). This and the following are parts of the embedding that the runner does not
    /// show.
    /// </summary>
    WordEmbeddings = 19,

    /// <summary>Rows of the table of token types alone: [S, H]; no layer (-1).</summary>
    TypeEmbeddings = 20,

    /// <summary>Rows of the table of positions alone: [S, H]; no layer (-1).</summary>
    PositionEmbeddings = 21,

    /// <summary>Word + type: [S, H]; no layer (-1).</summary>
    WordTypeSum = 22,
}

/// <summary>Names a tensor of the forward pass.</summary>
internal readonly record struct TensorKey(TensorSite Site, int Layer);

/// <summary>Sees the intermediate tensors of one text as they come about.</summary>
internal interface IReferenceObserver
{
    /// <summary>Called once per text, site and layer, in the order of computation.</summary>
    /// <param name="site">Which tensor.</param>
    /// <param name="layer">Of which encoder layer; -1 outside the layers.</param>
    /// <param name="values">[rows, columns], row-major; overwritten later, so copy what is to stay.</param>
    /// <param name="rows">
    /// Rows: see the site. Where the last layer is computed for the first token alone, S there is 1, except K's and V's.
    /// </param>
    /// <param name="columns">Columns.</param>
    void Observe(TensorSite site, int layer, ReadOnlySpan<float> values, int rows, int columns);
}
