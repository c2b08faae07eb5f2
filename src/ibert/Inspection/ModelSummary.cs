// What a model is, read off its records.
using IBert.Edge.Format;

namespace IBert.Edge.Cli.Inspection;

/// <summary>The configuration of the network that a graph computes.</summary>
internal sealed class ModelSummary
{
    public ModelSummary(ModelFile model)
    {
        Span<long> weights = stackalloc long[9];
        foreach (ref readonly OperationRecord operation in model.Operations)
        {
            switch (operation.Code)
            {
                case OperationCode.Embed:
                    Hidden = (int)model.Tensors[operation.Outputs[0]].Columns;
                    Vocabulary = (int)model.Constants[operation.Constants[0]].Rows;
                    Positions = (int)model.Constants[operation.Constants[2]].Rows;
                    Types = operation.Constants[4] == OperationRecord.None ? 0 : (int)model.Constants[operation.Constants[4]].Rows;
                    break;
                case OperationCode.Attention:
                    Layers++;
                    Heads = operation.Parameters[Slot.AttentionHeads];
                    HeadColumns = operation.Parameters[Slot.AttentionHeadColumns];
                    break;
                case OperationCode.Linear:
                    // The widest input: that of the second feed-forward product.
                    Inner = Math.Max(Inner, (int)model.Constants[operation.Constants[Slot.LinearWeights]].Columns);
                    break;
            }
        }
        foreach (ref readonly ConstantEntry constant in model.Constants)
        {
            // Matrices and tables of codes; multipliers, biases and sums are 32 bits wide, whatever the weights are.
            if (constant.Type == ElementType.Int8 && constant.Bits <= 8)
            {
                weights[constant.Bits] += (long)constant.Rows * constant.Columns;
            }
        }
        WeightsByBits = weights.ToArray();
    }

    public int Layers { get; }

    public int Hidden { get; }

    public int Heads { get; }

    public int HeadColumns { get; }

    /// <summary>Width of the feed-forward part.</summary>
    public int Inner { get; }

    public int Vocabulary { get; }

    public int Positions { get; }

    public int Types { get; }

    /// <summary>Number of weights whose code has that many bits.</summary>
    public IReadOnlyList<long> WeightsByBits { get; }

    /// <summary>Such as <c>8 bits: 22,700,000</c>.</summary>
    public IEnumerable<(int Bits, long Count)> Weights =>
        Enumerable.Range(1, 8).Where(bits => WeightsByBits[bits] > 0).Select(bits => (bits, WeightsByBits[bits]));
}
