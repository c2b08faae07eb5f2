// Products with constant weights, and the activations behind them, as records.
using IBert.Edge.Checkpoints;
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering.Records;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>What every scheme lowers alike: a linear layer with a scale per output channel, and a gated activation.</summary>
internal sealed class ProductLowering(ModelBuilder builder, WeightNames names)
{
    private readonly List<QuantizedTensor> meanings = [];

    /// <summary>What each tensor stands for, in the order of the operations.</summary>
    public IReadOnlyList<QuantizedTensor> Meanings => meanings;

    /// <summary>A product with constant weights. Input columns and output channels of heads are laid out padded.</summary>
    /// <param name="weights">Its weights and bias.</param>
    /// <param name="input">Its input; what the input's channels went through is undone by weights and bias.</param>
    /// <param name="key">Names the result.</param>
    /// <param name="type">The result's type.</param>
    /// <param name="scale">The result's.</param>
    /// <param name="zeroPoint">The result's.</param>
    /// <param name="rows">Rows that are computed.</param>
    /// <param name="low">Least result; null for the type's.</param>
    /// <param name="high">Largest result; null for the type's.</param>
    /// <param name="output">What the result's channels go through; null for nothing.</param>
    /// <param name="outputHeads">Into how many heads the result is cut.</param>
    /// <param name="channels">Rows of the weights that are channels of the model; null for all.</param>
    public QuantizedTensor Product(
        Linear weights, QuantizedTensor input, TensorKey key, ElementType type, double scale, int zeroPoint, RowRange rows,
        int? low = null, int? high = null, ChannelMap? output = null, int outputHeads = 1, int? channels = null)
    {
        QuantizedTensor result =
            QuantizedTensor.Of(key, channels ?? weights.Outputs, scale, zeroPoint, output) with { Heads = outputHeads };
        if (channels < weights.Outputs)
        {
            result = result with { Extras = [.. Enumerable.Repeat(QuantizedTensor.NoChannel, weights.Outputs - channels.Value)] };
        }
        QuantizedProduct product = QuantizedProduct.Of(weights, input, result);
        DyadicChannels ratios = DyadicChannels.Of(product.Ratios)
            ?? throw TensorNames.Degenerate(names, key, "is far smaller than the products that it is the sum of");
        if (product.Bound >= 1L << (31 - ratios.PreShift))
        {
            throw TensorNames.Degenerate(names, key, "is a sum that could overflow 32 bits");
        }
        (int least, int most) = type switch
        {
            ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
            ElementType.Int16 => (short.MinValue, short.MaxValue),
            _ => (-(1 << 29), 1 << 29),
        };
        result = Tensor(type, result, rows);
        builder.Add(new LinearWriter
        {
            Rows = rows,
            Input = input.Index,
            Weights = builder.Quads(product.Weights, result.Width, input.Width),
            Bias = builder.Channels(product.Bias),
            ColumnSums = builder.Channels(product.Sums),
            AccumulatorBound = product.Bound,
            Scale = (Stage.Each(builder.Channels(ratios.Multipliers), ratios.Exponent) with { PreShift = (byte)ratios.PreShift })
                .To(low ?? least, high ?? most, zeroPoint),
            Output = result.Index,
        });
        return result;
    }

    /// <summary>Gives the next operation an output tensor.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="meaning">What it stands for.</param>
    /// <param name="rows">Rows that are computed.</param>
    /// <param name="residual">Whether it is a LayerNorm's output to the residual stream.</param>
    /// <returns>The meaning with its place in the graph.</returns>
    public QuantizedTensor Tensor(ElementType type, QuantizedTensor meaning, RowRange rows, bool residual = false)
    {
        string name = TensorNames.Of(names, meaning.Key);
        QuantizedTensor tensor = meaning with
        {
            Index = builder.Tensor(type, meaning.Width, rows),
            Name = residual ? TensorNames.Residual(name) : name,
            Operation = builder.Operations.Count,
        };
        meanings.Add(tensor);
        return tensor;
    }

    /// <summary>A product and x g(x) of its result, g from a table.</summary>
    /// <param name="weights">The product's.</param>
    /// <param name="input">Its input.</param>
    /// <param name="function">f = x g: GELU in one of its forms, or tanh.</param>
    /// <param name="before">Names the product's result.</param>
    /// <param name="after">Names the function's result.</param>
    /// <param name="step">The 16-bit scale between them.</param>
    /// <param name="scale">The result's.</param>
    /// <param name="zeroPoint">The result's.</param>
    /// <param name="map">What the result's channels go through.</param>
    /// <param name="rows">Rows that are computed.</param>
    public QuantizedTensor Gate(
        Linear weights, QuantizedTensor input, Func<double, double> function, TensorKey before, TensorKey after, double step, double scale,
        int zeroPoint,
        ChannelMap map, RowRange rows)
    {
        GateScale columns = GateScale.Of(weights, step, scale, zeroPoint, map);
        QuantizedTensor x = Product(columns.Weights, input, before, ElementType.Int16, step, 0, rows, channels: weights.Outputs);
        QuantizedTensor result = Tensor(
            ElementType.Int8, QuantizedTensor.Of(after, weights.Outputs, scale, zeroPoint, map) with { Divisors = columns.Divisors }, rows);
        builder.Add(new GateWriter
        {
            Rows = rows,
            Input = x.Index,
            Table = builder.Rows<short>(ElementType.Int16, GateScale.Table(function, step), 1),
            Multipliers = builder.Rows<short>(ElementType.Int16, columns.Multipliers, 1),
            ZeroPoint = zeroPoint,
            Output = result.Index,
        });
        return result;
    }
}
