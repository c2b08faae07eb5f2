// What a model is, read off its records.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Numerics;

namespace IBert.Edge.Cli.Inspection;

/// <summary>The configuration of the network that a graph computes.</summary>
internal sealed class ModelSummary
{
    public ModelSummary(ModelFile model)
    {
        Span<long> weights = stackalloc long[9];
        List<int> inner = [];
        foreach (ref readonly OperationRecord operation in model.Contents.Operations)
        {
            switch (operation.Code)
            {
                case OperationCode.Embed:
                    // One operation sums all tables, or (of scheme ibert) each has its own.
                    Hidden = (int)model.Contents.Tensors[operation.Outputs[0]].Columns;
                    Vocabulary = Math.Max(Vocabulary, Rows(new EmbedRecord(in operation).Table(EmbedRecord.Tokens)));
                    Positions = Math.Max(Positions, Rows(new EmbedRecord(in operation).Table(EmbedRecord.Positions)));
                    Types = Math.Max(Types, Rows(new EmbedRecord(in operation).Table(EmbedRecord.Types)));
                    break;
                case OperationCode.Attention:
                    inner.Add(0);
                    Heads = new AttentionRecord(in operation).Heads;
                    HeadColumns = new AttentionRecord(in operation).HeadColumns;
                    break;
                case OperationCode.Linear when inner.Count > 0:
                    // The widest input behind a layer's attention: that of its second feed-forward product.
                    inner[^1] = Math.Max(inner[^1], (int)model.Contents.Constants[new LinearRecord(in operation).Weights].Columns);
                    break;
            }
        }
        foreach (ref readonly ConstantEntry constant in model.Contents.Constants)
        {
            // Matrices and tables of codes; multipliers, biases and sums are 32 bits wide, whatever the weights are.
            if (constant.Type == ElementType.Int8 && constant.Bits <= 8)
            {
                weights[constant.Bits] += (long)constant.Rows * constant.Columns;
            }
        }
        (WeightsByBits, Inner) = (weights.ToArray(), inner);

        int Rows(ushort constant) => constant == OperationRecord.None ? 0 : (int)model.Contents.Constants[constant].Rows;
    }

    public int Layers => Inner.Count;

    public int Hidden { get; }

    public int Heads { get; }

    public int HeadColumns { get; }

    /// <summary>Columns of each layer's feed-forward part: channels with outliers may have several.</summary>
    public IReadOnlyList<int> Inner { get; }

    /// <summary>Such as <c>1536 to 1552</c>.</summary>
    public string InnerRange => string.Join(" to ", new[] { Inner.DefaultIfEmpty().Min(), Inner.DefaultIfEmpty().Max() }.Distinct());

    public int Vocabulary { get; }

    public int Positions { get; }

    public int Types { get; }

    /// <summary>Number of weights whose code has that many bits.</summary>
    public IReadOnlyList<long> WeightsByBits { get; }

    /// <summary>Such as <c>8 bits: 22,700,000</c>.</summary>
    public IEnumerable<(int Bits, long Count)> Weights =>
        Enumerable.Range(1, 8).Where(bits => WeightsByBits[bits] > 0).Select(bits => (bits, WeightsByBits[bits]));
}
