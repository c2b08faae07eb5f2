// Each operation of the integer graph in FP32, on given inputs: tells an operation's own error from what it was handed.
using IBert.Edge.Checkpoints;
using IBert.Edge.Format;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Evaluation;

internal sealed class FloatOperations(Fp32Model model)
{
    /// <summary>What an operation gives in FP32.</summary>
    /// <param name="code">The operation, which is not the embedding.</param>
    /// <param name="output">Its output, which says of which place in the model it is; <see cref="RequireFit"/> holds.</param>
    /// <param name="inputs">Values of its inputs, row-major.</param>
    /// <param name="rows">Rows of the output; an input may have more.</param>
    public float[] Run(OperationCode code, QuantizedTensor output, IReadOnlyList<float[]> inputs, int rows)
    {
        TensorKey key = output.Key;
        float[] result = new float[rows * output.Channels];
        switch (code)
        {
            case OperationCode.LayerNorm:
                Normalize(inputs, NormOf(key)!, result);
                break;
            case OperationCode.Linear:
                LinearOf(key)!.Apply(inputs[0], rows, result);
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
                Apply(ActivationFunction.Of(key.Site == TensorSite.HeadActivation ? model.HeadActivation : model.Config.Activation),
                    inputs[0], result);
                break;
            case OperationCode.Add:
                for (int i = 0; i < result.Length; i++)
                {
                    result[i] = inputs.Sum(input => input[i]);
                }
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(code), code, "not an operation on tensors");
        }
        return result;
    }

    /// <summary>Whether a tensor is a part of the embedding that is read from tables alone.</summary>
    public static bool IsTable(TensorSite site) =>
        site is TensorSite.WordEmbeddings or TensorSite.TypeEmbeddings or TensorSite.PositionEmbeddings or TensorSite.WordTypeSum;

    /// <summary>Rows of the embedding's tables for a text.</summary>
    public float[] Table(TensorSite site, TokenizedText text)
    {
        int hidden = model.Config.HiddenSize;
        float[] values = new float[text.Ids.Length * hidden];
        int placed = 0;
        for (int i = 0; i < text.Ids.Length; i++)
        {
            if (site is TensorSite.WordEmbeddings or TensorSite.WordTypeSum)
            {
                Add(model.Embeddings.Words, text.Ids[i], i);
            }
            if (site is TensorSite.TypeEmbeddings or TensorSite.WordTypeSum)
            {
                Add(model.Embeddings.Types, text.Types[i], i);
            }
            if (site == TensorSite.PositionEmbeddings)
            {
                Add(model.Embeddings.Positions, model.Config.PositionRow(text.Ids[i], ref placed), i);
            }
        }
        return values;

        void Add(float[] table, int row, int target)
        {
            for (int c = 0; c < hidden; c++)
            {
                values[(target * hidden) + c] += table[(row * hidden) + c];
            }
        }
    }

    /// <summary>Refuses a graph that is not of the shape of this checkpoint, operation by operation.</summary>
    /// <exception cref="CheckpointException">It is of another one.</exception>
    /// <remarks>A file may say anything; after this, no operation reads beyond what the reference has.</remarks>
    public void RequireFit(ModelFile file, IReadOnlyList<QuantizedTensor> tensors)
    {
        Dictionary<ushort, QuantizedTensor> byIndex = tensors.ToDictionary(tensor => tensor.Index);
        foreach (QuantizedTensor tensor in tensors)
        {
            OperationRecord operation = file.Contents.Operations[tensor.Operation];
            TensorEntry entry = file.Contents.Tensors[tensor.Index];
            bool oneRow = entry.Rows == RowCount.Fixed,
                rowsFit = oneRow == (operation.Rows == RowRange.First) && (!oneRow || entry.FixedRows == 1);
            List<int> inputs = [];
            foreach (ushort input in operation.Inputs)
            {
                if (input != OperationRecord.None)
                {
                    inputs.Add(byIndex[input].Channels);
                    rowsFit &= oneRow || file.Contents.Tensors[input].Rows != RowCount.Fixed;
                }
            }
            bool head = tensor.Key.Site is TensorSite.HeadDense or TensorSite.HeadActivation or TensorSite.Logits;
            if (!rowsFit || (head && !oneRow) || !Fits(operation.Code, tensor, inputs))
            {
                throw new CheckpointException(
                    $"{file.Name}: its tensor '{tensor.Name}' does not fit the checkpoint: give the one that the model was made from");
            }
        }
    }

    private bool Fits(OperationCode code, QuantizedTensor output, List<int> inputs)
    {
        TensorKey key = output.Key;
        int hidden = model.Config.HiddenSize;
        bool inLayer = key.Site is >= TensorSite.Query and <= TensorSite.OutputNorm;
        if (inLayer ? (uint)key.Layer >= (uint)model.Layers.Count : key.Layer != -1)
        {
            return false;
        }
        PackedLinear? linear = LinearOf(key);
        if (output.Channels != (linear?.Outputs ?? hidden)
            || (key.Site is TensorSite.TypeEmbeddings or TensorSite.WordTypeSum && model.Config.TypeCount == 0))
        {
            return false;
        }
        return code switch
        {
            OperationCode.Embed => key.Site == TensorSite.EmbeddingSum || IsTable(key.Site),
            OperationCode.LayerNorm => NormOf(key) is not null && inputs.All(columns => columns == hidden),
            OperationCode.Linear => linear is not null && inputs is [int columns] && columns == linear.Inputs,
            OperationCode.Attention => key.Site == TensorSite.Context && inputs.All(columns => columns == hidden),
            OperationCode.Gate => linear is not null && inputs is [int columns] && columns == output.Channels,
            _ => key.Site is not (TensorSite.AttentionScores or TensorSite.AttentionProbabilities)
                && inputs.All(columns => columns == output.Channels),
        };
    }

    private PackedLinear? LinearOf(TensorKey key) => key.Site switch
    {
        TensorSite.Query => model.Layers[key.Layer].Query,
        TensorSite.Key => model.Layers[key.Layer].Key,
        TensorSite.Value => model.Layers[key.Layer].Value,
        TensorSite.AttentionOutput => model.Layers[key.Layer].AttentionOutput,
        TensorSite.FeedForward1 or TensorSite.FeedForwardActivation => model.Layers[key.Layer].FeedForward1,
        TensorSite.FeedForward2 => model.Layers[key.Layer].FeedForward2,
        TensorSite.HeadDense or TensorSite.HeadActivation => model.HeadDense,
        TensorSite.Logits => model.Classifier,
        _ => null,
    };

    private LayerNorm? NormOf(TensorKey key) => key.Site switch
    {
        TensorSite.EmbeddingNorm => model.Embeddings.Norm,
        TensorSite.AttentionNorm => model.Layers[key.Layer].AttentionNorm,
        TensorSite.OutputNorm => model.Layers[key.Layer].OutputNorm,
        _ => null,
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
