// Runs an Fp32Model on one text after another, in buffers of its own: one runner per thread.
using IBert.Edge.Checkpoints;

namespace IBert.Edge.Quantization.Reference;

/// <summary>The forward pass (arXiv:1810.04805, post-LayerNorm encoder) of one sequence without padding.</summary>
internal sealed class Fp32Runner(Fp32Model model)
{
    private readonly CheckpointConfig _config = model.Config;
    private int _capacity;

    // [S, H] each.
    private float[] _hidden = [];
    private float[] _sum = [];
    private float[] _query = [];
    private float[] _key = [];
    private float[] _value = [];
    private float[] _context = [];
    private float[] _dense = [];

    // [S, F], [heads * S, S], and one head's K^T or V packed.
    private float[] _wide = [];
    private float[] _scores = [];
    private float[] _packed = [];

    /// <summary>Computes a text's logits.</summary>
    /// <param name="ids">Token ids with [CLS] and [SEP]; 1 to <see cref="CheckpointConfig.MaxPositions"/> of them, each below the vocabulary's size.</param>
    /// <param name="typeIds">A token type for each id; empty for all 0.</param>
    /// <param name="logits">Takes a value per label.</param>
    /// <param name="observer">Sees the intermediate tensors.</param>
    /// <param name="wholeLastLayer">Whether the last layer is computed for tokens that nothing reads. The logits are the same.</param>
    /// <exception cref="ArgumentException">A length or an id out of range.</exception>
    public void Run(
        ReadOnlySpan<int> ids, ReadOnlySpan<int> typeIds, Span<float> logits, IReferenceObserver? observer = null, bool wholeLastLayer = false)
    {
        Check(ids, typeIds, logits);
        int length = ids.Length;
        int hidden = _config.HiddenSize;
        Reserve(length);

        Embed(ids, typeIds);
        observer?.Observe(TensorSite.EmbeddingSum, -1, _sum.AsSpan(0, length * hidden), length, hidden);
        Normalize(_sum, length, model.Embeddings.Norm, _hidden);
        observer?.Observe(TensorSite.EmbeddingNorm, -1, _hidden.AsSpan(0, length * hidden), length, hidden);

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
        if (ids.Length < 1 || ids.Length > _config.MaxPositions)
        {
            throw new ArgumentException($"{ids.Length} ids; the checkpoint takes 1 to {_config.MaxPositions}", nameof(ids));
        }
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)_config.VocabularySize)
            {
                throw new ArgumentException($"the id {id} is not in the checkpoint's vocabulary of {_config.VocabularySize}", nameof(ids));
            }
        }
        if (!typeIds.IsEmpty && typeIds.Length != ids.Length)
        {
            throw new ArgumentException($"{typeIds.Length} token types for {ids.Length} ids", nameof(typeIds));
        }
        foreach (int type in typeIds)
        {
            // Without token types (DistilBERT) only 0 has a meaning.
            if ((uint)type >= (uint)Math.Max(1, _config.TypeCount))
            {
                throw new ArgumentException($"the token type {type} is not below the checkpoint's {_config.TypeCount}", nameof(typeIds));
            }
        }
        if (logits.Length != _config.Labels.Count)
        {
            throw new ArgumentException($"room for {logits.Length} logits; the checkpoint has {_config.Labels.Count} labels", nameof(logits));
        }
    }

    private void Reserve(int length)
    {
        if (length <= _capacity)
        {
            return;
        }
        _capacity = length;
        int size = checked(length * _config.HiddenSize);
        _hidden = new float[size];
        _sum = new float[size];
        _query = new float[size];
        _key = new float[size];
        _value = new float[size];
        _context = new float[size];
        _dense = new float[size];
        _wide = new float[checked(length * _config.FeedForwardSize)];
        _scores = new float[checked(_config.HeadCount * length * length)];
        _packed = new float[Math.Max(
            MatrixProduct.PackedLength(_config.HeadSize, length), MatrixProduct.PackedLength(length, _config.HeadSize))];
    }

    private void Embed(ReadOnlySpan<int> ids, ReadOnlySpan<int> typeIds)
    {
        int hidden = _config.HiddenSize;
        Embeddings tables = model.Embeddings;
        int placed = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            ReadOnlySpan<float> word = tables.Words.AsSpan(ids[i] * hidden, hidden);
            ReadOnlySpan<float> position = tables.Positions.AsSpan(_config.PositionRow(ids[i], ref placed) * hidden, hidden);
            Span<float> sum = _sum.AsSpan(i * hidden, hidden);
            word.CopyTo(sum);
            if (_config.TypeCount > 0)
            {
                Add(sum, tables.Types.AsSpan((typeIds.IsEmpty ? 0 : typeIds[i]) * hidden, hidden), sum);
            }
            Add(sum, position, sum);
        }
    }

    /// <summary>Attention of the first <paramref name="rows"/> tokens to all, with the residual and LayerNorm; in and out: <see cref="_hidden"/>.</summary>
    private void Attend(int layer, int length, int rows, IReferenceObserver? observer)
    {
        PackedLayer weights = model.Layers[layer];
        int hidden = _config.HiddenSize;
        int heads = _config.HeadCount;
        int size = _config.HeadSize;

        weights.Query.Apply(_hidden, rows, _query);
        observer?.Observe(TensorSite.Query, layer, _query.AsSpan(0, rows * hidden), rows, hidden);
        weights.Key.Apply(_hidden, length, _key);
        observer?.Observe(TensorSite.Key, layer, _key.AsSpan(0, length * hidden), length, hidden);
        weights.Value.Apply(_hidden, length, _value);
        observer?.Observe(TensorSite.Value, layer, _value.AsSpan(0, length * hidden), length, hidden);

        Span<float> scores = _scores.AsSpan(0, heads * rows * length);
        for (int head = 0; head < heads; head++)
        {
            MatrixProduct.Pack(_key.AsSpan(head * size), 1, hidden, size, length, _packed);
            MatrixProduct.Multiply(
                _query.AsSpan(head * size), hidden, rows, _packed, size, length, [], scores[(head * rows * length)..], length);
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
            MatrixProduct.Pack(_value.AsSpan(head * size), hidden, 1, length, size, _packed);
            MatrixProduct.Multiply(
                scores[(head * rows * length)..], length, rows, _packed, length, size, [], _context.AsSpan(head * size), hidden);
        }
        observer?.Observe(TensorSite.Context, layer, _context.AsSpan(0, rows * hidden), rows, hidden);

        weights.AttentionOutput.Apply(_context, rows, _dense);
        observer?.Observe(TensorSite.AttentionOutput, layer, _dense.AsSpan(0, rows * hidden), rows, hidden);
        Add(_dense.AsSpan(0, rows * hidden), _hidden, _sum);
        observer?.Observe(TensorSite.AttentionSum, layer, _sum.AsSpan(0, rows * hidden), rows, hidden);
        Normalize(_sum, rows, weights.AttentionNorm, _hidden);
        observer?.Observe(TensorSite.AttentionNorm, layer, _hidden.AsSpan(0, rows * hidden), rows, hidden);
    }

    /// <summary>The feed-forward part with the residual and LayerNorm; in and out: <see cref="_hidden"/>.</summary>
    private void FeedForward(int layer, int rows, IReferenceObserver? observer)
    {
        PackedLayer weights = model.Layers[layer];
        int hidden = _config.HiddenSize;
        Span<float> wide = _wide.AsSpan(0, rows * _config.FeedForwardSize);

        weights.FeedForward1.Apply(_hidden, rows, wide);
        observer?.Observe(TensorSite.FeedForward1, layer, wide, rows, _config.FeedForwardSize);
        if (model.GeluStandIn is { } function)
        {
            Apply(function, wide);
        }
        else
        {
            Activate(_config.Activation, wide);
        }
        observer?.Observe(TensorSite.FeedForwardActivation, layer, wide, rows, _config.FeedForwardSize);
        weights.FeedForward2.Apply(wide, rows, _dense);
        observer?.Observe(TensorSite.FeedForward2, layer, _dense.AsSpan(0, rows * hidden), rows, hidden);
        Add(_dense.AsSpan(0, rows * hidden), _hidden, _sum);
        observer?.Observe(TensorSite.OutputSum, layer, _sum.AsSpan(0, rows * hidden), rows, hidden);
        Normalize(_sum, rows, weights.OutputNorm, _hidden);
        observer?.Observe(TensorSite.OutputNorm, layer, _hidden.AsSpan(0, rows * hidden), rows, hidden);
    }

    private void Classify(Span<float> logits, IReferenceObserver? observer)
    {
        Span<float> dense = _dense.AsSpan(0, _config.HiddenSize);
        model.HeadDense.Apply(_hidden, 1, dense);
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
        int hidden = _config.HiddenSize;
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
            double inverse = 1 / Math.Sqrt(variance / hidden + _config.LayerNormEpsilon);
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
