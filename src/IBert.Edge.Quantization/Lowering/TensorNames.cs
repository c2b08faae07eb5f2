// What the tensors of a graph are called: in the file, in reports, in comparisons and in dumps.
using System.Globalization;
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>
/// Names of the checkpoint's own modules, without the architecture's prefix: <c>encoder.layer.0.attention.self.query</c> is that module's
/// output. What is no module's output is named after its neighbour: <c>.activation</c> is behind a product, <c>.residual</c> a LayerNorm's
/// output to the residual stream, <c>.softmax</c> the weights inside an attention.
/// </summary>
internal static class TensorNames
{
    private const string PublishedOutput = ".output_activation", PublishedLayer = "encoder.layer.";

    /// <summary>The name of a tensor of the FP32 reference.</summary>
    public static string Of(WeightNames names, TensorKey key)
    {
        string layer = string.Create(CultureInfo.InvariantCulture, $"{names.Layer}{key.Layer}.");
        return key.Site switch
        {
            TensorSite.EmbeddingSum => Parent(names.EmbeddingNorm) + ".sum",
            TensorSite.EmbeddingNorm => names.EmbeddingNorm,
            TensorSite.Query => layer + names.Query,
            TensorSite.Key => layer + names.Key,
            TensorSite.Value => layer + names.Value,
            TensorSite.Context => layer + Parent(names.Query),
            TensorSite.AttentionOutput => layer + names.AttentionOutput,
            TensorSite.AttentionNorm => layer + names.AttentionNorm,
            TensorSite.FeedForward1 => layer + names.FeedForward1,
            TensorSite.FeedForwardActivation => $"{layer}{names.FeedForward1}.activation",
            TensorSite.FeedForward2 => layer + names.FeedForward2,
            TensorSite.OutputNorm => layer + names.OutputNorm,
            TensorSite.HeadDense => names.HeadDense,
            TensorSite.HeadActivation => $"{names.HeadDense}.activation",
            TensorSite.Logits => names.Classifier,
            _ => throw new ArgumentOutOfRangeException(nameof(key), key, "no operation writes it"),
        };
    }

    /// <summary>The error for a tensor whose values no integers of a model hold.</summary>
    /// <param name="names">Of the architecture.</param>
    /// <param name="key">The tensor.</param>
    /// <param name="what">What it does.</param>
    public static CheckpointException Degenerate(WeightNames names, TensorKey key, string what) => new(
        $"the tensor '{Of(names, key)}' {what}: the weights are out of proportion, as after a training that " +
        "diverged: use another checkpoint");

    /// <summary>A LayerNorm's second output, to the residual stream.</summary>
    public static string Residual(string norm) => $"{norm}.residual";

    /// <summary>The weights inside an attention: exponentials, or the reference's probabilities.</summary>
    public static string Softmax(string context) =>
        (context.EndsWith(PublishedOutput, StringComparison.Ordinal) ? context[..^PublishedOutput.Length] : context) + ".softmax";

    /// <summary>The module that another is part of.</summary>
    public static string Parent(string name) => name[..Math.Max(0, name.LastIndexOf('.'))];

    /// <summary>
    /// What an output of Hugging Face's <c>ibert</c> stands for: several modules may quantize the same tensor, each in its own way.
    /// </summary>
    public static TensorKey Published(string name)
    {
        if (!name.StartsWith(PublishedLayer, StringComparison.Ordinal))
        {
            return new(
                name switch
                {
                    "embeddings.word_embeddings" => TensorSite.WordEmbeddings,
                    "embeddings.token_type_embeddings" => TensorSite.TypeEmbeddings,
                    "embeddings.position_embeddings" => TensorSite.PositionEmbeddings,
                    "embeddings.embeddings_act1" => TensorSite.WordTypeSum,
                    "embeddings.embeddings_act1#2" => TensorSite.EmbeddingSum,
                    "embeddings.output_activation" => TensorSite.EmbeddingNorm,
                    _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no module's output"),
                },
                -1);
        }
        string[] parts = name[PublishedLayer.Length..].Split('.', 2);
        int layer = int.Parse(parts[0], CultureInfo.InvariantCulture);
        return parts[1] switch
        {
            "attention.self.query" or "attention.self.query_activation" => new(TensorSite.Query, layer),
            "attention.self.key" or "attention.self.key_activation" => new(TensorSite.Key, layer),
            "attention.self.value" or "attention.self.value_activation" => new(TensorSite.Value, layer),
            "attention.self.output_activation" => new(TensorSite.Context, layer),
            "attention.output.dense" => new(TensorSite.AttentionOutput, layer),
            // The layer's input once more, at the scale that the reference takes it for (docs/numerics.md, trap 13); the first layer's is
            // its own.
            "stale" => new(TensorSite.OutputNorm, layer - 1),
            "attention.output.ln_input_act" => new(TensorSite.AttentionSum, layer),
            "attention.output.output_activation" or "pre_intermediate_act" => new(TensorSite.AttentionNorm, layer),
            "intermediate.dense" => new(TensorSite.FeedForward1, layer),
            "intermediate.output_activation" or "pre_output_act" => new(TensorSite.FeedForwardActivation, layer),
            "output.dense" => new(TensorSite.FeedForward2, layer),
            "output.ln_input_act" => new(TensorSite.OutputSum, layer),
            "output.output_activation" => new(TensorSite.OutputNorm, layer),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no module's output"),
        };
    }
}
