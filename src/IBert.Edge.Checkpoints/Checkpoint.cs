// A checkpoint in memory: config and FP32 weights in one shape for every architecture.
namespace IBert.Edge.Checkpoints;

/// <summary>y = W x + b, with W [Outputs, Inputs] row-major and b [Outputs].</summary>
internal sealed record Linear(int Outputs, int Inputs, float[] Weight, float[] Bias)
{
    /// <summary>A copy with arrays of its own.</summary>
    public Linear Copy() => this with { Weight = [.. Weight], Bias = [.. Bias] };
}

/// <summary>y = gamma (x - mean) / sqrt(variance + eps) + beta, over a row.</summary>
internal sealed record LayerNorm(float[] Gamma, float[] Beta)
{
    /// <summary>A copy with arrays of its own.</summary>
    public LayerNorm Copy() => new([.. Gamma], [.. Beta]);
}

/// <summary>
/// Tables of one row of the hidden size per token, position (from row PositionOffset of the config) and token type (empty where the
/// architecture has none), summed, then normalized.
/// </summary>
internal sealed record Embeddings(float[] Words, float[] Positions, float[] Types, LayerNorm Norm)
{
    /// <summary>A copy with arrays of its own.</summary>
    public Embeddings Copy() => new([.. Words], [.. Positions], [.. Types], Norm.Copy());
}

/// <summary>One post-LayerNorm encoder layer.</summary>
internal sealed record EncoderLayer(
    Linear Query, Linear Key, Linear Value, Linear AttentionOutput, LayerNorm AttentionNorm,
    Linear FeedForward1, Linear FeedForward2, LayerNorm OutputNorm)
{
    /// <summary>A copy with arrays of its own.</summary>
    public EncoderLayer Copy() => new(
        Query.Copy(), Key.Copy(), Value.Copy(), AttentionOutput.Copy(), AttentionNorm.Copy(),
        FeedForward1.Copy(), FeedForward2.Copy(), OutputNorm.Copy());
}

/// <summary>The first token's hidden state through a dense layer, an activation and the classifier.</summary>
internal sealed record ClassificationHead(Linear Dense, Activation Activation, Linear Classifier)
{
    /// <summary>A copy with arrays of its own.</summary>
    public ClassificationHead Copy() => this with { Dense = Dense.Copy(), Classifier = Classifier.Copy() };
}

/// <summary>
/// A tensor of a checkpoint: the module that it belongs to as <see cref="WeightNames"/> calls it, "weight" or "bias", and its elements,
/// row-major.
/// </summary>
internal readonly record struct NamedWeight(string Module, string Kind, float[] Values, long[] Shape);

/// <summary>
/// A BERT-like classifier; <c>SourceHash</c> is the SHA-256 of its weight files in lower-case hexadecimal (<see cref="WeightFiles.Hash"/>),
/// empty for one that no file holds.
/// </summary>
internal sealed record Checkpoint(
    CheckpointConfig Config, Embeddings Embeddings, IReadOnlyList<EncoderLayer> Layers, ClassificationHead Head, string SourceHash)
{
    private delegate float[] TensorReader(string module, string kind, params ReadOnlySpan<long> shape);

    /// <summary>
    /// Reads a Hugging Face folder. What cannot be converted is refused from its config and headers, before weights are read.
    /// </summary>
    /// <exception cref="CheckpointException">Missing, damaged or not supported: the message says which and what to do.</exception>
    public static Checkpoint Load(string folder)
    {
        try
        {
            return LoadFolder(folder);
        }
        // What files complain about is caught where their names are known; this is the folder itself.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{folder}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>A copy with arrays of its own, to be changed.</summary>
    public Checkpoint Copy() => this with
    {
        Embeddings = Embeddings.Copy(),
        Layers = [.. Layers.Select(layer => layer.Copy())],
        Head = Head.Copy(),
    };

    /// <summary>
    /// Writes config.json and model.safetensors, which <see cref="Load"/> reads as the same checkpoint again; in half precision as the
    /// nearest one. The tokenizer's files are not written: they are copied from where they are.
    /// </summary>
    /// <param name="folder">Is made where it is missing. Files of these names are replaced, each when the new one is complete.</param>
    /// <param name="type">How weights are stored.</param>
    /// <exception cref="CheckpointException">A weight is not finite, or not in that type: nothing is written.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be made.</exception>
    public void Save(string folder, WeightType type) => CheckpointFolder.Write(folder, this, null, type);

    /// <summary>All weights under their modules' names, in the order of computation.</summary>
    public IReadOnlyList<NamedWeight> Weights()
    {
        WeightNames names = WeightNames.Of(Config.Architecture);
        int hidden = Config.HiddenSize;
        return
        [
            Table(names.Words, Embeddings.Words, Config.VocabularySize),
            Table(names.Positions, Embeddings.Positions, Config.PositionRows),
            .. names.Types is null ? [] : (NamedWeight[])[Table(names.Types, Embeddings.Types, Config.TypeCount)],
            .. Norm(names.EmbeddingNorm, Embeddings.Norm),
            .. Layers.SelectMany((layer, i) => Layer($"{names.Layer}{i}.", layer)),
            .. Dense(names.HeadDense, Head.Dense),
            .. Dense(names.Classifier, Head.Classifier),
        ];

        NamedWeight Table(string module, float[] values, int rows) => new(module, "weight", values, [rows, hidden]);

        NamedWeight[] Layer(string name, EncoderLayer layer) =>
        [
            .. Dense(name + names.Query, layer.Query),
            .. Dense(name + names.Key, layer.Key),
            .. Dense(name + names.Value, layer.Value),
            .. Dense(name + names.AttentionOutput, layer.AttentionOutput),
            .. Norm(name + names.AttentionNorm, layer.AttentionNorm),
            .. Dense(name + names.FeedForward1, layer.FeedForward1),
            .. Dense(name + names.FeedForward2, layer.FeedForward2),
            .. Norm(name + names.OutputNorm, layer.OutputNorm),
        ];

        static NamedWeight[] Dense(string module, Linear linear) =>
            [new(module, "weight", linear.Weight, [linear.Outputs, linear.Inputs]), new(module, "bias", linear.Bias, [linear.Outputs])];

        NamedWeight[] Norm(string module, LayerNorm norm) =>
            [new(module, "weight", norm.Gamma, [hidden]), new(module, "bias", norm.Beta, [hidden])];
    }

    private static Checkpoint LoadFolder(string folder)
    {
        CheckpointConfig config = CheckpointConfig.Read(FolderContents.RequireConfig(folder));
        WeightNames names = WeightNames.Of(config.Architecture);
        using WeightFiles files = WeightFiles.Open(folder, names);

        // The first pass only looks: a missing tensor near the end is found before gigabytes are read.
        Build(config, names, "", (module, kind, shape) =>
        {
            Locate(folder, files, config, names, module, kind, shape);
            return [];
        });
        return Build(config, names, files.Hash(), (module, kind, shape) =>
        {
            (SafetensorsFile file, SafetensorsTensor tensor) = Locate(folder, files, config, names, module, kind, shape);
            return file.ReadFloats(tensor);
        });
    }

    private static Checkpoint Build(CheckpointConfig config, WeightNames names, string hash, TensorReader read)
    {
        int hidden = config.HiddenSize;
        int wide = config.FeedForwardSize;
        var embeddings = new Embeddings(
            read(names.Words, "weight", config.VocabularySize, hidden),
            read(names.Positions, "weight", config.PositionRows, hidden),
            names.Types is null ? [] : read(names.Types, "weight", config.TypeCount, hidden),
            Norm(names.EmbeddingNorm));
        var layers = new EncoderLayer[config.LayerCount];
        for (int i = 0; i < layers.Length; i++)
        {
            string layer = $"{names.Layer}{i}.";
            layers[i] = new EncoderLayer(
                Dense(layer + names.Query, hidden, hidden),
                Dense(layer + names.Key, hidden, hidden),
                Dense(layer + names.Value, hidden, hidden),
                Dense(layer + names.AttentionOutput, hidden, hidden),
                Norm(layer + names.AttentionNorm),
                Dense(layer + names.FeedForward1, wide, hidden),
                Dense(layer + names.FeedForward2, hidden, wide),
                Norm(layer + names.OutputNorm));
        }
        // The classifier first: a base model lacks it whatever else it lacks, and is then told so.
        Linear classifier = Dense(names.Classifier, config.Labels.Count, hidden);
        var head = new ClassificationHead(Dense(names.HeadDense, hidden, hidden), names.HeadActivation, classifier);
        return new Checkpoint(config, embeddings, layers, head, hash);

        Linear Dense(string module, int outputs, int inputs) =>
            new(outputs, inputs, read(module, "weight", outputs, inputs), read(module, "bias", outputs));

        LayerNorm Norm(string module) => new(read(module, "weight", hidden), read(module, "bias", hidden));
    }

    /// <summary>Finds a tensor under its name with or without the architecture's prefix, or under TensorFlow's names of 2018.</summary>
    private static (SafetensorsFile File, SafetensorsTensor Tensor) Locate(
        string folder, WeightFiles files, CheckpointConfig config, WeightNames names, string module, string kind, ReadOnlySpan<long> shape)
    {
        string legacy = kind == "weight" ? "gamma" : "beta";
        foreach (string name in (string[])[
            $"{names.Prefix}{module}.{kind}", $"{module}.{kind}", $"{names.Prefix}{module}.{legacy}", $"{module}.{legacy}"])
        {
            if (!files.TryFind(name, out SafetensorsFile? file, out SafetensorsTensor? tensor))
            {
                continue;
            }
            if (!shape.SequenceEqual(tensor.Shape))
            {
                throw WeightProblem.OtherShape(file, tensor, config, names, module, shape);
            }
            file.RequireFloats(tensor);
            return (file, tensor);
        }
        throw WeightProblem.Missing(folder, files, config, names, module, kind);
    }
}
