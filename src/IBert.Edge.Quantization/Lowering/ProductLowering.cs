// Products with constant weights, and the activations behind them, as records.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Checkpoints;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>What every scheme lowers alike: a linear layer with a scale per output channel, and a gated activation.</summary>
internal sealed class ProductLowering(ModelBuilder builder, WeightNames names)
{
    // Biases stay far inside 32-bit accumulators: a channel whose weights are nearly dead takes a coarser scale.
    private const double LargestBias = 1 << 26;

    // Behind this factor GELU differs from max(0, x) by less than an int8 step.
    private const double LargestSteepness = 16;

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
        QuantizedTensor result = QuantizedTensor.Of(key, channels ?? weights.Outputs, scale, zeroPoint, output) with { Heads = outputHeads };
        if (channels < weights.Outputs)
        {
            result = result with { Extras = [.. Enumerable.Repeat(QuantizedTensor.NoChannel, weights.Outputs - channels.Value)] };
        }
        int outputs = result.Width, inputs = input.Width;
        sbyte[] quantized = new sbyte[outputs * inputs];
        int[] bias = new int[outputs], sums = new int[outputs];
        double[] ratios = new double[outputs];
        double[] row = new double[input.Columns];
        long bound = 0;
        for (int c = 0; c < weights.Outputs; c++)
        {
            double largest = 0, constant = weights.Bias[c] - (output?.Shifts?[c] ?? 0);
            for (int k = 0; k < row.Length; k++)
            {
                float weight = weights.Weight[(c * weights.Inputs) + input.Channel(k)];
                row[k] = weight * input.Divisor(k);
                largest = Math.Max(largest, Math.Abs(row[k]));
                if (k < weights.Inputs)
                {
                    constant += weight * input.Shift(k);
                }
            }
            double step = Math.Max(largest / 127, Math.Abs(constant) / input.Scale / LargestBias);
            int place = result.Place(c);
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
            bias[place] = (int)Math.Round(constant / (step * input.Scale)) - (input.ZeroPoint * sum);
            sums[place] = sum;
            ratios[place] = step * input.Scale / (scale * (output?.Divisors[c] ?? 1));
            bound = Math.Max(bound, Math.Abs((long)bias[place]) + (128L * magnitude));
        }
        (int preShift, int exponent) = DyadicRatio.Choose(Math.Max(ratios.Max(), 1e-12))
            ?? throw TensorNames.Degenerate(names, key, "is far smaller than the products that it is the sum of");
        if (bound >= 1L << (31 - preShift))
        {
            throw TensorNames.Degenerate(names, key, "is a sum that could overflow 32 bits");
        }
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Linear, rows, SplitAxis.Columns, 4);
        operation.Inputs[0] = input.Index;
        new LinearRecord(in operation).Weights = builder.Quads(quantized, outputs, inputs);
        new LinearRecord(in operation).Bias = builder.Channels(bias);
        new LinearRecord(in operation).ColumnSums = builder.Channels(sums);
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
        return Output(ref operation, 0, type, result, rows, add: true);
    }

    /// <summary>Gives an operation an output tensor, and adds the operation when it has all its outputs.</summary>
    /// <returns>The meaning with its place in the graph.</returns>
    public QuantizedTensor Output(ref OperationRecord operation, int slot, ElementType type, QuantizedTensor meaning, RowRange rows, bool add)
    {
        string name = TensorNames.Of(names, meaning.Key);
        if (operation.Code == OperationCode.LayerNorm && slot == 0)
        {
            name = TensorNames.Residual(name);
        }
        QuantizedTensor tensor = meaning with { Index = builder.Tensor(type, meaning.Width, rows), Name = name, Operation = builder.Operations.Count };
        operation.Outputs[slot] = tensor.Index;
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
    /// <param name="map">What the result's channels go through.</param>
    /// <param name="rows">Rows that are computed.</param>
    public QuantizedTensor Gate(
        Linear weights, QuantizedTensor input, Func<double, double> function, TensorKey before, TensorKey after, double step, double scale, int zeroPoint,
        ChannelMap map, RowRange rows)
    {
        (Linear all, short[] multipliers, float[] divisors) = Columns(weights, step, scale, zeroPoint, map);
        QuantizedTensor x = Product(all, input, before, ElementType.Int16, step, 0, rows, channels: weights.Outputs);
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Gate, rows, SplitAxis.Rows, 4);
        operation.Inputs[0] = x.Index;
        new GateRecord(in operation).Table = builder.Rows<short>(ElementType.Int16, GateTable(function, step), 1);
        new GateRecord(in operation).Multipliers = builder.Rows<short>(ElementType.Int16, multipliers, 1);
        ref ScaleStage stage = ref operation.Stages[0];
        (stage.ZeroPoint, stage.Low, stage.High) = (zeroPoint, sbyte.MinValue, sbyte.MaxValue);
        QuantizedTensor result = QuantizedTensor.Of(after, weights.Outputs, scale, zeroPoint, map) with { Divisors = divisors };
        return Output(ref operation, 0, ElementType.Int8, result, rows, add: true);
    }

    /// <summary>
    /// The columns of a gated activation. A channel's first one holds GELU(x) up to the reach of int8, T; each further one what lies above, as
    /// GELU(k (x - T)) / k up to its own reach: for large k that is max(0, x - T), and k is as large as leaves its reach in the 16 bits of
    /// x. So an ordinary value has its column's fine step, and a large one is the sum of several columns.
    /// </summary>
    private static (Linear Weights, short[] Multipliers, float[] Divisors) Columns(Linear weights, double step, double scale, int zeroPoint, ChannelMap map)
    {
        int channels = weights.Outputs, columns = channels + map.Extras.Length, inputs = weights.Inputs;
        float[] matrix = new float[columns * inputs], bias = new float[columns], divisors = new float[columns];
        short[] multipliers = new short[(columns + 15) & ~15];
        weights.Weight.CopyTo(matrix, 0);
        weights.Bias.CopyTo(bias, 0);
        // What the columns of a channel so far reach.
        double[] reach = new double[channels];
        for (int c = 0; c < columns; c++)
        {
            int channel = c < channels ? c : map.Extras[c - channels];
            double steepness = 1;
            if (c >= channels)
            {
                double reachOfOne = (sbyte.MaxValue - zeroPoint) * scale * divisors[channel];
                steepness = Math.Clamp(Math.Floor(short.MaxValue * step / reachOfOne), 1, LargestSteepness);
                bias[c] = (float)(steepness * (weights.Bias[channel] - reach[channel]));
                for (int k = 0; k < inputs; k++)
                {
                    matrix[(c * inputs) + k] = (float)(steepness * weights.Weight[(channel * inputs) + k]);
                }
            }
            double ratio = step / (scale * map.Divisors[channel] * steepness);
            multipliers[c] = (short)Math.Clamp(Math.Round(ratio * (1 << 15)), 1, short.MaxValue);
            // What the integer multiplier divides by is what the next weights are multiplied by: its rounding costs nothing.
            divisors[c] = (float)(step * (1 << 15) / (scale * multipliers[c] * steepness));
            reach[channel] += (sbyte.MaxValue - zeroPoint) * scale * divisors[c];
        }
        return (new(columns, inputs, matrix, bias), multipliers, divisors);
    }

    /// <summary>g = f(x) / x of 16-bit integers, in Q15; an entry for each 16 of them.</summary>
    /// <param name="function">f.</param>
    /// <param name="step">What x stands for one.</param>
    public static short[] GateTable(Func<double, double> function, double step)
    {
        short[] gate = new short[GateRecord.Entries];
        for (int i = 0; i < gate.Length; i++)
        {
            // The middle of the 16 values that share an entry; it is never zero.
            double middle = (((i - (GateRecord.Entries / 2)) * 16) + 7.5) * step;
            gate[i] = (short)Math.Clamp(Math.Round(function(middle) / middle * (1 << 15)), -short.MaxValue, short.MaxValue);
        }
        return gate;
    }
}
