// The published scheme: an integer-trained checkpoint to the reference's own integers.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Quantization.Reference;
using static IBert.Edge.Quantization.Lowering.PublishedScales;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>
/// Lowers an I-BERT checkpoint (Kim et al. 2021; Hugging Face's <c>modeling_ibert</c> in quant_mode) op by op: every requantization, every
/// rounding and every clamp of the reference, its stale input scale of later layers included (docs/numerics.md, trap 13). Pooler and classifier,
/// which the reference leaves in float, are integer.
/// </summary>
/// <remarks>
/// The reference's float32 is followed where it moves integers: scales, constants, LayerNorm's deviations, softmax's last product. Its sums are not:
/// of scores, of Q, K and V at the stale scale and of squares it has the rounding errors of one machine's order of summation.
/// </remarks>
internal sealed class IBertLowering
{
    // Biases and i-GELU's constants of nearly dead channels stay inside 32 bits: their weights take a coarser scale than the reference's.
    private const double LargestBias = 1 << 28;

    private readonly IBertCheckpoint checkpoint;
    private readonly ModelBuilder builder = new();
    private readonly List<QuantizedTensor> tensors = [];

    public IBertLowering(IBertCheckpoint checkpoint) => this.checkpoint = checkpoint;

    /// <summary>What each tensor of the graph stands for, in the order of the operations: float32 scales, as the reference has them.</summary>
    public IReadOnlyList<QuantizedTensor> Meanings => tensors;

    private int Hidden => checkpoint.HiddenSize;

    /// <summary>Builds the file's required sections.</summary>
    public IReadOnlyList<ModelSection> Lower(int maxLength, byte[] tokenizer)
    {
        QuantizedTensor hidden = Embed();
        float staleScale = StepOf(hidden);
        for (int layer = 0; layer < checkpoint.LayerCount; layer++)
        {
            hidden = Layer($"encoder.layer.{layer}", hidden, staleScale, maxLength);
        }
        (ushort logits, int fraction) = Head(hidden);
        HeadEntry head = new()
        {
            Kind = checkpoint.HeadKind,
            Tensor = logits,
            Labels = (uint)checkpoint.Labels.Count,
            LogitMultiplier = 1,
            LogitExponent = fraction,
        };
        return builder.Build(maxLength, head, checkpoint.Labels, tokenizer);
    }

    private QuantizedTensor Embed()
    {
        QuantizedTensor words = Gather("embeddings.word_embeddings", checkpoint.VocabularySize, 0, 0, null);
        QuantizedTensor types = Gather("embeddings.token_type_embeddings", 1, 2, 0, null);
        QuantizedTensor positions = Gather("embeddings.position_embeddings", checkpoint.PositionRows, 1, checkpoint.PositionOffset, checkpoint.UnplacedId);
        // The reference passes both sums through the first activation and never uses the second (trap 1).
        float scale = ActivationScale("embeddings.embeddings_act1", 16);
        QuantizedTensor sum = Sum(words, types, "embeddings.embeddings_act1", ElementType.Int16, 16, scale);
        sum = Sum(sum, positions, "embeddings.embeddings_act1#2", ElementType.Int16, 16, scale);
        return Normalize(sum, "embeddings.LayerNorm", "embeddings.output_activation");
    }

    private QuantizedTensor Layer(string name, QuantizedTensor input, float staleScale, int maxLength)
    {
        string self = $"{name}.attention.self", output = $"{name}.attention.output";
        QuantizedTensor query = Projection(input, staleScale, $"{self}.query");
        QuantizedTensor key = Projection(input, staleScale, $"{self}.key");
        QuantizedTensor value = Projection(input, staleScale, $"{self}.value");
        QuantizedTensor context = Attend(query, key, value, self, maxLength);

        QuantizedTensor dense = Product(context, StepOf(context), $"{output}.dense", Hidden, Hidden);
        QuantizedTensor skip = input;
        if (StepOf(input) != staleScale)
        {
            // The reference reads the branch at the embeddings' scale: integers of another step, rounded once more.
            skip = Rescale(input, input.Scale / staleScale, ElementType.Int16, 16, staleScale, $"{name}.stale");
        }
        QuantizedTensor sum = Sum(dense, skip, $"{output}.ln_input_act", ElementType.Int32, 22, ActivationScale($"{output}.ln_input_act", 22));
        QuantizedTensor attention = Normalize(sum, $"{output}.LayerNorm", $"{output}.output_activation");

        float scale = ActivationScale($"{name}.pre_intermediate_act", 8);
        QuantizedTensor middle = Rescale(attention, attention.Scale / scale, ElementType.Int8, 8, scale, $"{name}.pre_intermediate_act");
        QuantizedTensor wide = Product(middle, scale, $"{name}.intermediate.dense", checkpoint.FeedForwardSize, Hidden);
        QuantizedTensor activation = Gelu(wide, $"{name}.intermediate");
        scale = ActivationScale($"{name}.pre_output_act", 8);
        QuantizedTensor narrow = Rescale(activation, activation.Scale / scale, ElementType.Int8, 8, scale, $"{name}.pre_output_act");
        dense = Product(narrow, scale, $"{name}.output.dense", Hidden, checkpoint.FeedForwardSize);
        sum = Sum(dense, middle, $"{name}.output.ln_input_act", ElementType.Int32, 22, ActivationScale($"{name}.output.ln_input_act", 22));
        return Normalize(sum, $"{name}.output.LayerNorm", $"{name}.output.output_activation");
    }

    /// <summary>Rows of one table as they are: x 2 / 2.</summary>
    private QuantizedTensor Gather(string name, int rows, int slot, int offset, int? unplacedId)
    {
        float[] weights = checkpoint.Tensor($"{name}.weight", rows * Hidden);
        float scale = Symmetric(8, weights);
        int padded = (Hidden + 15) & ~15;
        sbyte[] table = new sbyte[rows * padded];
        for (int i = 0; i < weights.Length; i++)
        {
            table[(i / Hidden * padded) + (i % Hidden)] = (sbyte)Quantize(weights[i], 8, scale);
        }
        int[] twos = new int[rows];
        Array.Fill(twos, 2);
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Embed, RowRange.All, SplitAxis.Rows, 8);
        operation.Constants[2 * slot] = builder.Rows<sbyte>(ElementType.Int8, table, rows);
        operation.Constants[(2 * slot) + 1] = builder.Rows<int>(ElementType.Int32, twos, 1);
        new EmbedRecord(in operation).Shift = 1;
        new EmbedRecord(in operation).PositionOffset = offset;
        new EmbedRecord(in operation).UnplacedIdPlusOne = unplacedId + 1 ?? 0;
        operation.AccumulatorBound = 256;
        return Output(ref operation, 0, ElementType.Int16, name, Hidden, scale);
    }

    /// <summary>A linear layer's accumulators, 32 bits. Where the input's scale is stale, they are brought to it before the bias.</summary>
    private QuantizedTensor Product(QuantizedTensor input, float biasInputScale, string name, int outputs, int inputs, int heads = 1)
    {
        Linear linear = checkpoint.Linear(name, outputs, inputs);
        int width = outputs / heads, paddedWidth = heads == 1 ? width : HeadLayout.Padded(width), places = heads * paddedWidth;
        int inner = input.Width;
        sbyte[] weights = new sbyte[places * inner];
        int[] bias = new int[places], sums = new int[places];
        float[] scales = new float[outputs];
        long bound = 0;
        for (int c = 0; c < outputs; c++)
        {
            ReadOnlySpan<float> row = linear.Weight.AsSpan(c * inputs, inputs);
            float scale = Math.Max(Symmetric(8, row), (float)(Math.Abs(linear.Bias[c]) / biasInputScale / LargestBias));
            int place = (c / width * paddedWidth) + (c % width), magnitude = 0;
            for (int k = 0; k < inputs; k++)
            {
                sbyte w = (sbyte)Quantize(row[k], 8, scale);
                weights[(place * inner) + input.Place(k)] = w;
                sums[place] += w;
                magnitude += Math.Abs(w);
            }
            scales[c] = scale * biasInputScale;
            bias[place] = (int)Math.Clamp(Quantize(linear.Bias[c], 32, scales[c]), -(1L << 29), 1L << 29);
            bound = Math.Max(bound, Math.Abs((long)bias[place]) + (128L * magnitude));
        }
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Linear, RowRange.All, SplitAxis.Columns, 4);
        operation.Inputs[0] = input.Index;
        new LinearRecord(in operation).Weights = builder.Quads(weights, places, inner);
        new LinearRecord(in operation).Bias = builder.Channels(bias);
        new LinearRecord(in operation).ColumnSums = builder.Channels(sums);
        operation.AccumulatorBound = (uint)bound;
        if (StepOf(input) != biasInputScale)
        {
            Set(ref new LinearRecord(in operation).Rescale, [input.Scale / biasInputScale]);
        }
        return Output(ref operation, 0, ElementType.Int32, name, outputs, 1, scales, heads);
    }

    private QuantizedTensor Projection(QuantizedTensor input, float staleScale, string name)
    {
        QuantizedTensor accumulators = Product(input, staleScale, name, Hidden, Hidden, checkpoint.HeadCount);
        float scale = ActivationScale($"{name}_activation", 8);
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Add, RowRange.All, SplitAxis.Rows, 4);
        operation.Inputs[0] = accumulators.Index;
        Set(ref new AddRecord(in operation).Input(0), Ratios(accumulators, scale));
        (operation.Stages[0].Low, operation.Stages[0].High) = (sbyte.MinValue, sbyte.MaxValue);
        return Output(ref operation, 0, ElementType.Int8, $"{name}_activation", accumulators.Columns, scale, null, accumulators.Heads);
    }

    private QuantizedTensor Attend(QuantizedTensor query, QuantizedTensor key, QuantizedTensor value, string name, int maxLength)
    {
        int size = Hidden / checkpoint.HeadCount;
        float scale = StepOf(query) * StepOf(key) / (float)Math.Sqrt(size);
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Attention, RowRange.All, SplitAxis.Heads, 1);
        (operation.Inputs[0], operation.Inputs[1], operation.Inputs[2]) = (query.Index, key.Index, value.Index);
        SoftmaxConstants constants = PublishedScales.Softmax(scale);
        new AttentionRecord(in operation).Heads = checkpoint.HeadCount;
        new AttentionRecord(in operation).HeadColumns = HeadLayout.Padded(size);
        new AttentionRecord(in operation).Bits = PublishedElements.ProbabilityBits + 1;
        new AttentionRecord(in operation).Limit = 1;
        new AttentionRecord(in operation).Function = FunctionKind.Published;
        new PublishedAttentionRecord(in operation).X0 = constants.X0;
        new PublishedAttentionRecord(in operation).B = constants.B;
        new PublishedAttentionRecord(in operation).C = constants.C;
        // The reference hands the integer exponentials to softmax.act as if they were values: one over its scale is their ratio.
        Set(ref new AttentionRecord(in operation).Score, [1.0 / ActivationScale($"{name}.softmax.act", 16)]);
        operation.AccumulatorBound = (uint)(((1 << (PublishedElements.ProbabilityBits + 1)) - 1) * 128L * maxLength);
        float outputScale = ActivationScale($"{name}.output_activation", 8);
        ref ScaleStage stage = ref operation.Stages[0];
        (int multiplier, int exponent) = Dyadic(value.Scale / outputScale);
        (stage.Multiplier, stage.Exponent, stage.Low, stage.High) = (multiplier, (byte)exponent, sbyte.MinValue, sbyte.MaxValue);
        return Output(ref operation, 0, ElementType.Int8, $"{name}.output_activation", query.Columns, outputScale, null, query.Heads);
    }

    private QuantizedTensor Normalize(QuantizedTensor input, string name, string outputName)
    {
        float[] gamma = checkpoint.Tensor($"{name}.weight", Hidden), beta = checkpoint.Tensor($"{name}.bias", Hidden);
        float scale = ActivationScale(outputName, 8), normScale = MathF.Sqrt(Hidden) / (1 << 30);
        double[] ratios = new double[Hidden];
        for (int c = 0; c < ratios.Length; c++)
        {
            ratios[c] = (double)(normScale * gamma[c]) / scale;
        }
        OperationRecord operation = ModelBuilder.Operation(OperationCode.LayerNorm, RowRange.All, SplitAxis.Rows, 4);
        operation.Inputs[0] = input.Index;
        ref ScaleStage stage = ref operation.Stages[1];
        int[] multipliers = Set(ref stage, ratios);
        (stage.Low, stage.High) = (sbyte.MinValue, sbyte.MaxValue);
        long[] offsets = new long[multipliers.Length];
        for (int c = 0; c < Hidden; c++)
        {
            // A gamma of zero leaves beta alone, where the reference divides by zero (trap 4).
            double offset = gamma[c] == 0
                ? Math.ScaleB(beta[c] / (double)scale, stage.Exponent)
                : Math.Floor(beta[c] / gamma[c] / normScale) * multipliers[c];
            offsets[c] = (long)Math.Clamp(offset, -Math.ScaleB(1, 60), Math.ScaleB(1, 60));
        }
        new PublishedLayerNormRecord(in operation).Offsets = builder.Rows<long>(ElementType.Int64, offsets, 1);
        new LayerNormRecord(in operation).Function = FunctionKind.Published;
        new PublishedLayerNormRecord(in operation).Shift = (int)checkpoint.Tensor($"{name}.shift", 1)[0];
        new PublishedLayerNormRecord(in operation).Significand = Significand(StepOf(input));
        return Output(ref operation, 1, ElementType.Int8, outputName, Hidden, scale);
    }

    private QuantizedTensor Gelu(QuantizedTensor input, string name)
    {
        float scale = ActivationScale($"{name}.output_activation", 8);
        int columns = input.Columns, padded = (columns + 15) & ~15;
        int[] b = new int[padded];
        long[] c = new long[padded], shift = new long[padded];
        double[] ratios = new double[columns];
        for (int i = 0; i < columns; i++)
        {
            float step = (float)input.Step(i);
            GeluConstants constants = PublishedScales.Gelu(step);
            (b[i], c[i], shift[i]) = (constants.B, constants.C, constants.Shift);
            ratios[i] = (double)constants.OutputScale / scale;
        }
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Gate, RowRange.All, SplitAxis.Rows, 4);
        operation.Inputs[0] = input.Index;
        new GateRecord(in operation).Function = FunctionKind.Published;
        new PublishedGateRecord(in operation).B = builder.Rows<int>(ElementType.Int32, b, 1);
        new PublishedGateRecord(in operation).C = builder.Rows<long>(ElementType.Int64, c, 1);
        new PublishedGateRecord(in operation).Shift = builder.Rows<long>(ElementType.Int64, shift, 1);
        Set(ref operation.Stages[0], ratios);
        (operation.Stages[0].Low, operation.Stages[0].High) = (sbyte.MinValue, sbyte.MaxValue);
        return Output(ref operation, 0, ElementType.Int8, $"{name}.output_activation", columns, scale);
    }

    /// <summary>Both sides of a sum requantized, each with its own rounding (FixedPointMul with an identity).</summary>
    private QuantizedTensor Sum(QuantizedTensor a, QuantizedTensor b, string name, ElementType type, int bits, float scale)
    {
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Add, RowRange.All, SplitAxis.Rows, 4);
        (operation.Inputs[0], operation.Inputs[1]) = (a.Index, b.Index);
        Set(ref new AddRecord(in operation).Input(0), Ratios(a, scale));
        Set(ref new AddRecord(in operation).Input(1), Ratios(b, scale));
        (operation.Stages[0].Low, operation.Stages[0].High) = Ends(bits);
        return Output(ref operation, 0, type, name, a.Columns, scale);
    }

    private QuantizedTensor Rescale(QuantizedTensor input, double ratio, ElementType type, int bits, float scale, string name)
    {
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Add, RowRange.All, SplitAxis.Rows, 4);
        operation.Inputs[0] = input.Index;
        Set(ref new AddRecord(in operation).Input(0), [ratio]);
        (operation.Stages[0].Low, operation.Stages[0].High) = Ends(bits);
        return Output(ref operation, 0, type, name, input.Columns, scale);
    }

    /// <summary>The two-layer head on the first token, which the reference computes in float: lowered like any post-training product.</summary>
    private (ushort Logits, int Fraction) Head(QuantizedTensor hidden)
    {
        ProductLowering graph = new(builder, WeightNames.IBert);
        const double tanhStep = 1.0 / 127;
        QuantizedTensor pooled = graph.Gate(
            checkpoint.Linear("classifier.dense", Hidden, Hidden), hidden, DeterministicMath.Tanh, new(TensorSite.HeadDense, -1), new(TensorSite.HeadActivation, -1),
            Int8Lowering.TanhTail / short.MaxValue, tanhStep, 0, ChannelMap.Plain(Hidden, -1, 1), RowRange.First);
        const int fraction = 16;
        QuantizedTensor logits = graph.Product(
            checkpoint.Linear("classifier.out_proj", checkpoint.Labels.Count, Hidden), pooled, new(TensorSite.Logits, -1), ElementType.Int32,
            Math.ScaleB(1, -fraction), 0, RowRange.First);
        tensors.AddRange(graph.Meanings);
        return (logits.Index, fraction);
    }

    private float ActivationScale(string name, int bits)
    {
        (float low, float high) = checkpoint.Range(name);
        return Symmetric(bits, low, high);
    }

    private static (int Low, int High) Ends(int bits) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1);

    /// <summary>Sets a stage to ratios, rounded to even; they share the exponent of the largest. Returns the multipliers, padded.</summary>
    private int[] Set(ref ScaleStage stage, double[] ratios)
    {
        (_, int exponent) = Dyadic(ratios.Max(Math.Abs));
        int[] multipliers = new int[(ratios.Length + 15) & ~15];
        for (int i = 0; i < ratios.Length; i++)
        {
            (int multiplier, int own) = Dyadic(ratios[i]);
            multipliers[i] = (int)Math.Round(Math.ScaleB(multiplier, exponent - own), MidpointRounding.AwayFromZero);
        }
        stage.Rounding = Rounding.HalfEven;
        stage.Exponent = (byte)exponent;
        if (ratios.Length == 1)
        {
            stage.Multiplier = multipliers[0];
        }
        else
        {
            stage.Multipliers = builder.Rows<int>(ElementType.Int32, multipliers, 1);
        }
        return multipliers;
    }

    private static float StepOf(QuantizedTensor tensor) => (float)tensor.Scale;

    /// <summary>A tensor's scales over another: one, or one for each place of a row, 0 where heads are padded.</summary>
    private static double[] Ratios(QuantizedTensor tensor, float scale)
    {
        if (tensor.Divisors is null)
        {
            return [tensor.Scale / scale];
        }
        double[] ratios = new double[tensor.Width];
        for (int c = 0; c < tensor.Columns; c++)
        {
            ratios[tensor.Place(c)] = tensor.Step(c) / scale;
        }
        return ratios;
    }

    private QuantizedTensor Output(
        ref OperationRecord operation, int slot, ElementType type, string name, int columns, float scale, float[]? scales = null, int heads = 1)
    {
        QuantizedTensor tensor = new(0, TensorNames.Published(name), name, builder.Operations.Count, columns, scale, 0, scales, Heads: heads);
        tensor = tensor with { Index = builder.Tensor(type, tensor.Width, RowRange.All) };
        operation.Outputs[slot] = tensor.Index;
        tensors.Add(tensor);
        builder.Add(operation);
        return tensor;
    }
}
