// Chooses, for every input of a product, how its outliers are dealt with before it becomes 8-bit integers.
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>
/// Exact rewritings of the network, of which only the last costs time on the device: its share of the columns of two products.
/// Channel c is divided by t[c] and column c of the next weights multiplied by it (SmoothQuant, Xiao et al. 2022, arXiv:2211.10438), which
/// LayerNorm's, V's and GELU's own multipliers do. From a channel whose range lies far off, what its middle is beyond the other channels'
/// typical magnitude is subtracted, and what that takes from the next product is added to its bias (after Outlier Suppression+, Wei et al.
/// 2023, arXiv:2304.09145), which LayerNorm's beta and V's bias do: behind softmax, whose probabilities sum to one, a constant of V is the
/// same constant of the context. And a channel of GELU's result with values far above all others (a few tokens have such ones: Sun et al.
/// 2024, arXiv:2402.17762) has its range cut into pieces with a column each (after Zhao et al. 2019, arXiv:1901.09504).
/// </summary>
internal sealed class Migration
{
    // Columns come in blocks of 16; a block is at most a thirty-second of the channels, three blocks are the most, and each must take away
    // a fifth of the noise.
    private const int ExtraBlock = 16, LeastChannelsOfBlock = 32 * ExtraBlock, MostExtraBlocks = 3;
    private const double WorthABlock = 0.8;

    private readonly WeightNames names;
    private readonly IReadOnlyDictionary<TensorKey, TensorRange> ranges;
    private readonly Dictionary<TensorKey, ChannelMap> maps = [];

    public Migration(Checkpoint checkpoint, IReadOnlyDictionary<TensorKey, TensorRange> ranges)
    {
        CheckpointConfig config = checkpoint.Config;
        (this.ranges, names) = (ranges, WeightNames.Of(config.Architecture));
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            EncoderLayer weights = checkpoint.Layers[layer];
            Choose(layer == 0 ? new(TensorSite.EmbeddingNorm, -1) : new(TensorSite.OutputNorm, layer - 1), true, 0, weights.Query,
                weights.Key, weights.Value);
            ChooseValue(layer, weights.AttentionOutput);
            ChooseScores(layer);
            Choose(new(TensorSite.AttentionNorm, layer), true, 0, weights.FeedForward1);
            // ReLU leaves no integer between the two products that could divide a channel.
            if (config.Activation != Activation.Relu)
            {
                int blocks = Math.Min(MostExtraBlocks, config.FeedForwardSize / LeastChannelsOfBlock);
                Choose(new(TensorSite.FeedForwardActivation, layer), false, blocks, weights.FeedForward2);
            }
        }
        Choose(new(TensorSite.OutputNorm, config.LayerCount - 1), true, 0, checkpoint.Head.Dense);
        if (checkpoint.Head.Activation != Activation.Relu)
        {
            Choose(new(TensorSite.HeadActivation, -1), false, 0, checkpoint.Head.Classifier);
        }
    }

    /// <summary>A tensor's map; one that nothing was chosen for has its range alone.</summary>
    public ChannelMap this[TensorKey key] => maps.TryGetValue(key, out ChannelMap? map)
        ? map
        : ChannelMap.Plain(ranges[key].Channels, Math.Min(0, ranges[key].Min), Math.Max(0, ranges[key].Max));

    /// <summary>
    /// The divisors t[c] = max|x[c]|^a / max|w[c]|^(1-a) of the strength a with the least expected noise at the outputs of the products
    /// that read the tensor. Where activations have few outliers a strong migration would only coarsen the weights, so each tensor has its
    /// own.
    /// </summary>
    private void Choose(TensorKey key, bool shift, int extraBlocks, params ReadOnlySpan<Linear> consumers)
    {
        Channels channels = new(ranges[key], shift);
        double[] largestWeights = LargestWeights(consumers);
        (double Noise, ChannelMap? Map) best = (double.PositiveInfinity, null);
        for (int blocks = 0; blocks <= extraBlocks; blocks++)
        {
            (double Noise, ChannelMap? Map) least = (double.PositiveInfinity, null);
            for (int step = 0; step <= 10; step++)
            {
                ChannelMap map = channels.Map(largestWeights, step / 10.0, blocks * ExtraBlock);
                double noise = Noise(channels, map, 0, consumers);
                if (noise < least.Noise)
                {
                    least = (noise, map);
                }
            }
            if (least.Noise >= best.Noise * WorthABlock && blocks > 0)
            {
                break;
            }
            best = least;
        }
        maps[key] = best.Map ?? throw NotFinite(key);
    }

    /// <summary>
    /// V and the context share their channels' divisors and shifts: what is subtracted from V is missing from the context.
    /// </summary>
    private void ChooseValue(int layer, Linear consumer)
    {
        TensorKey contextKey = new(TensorSite.Context, layer), valueKey = new(TensorSite.Value, layer);
        Channels value = new(ranges[valueKey], true), context = new(ranges[contextKey], value.Shifts);
        double[] largestWeights = LargestWeights([consumer]);
        double least = double.PositiveInfinity;
        for (int step = 0; step <= 10; step++)
        {
            ChannelMap valueMap = value.Map(largestWeights, step / 10.0, 0);
            ChannelMap contextMap = context.Map(valueMap.Divisors);
            double noise = Noise(context, contextMap, (valueMap.High - valueMap.Low) / 254, consumer);
            if (noise < least)
            {
                least = noise;
                (maps[valueKey], maps[contextKey]) = (valueMap, contextMap);
            }
        }
        if (double.IsPositiveInfinity(least))
        {
            throw NotFinite(contextKey);
        }
    }

    private CheckpointException NotFinite(TensorKey key) => TensorNames.Degenerate(names, key, "takes values beyond what FP32 holds");

    /// <summary>
    /// Q's channels are divided by what K's are multiplied by, so that both fill their range; what is subtracted from K changes all scores
    /// of a query alike, which softmax does not see.
    /// </summary>
    private void ChooseScores(int layer)
    {
        TensorKey queryKey = new(TensorSite.Query, layer), keyKey = new(TensorSite.Key, layer);
        Channels query = new(ranges[queryKey], false), key = new(ranges[keyKey], true);
        float[] divisors = new float[query.Count], inverses = new float[query.Count];
        for (int c = 0; c < divisors.Length; c++)
        {
            double q = query.Magnitude(c), k = key.Magnitude(c);
            divisors[c] = q > 0 && k > 0 ? (float)Math.Clamp(Math.Sqrt(q / k), 1e-4, 1e4) : 1;
            inverses[c] = 1 / divisors[c];
        }
        (maps[queryKey], maps[keyKey]) = (query.Map(divisors), key.Map(inverses));
    }

    private static double[] LargestWeights(ReadOnlySpan<Linear> consumers)
    {
        int inputs = consumers[0].Inputs;
        double[] largest = new double[inputs];
        foreach (Linear consumer in consumers)
        {
            for (int i = 0; i < consumer.Weight.Length; i++)
            {
                largest[i % inputs] = Math.Max(largest[i % inputs], Math.Abs(consumer.Weight[i]));
            }
        }
        return largest;
    }

    /// <summary>
    /// The expected noise at the products' outputs, times 12: the input's rounding noise, step^2 / 12 in every column, times the squared
    /// weights, plus the weights' rounding noise, step^2 / 12 in every row, times the input's mean squares.
    /// </summary>
    /// <param name="channels">The input's channels.</param>
    /// <param name="map">What they are divided by.</param>
    /// <param name="innerStep">Step of a tensor that the input is a mean of, with the same divisors; 0 for none.</param>
    /// <param name="consumers">The products.</param>
    private static double Noise(Channels channels, ChannelMap map, double innerStep, params ReadOnlySpan<Linear> consumers)
    {
        int inputs = channels.Count;
        double[] columns = new double[inputs];
        Array.Fill(columns, 1);
        foreach (int channel in map.Extras)
        {
            columns[channel]++;
        }
        double power = 0;
        for (int c = 0; c < inputs; c++)
        {
            power += channels.Power(c) / ((double)map.Divisors[c] * map.Divisors[c]);
        }
        double step = (map.High - map.Low) / 255, noise = 0;
        double inputNoise = (step * step) + (innerStep * innerStep);
        foreach (Linear consumer in consumers)
        {
            for (int row = 0; row < consumer.Outputs; row++)
            {
                double largest = 0, squares = 0;
                for (int c = 0; c < inputs; c++)
                {
                    double weight = (double)consumer.Weight[(row * inputs) + c] * map.Divisors[c];
                    largest = Math.Max(largest, Math.Abs(weight));
                    squares += weight * weight * columns[c];
                }
                double weightStep = largest / 127;
                noise += (inputNoise * squares) + (weightStep * weightStep * power);
            }
        }
        return noise;
    }

    /// <summary>The channels of a tensor as calibration saw them, less their shifts.</summary>
    private sealed class Channels
    {
        private readonly TensorRange range;

        public Channels(TensorRange range, bool shift)
            : this(range, shift ? ShiftsOf(range) : null)
        {
        }

        public Channels(TensorRange range, float[]? shifts) => (this.range, Shifts) = (range, shifts);

        public float[]? Shifts { get; }

        public int Count => range.Channels;

        public double Magnitude(int channel) => Math.Max(Math.Abs(Low(channel)), Math.Abs(High(channel)));

        /// <summary>Mean square.</summary>
        public double Power(int channel) => range.MeanSquare(channel, Shift(channel));

        /// <summary>The map with given divisors.</summary>
        public ChannelMap Map(float[] divisors, int[]? extras = null, double? most = null)
        {
            double low = 0, high = 0;
            for (int c = 0; c < Count; c++)
            {
                low = Math.Min(low, Low(c) / divisors[c]);
                high = Math.Max(high, High(c) / divisors[c]);
            }
            return new(divisors, Shifts, extras ?? [], low, most ?? high);
        }

        /// <summary>The map of a strength of migration, with this many extra columns where they make the range smaller.</summary>
        public ChannelMap Map(double[] largestWeights, double strength, int extraColumns)
        {
            float[] divisors = new float[Count];
            for (int c = 0; c < divisors.Length; c++)
            {
                double weight = largestWeights[c], activation = Magnitude(c);
                // A dead channel on either side has nothing to balance.
                divisors[c] = weight > 0 && activation > 0
                    ? (float)Math.Clamp(RealPower(activation, strength) / RealPower(weight, 1 - strength), 1e-4, 1e4)
                    : 1;
            }
            if (extraColumns == 0)
            {
                return Map(divisors);
            }
            // Again and again another column for the channel whose columns have the widest reach.
            PriorityQueue<int, (double Reach, int Channel)> queue = new();
            int[] columns = new int[Count];
            for (int c = 0; c < Count; c++)
            {
                columns[c] = 1;
                queue.Enqueue(c, (-High(c) / divisors[c], c));
            }
            List<int> extras = [];
            for (int i = 0; i < extraColumns; i++)
            {
                int c = queue.Dequeue();
                extras.Add(c);
                columns[c]++;
                queue.Enqueue(c, (-High(c) / divisors[c] / columns[c], c));
            }
            extras.Sort();
            queue.TryPeek(out _, out (double Reach, int Channel) widest);
            return Map(divisors, [.. extras], Math.Max(0, -widest.Reach));
        }

        private static double RealPower(double value, double exponent) => DeterministicMath.Exp(exponent * DeterministicMath.Log(value));

        /// <summary>
        /// What a channel's middle is beyond the typical magnitude of all channels. What is within it would not make the range smaller by
        /// much, and leaves room for what few calibration texts have not shown.
        /// </summary>
        private static float[] ShiftsOf(TensorRange range)
        {
            float typical = Enumerable.Range(0, range.Channels).Select(range.ChannelMagnitude).Order().ElementAt(range.Channels / 2);
            float[] shifts = new float[range.Channels];
            for (int c = 0; c < shifts.Length; c++)
            {
                float middle = (range.ChannelMin[c] + range.ChannelMax[c]) / 2;
                shifts[c] = middle - Math.Clamp(middle, -typical, typical);
            }
            return shifts;
        }

        private double Shift(int channel) => Shifts is null ? 0 : Shifts[channel];

        private double Low(int channel) => range.ChannelMin[channel] - Shift(channel);

        private double High(int channel) => range.ChannelMax[channel] - Shift(channel);
    }
}
