// The post-training scheme: 8-bit weights and product inputs, a 16-bit residual stream, integer non-linear functions.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>
/// Lowers a BERT-like checkpoint to integer operations. Weights have a scale per output channel; what enters a product is asymmetric int8
/// with one scale per tensor and its whole calibrated range, as no channel stands out after <see cref="Migration"/>. The residual stream is 16
/// bits: LayerNorm outputs have outlier channels.
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
    private readonly Dictionary<TensorKey, SiteStatistics> ranges;
    private readonly Int8Options options;
    private readonly ModelBuilder builder = new();
    private readonly ProductLowering graph;
    private readonly Migration migration;

    public Int8Lowering(Checkpoint checkpoint, Calibrator calibrator, Int8Options options)
    {
        this.checkpoint = checkpoint;
        this.options = options;
        config = checkpoint.Config;
        graph = new ProductLowering(builder, WeightNames.Of(config.Architecture));
        ranges = calibrator.Ranges();
        migration = new Migration(checkpoint, ranges);
    }

    /// <summary>What each tensor of the graph stands for, in the order of the operations.</summary>
    public IReadOnlyList<QuantizedTensor> Meanings => graph.Meanings;

    private int LastLayer => config.LayerCount - 1;

    private int PaddedHead => HeadLayout.Padded(config.HeadSize);

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
        int hidden = config.HiddenSize, padded = (hidden + 15) & ~15;
        float[][] sources = EmbeddingTables(hidden);
        // No sum of rows can exceed the sum of the largest: nothing saturates, whatever the text.
        double scale = Math.Max(sources.Sum(table => table.Max(Math.Abs)), 1e-6) / short.MaxValue;
        double[][] steps = [.. sources.Select(table => RowSteps(table, hidden))];
        double largest = steps.Sum(step => step.Max()) / scale;
        int shift = 30;
        while (shift > 1 && (128 * (Math.ScaleB(largest, shift) + sources.Length)) + (1L << (shift - 1)) > int.MaxValue)
        {
            shift--;
        }
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Embed, RowRange.All, SplitAxis.Rows, 8);
        for (int i = 0; i < sources.Length; i++)
        {
            int rows = sources[i].Length / hidden;
            sbyte[] table = new sbyte[rows * padded];
            int[] multipliers = new int[rows];
            for (int r = 0; r < rows; r++)
            {
                for (int c = 0; c < hidden; c++)
                {
                    table[(r * padded) + c] = (sbyte)Math.Round(sources[i][(r * hidden) + c] / steps[i][r]);
                }
                multipliers[r] = (int)Math.Round(Math.ScaleB(steps[i][r] / scale, shift));
            }
            operation.Constants[2 * i] = builder.Rows<sbyte>(ElementType.Int8, table, rows);
            operation.Constants[(2 * i) + 1] = builder.Rows<int>(ElementType.Int32, multipliers, 1);
        }
        new EmbedRecord(in operation).Shift = shift;
        new EmbedRecord(in operation).PositionOffset = config.PositionOffset;
        new EmbedRecord(in operation).UnplacedIdPlusOne = config.UnplacedId + 1 ?? 0;
        operation.AccumulatorBound = int.MaxValue;
        return graph.Output(
            ref operation, 0, ElementType.Int16, QuantizedTensor.Of(new(TensorSite.EmbeddingSum, -1), hidden, scale, 0), RowRange.All, add: true);

        static double[] RowSteps(float[] table, int hidden) =>
            [.. Enumerable.Range(0, table.Length / hidden).Select(r => RowStep(table.AsSpan(r * hidden, hidden)))];
    }

    /// <summary>
    /// Tables of words, positions and types. The first type's row is in every token of a single text: what its own rounding takes from it the
    /// positions, whose steps are finer and differ from token to token, make up for.
    /// </summary>
    private float[][] EmbeddingTables(int hidden)
    {
        Embeddings tables = checkpoint.Embeddings;
        if (tables.Types.Length == 0)
        {
            return [tables.Words, tables.Positions];
        }
        float[] positions = [.. tables.Positions], types = [.. tables.Types];
        double step = RowStep(types.AsSpan(0, hidden));
        for (int c = 0; c < hidden; c++)
        {
            float lost = (float)(types[c] - (Math.Round(types[c] / step) * step));
            for (int i = c; i < positions.Length; i += hidden)
            {
                positions[i] += lost;
            }
            for (int i = hidden + c; i < types.Length; i += hidden)
            {
                types[i] -= lost;
            }
        }
        return [tables.Words, positions, types];
    }

    private static double RowStep(ReadOnlySpan<float> row) => Math.Max((double)Magnitude(row) / 127, 1e-9);

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
            weights.FeedForward1, narrow, config.Activation, new(TensorSite.FeedForward1, layer), new(TensorSite.FeedForwardActivation, layer), rows);
        branch = graph.Product(weights.FeedForward2, activation, new(TensorSite.FeedForward2, layer), ElementType.Int16, nextStep, 0, rows);
        double? outputStep = layer == LastLayer ? null : WideScale(TensorSite.AttentionSum, layer + 1);
        return Normalize(middle!, branch, weights.OutputNorm, new(TensorSite.OutputNorm, layer), outputStep, rows);
    }

    private (QuantizedTensor Logits, int Fraction) Head(QuantizedTensor input)
    {
        QuantizedTensor hidden = Activate(
            checkpoint.Head.Dense, input, checkpoint.Head.Activation, new(TensorSite.HeadDense, -1), new(TensorSite.HeadActivation, -1), RowRange.First);
        Linear classifier = checkpoint.Head.Classifier;
        // A regression's values may be in any unit, so the step follows them: no finer than what one of the accumulators stands for, and with
        // eight times the calibrated range inside the 30 bits of a logit.
        double accumulator = classifier.Weight.Select((w, i) => Math.Abs(w) * hidden.Divisor(i % classifier.Inputs)).Max() / 127 * hidden.Scale;
        double magnitude = ranges[new(TensorSite.Logits, -1)].Magnitude;
        int fraction = Math.Clamp(Math.Min(1 - Math.ILogB(Math.Max(accumulator, 1e-12)), 25 - Math.ILogB(Math.Max(magnitude, 1e-12))), 0, 40);
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

    private QuantizedTensor Attend(QuantizedTensor query, QuantizedTensor key, QuantizedTensor value, TensorKey contextKey, RowRange rows, int maxLength)
    {
        OperationRecord operation = ModelBuilder.Operation(OperationCode.Attention, rows, SplitAxis.Heads, 1);
        (operation.Inputs[0], operation.Inputs[1], operation.Inputs[2]) = (query.Index, key.Index, value.Index);
        // A score difference of one is this much of an exponent of two with 15 fraction bits.
        double ratio = query.Scale * key.Scale / Math.Sqrt(config.HeadSize) / DeterministicMath.Log(2) * (1 << Numerics.IntegerMath.ExponentFraction);
        (int preShift, int exponent) = DyadicRatio.Choose(ratio)
            ?? throw TensorNames.Degenerate(WeightNames.Of(config.Architecture), contextKey, "has scores beyond what its integers hold");
        double farthest = Math.Min(2.0 * 127 * 127 * PaddedHead, Math.Ceiling((Numerics.IntegerMath.ExponentLimit + 1) / ratio));
        ref ScaleStage score = ref new AttentionRecord(in operation).Score;
        score.PreShift = (byte)preShift;
        score.Exponent = (byte)exponent;
        score.Multiplier = Math.Max(1, DyadicRatio.Multiplier(ratio, preShift, exponent));
        int bits = ProductKernel.WideBits;
        while (((1L << bits) - 1) * 128 * maxLength > int.MaxValue)
        {
            bits--;
        }
        new AttentionRecord(in operation).Heads = config.HeadCount;
        new AttentionRecord(in operation).HeadColumns = PaddedHead;
        new AttentionRecord(in operation).Bits = bits;
        new AttentionRecord(in operation).Limit = (int)Math.Clamp(farthest, 1, (1L << (31 - preShift)) - 1);
        operation.AccumulatorBound = (uint)(((1L << bits) - 1) * 128 * maxLength);

        (double scale, int zeroPoint) = ProductInput(contextKey);
        ref ScaleStage context = ref operation.Stages[0];
        (context.Multiplier, context.Exponent) = ContextRatio(value.Scale / scale);
        (context.ZeroPoint, context.Low, context.High) = (zeroPoint, sbyte.MinValue, sbyte.MaxValue);
        QuantizedTensor result = QuantizedTensor.Of(contextKey, config.HiddenSize, scale, zeroPoint, migration[contextKey]) with { Heads = config.HeadCount };
        return graph.Output(ref operation, 0, ElementType.Int8, result, rows, add: true);
    }

    /// <summary>A ratio as a multiplier in 2^30..2^31-1 over 2^e.</summary>
    private static (int Multiplier, byte Exponent) ContextRatio(double ratio)
    {
        int exponent = 0;
        while (exponent < 62 && Math.Round(Math.ScaleB(ratio, exponent + 1)) <= int.MaxValue)
        {
            exponent++;
        }
        return ((int)Math.Round(Math.ScaleB(ratio, exponent)), (byte)exponent);
    }

    /// <summary>
    /// A product and a function of its result: as x g(x) with g from a table, or for ReLU by the clamp alone. A table of g is several times
    /// closer than one of f: where f is steep, x itself carries it.
    /// </summary>
    private QuantizedTensor Activate(Linear weights, QuantizedTensor input, Activation activation, TensorKey before, TensorKey after, RowRange rows)
    {
        (double scale, int zeroPoint) = ProductInput(after);
        if (activation == Activation.Relu)
        {
            return graph.Product(weights, input, after, ElementType.Int8, scale, zeroPoint, rows, low: zeroPoint);
        }
        SiteStatistics statistics = ranges[before];
        double low = statistics.Min * WideMargin, high = statistics.Max * WideMargin;
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
        OperationRecord operation = ModelBuilder.Operation(OperationCode.LayerNorm, rows, SplitAxis.Rows, 4);
        operation.Inputs[0] = a.Index;
        if (b is not null)
        {
            operation.Inputs[1] = b.Index;
        }
        long epsilon = (long)Math.Min(Math.Round((double)channels * channels * config.LayerNormEpsilon / (a.Scale * a.Scale)), Math.ScaleB(1, 60));
        new LayerNormRecord(in operation).Epsilon = epsilon;
        QuantizedTensor? wide = null;
        if (wideScale is { } step)
        {
            NormStage(ref operation.Stages[0], key, norm, step, 0, null, short.MinValue, short.MaxValue);
            wide = graph.Output(ref operation, 0, ElementType.Int16, QuantizedTensor.Of(key, channels, step, 0), rows, add: false);
        }
        (double scale, int zeroPoint) = ProductInput(key);
        ChannelMap map = migration[key];
        NormStage(ref operation.Stages[1], key, norm, scale, zeroPoint, map, sbyte.MinValue, sbyte.MaxValue);
        QuantizedTensor narrow = graph.Output(
            ref operation, 1, ElementType.Int8, QuantizedTensor.Of(key, channels, scale, zeroPoint, map), rows, add: true);
        return (wide, narrow);
    }

    private void NormStage(ref ScaleStage stage, TensorKey key, LayerNorm norm, double scale, int zeroPoint, ChannelMap? map, int low, int high)
    {
        int channels = norm.Gamma.Length;
        int fraction = 28 - LayerNormScale.HeadRoomOf(channels);
        double[] ratios = new double[channels], offsets = new double[channels];
        for (int c = 0; c < channels; c++)
        {
            double step = scale * (map?.Divisors[c] ?? 1);
            ratios[c] = Math.ScaleB(norm.Gamma[c] / step, -fraction);
            offsets[c] = (norm.Beta[c] - (map?.Shifts?[c] ?? 0)) / step;
        }
        // Addends share the exponent and stay below 2^30.
        double largest = Math.Max(ratios.Max(Math.Abs), 1e-12), offset = offsets.Max(Math.Abs);
        int exponent = 62;
        while (exponent > 33 && (Math.ScaleB(largest, exponent) > int.MaxValue - 1 || Math.ScaleB(offset, exponent - 32) > (1 << 30) - 1))
        {
            exponent--;
        }
        if (Math.ScaleB(largest, exponent) > int.MaxValue - 1 || Math.ScaleB(offset, exponent - 32) > (1 << 30) - 1)
        {
            throw TensorNames.Degenerate(WeightNames.Of(config.Architecture), key, "has a weight or bias that is far larger than what it gives");
        }
        stage.Exponent = (byte)exponent;
        stage.Multipliers = builder.Channels([.. ratios.Select(r => (int)Math.Round(Math.ScaleB(r, exponent)))]);
        stage.Addends = builder.Channels([.. offsets.Select(o => (int)Math.Round(Math.ScaleB(o, exponent - 32)))]);
        (stage.ZeroPoint, stage.Low, stage.High) = (zeroPoint, low, high);
    }

    private static float Magnitude(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }
        return largest;
    }
}

/// <summary>How the post-training scheme quantizes; the defaults suit every checkpoint.</summary>
internal sealed class Int8Options
{
    /// <summary>For tests: a factor by which a tensor's scale is made wrong.</summary>
    public Func<TensorKey, double>? PlantedFault { get; init; }

    /// <summary>For the ablation of I-BERT's table (<c>build/paper/ablation.sh</c>): the function that calibration and integers have in GELU's place.</summary>
    public Func<double, double>? GeluStandIn { get; init; }

    internal double Fault(TensorKey key) => PlantedFault?.Invoke(key) ?? 1;
}
