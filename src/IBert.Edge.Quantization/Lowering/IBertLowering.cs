// The published scheme: an integer-trained checkpoint to the reference's own integers.
using IBert.Edge.Checkpoints;
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering.Records;
using IBert.Edge.Quantization.Reference;
using static IBert.Edge.Quantization.Lowering.PublishedScales;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>
/// Lowers an I-BERT checkpoint (Kim et al. 2021; Hugging Face's <c>modeling_ibert</c> in quant_mode) op by op: every requantization, every
/// rounding and every clamp of the reference, its stale input scale of later layers included (docs/numerics.md, trap 13). Pooler and
/// classifier, which the reference leaves in float, are integer.
/// </summary>
/// <remarks>
/// The reference's float32 is followed where it moves integers: scales, constants, LayerNorm's deviations, softmax's last product. Its sums
/// are not: of scores, of Q, K and V at the stale scale and of squares it has the rounding errors of one machine's order of summation.
/// </remarks>
internal sealed class IBertLowering
{
    // Exponents as the runtime takes them: of a term, of LayerNorm's multipliers, of GELU's, which are in 128 bits; and how large an offset
    // may be.
    private const int LargestTermShift = 61, LeastShift = 33, LargestShift = 62, LargestWideShift = 126, LargestOffsetBits = 60;

    private readonly IBertCheckpoint checkpoint;
    private readonly ModelBuilder builder = new();
    private readonly List<QuantizedTensor> tensors = [];

    public IBertLowering(IBertCheckpoint checkpoint) => this.checkpoint = checkpoint;

    /// <summary>
    /// What each tensor of the graph stands for, in the order of the operations: float32 scales, as the reference has them.
    /// </summary>
    public IReadOnlyList<QuantizedTensor> Meanings => tensors;

    private CheckpointConfig Config => checkpoint.Weights.Config;

    private int Hidden => Config.HiddenSize;

    /// <summary>Builds the file's required sections.</summary>
    public IReadOnlyList<ModelSection> Lower(int maxLength, byte[] tokenizer)
    {
        QuantizedTensor hidden = Embed();
        float staleScale = StepOf(hidden);
        for (int layer = 0; layer < Config.LayerCount; layer++)
        {
            hidden = Layer(checkpoint.Weights.Layers[layer], $"encoder.layer.{layer}", hidden, staleScale, maxLength);
        }
        (ushort logits, int fraction) = Head(hidden);
        HeadEntry head = new()
        {
            Kind = Config.HeadKind,
            Tensor = logits,
            Labels = (uint)Config.Labels.Count,
            LogitMultiplier = 1,
            LogitExponent = fraction,
        };
        return builder.Build(maxLength, head, Config.Labels, tokenizer);
    }

    private QuantizedTensor Embed()
    {
        Embeddings tables = checkpoint.Weights.Embeddings;
        QuantizedTensor words = Gather(tables.Words, "embeddings.word_embeddings", (table, embed) => embed with { Tokens = table });
        QuantizedTensor types = Gather(tables.Types, "embeddings.token_type_embeddings", (table, embed) => embed with { Types = table });
        QuantizedTensor positions = Gather(tables.Positions, "embeddings.position_embeddings", (table, embed) => embed with
        {
            Positions = table,
            PositionOffset = Config.PositionOffset,
            UnplacedId = Config.UnplacedId,
        });
        // The reference passes both sums through the first activation and never uses the second (trap 1).
        float scale = ActivationScale("embeddings.embeddings_act1", 16);
        QuantizedTensor sum = Sum(words, types, "embeddings.embeddings_act1", ElementType.Int16, 16, scale);
        sum = Sum(sum, positions, "embeddings.embeddings_act1#2", ElementType.Int16, 16, scale);
        return Normalize(sum, tables.Norm, "embeddings.LayerNorm", "embeddings.output_activation");
    }

    private QuantizedTensor Layer(EncoderLayer layer, string name, QuantizedTensor input, float staleScale, int maxLength)
    {
        string self = $"{name}.attention.self", output = $"{name}.attention.output";
        QuantizedTensor query = Projection(layer.Query, input, staleScale, $"{self}.query");
        QuantizedTensor key = Projection(layer.Key, input, staleScale, $"{self}.key");
        QuantizedTensor value = Projection(layer.Value, input, staleScale, $"{self}.value");
        QuantizedTensor context = Attend(query, key, value, self, maxLength);

        QuantizedTensor dense = Product(layer.AttentionOutput, context, StepOf(context), $"{output}.dense");
        QuantizedTensor skip = input;
        if (StepOf(input) != staleScale)
        {
            // The reference reads the branch at the embeddings' scale: integers of another step, rounded once more.
            skip = Rescale(input, input.Scale / staleScale, ElementType.Int16, 16, staleScale, $"{name}.stale");
        }
        QuantizedTensor sum = Sum(
            dense, skip, $"{output}.ln_input_act", ElementType.Int32, 22, ActivationScale($"{output}.ln_input_act", 22));
        QuantizedTensor attention = Normalize(sum, layer.AttentionNorm, $"{output}.LayerNorm", $"{output}.output_activation");

        float scale = ActivationScale($"{name}.pre_intermediate_act", 8);
        QuantizedTensor middle = Rescale(attention, attention.Scale / scale, ElementType.Int8, 8, scale, $"{name}.pre_intermediate_act");
        QuantizedTensor wide = Product(layer.FeedForward1, middle, scale, $"{name}.intermediate.dense");
        QuantizedTensor activation = Gelu(wide, $"{name}.intermediate");
        scale = ActivationScale($"{name}.pre_output_act", 8);
        QuantizedTensor narrow = Rescale(activation, activation.Scale / scale, ElementType.Int8, 8, scale, $"{name}.pre_output_act");
        dense = Product(layer.FeedForward2, narrow, scale, $"{name}.output.dense");
        sum = Sum(dense, middle, $"{name}.output.ln_input_act", ElementType.Int32, 22, ActivationScale($"{name}.output.ln_input_act", 22));
        return Normalize(sum, layer.OutputNorm, $"{name}.output.LayerNorm", $"{name}.output.output_activation");
    }

    /// <summary>Rows of one table as they are: x 2 / 2.</summary>
    /// <param name="weights">The table.</param>
    /// <param name="name">Of the module.</param>
    /// <param name="place">Puts the table where the operation looks for it.</param>
    private QuantizedTensor Gather(float[] weights, string name, Func<EmbedTable, EmbedWriter, EmbedWriter> place)
    {
        int rows = weights.Length / Hidden;
        float scale = Symmetric(8, weights);
        int padded = Panels.Padded(Hidden);
        sbyte[] table = new sbyte[rows * padded];
        for (int i = 0; i < weights.Length; i++)
        {
            table[(i / Hidden * padded) + (i % Hidden)] = (sbyte)Quantize(weights[i], 8, scale);
        }
        int[] twos = new int[rows];
        Array.Fill(twos, 2);
        EmbedTable constants = new(builder.Rows<sbyte>(ElementType.Int8, table, rows), builder.Rows<int>(ElementType.Int32, twos, 1));
        QuantizedTensor result = Tensor(ElementType.Int16, name, Hidden, scale);
        builder.Add(place(constants, new EmbedWriter { Shift = 1, AccumulatorBound = 256, Output = result.Index }));
        return result;
    }

    /// <summary>A linear layer's accumulators, 32 bits. Where the input's scale is stale, they are brought to it before the bias.</summary>
    private QuantizedTensor Product(Linear linear, QuantizedTensor input, float biasInputScale, string name, int heads = 1)
    {
        PublishedProduct product = PublishedProduct.Of(linear, input, biasInputScale, heads);
        QuantizedTensor result = Tensor(ElementType.Int32, name, linear.Outputs, 1, product.Scales, heads);
        builder.Add(new LinearWriter
        {
            Input = input.Index,
            Weights = builder.Quads(product.Weights, result.Width, input.Width),
            Bias = builder.Channels(product.Bias),
            ColumnSums = builder.Channels(product.Sums),
            AccumulatorBound = product.Bound,
            Rescale = StepOf(input) == biasInputScale ? Stage.Unused : Rounded([input.Scale / biasInputScale]),
            Output = result.Index,
        });
        return result;
    }

    private QuantizedTensor Projection(Linear linear, QuantizedTensor input, float staleScale, string name)
    {
        QuantizedTensor accumulators = Product(linear, input, staleScale, name, Config.HeadCount);
        float scale = ActivationScale($"{name}_activation", 8);
        QuantizedTensor result = Tensor(ElementType.Int8, $"{name}_activation", accumulators.Columns, scale, null, accumulators.Heads);
        builder.Add(new AddWriter
        {
            First = new(accumulators.Index, Rounded(Ratios(accumulators, scale))),
            Low = sbyte.MinValue,
            High = sbyte.MaxValue,
            Output = result.Index,
        });
        return result;
    }

    private QuantizedTensor Attend(QuantizedTensor query, QuantizedTensor key, QuantizedTensor value, string name, int maxLength)
    {
        int size = Hidden / Config.HeadCount;
        float scale = StepOf(query) * StepOf(key) / (float)Math.Sqrt(size);
        SoftmaxConstants constants = PublishedScales.Softmax(scale);
        float outputScale = ActivationScale($"{name}.output_activation", 8);
        (int multiplier, int exponent) = Dyadic(value.Scale / outputScale);
        QuantizedTensor result = Tensor(ElementType.Int8, $"{name}.output_activation", query.Columns, outputScale, null, query.Heads);
        builder.Add(new PublishedAttentionWriter
        {
            Queries = query.Index,
            Keys = key.Index,
            Values = value.Index,
            Heads = Config.HeadCount,
            HeadColumns = Panels.Padded(size),
            Bits = PublishedElements.ProbabilityBits + 1,
            X0 = constants.X0,
            B = constants.B,
            C = constants.C,
            // The reference hands the integer exponentials to softmax.act as if they were values: one over its scale is their ratio.
            Score = Rounded([1.0 / ActivationScale($"{name}.softmax.act", 16)]),
            Context = Stage.One(multiplier, exponent).To(sbyte.MinValue, sbyte.MaxValue),
            AccumulatorBound = ((1 << (PublishedElements.ProbabilityBits + 1)) - 1) * 128L * maxLength,
            Output = result.Index,
        });
        return result;
    }

    private QuantizedTensor Normalize(QuantizedTensor input, LayerNorm norm, string name, string outputName)
    {
        float[] gamma = norm.Gamma, beta = norm.Beta;
        float scale = ActivationScale(outputName, 8), normScale = MathF.Sqrt(Hidden) / (1 << 30);
        double[] ratios = new double[Hidden];
        for (int c = 0; c < ratios.Length; c++)
        {
            ratios[c] = (double)(normScale * gamma[c]) / scale;
        }
        (int[] multipliers, int[] exponents) = Dyadic(ratios, LargestShift);
        long[] offsets = new long[multipliers.Length];
        for (int c = 0; c < Hidden; c++)
        {
            // A gamma of zero leaves beta alone, where the reference divides by zero (trap 4).
            double offset = gamma[c] == 0
                ? Math.ScaleB(beta[c] / (double)scale, exponents[c])
                : Math.Floor(beta[c] / gamma[c] / normScale) * multipliers[c];
            // Beta of a gamma near zero: the ratio then has fewer bits, of which beta shows none.
            int excess = Math.Clamp(Math.ILogB(Math.Abs(offset) + 1) - (LargestOffsetBits - 1), 0, exponents[c] - LeastShift);
            exponents[c] -= excess;
            multipliers[c] = (int)Math.Round(Math.ScaleB(multipliers[c], -excess), MidpointRounding.AwayFromZero);
            offsets[c] = (long)Math.Clamp(
                Math.ScaleB(offset, -excess), -Math.ScaleB(1, LargestOffsetBits), Math.ScaleB(1, LargestOffsetBits));
        }
        QuantizedTensor result = Tensor(ElementType.Int8, outputName, Hidden, scale);
        builder.Add(new PublishedLayerNormWriter
        {
            Input = input.Index,
            Scale = Rounded(multipliers, exponents).To(sbyte.MinValue, sbyte.MaxValue),
            Offsets = builder.Rows<long>(ElementType.Int64, offsets, 1),
            Shift = checkpoint.Shift(name),
            Significand = Significand(StepOf(input)),
            Output = result.Index,
        });
        return result;
    }

    private QuantizedTensor Gelu(QuantizedTensor input, string name)
    {
        float scale = ActivationScale($"{name}.output_activation", 8);
        int columns = input.Columns, padded = Panels.Padded(columns);
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
        QuantizedTensor result = Tensor(ElementType.Int8, $"{name}.output_activation", columns, scale);
        builder.Add(new PublishedGateWriter
        {
            Input = input.Index,
            B = builder.Rows<int>(ElementType.Int32, b, 1),
            C = builder.Rows<long>(ElementType.Int64, c, 1),
            Shift = builder.Rows<long>(ElementType.Int64, shift, 1),
            Scale = Rounded(ratios, LargestWideShift).To(sbyte.MinValue, sbyte.MaxValue),
            Output = result.Index,
        });
        return result;
    }

    /// <summary>Both sides of a sum requantized, each with its own rounding (FixedPointMul with an identity).</summary>
    private QuantizedTensor Sum(QuantizedTensor a, QuantizedTensor b, string name, ElementType type, int bits, float scale)
    {
        (int low, int high) = Ends(bits);
        QuantizedTensor result = Tensor(type, name, a.Columns, scale);
        builder.Add(new AddWriter
        {
            First = new(a.Index, Rounded(Ratios(a, scale))),
            Second = new(b.Index, Rounded(Ratios(b, scale))),
            Low = low,
            High = high,
            Output = result.Index,
        });
        return result;
    }

    private QuantizedTensor Rescale(QuantizedTensor input, double ratio, ElementType type, int bits, float scale, string name)
    {
        (int low, int high) = Ends(bits);
        QuantizedTensor result = Tensor(type, name, input.Columns, scale);
        builder.Add(new AddWriter { First = new(input.Index, Rounded([ratio])), Low = low, High = high, Output = result.Index });
        return result;
    }

    /// <summary>
    /// The two-layer head on the first token, which the reference computes in float: lowered like any post-training product.
    /// </summary>
    private (ushort Logits, int Fraction) Head(QuantizedTensor hidden)
    {
        ProductLowering graph = new(builder, WeightNames.IBert);
        const double tanhStep = 1.0 / 127;
        QuantizedTensor pooled = graph.Gate(
            checkpoint.Weights.Head.Dense, hidden, DeterministicMath.Tanh, new(TensorSite.HeadDense, -1),
            new(TensorSite.HeadActivation, -1),
            Int8Lowering.TanhTail / short.MaxValue, tanhStep, 0, ChannelMap.Plain(Hidden, -1, 1), RowRange.First);
        const int fraction = 16;
        QuantizedTensor logits = graph.Product(
            checkpoint.Weights.Head.Classifier, pooled, new(TensorSite.Logits, -1), ElementType.Int32,
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

    /// <summary>A change of scale by ratios, rounded to even: one for all channels, or one for each.</summary>
    private ScaleStage Rounded(double[] ratios, int most = LargestTermShift)
    {
        if (ratios.Length == 1)
        {
            (int multiplier, int exponent) = Dyadic(ratios[0]);
            return Stage.One(multiplier, exponent) with { Rounding = Rounding.HalfEven };
        }
        (int[] multipliers, int[] exponents) = Dyadic(ratios, most);
        return Rounded(multipliers, exponents);
    }

    private ScaleStage Rounded(int[] multipliers, int[] exponents) =>
        Stage.Each(builder.Channels(multipliers), builder.Channels(exponents), exponents.Min()) with { Rounding = Rounding.HalfEven };

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

    /// <summary>Gives the next operation an output tensor.</summary>
    private QuantizedTensor Tensor(ElementType type, string name, int columns, float scale, float[]? scales = null, int heads = 1)
    {
        QuantizedTensor tensor =
            new(0, TensorNames.Published(name), name, builder.Operations.Count, columns, scale, 0, scales, Heads: heads);
        tensor = tensor with { Index = builder.Tensor(type, tensor.Width, RowRange.All) };
        tensors.Add(tensor);
        return tensor;
    }
}
