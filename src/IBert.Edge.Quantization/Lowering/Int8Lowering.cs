// The post-training scheme: 8-bit weights and product inputs, a 16-bit residual stream, integer non-linear functions.
using IBert.Edge.Checkpoints;
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Lowering.Records;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>
/// Lowers a BERT-like checkpoint to integer operations. Weights have a scale per output channel; what enters a product is asymmetric int8
/// with one scale per tensor and its whole calibrated range, as no channel stands out after <see cref="Migration"/>. The residual stream is
/// 16 bits: LayerNorm outputs have outlier channels.
/// </summary>
internal sealed class Int8Lowering
{
    // Room above the calibrated range where a finer step would gain nothing: 16-bit and 12-bit tensors.
    private const double WideMargin = 1.25;

    // GELU is 0 to 1e-8 below this, and x above its negative: nothing beyond needs a table entry.
    private const double GeluTail = -6;

    // tanh is 1 to 7e-4 from here on, a tenth of an int8 step.
    public const double TanhTail = 4;

    private readonly Checkpoint checkpoint;
    private readonly CheckpointConfig config;
    private readonly IReadOnlyDictionary<TensorKey, TensorRange> ranges;
    private readonly Int8Options options;
    private readonly ModelBuilder builder = new();
    private readonly ProductLowering graph;
    private readonly Migration migration;

    /// <param name="checkpoint">The weights.</param>
    /// <param name="ranges">Of every tensor of the FP32 reference that becomes integers.</param>
    /// <param name="options">How.</param>
    public Int8Lowering(Checkpoint checkpoint, IReadOnlyDictionary<TensorKey, TensorRange> ranges, Int8Options options)
    {
        this.checkpoint = checkpoint;
        this.ranges = ranges;
        this.options = options;
        config = checkpoint.Config;
        graph = new ProductLowering(builder, WeightNames.Of(config.Architecture));
        migration = new Migration(checkpoint, ranges);
    }

    /// <summary>What each tensor of the graph stands for, in the order of the operations.</summary>
    public IReadOnlyList<QuantizedTensor> Meanings => graph.Meanings;

    private int LastLayer => config.LayerCount - 1;

    private int PaddedHead => Panels.Padded(config.HeadSize);

    /// <summary>Builds the file's required sections.</summary>
    public IReadOnlyList<ModelSection> Lower(int maxLength, byte[] tokenizer)
    {
        QuantizedTensor sum = Embed();
        (QuantizedTensor? residual, QuantizedTensor input) = Normalize(
            sum, null, checkpoint.Embeddings.Norm, new(TensorSite.EmbeddingNorm, -1), WideScale(TensorSite.AttentionSum, 0), RowRange.All);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            // Only the first token of the last layer is read, so only K and V need the others.
            RowRange rows = layer == LastLayer ? RowRange.First : RowRange.All;
            (residual, input) = Layer(layer, checkpoint.Layers[layer], residual!, input, rows, maxLength);
        }
        (QuantizedTensor logits, int fraction) = Head(input);
        HeadEntry head = new()
        {
            Kind = config.HeadKind,
            Tensor = logits.Index,
            Labels = (uint)config.Labels.Count,
            LogitMultiplier = 1,
            LogitExponent = fraction,
        };
        return builder.Build(maxLength, head, config.Labels, tokenizer);
    }

    /// <summary>Scale and zero point of an asymmetric int8 tensor whose channels went through their map.</summary>
    private (double Scale, int ZeroPoint) ProductInput(TensorKey key)
    {
        ChannelMap map = migration[key];
        double scale = Math.Max(map.High - map.Low, 1e-6) / 255 * options.Fault(key);
        return (scale, (int)Math.Round(-128 - (map.Low / scale)));
    }

    /// <summary>Step of the 16-bit tensors that meet in a LayerNorm: both inputs and their sum fit.</summary>
    private double WideScale(TensorSite sum, int layer)
    {
        TensorKey residual, branch;
        if (sum == TensorSite.AttentionSum)
        {
            residual = layer == 0 ? new(TensorSite.EmbeddingNorm, -1) : new(TensorSite.OutputNorm, layer - 1);
            branch = new(TensorSite.AttentionOutput, layer);
        }
        else
        {
            residual = new(TensorSite.AttentionNorm, layer);
            branch = new(TensorSite.FeedForward2, layer);
        }
        float largest = Math.Max(Math.Max(ranges[residual].Magnitude, ranges[branch].Magnitude), ranges[new(sum, layer)].Magnitude);
        return Math.Max(largest, 1e-6f) * WideMargin / short.MaxValue;
    }

    private QuantizedTensor Embed()
    {
        int hidden = config.HiddenSize;
        QuantizedEmbedding embedding = QuantizedEmbedding.Of(checkpoint.Embeddings, hidden);
        EmbedTable[] tables = [.. embedding.Tables.Select(table => new EmbedTable(
            builder.Rows<sbyte>(ElementType.Int8, table.Rows, table.Multipliers.Length),
            builder.Rows<int>(ElementType.Int32, table.Multipliers, 1)))];
        QuantizedTensor sum = graph.Tensor(
            ElementType.Int16, QuantizedTensor.Of(new(TensorSite.EmbeddingSum, -1), hidden, embedding.Scale, 0), RowRange.All);
        builder.Add(new EmbedWriter
        {
            Tokens = tables[0],
            Positions = tables[1],
            Types = tables.Length > 2 ? tables[2] : null,
            Shift = embedding.Shift,
            PositionOffset = config.PositionOffset,
            UnplacedId = config.UnplacedId,
            AccumulatorBound = int.MaxValue,
            Output = sum.Index,
        });
        return sum;
    }

    private (QuantizedTensor? Residual, QuantizedTensor Narrow) Layer(
        int layer, EncoderLayer weights, QuantizedTensor residual, QuantizedTensor input, RowRange rows, int maxLength)
    {
        TensorKey contextKey = new(TensorSite.Context, layer);
        QuantizedTensor query = HeadInput(weights.Query, input, new(TensorSite.Query, layer), rows);
        QuantizedTensor key = HeadInput(weights.Key, input, new(TensorSite.Key, layer), RowRange.All);
        QuantizedTensor value = HeadInput(weights.Value, input, new(TensorSite.Value, layer), RowRange.All);
        QuantizedTensor context = Attend(query, key, value, contextKey, rows, maxLength);

        double step = WideScale(TensorSite.AttentionSum, layer);
        QuantizedTensor branch = graph.Product(
            weights.AttentionOutput, context, new(TensorSite.AttentionOutput, layer), ElementType.Int16, step, 0, rows);
        double nextStep = WideScale(TensorSite.OutputSum, layer);
        (QuantizedTensor? middle, QuantizedTensor narrow) = Normalize(
            residual, branch, weights.AttentionNorm, new(TensorSite.AttentionNorm, layer), nextStep, rows);

        QuantizedTensor activation = Activate(
            weights.FeedForward1, narrow, config.Activation, new(TensorSite.FeedForward1, layer),
            new(TensorSite.FeedForwardActivation, layer), rows);
        branch = graph.Product(weights.FeedForward2, activation, new(TensorSite.FeedForward2, layer), ElementType.Int16, nextStep, 0, rows);
        double? outputStep = layer == LastLayer ? null : WideScale(TensorSite.AttentionSum, layer + 1);
        return Normalize(middle!, branch, weights.OutputNorm, new(TensorSite.OutputNorm, layer), outputStep, rows);
    }

    private (QuantizedTensor Logits, int Fraction) Head(QuantizedTensor input)
    {
        QuantizedTensor hidden = Activate(
            checkpoint.Head.Dense, input, checkpoint.Head.Activation, new(TensorSite.HeadDense, -1), new(TensorSite.HeadActivation, -1),
            RowRange.First);
        Linear classifier = checkpoint.Head.Classifier;
        // A regression's values may be in any unit, so the step follows them: no finer than what one of the accumulators stands for, and
        // with eight times the calibrated range inside the 30 bits of a logit.
        double accumulator =
            classifier.Weight.Select((w, i) => Math.Abs(w) * hidden.Divisor(i % classifier.Inputs)).Max() / 127 * hidden.Scale;
        double magnitude = ranges[new(TensorSite.Logits, -1)].Magnitude;
        int fraction = Math.Clamp(
            Math.Min(1 - Math.ILogB(Math.Max(accumulator, 1e-12)), 25 - Math.ILogB(Math.Max(magnitude, 1e-12))), 0, 40);
        QuantizedTensor logits = graph.Product(
            classifier, hidden, new(TensorSite.Logits, -1), ElementType.Int32, Math.ScaleB(1, -fraction), 0, RowRange.First);
        return (logits, fraction);
    }

    /// <summary>Q, K or V: symmetric int8 without -128, heads padded.</summary>
    private QuantizedTensor HeadInput(Linear weights, QuantizedTensor input, TensorKey key, RowRange rows)
    {
        ChannelMap map = migration[key];
        double scale = Math.Max(Math.Max(-map.Low, map.High), 1e-6) / 127 * options.Fault(key);
        return graph.Product(weights, input, key, ElementType.Int8, scale, 0, rows, -127, 127, map, config.HeadCount);
    }

    private QuantizedTensor Attend(
        QuantizedTensor query, QuantizedTensor key, QuantizedTensor value, TensorKey contextKey, RowRange rows, int maxLength)
    {
        // A score difference of one is this much of an exponent of two with 15 fraction bits.
        double ratio =
            query.Scale * key.Scale / Math.Sqrt(config.HeadSize) / DeterministicMath.Log(2) * (1 << Numerics.IntegerMath.ExponentFraction);
        (int preShift, int exponent) = DyadicRatio.Choose(ratio)
            ?? throw TensorNames.Degenerate(WeightNames.Of(config.Architecture), contextKey, "has scores beyond what its integers hold");
        double farthest = Math.Min(2.0 * 127 * 127 * PaddedHead, Math.Ceiling((Numerics.IntegerMath.ExponentLimit + 1) / ratio));
        int bits = ProductKernel.WideBits;
        while (((1L << bits) - 1) * 128 * maxLength > int.MaxValue)
        {
            bits--;
        }
        (double scale, int zeroPoint) = ProductInput(contextKey);
        (int multiplier, int contextExponent) = DyadicRatio.Widest(value.Scale / scale);
        QuantizedTensor context = graph.Tensor(
            ElementType.Int8, QuantizedTensor.Of(contextKey, config.HiddenSize, scale, zeroPoint, migration[contextKey]) with
            {
                Heads = config.HeadCount,
            }, rows);
        builder.Add(new AttentionWriter
        {
            Rows = rows,
            Queries = query.Index,
            Keys = key.Index,
            Values = value.Index,
            Heads = config.HeadCount,
            HeadColumns = PaddedHead,
            Bits = bits,
            Limit = (int)Math.Clamp(farthest, 1, (1L << (31 - preShift)) - 1),
            Score = Stage.One(Math.Max(1, DyadicRatio.Multiplier(ratio, preShift, exponent)), exponent) with { PreShift = (byte)preShift },
            Context = Stage.One(multiplier, contextExponent).To(sbyte.MinValue, sbyte.MaxValue, zeroPoint),
            AccumulatorBound = ((1L << bits) - 1) * 128 * maxLength,
            Output = context.Index,
        });
        return context;
    }

    /// <summary>
    /// A product and a function of its result: as x g(x) with g from a table, or for ReLU by the clamp alone. A table of g is several times
    /// closer than one of f: where f is steep, x itself carries it.
    /// </summary>
    private QuantizedTensor Activate(
        Linear weights, QuantizedTensor input, Activation activation, TensorKey before, TensorKey after, RowRange rows)
    {
        (double scale, int zeroPoint) = ProductInput(after);
        if (activation == Activation.Relu)
        {
            return graph.Product(weights, input, after, ElementType.Int8, scale, zeroPoint, rows, low: zeroPoint);
        }
        TensorRange range = ranges[before];
        double low = range.Min * WideMargin, high = range.Max * WideMargin;
        (low, high) = activation == Activation.Tanh
            ? (Math.Max(low, -TanhTail), Math.Min(high, TanhTail))
            : (Math.Max(low, GeluTail), high);
        double step = Math.Max(Math.Max(-low, high), 1e-6) / short.MaxValue * options.Fault(before);
        Func<double, double> function = ActivationFunction.Of(activation, options.GeluStandIn);
        return graph.Gate(weights, input, function, before, after, step, scale, zeroPoint, migration[after], rows);
    }

    private (QuantizedTensor? Wide, QuantizedTensor Narrow) Normalize(
        QuantizedTensor a, QuantizedTensor? b, LayerNorm norm, TensorKey key, double? wideScale, RowRange rows)
    {
        int channels = norm.Gamma.Length;
        QuantizedTensor? wide = null;
        ScaleStage wideStage = Stage.Unused;
        if (wideScale is { } step)
        {
            wideStage = NormStage(key, norm, step, null).To(short.MinValue, short.MaxValue);
            wide = graph.Tensor(ElementType.Int16, QuantizedTensor.Of(key, channels, step, 0), rows, residual: true);
        }
        (double scale, int zeroPoint) = ProductInput(key);
        ChannelMap map = migration[key];
        ScaleStage narrowStage = NormStage(key, norm, scale, map).To(sbyte.MinValue, sbyte.MaxValue, zeroPoint);
        QuantizedTensor narrow = graph.Tensor(ElementType.Int8, QuantizedTensor.Of(key, channels, scale, zeroPoint, map), rows);
        builder.Add(new LayerNormWriter
        {
            Rows = rows,
            Input = a.Index,
            Branch = b?.Index ?? OperationRecord.None,
            Epsilon = (long)Math.Min(
                Math.Round((double)channels * channels * config.LayerNormEpsilon / (a.Scale * a.Scale)), Math.ScaleB(1, 60)),
            Wide = wide?.Index ?? OperationRecord.None,
            WideStage = wideStage,
            Narrow = narrow.Index,
            NarrowStage = narrowStage,
        });
        return (wide, narrow);
    }

    private ScaleStage NormStage(TensorKey key, LayerNorm norm, double scale, ChannelMap? map)
    {
        NormScale stage = NormScale.Of(norm, scale, map)
            ?? throw TensorNames.Degenerate(
                WeightNames.Of(config.Architecture), key, "has a weight or bias that is far larger than what it gives");
        return Stage.Each(builder.Channels(stage.Multipliers), stage.Exponent) with { Addends = builder.Channels(stage.Addends) };
    }
}

/// <summary>How the post-training scheme quantizes; the defaults suit every checkpoint.</summary>
internal sealed class Int8Options
{
    /// <summary>For tests: a factor by which a tensor's scale is made wrong.</summary>
    public Func<TensorKey, double>? PlantedFault { get; init; }

    /// <summary>
    /// For the ablation of I-BERT's table (<c>build/paper/ablation.sh</c>): the function that calibration and integers have in GELU's
    /// place.
    /// </summary>
    public Func<double, double>? GeluStandIn { get; init; }

    internal double Fault(TensorKey key) => PlantedFault?.Invoke(key) ?? 1;
}
