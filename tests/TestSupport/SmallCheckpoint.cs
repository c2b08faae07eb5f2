// Random checkpoints of SmallModel's shape, one for each architecture and head: in memory, and as the folder that Hugging Face writes.
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.TestSupport;

internal static class SmallCheckpoint
{
    /// <summary>Rows that RoBERTa's position table has before the first position.</summary>
    private const int RobertaOffset = 2;

    /// <summary>Random weights.</summary>
    public static Checkpoint Make(Architecture architecture, HeadKind kind, Random random, int vocabulary)
    {
        string[] labels = kind == HeadKind.Regression ? SmallModel.Labels[..1] : SmallModel.Labels;
        int hidden = SmallModel.Hidden, offset = architecture is Architecture.Roberta or Architecture.IBert ? RobertaOffset : 0;
        int types = architecture switch
        {
            Architecture.Bert => 2,
            Architecture.DistilBert => 0,
            _ => 1,
        };
        CheckpointConfig config = new()
        {
            Architecture = architecture,
            LayerCount = SmallModel.Layers,
            HiddenSize = hidden,
            HeadCount = SmallModel.Heads,
            FeedForwardSize = SmallModel.FeedForward,
            VocabularySize = vocabulary,
            PositionRows = SmallModel.MaxLength + offset,
            PositionOffset = offset,
            TypeCount = types,
            LayerNormEpsilon = 1e-12,
            Activation = Activation.Gelu,
            Labels = labels,
            HeadKind = kind,
            LabelSource = "",
            SinusoidalPositions = false,
        };
        return new Checkpoint(
            config,
            new Embeddings(Uniform(vocabulary * hidden, 1), Uniform(config.PositionRows * hidden, 1), Uniform(types * hidden, 1), Norm()),
            [.. Enumerable.Range(0, SmallModel.Layers).Select(_ => new EncoderLayer(
                Dense(hidden, hidden), Dense(hidden, hidden), Dense(hidden, hidden), Dense(hidden, hidden), Norm(),
                Dense(SmallModel.FeedForward, hidden), Dense(hidden, SmallModel.FeedForward), Norm()))],
            new ClassificationHead(Dense(hidden, hidden), WeightNames.Of(architecture).HeadActivation, Dense(labels.Length, hidden)),
            "");

        // Uniform weights of this range keep the variance of what goes through.
        Linear Dense(int outputs, int inputs) =>
            new(outputs, inputs, Uniform(outputs * inputs, (float)Math.Sqrt(3.0 / inputs)), Uniform(outputs, 0.2f));

        LayerNorm Norm() => new([.. Uniform(hidden, 0.5f).Select(x => 1 + x)], Uniform(hidden, 0.5f));

        float[] Uniform(int count, float range) => [.. Enumerable.Range(0, count).Select(_ => range * ((2 * random.NextSingle()) - 1))];
    }

    /// <summary>Writes a folder; for an I-BERT also with the ranges that training would have found, those of the FP32 reference.</summary>
    public static void Write(Checkpoint checkpoint, Calibrator calibrator, string folder)
    {
        if (checkpoint.Config.Architecture == Architecture.IBert)
        {
            CheckpointConfig config = checkpoint.Config;
            new IBertCheckpoint(checkpoint, IBertRanges.Of(calibrator.Ranges(), config.LayerCount, config.HeadSize).ToDictionary())
                .Save(folder, WeightType.F32);
            return;
        }
        checkpoint.Save(folder, WeightType.F32);
    }
}

/// <summary>
/// The trained ranges of an I-BERT checkpoint, taken from an FP32 calibration instead: names below the prefix, with their one value.
/// </summary>
internal static class IBertRanges
{
    public static IEnumerable<(string Name, float Value)> Of(IReadOnlyDictionary<TensorKey, TensorRange> ranges, int layers, int headSize)
    {
        List<(string, float)> values = [];
        Range("embeddings.embeddings_act1", new(TensorSite.EmbeddingSum, -1));
        Range("embeddings.output_activation", new(TensorSite.EmbeddingNorm, -1));
        Norm("embeddings");
        for (int layer = 0; layer < layers; layer++)
        {
            string name = $"encoder.layer.{layer}", self = $"{name}.attention.self", attention = $"{name}.attention.output";
            Range($"{self}.query_activation", new(TensorSite.Query, layer));
            Range($"{self}.key_activation", new(TensorSite.Key, layer));
            Range($"{self}.value_activation", new(TensorSite.Value, layer));
            Range($"{self}.output_activation", new(TensorSite.Context, layer));
            Range($"{attention}.ln_input_act", new(TensorSite.AttentionSum, layer));
            Range($"{attention}.output_activation", new(TensorSite.AttentionNorm, layer));
            Range($"{name}.pre_intermediate_act", new(TensorSite.AttentionNorm, layer));
            Range($"{name}.intermediate.output_activation", new(TensorSite.FeedForwardActivation, layer));
            Range($"{name}.pre_output_act", new(TensorSite.FeedForwardActivation, layer));
            Range($"{name}.output.ln_input_act", new(TensorSite.OutputSum, layer));
            Range($"{name}.output.output_activation", new(TensorSite.OutputNorm, layer));
            // The largest integer exponential, 2^30 c, must fit 16 bits behind softmax.act.
            float query = ranges[new(TensorSite.Query, layer)].Magnitude / 127, key = ranges[new(TensorSite.Key, layer)].Magnitude / 127;
            float step = query * key / MathF.Sqrt(headSize), largest = MathF.ScaleB(1 / (0.35815147f * step * step), 30);
            Ends($"{self}.softmax.act", -largest, largest);
            Norm(attention);
            Norm($"{name}.output");
        }
        return values;

        void Range(string module, TensorKey key) => Ends(module, ranges[key].Min, ranges[key].Max);

        void Ends(string module, float low, float high) => values.AddRange([($"{module}.x_min", low), ($"{module}.x_max", high)]);

        void Norm(string parent) => values.Add(($"{parent}.LayerNorm.shift", 8));
    }
}
