// config.json: the shape of a checkpoint, and by name everything that cannot be converted.
using System.Globalization;
using System.Text.Json;
using IBert.Edge.Format;

namespace IBert.Edge.Quantization.Checkpoints;

/// <summary>The architectures whose weights are understood.</summary>
internal enum Architecture
{
    /// <summary>BERT (arXiv:1810.04805): token types, a pooler with tanh before the classifier.</summary>
    Bert,

    /// <summary>DistilBERT (arXiv:1910.01108): no token types, a dense layer with ReLU before the classifier.</summary>
    DistilBert,

    /// <summary>RoBERTa (arXiv:1907.11692): BERT with positions from padding_idx + 1, usually one token type, and the classifier's own dense layer with tanh.</summary>
    Roberta,

    /// <summary>I-BERT (arXiv:2101.01321): RoBERTa with the ranges of integer training beside its weights.</summary>
    IBert,
}

/// <summary>A non-linear function applied to each element.</summary>
internal enum Activation
{
    /// <summary>x Phi(x), with the exact normal distribution.</summary>
    Gelu,

    /// <summary>GELU's approximation by tanh (Hugging Face's gelu_new).</summary>
    GeluTanh,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>Hyperbolic tangent: the pooler's.</summary>
    Tanh,
}

/// <summary>What config.json says, in the same words for every architecture.</summary>
internal sealed record CheckpointConfig
{
    // Far above every real model, and small enough that a product of two of them stays inside 64 bits.
    private const int MaxDimension = 1 << 24;

    private static readonly (string ModelType, string ClassName, Architecture Architecture)[] Known =
    [
        ("bert", "BertForSequenceClassification", Architecture.Bert),
        ("distilbert", "DistilBertForSequenceClassification", Architecture.DistilBert),
        ("roberta", "RobertaForSequenceClassification", Architecture.Roberta),
        ("ibert", "IBertForSequenceClassification", Architecture.IBert),
    ];

    /// <summary>Which architecture it is.</summary>
    public required Architecture Architecture { get; init; }

    /// <summary>Number of encoder layers.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Width of the residual stream; a multiple of <see cref="HeadCount"/>.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Number of attention heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Width between the two feed-forward layers.</summary>
    public required int FeedForwardSize { get; init; }

    /// <summary>Rows of the word embedding table.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Rows of the position embedding table.</summary>
    public required int PositionRows { get; init; }

    /// <summary>The row of the first token's position: RoBERTa's padding_idx + 1, else 0.</summary>
    public required int PositionOffset { get; init; }

    /// <summary>Rows of the token type embedding table; 0 where the architecture has none.</summary>
    public required int TypeCount { get; init; }

    /// <summary>Added to the variance in LayerNorm.</summary>
    public required double LayerNormEpsilon { get; init; }

    /// <summary>Between the feed-forward layers.</summary>
    public required Activation Activation { get; init; }

    /// <summary>The labels' names, in the order of the logits; of a regression the one value's name.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>What the logits mean.</summary>
    public required HeadKind HeadKind { get; init; }

    /// <summary>The padding token's id, where the checkpoint names one.</summary>
    public required int? PadTokenId { get; init; }

    /// <summary>Whether the position table was to be made from sines when the weights lack it.</summary>
    public required bool SinusoidalPositions { get; init; }

    /// <summary>RoBERTa's padding token, whose id is <c>padding_idx</c>: where a text has it, it takes that row and no position.</summary>
    public int? UnplacedId => PositionOffset > 0 ? PositionOffset - 1 : null;

    /// <summary>The longest sequence.</summary>
    public int MaxPositions => PositionRows - PositionOffset;

    /// <summary>Width of one attention head.</summary>
    public int HeadSize => HiddenSize / HeadCount;

    /// <summary>The row of the position table for a token, as Hugging Face's <c>create_position_ids_from_input_ids</c> has it.</summary>
    /// <param name="id">The token.</param>
    /// <param name="placed">Tokens before it that have a position; is counted on.</param>
    public int PositionRow(int id, ref int placed) => id == UnplacedId ? PositionOffset - 1 : PositionOffset + placed++;

    /// <summary>Reads config.json. Missing fields take the defaults of Hugging Face's configuration classes.</summary>
    /// <exception cref="CheckpointException">Not well-formed, or it describes something that cannot be converted.</exception>
    public static CheckpointConfig Read(string path)
    {
        JsonFile json = JsonFile.Read(path);
        Architecture architecture = ReadArchitecture(json);
        RefuseUnsupported(json);
        bool distil = architecture == Architecture.DistilBert, roberta = architecture is Architecture.Roberta or Architecture.IBert;
        string hiddenName = distil && json.Find("dim") is not null ? "dim" : "hidden_size";
        string headsName = distil && json.Find("n_heads") is not null ? "n_heads" : "num_attention_heads";
        string layersName = distil && json.Find("n_layers") is not null ? "n_layers" : "num_hidden_layers";
        int vocabulary = json.Integer("vocab_size", roberta ? 50265 : 30522, 1, MaxDimension);
        int? padding = json.Find("pad_token_id") is null ? null : json.Integer("pad_token_id", 0, 0, vocabulary - 1);
        string[] labels = ReadLabels(json);
        var config = new CheckpointConfig
        {
            Architecture = architecture,
            LayerCount = json.Integer(layersName, distil ? 6 : 12, 1, 1024),
            HiddenSize = json.Integer(hiddenName, 768, 1, MaxDimension),
            HeadCount = json.Integer(headsName, 12, 1, MaxDimension),
            FeedForwardSize = json.Integer(distil ? "hidden_dim" : "intermediate_size", 3072, 1, MaxDimension),
            VocabularySize = vocabulary,
            PositionRows = json.Integer("max_position_embeddings", 512, 2, MaxDimension),
            PositionOffset = roberta ? (padding ?? 1) + 1 : 0,
            TypeCount = distil ? 0 : json.Integer("type_vocab_size", 2, 1, MaxDimension),
            // DistilBERT's code has the constant, its configuration no field for it.
            LayerNormEpsilon = distil ? 1e-12 : json.Number("layer_norm_eps", 1e-12, 1e-20, 1),
            Activation = ReadActivation(json, distil ? "activation" : "hidden_act"),
            Labels = labels,
            HeadKind = ReadHeadKind(json, labels.Length),
            PadTokenId = padding,
            SinusoidalPositions = distil && json.Flag("sinusoidal_pos_embds"),
        };
        if (config.HiddenSize % config.HeadCount != 0)
        {
            throw new CheckpointException(
                $"{path}: '{hiddenName}' {config.HiddenSize} is not a multiple of '{headsName}' {config.HeadCount}: " +
                "no such model can have been trained, correct the file");
        }
        if (config.MaxPositions < 2)
        {
            throw new CheckpointException(
                $"{path}: positions begin at 'pad_token_id' + 1 = {config.PositionOffset}, and 'max_position_embeddings' is {config.PositionRows}: " +
                "no text would fit, correct the file");
        }
        return config;
    }

    private static Architecture ReadArchitecture(JsonFile json)
    {
        string? className = json.Find("architectures") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0
            ? json.Text("architectures", list[0])
            : null;
        // Checkpoints of 2019 have no model_type; the class then says it.
        string? modelType = json.Text("model_type") ?? Known.FirstOrDefault(known => known.ClassName == className).ModelType;
        (string ModelType, string ClassName, Architecture Architecture) found = Known.FirstOrDefault(known => known.ModelType == modelType);
        if (found == default)
        {
            throw new CheckpointException(modelType is null && className is null
                ? $"{json.Path}: names neither 'model_type' nor 'architectures'; supported are model_type bert, distilbert, roberta and ibert"
                : $"{json.Path}: the architecture '{modelType ?? className}' is not supported; bert, distilbert, roberta and ibert are. " +
                  "Fine-tune one of these of that size instead");
        }
        if (className is not null && className != found.ClassName)
        {
            throw new CheckpointException(
                $"{json.Path}: '{className}' is not a text classifier of model_type {found.ModelType}; {found.ClassName} is supported. " +
                "Fine-tune it with AutoModelForSequenceClassification first");
        }
        return found.Architecture;
    }

    private static void RefuseUnsupported(JsonFile json)
    {
        string positions = json.Text("position_embedding_type") ?? "absolute";
        if (positions != "absolute")
        {
            throw new CheckpointException(
                $"{json.Path}: relative positions ('position_embedding_type': '{positions}') are not supported; " +
                "use a checkpoint with absolute positions");
        }
        foreach (string field in (string[])["is_decoder", "add_cross_attention"])
        {
            if (json.Flag(field))
            {
                throw new CheckpointException($"{json.Path}: '{field}' is true: decoders are not supported; use an encoder checkpoint");
            }
        }
        if (json.Find("quantization_config") is not null)
        {
            throw new CheckpointException(
                $"{json.Path}: has a 'quantization_config': quantized weights are not supported; use the checkpoint that they were made from");
        }
        if (json.Find("pruned_heads") is { } pruned && (pruned.ValueKind != JsonValueKind.Object || pruned.EnumerateObject().Any()))
        {
            throw new CheckpointException(
                $"{json.Path}: 'pruned_heads' is not empty: layers of different shapes are not supported; use the checkpoint before pruning");
        }
    }

    /// <summary>As Hugging Face's own classes have it: one output without a problem_type is a regression.</summary>
    private static HeadKind ReadHeadKind(JsonFile json, int labels)
    {
        switch (json.Text("problem_type"))
        {
            case "multi_label_classification":
                return HeadKind.MultiLabel;
            case null or "regression" when labels == 1:
                return HeadKind.Regression;
            case null or "single_label_classification" when labels > 1:
                return HeadKind.SingleLabel;
            case "regression":
                throw new CheckpointException(
                    $"{json.Path}: 'problem_type' is regression, of {labels} values: one is supported; fine-tune with num_labels 1");
            case "single_label_classification":
                throw new CheckpointException(
                    $"{json.Path}: 'problem_type' is single_label_classification with one label, which would always be right: " +
                    "correct the file (regression, or multi_label_classification), or fine-tune with two or more labels");
            case var other:
                throw new CheckpointException(
                    $"{json.Path}: 'problem_type' is '{other}'; single_label_classification, multi_label_classification and regression are supported");
        }
    }

    private static Activation ReadActivation(JsonFile json, string field) => (json.Text(field) ?? "gelu") switch
    {
        "gelu" or "gelu_python" => Activation.Gelu,
        "gelu_new" or "gelu_fast" or "gelu_pytorch_tanh" or "gelu_python_tanh" => Activation.GeluTanh,
        "relu" => Activation.Relu,
        string other => throw new CheckpointException(
            $"{json.Path}: '{field}' is '{other}', which is not supported; gelu, gelu_new and relu are. " +
            "Use or fine-tune a checkpoint with one of these"),
    };

    private static string[] ReadLabels(JsonFile json)
    {
        string[] labels;
        if (json.Find("id2label") is { } map)
        {
            if (map.ValueKind != JsonValueKind.Object)
            {
                throw json.Wrong("id2label", map, "an object from index to label");
            }
            // As Hugging Face has it, id2label wins over num_labels.
            labels = new string[map.EnumerateObject().Count()];
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ||
                    index >= labels.Length || labels[index] is not null)
                {
                    throw new CheckpointException($"{json.Path}: the indices of 'id2label' are not 0 to {labels.Length - 1}, each once: '{entry.Name}'");
                }
                labels[index] = entry.Value.ValueKind == JsonValueKind.Number ? entry.Value.GetRawText() : json.Text("id2label", entry.Value);
            }
        }
        else
        {
            labels = [.. Enumerable.Range(0, json.Integer("num_labels", 2, 1, 1 << 20)).Select(i => $"LABEL_{i}")];
        }
        if (labels.Length == 0)
        {
            throw new CheckpointException($"{json.Path}: 'id2label' is empty: a classifier needs labels, a regression one name");
        }
        // Before minutes of work: the model's writer would refuse them.
        return LabelNames.Complaint(labels) is { } complaint
            ? throw new CheckpointException($"{json.Path}: {complaint}: give it another one in 'id2label'")
            : labels;
    }
}
