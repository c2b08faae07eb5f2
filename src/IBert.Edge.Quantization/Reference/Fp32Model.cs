// A checkpoint's weights packed for the reference's forward pass; shared by the runners of all threads.
using IBert.Edge.Checkpoints;

namespace IBert.Edge.Quantization.Reference;

/// <summary>A linear layer, packed.</summary>
internal sealed class PackedLinear
{
    private readonly float[] packed;
    private readonly float[] bias;

    /// <summary>Packs a layer.</summary>
    public PackedLinear(Linear linear)
    {
        (Inputs, Outputs, bias) = (linear.Inputs, linear.Outputs, linear.Bias);
        packed = new float[MatrixProduct.PackedLength(Inputs, Outputs)];
        MatrixProduct.Pack(linear.Weight, 1, Inputs, Inputs, Outputs, packed);
    }

    /// <summary>Columns of the input.</summary>
    public int Inputs { get; }

    /// <summary>Columns of the output.</summary>
    public int Outputs { get; }

    /// <summary>y [rows, Outputs] = x [rows, Inputs] W^T + b.</summary>
    public void Apply(ReadOnlySpan<float> x, int rows, Span<float> y) =>
        MatrixProduct.Multiply(x, Inputs, rows, packed, Inputs, Outputs, bias, y, Outputs);
}

/// <summary>An encoder layer, packed.</summary>
internal sealed class PackedLayer(EncoderLayer layer)
{
    public PackedLinear Query { get; } = new(layer.Query);

    public PackedLinear Key { get; } = new(layer.Key);

    public PackedLinear Value { get; } = new(layer.Value);

    public PackedLinear AttentionOutput { get; } = new(layer.AttentionOutput);

    public LayerNorm AttentionNorm { get; } = layer.AttentionNorm;

    public PackedLinear FeedForward1 { get; } = new(layer.FeedForward1);

    public PackedLinear FeedForward2 { get; } = new(layer.FeedForward2);

    public LayerNorm OutputNorm { get; } = layer.OutputNorm;
}

/// <summary>
/// The FP32 forward pass of a checkpoint: the yardstick of quantization. Its logits have the same bits on every machine, with any or no
/// vector instructions and from any number of threads. Immutable; the matrices are copied when it is made, other weights are not.
/// </summary>
/// <param name="checkpoint">The checkpoint.</param>
/// <param name="geluStandIn">What the feed-forward layers have in GELU's place; null for GELU itself.</param>
internal sealed class Fp32Model(Checkpoint checkpoint, Func<double, double>? geluStandIn = null)
{
    /// <summary>What the feed-forward layers have in GELU's place; null for their own activation.</summary>
    public Func<double, double>? GeluStandIn { get; } =
        checkpoint.Config.Activation is Activation.Gelu or Activation.GeluTanh ? geluStandIn : null;

    public CheckpointConfig Config { get; } = checkpoint.Config;

    public Embeddings Embeddings { get; } = checkpoint.Embeddings;

    public IReadOnlyList<PackedLayer> Layers { get; } = [.. checkpoint.Layers.Select(layer => new PackedLayer(layer))];

    public PackedLinear HeadDense { get; } = new(checkpoint.Head.Dense);

    public Activation HeadActivation { get; } = checkpoint.Head.Activation;

    public PackedLinear Classifier { get; } = new(checkpoint.Head.Classifier);
}
