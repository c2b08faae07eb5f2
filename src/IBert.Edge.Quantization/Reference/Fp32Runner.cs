// Runs an Fp32Model on one text after another, in buffers of its own: one runner per thread.
using IBert.Edge.Checkpoints;

namespace IBert.Edge.Quantization.Reference;

/// <summary>The forward pass (arXiv:1810.04805, post-LayerNorm encoder) of one sequence without padding.</summary>
internal sealed class Fp32Runner(Fp32Model model)
{
    private readonly CheckpointConfig config = model.Config;
    private int capacity;

    // [S, H] each.
    private float[] hidden = [];
    private float[] sum = [];
    private float[] query = [];
    private float[] key = [];
    private float[] value = [];
    private float[] context = [];
    private float[] dense = [];

    // [S, F], [heads * S, S], and one head's K^T or V packed.
    private float[] wide = [];
    private float[] scores = [];
    private float[] packed = [];

    /// <summary>Computes a text's logits.</summary>
    /// <param name="ids">
    /// Token ids with [CLS] and [SEP]; 1 to <see cref="CheckpointConfig.MaxPositions"/> of them, each below the vocabulary's size.
    /// </param>
    /// <param name="typeIds">A token type for each id; empty for all 0.</param>
    /// <param name="logits">Takes a value per label.</param>
    /// <param name="observer">Sees the intermediate tensors.</param>
    /// <param name="wholeLastLayer">Whether the last layer is computed for tokens that nothing reads. The logits are the same.</param>
    /// <exception cref="ArgumentException">A length or an id out of range.</exception>
    public void Run(
        ReadOnlySpan<int> ids, ReadOnlySpan<int> typeIds, Span<float> logits, IReferenceObserver? observer = null,
        bool wholeLastLayer = false)
    {
        Check(ids, typeIds, logits);
        int length = ids.Length;
        int hidden = config.HiddenSize;
        Reserve(length);

        Embed(ids, typeIds);
        observer?.Observe(TensorSite.EmbeddingSum, -1, this.sum.AsSpan(0, length * hidden), length, hidden);
        Normalize(this.sum, length, model.Embeddings.Norm, this.hidden);
        observer?.Observe(TensorSite.EmbeddingNorm, -1, this.hidden.AsSpan(0, length * hidden), length, hidden);

        for (int layer = 0; layer < model.Layers.Count; layer++)
        {
            int rows = layer == model.Layers.Count - 1 && !wholeLastLayer ? 1 : length;
            Attend(layer, length, rows, observer);
            FeedForward(layer, rows, observer);
        }
        Classify(logits, observer);
    }

    private void Check(ReadOnlySpan<int> ids, ReadOnlySpan<int> typeIds, Span<float> logits)
    {
        if (ids.Length < 1 || ids.Length > config.MaxPositions)
        {
            throw new ArgumentException($"{ids.Length} ids; the checkpoint takes 1 to {config.MaxPositions}", nameof(ids));
        }
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)config.VocabularySize)
            {
                throw new ArgumentException($"the id {id} is not in the checkpoint's vocabulary of {config.VocabularySize}", nameof(ids));
            }
        }
        if (!typeIds.IsEmpty && typeIds.Length != ids.Length)
        {
            throw new ArgumentException($"{typeIds.Length} token types for {ids.Length} ids", nameof(typeIds));
        }
        foreach (int type in typeIds)
        {
            // Without token types (DistilBERT) only 0 has a meaning.
            if ((uint)type >= (uint)Math.Max(1, config.TypeCount))
            {
                throw new ArgumentException($"the token type {type} is not below the checkpoint's {config.TypeCount}", nameof(typeIds));
            }
        }
        if (logits.Length != config.Labels.Count)
        {
            throw new ArgumentException(
                $"room for {logits.Length} logits; the checkpoint has {config.Labels.Count} labels", nameof(logits));
        }
    }

    private void Reserve(int length)
    {
        if (length <= capacity)
        {
            return;
        }
        capacity = length;
        int size = checked(length * config.HiddenSize);
        this.hidden = new float[size];
        this.sum = new float[size];
        query = new float[size];
        key = new float[size];
        this.value = new float[size];
        context = new float[size];
        this.dense = new float[size];
        this.wide = new float[checked(length * config.FeedForwardSize)];
        this.scores = new float[checked(config.HeadCount * length * length)];
        packed = new float[Math.Max(
            MatrixProduct.PackedLength(config.HeadSize, length), MatrixProduct.PackedLength(length, config.HeadSize))];
    }

    private void Embed(ReadOnlySpan<int> ids, ReadOnlySpan<int> typeIds)
    {
        int hidden = config.HiddenSize;
        Embeddings tables = model.Embeddings;
        int placed = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            ReadOnlySpan<float> word = tables.Words.AsSpan(ids[i] * hidden, hidden);
            ReadOnlySpan<float> position = tables.Positions.AsSpan(config.PositionRow(ids[i], ref placed) * hidden, hidden);
            Span<float> sum = this.sum.AsSpan(i * hidden, hidden);
            word.CopyTo(sum);
            if (config.TypeCount > 0)
            {
                Add(sum, tables.Types.AsSpan((typeIds.IsEmpty ? 0 : typeIds[i]) * hidden, hidden), sum);
            }
            Add(sum, position, sum);
        }
    }

    /// <summary>
    /// Attention of the first <paramref name="rows"/> tokens to all, with the residual and LayerNorm; in and out: <see cref="hidden"/>.
    /// </summary>
    private void Attend(int layer, int length, int rows, IReferenceObserver? observer)
    {
        PackedLayer weights = model.Layers[layer];
        int hidden = config.HiddenSize;
        int heads = config.HeadCount;
        int size = config.HeadSize;

        weights.Query.Apply(this.hidden, rows, query);
        observer?.Observe(TensorSite.Query, layer, query.AsSpan(0, rows * hidden), rows, hidden);
        weights.Key.Apply(this.hidden, length, key);
        observer?.Observe(TensorSite.Key, layer, key.AsSpan(0, length * hidden), length, hidden);
        weights.Value.Apply(this.hidden, length, this.value);
        observer?.Observe(TensorSite.Value, layer, this.value.AsSpan(0, length * hidden), length, hidden);

        Span<float> scores = this.scores.AsSpan(0, heads * rows * length);
        for (int head = 0; head < heads; head++)
        {
            MatrixProduct.Pack(key.AsSpan(head * size), 1, hidden, size, length, packed);
            MatrixProduct.Multiply(
                query.AsSpan(head * size), hidden, rows, packed, size, length, [], scores[(head * rows * length)..], length);
        }
        float scale = (float)(1 / Math.Sqrt(size));
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] *= scale;
        }
        observer?.Observe(TensorSite.AttentionScores, layer, scores, heads * rows, length);
        for (int row = 0; row < heads * rows; row++)
        {
            Softmax(scores.Slice(row * length, length));
        }
        observer?.Observe(TensorSite.AttentionProbabilities, layer, scores, heads * rows, length);

        for (int head = 0; head < heads; head++)
        {
            MatrixProduct.Pack(this.value.AsSpan(head * size), hidden, 1, length, size, packed);
            MatrixProduct.Multiply(
                scores[(head * rows * length)..], length, rows, packed, length, size, [], context.AsSpan(head * size), hidden);
        }
        observer?.Observe(TensorSite.Context, layer, context.AsSpan(0, rows * hidden), rows, hidden);

        weights.AttentionOutput.Apply(context, rows, this.dense);
        observer?.Observe(TensorSite.AttentionOutput, layer, this.dense.AsSpan(0, rows * hidden), rows, hidden);
        Add(this.dense.AsSpan(0, rows * hidden), this.hidden, this.sum);
        observer?.Observe(TensorSite.AttentionSum, layer, this.sum.AsSpan(0, rows * hidden), rows, hidden);
        Normalize(this.sum, rows, weights.AttentionNorm, this.hidden);
        observer?.Observe(TensorSite.AttentionNorm, layer, this.hidden.AsSpan(0, rows * hidden), rows, hidden);
    }

    /// <summary>The feed-forward part with the residual and LayerNorm; in and out: <see cref="hidden"/>.</summary>
    private void FeedForward(int layer, int rows, IReferenceObserver? observer)
    {
        PackedLayer weights = model.Layers[layer];
        int hidden = config.HiddenSize;
        Span<float> wide = this.wide.AsSpan(0, rows * config.FeedForwardSize);

        weights.FeedForward1.Apply(this.hidden, rows, wide);
        observer?.Observe(TensorSite.FeedForward1, layer, wide, rows, config.FeedForwardSize);
        if (model.GeluStandIn is { } function)
        {
            Apply(function, wide);
        }
        else
        {
            Activate(config.Activation, wide);
        }
        observer?.Observe(TensorSite.FeedForwardActivation, layer, wide, rows, config.FeedForwardSize);
        weights.FeedForward2.Apply(wide, rows, this.dense);
        observer?.Observe(TensorSite.FeedForward2, layer, this.dense.AsSpan(0, rows * hidden), rows, hidden);
        Add(this.dense.AsSpan(0, rows * hidden), this.hidden, this.sum);
        observer?.Observe(TensorSite.OutputSum, layer, this.sum.AsSpan(0, rows * hidden), rows, hidden);
        Normalize(this.sum, rows, weights.OutputNorm, this.hidden);
        observer?.Observe(TensorSite.OutputNorm, layer, this.hidden.AsSpan(0, rows * hidden), rows, hidden);
    }

    private void Classify(Span<float> logits, IReferenceObserver? observer)
    {
        Span<float> dense = this.dense.AsSpan(0, config.HiddenSize);
        model.HeadDense.Apply(this.hidden, 1, dense);
        observer?.Observe(TensorSite.HeadDense, -1, dense, 1, dense.Length);
        Activate(model.HeadActivation, dense);
        observer?.Observe(TensorSite.HeadActivation, -1, dense, 1, dense.Length);
        model.Classifier.Apply(dense, 1, logits);
        observer?.Observe(TensorSite.Logits, -1, logits, 1, logits.Length);
    }

    private static void Add(ReadOnlySpan<float> left, ReadOnlySpan<float> right, Span<float> sum)
    {
        for (int i = 0; i < left.Length; i++)
        {
            sum[i] = left[i] + right[i];
        }
    }

    /// <summary>LayerNorm (arXiv:1607.06450) of each row; mean and variance are summed in double, from left to right.</summary>
    private void Normalize(ReadOnlySpan<float> x, int rows, LayerNorm norm, Span<float> y)
    {
        int hidden = config.HiddenSize;
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> input = x.Slice(row * hidden, hidden);
            Span<float> output = y.Slice(row * hidden, hidden);
            double mean = 0;
            foreach (float value in input)
            {
                mean += value;
            }
            mean /= hidden;
            double variance = 0;
            foreach (float value in input)
            {
                variance += (value - mean) * (value - mean);
            }
            double inverse = 1 / Math.Sqrt(variance / hidden + config.LayerNormEpsilon);
            for (int i = 0; i < output.Length; i++)
            {
                output[i] = (float)((input[i] - mean) * inverse * norm.Gamma[i] + norm.Beta[i]);
            }
        }
    }

    private static void Softmax(Span<float> row)
    {
        float maximum = float.NegativeInfinity;
        foreach (float value in row)
        {
            maximum = Math.Max(maximum, value);
        }
        double sum = 0;
        for (int i = 0; i < row.Length; i++)
        {
            double e = DeterministicMath.Exp(row[i] - maximum);
            sum += e;
            row[i] = (float)e;
        }
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = (float)(row[i] / sum);
        }
    }

    private static void Activate(Activation activation, Span<float> values)
    {
        switch (activation)
        {
            case Activation.Gelu or Activation.GeluTanh:
                SmoothTable table = activation == Activation.Gelu ? SmoothTable.Gelu : SmoothTable.GeluTanh;
                foreach (ref float value in values)
                {
                    value = table[value];
                }
                break;
            case Activation.Relu:
                foreach (ref float value in values)
                {
                    value = Math.Max(value, 0);
                }
                break;
            case Activation.Tanh:
                Apply(DeterministicMath.Tanh, values);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(activation));
        }
    }

    private static void Apply(Func<double, double> function, Span<float> values)
    {
        foreach (ref float value in values)
        {
            value = (float)function(value);
        }
    }
}
