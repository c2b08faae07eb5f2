// Each operation of the integer graph in FP32, on given inputs: tells an operation's own error from what it was handed.
using IBert.Edge.Format;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Evaluation;

internal sealed class FloatOperations(Fp32Model model)
{
    /// <summary>What an operation gives in FP32.</summary>
    /// <param name="code">The operation, which is not the embedding.</param>
    /// <param name="output">Its output, which says of which place in the model it is.</param>
    /// <param name="inputs">Values of its inputs, row-major.</param>
    /// <param name="rows">Rows of the output; an input may have more.</param>
    public float[] Run(OperationCode code, QuantizedTensor output, IReadOnlyList<float[]> inputs, int rows)
    {
        TensorKey key = output.Key;
        float[] result = new float[rows * output.Columns];
        switch (code)
        {
            case OperationCode.LayerNorm:
                Normalize(inputs, Norm(key), result);
                break;
            case OperationCode.Linear:
                Linear(key).Apply(inputs[0], rows, result);
                if (key.Site is TensorSite.FeedForwardActivation or TensorSite.HeadActivation)
                {
                    // ReLU is the product's own clamp.
                    Apply(x => Math.Max(x, 0), result, result);
                }
                break;
            case OperationCode.Attention:
                Attend(inputs[0], inputs[1], inputs[2], rows, result);
                break;
            case OperationCode.Gate:
                Apply(ActivationFunction.Of(key.Site == TensorSite.HeadActivation ? model.HeadActivation : model.Config.Activation), inputs[0], result);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(code), code, "not an operation on tensors");
        }
        return result;
    }

    private PackedLinear Linear(TensorKey key) => key.Site switch
    {
        TensorSite.Query => model.Layers[key.Layer].Query,
        TensorSite.Key => model.Layers[key.Layer].Key,
        TensorSite.Value => model.Layers[key.Layer].Value,
        TensorSite.AttentionOutput => model.Layers[key.Layer].AttentionOutput,
        TensorSite.FeedForward1 or TensorSite.FeedForwardActivation => model.Layers[key.Layer].FeedForward1,
        TensorSite.FeedForward2 => model.Layers[key.Layer].FeedForward2,
        TensorSite.HeadDense or TensorSite.HeadActivation => model.HeadDense,
        TensorSite.Logits => model.Classifier,
        _ => throw new ArgumentOutOfRangeException(nameof(key), key, "not the output of a linear layer"),
    };

    private LayerNorm Norm(TensorKey key) => key.Site switch
    {
        TensorSite.EmbeddingNorm => model.Embeddings.Norm,
        TensorSite.AttentionNorm => model.Layers[key.Layer].AttentionNorm,
        TensorSite.OutputNorm => model.Layers[key.Layer].OutputNorm,
        _ => throw new ArgumentOutOfRangeException(nameof(key), key, "not the output of a LayerNorm"),
    };

    private static void Apply(Func<double, double> function, float[] x, float[] y)
    {
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = (float)function(x[i]);
        }
    }

    private void Normalize(IReadOnlyList<float[]> inputs, LayerNorm norm, float[] y)
    {
        int hidden = norm.Gamma.Length;
        double[] row = new double[hidden];
        for (int start = 0; start < y.Length; start += hidden)
        {
            for (int c = 0; c < hidden; c++)
            {
                row[c] = inputs.Sum(input => (double)input[start + c]);
            }
            double mean = row.Average();
            double inverse = 1 / Math.Sqrt(row.Average(x => (x - mean) * (x - mean)) + model.Config.LayerNormEpsilon);
            for (int c = 0; c < hidden; c++)
            {
                y[start + c] = (float)(((row[c] - mean) * inverse * norm.Gamma[c]) + norm.Beta[c]);
            }
        }
    }

    private void Attend(float[] query, float[] key, float[] value, int rows, float[] context)
    {
        int hidden = model.Config.HiddenSize, size = model.Config.HeadSize, length = key.Length / hidden;
        double[] weights = new double[length];
        for (int head = 0; head < model.Config.HeadCount; head++)
        {
            for (int r = 0; r < rows; r++)
            {
                for (int s = 0; s < length; s++)
                {
                    weights[s] = 0;
                    for (int c = head * size; c < (head + 1) * size; c++)
                    {
                        weights[s] += (double)query[(r * hidden) + c] * key[(s * hidden) + c];
                    }
                }
                double largest = weights.Max(), sum = 0;
                for (int s = 0; s < length; s++)
                {
                    weights[s] = DeterministicMath.Exp((weights[s] - largest) / Math.Sqrt(size));
                    sum += weights[s];
                }
                for (int c = head * size; c < (head + 1) * size; c++)
                {
                    double total = 0;
                    for (int s = 0; s < length; s++)
                    {
                        total += weights[s] * value[(s * hidden) + c];
                    }
                    context[(r * hidden) + c] = (float)(total / sum);
                }
            }
        }
    }
}
