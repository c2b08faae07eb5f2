// Products with constant weights, and the activations behind them, as records.
using IBert.Edge.Format;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Checkpoints;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>What every scheme lowers alike: a linear layer with a scale per output channel, and a gated activation.</summary>
internal sealed class ProductLowering(ModelBuilder builder, WeightNames names)
{
    // Biases stay far inside 32-bit accumulators: a channel whose weights are nearly dead takes a coarser scale.
    private const double LargestBias = 1 << 26;

    private readonly List<QuantizedTensor> meanings = [];

    /// <summary>What each tensor stands for, in the order of the operations.</summary>
    public IReadOnlyList<QuantizedTensor> Meanings => meanings;

    /// <summary>A product with constant weights. Input columns and output channels of heads are laid out padded.</summary>
    public QuantizedTensor Product(
        Linear weights, QuantizedTensor input, TensorKey key, ElementType type, double scale, int zeroPoint, RowRange rows,
        int? low = null, int? high = null, float[]? outputDivisors = null, int outputHeads = 1)
    {
        int outputs = outputHeads * HeadWidth(weights.Outputs, outputHeads), inputs = input.Heads * HeadWidth(weights.Inputs, input.Heads);
        sbyte[] quantized = new sbyte[outputs * inputs];
        int[] bias = new int[outputs], sums = new int[outputs];
        double[] ratios = new double[outputs];
        double[] row = new double[weights.Inputs];
        long bound = 0;
        for (int c = 0; c < weights.Outputs; c++)
        {
            double largest = 0;
            for (int k = 0; k < row.Length; k++)
            {
                row[k] = weights.Weight[(c * weights.Inputs) + k] * input.Divisor(k);
                largest = Math.Max(largest, Math.Abs(row[k]));
            }
            double step = Math.Max(largest / 127, Math.Abs(weights.Bias[c]) / input.Scale / LargestBias);
            int place = outputHeads == 1 ? c : (c / (weights.Outputs / outputHeads) * HeadWidth(weights.Outputs, outputHeads)) + (c % (weights.Outputs / outputHeads));
            if (step == 0)
            {
                continue;
            }
            int sum = 0, magnitude = 0;
            for (int k = 0; k < row.Length; k++)
            {
                int w = (int)Math.Round(row[k] / step);
                quantized[(place * inputs) + input.Place(k)] = (sbyte)w;
                sum += w;
                magnitude += Math.Abs(w);
            }
            bias[place] = (int)Math.Round(weights.Bias[c] / (step * input.Scale)) - (input.ZeroPoint * sum);
            sums[place] = sum;
            ratios[place] = step * input.Scale / (scale * (outputDivisors?[c] ?? 1));
            bound = Math.Max(bound, Math.Abs((long)bias[place]) + (128L * magnitude));
        }
        (int preShift, int exponent) = DyadicRatio.Choose(Math.Max(ratios.Max(), 1e-12));
        if (bound >= 1L << (31 - preShift))
        {
            throw new CheckpointException($"{key.Site} of layer {key.Layer}: accumulators could overflow 32 bits; its weights are degenerate");
        }
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Linear, rows, SplitAxis.Columns, 4);
        operation.Inputs[0] = input.Index;
        operation.Constants[Slot.LinearWeights] = builder.Quads(quantized, outputs, inputs);
        operation.Constants[Slot.LinearBias] = builder.Channels(bias);
        operation.Constants[Slot.LinearColumnSums] = builder.Channels(sums);
        operation.AccumulatorBound = (uint)bound;
        ref ScaleStage stage = ref operation.Stages[0];
        (stage.PreShift, stage.Exponent) = ((byte)preShift, (byte)exponent);
        stage.Multipliers = builder.Channels([.. ratios.Select(r => DyadicRatio.Multiplier(r, preShift, exponent))]);
        (int least, int most) = type switch
        {
            ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
            ElementType.Int16 => (short.MinValue, short.MaxValue),
            _ => (-(1 << 29), 1 << 29),
        };
        (stage.ZeroPoint, stage.Low, stage.High) = (zeroPoint, low ?? least, high ?? most);
        return Output(ref operation, 0, type, key, weights.Outputs, rows, scale, zeroPoint, outputDivisors, outputHeads, add: true);
    }

    private static int HeadWidth(int columns, int heads) => heads == 1 ? columns : HeadLayout.Padded(columns / heads);

    /// <summary>Gives an operation an output tensor, and adds the operation when it has all its outputs.</summary>
    public QuantizedTensor Output(
        ref OperationRecord operation, int slot, ElementType type, TensorKey key, int columns, RowRange rows, double scale, int zeroPoint,
        float[]? divisor = null, int heads = 1, bool add = false)
    {
        ushort index = builder.Tensor(type, heads * HeadWidth(columns, heads), rows);
        operation.Outputs[slot] = index;
        string name = TensorNames.Of(names, key);
        if (operation.Code == OperationCode.LayerNorm && slot == 0)
        {
            name = TensorNames.Residual(name);
        }
        QuantizedTensor tensor = new(index, key, name, builder.Operations.Count, columns, scale, zeroPoint, divisor, heads);
        meanings.Add(tensor);
        if (add)
        {
            builder.Add(operation);
        }
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
    /// <param name="wanted">What the result's channels are to be divided by; null for nothing.</param>
    /// <param name="rows">Rows that are computed.</param>
    public QuantizedTensor Gate(
        Linear weights, QuantizedTensor input, Func<double, double> function, TensorKey before, TensorKey after, double step, double scale, int zeroPoint,
        float[]? wanted, RowRange rows)
    {
        QuantizedTensor x = Product(weights, input, before, ElementType.Int16, step, 0, rows);
        short[] multipliers = new short[(weights.Outputs + 15) & ~15];
        float[] exact = new float[weights.Outputs];
        for (int c = 0; c < exact.Length; c++)
        {
            double ratio = step / (scale * (wanted?[c] ?? 1));
            multipliers[c] = (short)Math.Clamp(Math.Round(ratio * (1 << 15)), 1, short.MaxValue);
            // What the integer multiplier divides by is what the next weights are multiplied by: its rounding costs nothing.
            exact[c] = (float)(step * (1 << 15) / (scale * multipliers[c]));
        }
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Gate, rows, SplitAxis.Rows, 4);
        operation.Inputs[0] = x.Index;
        operation.Constants[Slot.GateTable] = builder.Rows<short>(ElementType.Int16, GateTable(function, step), 1);
        operation.Constants[Slot.GateMultipliers] = builder.Rows<short>(ElementType.Int16, multipliers, 1);
        ref ScaleStage stage = ref operation.Stages[0];
        (stage.ZeroPoint, stage.Low, stage.High) = (zeroPoint, sbyte.MinValue, sbyte.MaxValue);
        return Output(ref operation, 0, ElementType.Int8, after, weights.Outputs, rows, scale, zeroPoint, exact, add: true);
    }

    /// <summary>g = f(x) / x of 16-bit integers, in Q15; an entry for each 16 of them.</summary>
    /// <param name="function">f.</param>
    /// <param name="step">What x stands for one.</param>
    public static short[] GateTable(Func<double, double> function, double step)
    {
        short[] gate = new short[Slot.GateEntries];
        for (int i = 0; i < gate.Length; i++)
        {
            // The middle of the 16 values that share an entry; it is never zero.
            double middle = (((i - (Slot.GateEntries / 2)) * 16) + 7.5) * step;
            gate[i] = (short)Math.Clamp(Math.Round(function(middle) / middle * (1 << 15)), -short.MaxValue, short.MaxValue);
        }
        return gate;
    }
}
