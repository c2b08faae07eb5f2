// config.json: the shape of a checkpoint, and by name everything that cannot be converted.
using System.Globalization;
using System.Text.Json;
using IBert.Edge.Files;
using IBert.Edge.Format;
using IBert.Edge.Kernels;

namespace IBert.Edge.Checkpoints;

/// <summary>The architectures whose weights are understood.</summary>
internal enum Architecture
{
    /// <summary>BERT (arXiv:1810.04805): token types, a pooler with tanh before the classifier.</summary>
    Bert,

    /// <summary>DistilBERT (arXiv:1910.01108): no token types, a dense layer with ReLU before the classifier.</summary>
    DistilBert,

    /// <summary>
    /// RoBERTa (arXiv:1907.11692): BERT with positions from padding_idx + 1, usually one token type, and the classifier's own dense layer
    /// with tanh.
    /// </summary>
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

    // A model file holds them all, and a person reads them.
    private const int MaxLabels = 1 << 20, MaxLabelLength = 1000;

    // A weight takes a byte of the model, whose file has less than 2 GB; what it has besides weights is left room for.
    private const long MaxWeights = 1_900_000_000;

    private static readonly (string ModelType, string ClassName, Architecture Architecture)[] s_known =
    [
        ("bert", "BertForSequenceClassification", Architecture.Bert),
        ("distilbert", "DistilBertForSequenceClassification", Architecture.DistilBert),
        ("roberta", "RobertaForSequenceClassification", Architecture.Roberta),
        ("ibert", "IBertForSequenceClassification", Architecture.IBert),
    ];

    // What those differ in whose names or papers are close.
    private static readonly (string ModelType, string Difference)[] s_differences =
    [
        ("albert", "its layers share their weights, and its embeddings are narrower"),
        ("electra", "its embeddings are narrower, and its classifier has GELU"),
        ("deberta", "its attention has relative positions"),
        ("deberta-v2", "its attention has relative positions"),
        ("mpnet", "its attention has relative positions"),
        ("xlm-roberta", "its tokenizer is SentencePiece's"),
        ("xlm-roberta-xl", "its tokenizer is SentencePiece's"),
        ("camembert", "its tokenizer is SentencePiece's"),
        ("xlnet", "its attention has relative positions"),
        ("mobilebert", "its layers have bottlenecks"),
        ("squeezebert", "its layers are grouped convolutions"),
        ("convbert", "its layers have convolutions"),
        ("roberta-prelayernorm", "its layers are normalized in front"),
        ("modernbert", "it has rotary positions and gated layers"),
        ("nomic_bert", "it has rotary positions and gated layers"),
        ("bart", "it has a decoder"),
        ("t5", "it has a decoder"),
        ("gpt2", "it is a decoder"),
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

    /// <summary>Where the labels come from, for a message that begins with "config.json".</summary>
    public required string LabelSource { get; init; }

    /// <summary>Whether the position table was to be made from sines when the weights lack it.</summary>
    public required bool SinusoidalPositions { get; init; }

    /// <summary>RoBERTa's padding token, whose id is <c>padding_idx</c>: where a text has it, it takes that row and no position.</summary>
    public int? UnplacedId => PositionOffset > 0 ? PositionOffset - 1 : null;

    /// <summary>The longest sequence.</summary>
    public int MaxPositions => PositionRows - PositionOffset;

    /// <summary>Width of one attention head.</summary>
    public int HeadSize => HiddenSize / HeadCount;

    /// <summary>What Hugging Face calls an architecture: its <c>model_type</c>, and the class of its text classifier.</summary>
    public static (string ModelType, string ClassName) Names(Architecture architecture)
    {
        (string modelType, string className, _) = s_known.Single(known => known.Architecture == architecture);
        return (modelType, className);
    }

    /// <summary>What this architecture's config.json calls a field that BERT's has.</summary>
    public string FieldName(string bert) => Architecture != Architecture.DistilBert ? bert : bert switch
    {
        "hidden_size" => "dim",
        "num_attention_heads" => "n_heads",
        "num_hidden_layers" => "n_layers",
        "intermediate_size" => "hidden_dim",
        _ => bert,
    };

    /// <summary>The row of the position table for a token, as Hugging Face's <c>create_position_ids_from_input_ids</c> has it.</summary>
    /// <param name="id">The token.</param>
    /// <param name="placed">Tokens before it that have a position; is counted on.</param>
    public int PositionRow(int id, ref int placed) => id == UnplacedId ? PositionOffset - 1 : PositionOffset + placed++;

    /// <summary>How many weights the model file has in tables and products, whose rows are multiples of 16.</summary>
    private long WeightCount
    {
        get
        {
            long hidden = Panels.Padded(HiddenSize), heads = HeadCount * (long)Panels.Padded(HeadSize),
                wide = Panels.Padded(FeedForwardSize);
            return (hidden * ((long)VocabularySize + PositionRows + TypeCount + hidden + Labels.Count)) +
                (LayerCount * ((4 * hidden * heads) + (2 * hidden * wide)));
        }
    }

    /// <summary>Reads config.json. Missing fields take the defaults of Hugging Face's configuration classes.</summary>
    /// <exception cref="CheckpointException">Not well-formed, or it describes something that cannot be converted.</exception>
    public static CheckpointConfig Read(string path)
    {
        JsonFile json = JsonFile.Read(path, CheckpointFileKind.Config);
        Architecture architecture = ReadArchitecture(json);
        RefuseUnsupported(json);
        bool distil = architecture == Architecture.DistilBert, roberta = architecture is Architecture.Roberta or Architecture.IBert;
        string hiddenName = distil && json.Find("dim") is not null ? "dim" : "hidden_size";
        string headsName = distil && json.Find("n_heads") is not null ? "n_heads" : "num_attention_heads";
        string layersName = distil && json.Find("n_layers") is not null ? "n_layers" : "num_hidden_layers";
        int vocabulary = json.Integer("vocab_size", roberta ? 50265 : 30522, 1, MaxDimension);
        // BERT's padding token takes part in nothing; RoBERTa's says where positions begin, -1 being for none.
        int padding = roberta ? json.Integer("pad_token_id", 1, -1, vocabulary - 1) : 0;
        (string[] labels, string labelSource) = ReadLabels(json);
        var config = new CheckpointConfig
        {
            Architecture = architecture,
            LayerCount = json.Integer(layersName, distil ? 6 : 12, 1, 1024),
            HiddenSize = json.Integer(hiddenName, 768, 1, MaxDimension),
            HeadCount = json.Integer(headsName, 12, 1, MaxDimension),
            FeedForwardSize = json.Integer(distil ? "hidden_dim" : "intermediate_size", 3072, 1, MaxDimension),
            VocabularySize = vocabulary,
            PositionRows = json.Integer("max_position_embeddings", 512, 2, MaxDimension),
            PositionOffset = roberta ? padding + 1 : 0,
            TypeCount = distil ? 0 : json.Integer("type_vocab_size", 2, 1, MaxDimension),
            // DistilBERT's code has the constant, its configuration no field for it.
            LayerNormEpsilon = distil ? 1e-12 : json.Number("layer_norm_eps", 1e-12, 1e-20, 1),
            Activation = ReadActivation(json, distil ? "activation" : "hidden_act"),
            Labels = labels,
            LabelSource = labelSource,
            HeadKind = ReadHeadKind(json, labels.Length),
            SinusoidalPositions = distil && json.Flag("sinusoidal_pos_embds"),
        };
        if (config.HiddenSize % config.HeadCount != 0)
        {
            throw new CheckpointException(
                $"{path}: '{hiddenName}' is {config.HiddenSize}, which is no multiple of '{headsName}', {config.HeadCount}: " +
                "no such model can have been trained, correct the file or download it again");
        }
        if (config.MaxPositions < 2)
        {
            throw new CheckpointException(
                $"{path}: positions begin at 'pad_token_id' + 1 = {config.PositionOffset}, and 'max_position_embeddings' is " +
                $"{config.PositionRows}: no text would fit, correct the file or download it again");
        }
        if (config.WeightCount > MaxWeights)
        {
            throw new CheckpointException(
                $"{path}: describes a model of {config.WeightCount} weights, and {MaxWeights} are the most that a model file takes: use " +
                "a smaller one, or correct the file");
        }
        return config;
    }

    private static Architecture ReadArchitecture(JsonFile json)
    {
        string? className = json.Find("architectures") switch
        {
            { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() > 0 => json.Text("architectures", list[0]),
            { ValueKind: JsonValueKind.String } one => one.GetString(),
            _ => null,
        };
        // Checkpoints of 2019 have no model_type; the class then says it.
        string? modelType = json.Text("model_type") ?? s_known.FirstOrDefault(known => known.ClassName == className).ModelType;
        (string ModelType, string ClassName, Architecture Architecture) found =
            s_known.FirstOrDefault(known => known.ModelType == modelType);
        if (found == default)
        {
            string difference =
                s_differences.FirstOrDefault(other => other.ModelType == modelType).Difference is { } known ? $" ({known})" : "";
            throw new CheckpointException(modelType is null && className is null
                ? $"{json.Path}: names neither 'model_type' nor 'architectures': name the one of bert, distilbert, roberta and ibert " +
                    "that the weights are of"
                : $"{json.Path}: the architecture {OneLine.Quote(modelType ?? className!)}{difference} is not supported; bert, " +
                    "distilbert, roberta and ibert are: fine-tune one of these of that size instead");
        }
        if (className is not null && className != found.ClassName)
        {
            throw new CheckpointException(s_known.Any(known => known.ClassName == className)
                ? $"{json.Path}: 'model_type' is {found.ModelType}, and 'architectures' names {className}, which is of another: correct " +
                    "the file, or download it again"
                : $"{json.Path}: 'architectures' names {OneLine.Quote(className)}, which is no text classifier; {found.ClassName} is: " +
                    "fine-tune it with AutoModelForSequenceClassification first");
        }
        return found.Architecture;
    }

    private static void RefuseUnsupported(JsonFile json)
    {
        string positions = json.Text("position_embedding_type") ?? "absolute";
        if (positions != "absolute")
        {
            throw new CheckpointException(
                $"{json.Path}: 'position_embedding_type' is {OneLine.Quote(positions)}, and only absolute is supported: use a checkpoint " +
                "with absolute positions");
        }
        foreach (string field in (string[])["is_decoder", "add_cross_attention"])
        {
            if (json.Flag(field))
            {
                throw new CheckpointException($"{json.Path}: '{field}' is true, and decoders are not supported: use an encoder");
            }
        }
        if (json.Find("quantization_config") is { } quantization
            && (quantization.ValueKind != JsonValueKind.Object || quantization.EnumerateObject().Any()))
        {
            string method = quantization.ValueKind == JsonValueKind.Object
                && quantization.TryGetProperty("quant_method", out JsonElement name)
                ? $" (by {OneLine.Shorten(name.ToString())})" : "";
            throw new CheckpointException(
                $"{json.Path}: has a 'quantization_config'{method}, and quantized weights are not supported: use the checkpoint that " +
                "they were made from");
        }
        if (json.Find("pruned_heads") is { } pruned && !IsEmpty(pruned))
        {
            throw new CheckpointException(
                $"{json.Path}: 'pruned_heads' is not empty, and layers of different shapes are not supported: use " +
                "the checkpoint before pruning");
        }

        static bool IsEmpty(JsonElement pruned) => pruned.ValueKind == JsonValueKind.Object
            && pruned.EnumerateObject().All(layer => layer.Value.ValueKind == JsonValueKind.Array && layer.Value.GetArrayLength() == 0);
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
                    $"{json.Path}: 'problem_type' is regression, of {labels} values, and only one is supported: " +
                    "fine-tune it with num_labels 1");
            case "single_label_classification":
                throw new CheckpointException(
                    $"{json.Path}: 'problem_type' is single_label_classification with one label, which would always be right: " +
                    "correct the file (regression, or multi_label_classification), or fine-tune with two or more labels");
            case var other:
                throw new CheckpointException(
                    $"{json.Path}: 'problem_type' is {OneLine.Quote(other!)}, and only single_label_classification, " +
                    "multi_label_classification and regression are supported: correct the file");
        }
    }

    private static Activation ReadActivation(JsonFile json, string field) => (json.Text(field) ?? "gelu") switch
    {
        "gelu" or "gelu_python" => Activation.Gelu,
        "gelu_new" or "gelu_fast" or "gelu_pytorch_tanh" or "gelu_python_tanh" => Activation.GeluTanh,
        "relu" => Activation.Relu,
        string other => throw new CheckpointException(
            $"{json.Path}: '{field}' is {OneLine.Quote(other)}, and only gelu, gelu_new and relu are supported: use or fine-tune a " +
                "checkpoint with one of these"),
    };

    /// <summary>The labels, and where they come from. As Hugging Face has it, id2label wins over num_labels.</summary>
    private static (string[] Labels, string Source) ReadLabels(JsonFile json)
    {
        if (json.Find("id2label") is not { } map)
        {
            int count = json.Integer("num_labels", 2, 1, MaxLabels);
            return (
                [.. Enumerable.Range(0, count).Select(i => $"LABEL_{i}")],
                json.Find("num_labels") is null ? "names no labels, for which 2 is the default" : $"says {Count(count)} ('num_labels')");
        }
        if (map.ValueKind != JsonValueKind.Object)
        {
            throw json.Wrong("id2label", map, "an object from index to label");
        }
        JsonProperty[] entries = [.. map.EnumerateObject()];
        if (entries.Length is 0 or > MaxLabels)
        {
            throw new CheckpointException($"{json.Path}: 'id2label' has {Count(entries.Length)}, and a classifier has 1 to {MaxLabels}, " +
                "a regression one name: correct the file");
        }
        string[] labels = new string[entries.Length];
        foreach (JsonProperty entry in entries)
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) || index >= labels.Length
                || labels[index] is not null)
            {
                throw new CheckpointException(
                    $"{json.Path}: 'id2label' has the index {OneLine.Quote(entry.Name)}, and the indices of {Count(labels.Length)} are 0 " +
                    $"to {labels.Length - 1}, each once: correct the file");
            }
            labels[index] =
                entry.Value.ValueKind == JsonValueKind.Number ? entry.Value.GetRawText() : json.Text($"id2label.{index}", entry.Value);
        }
        // Before minutes of work: the model's writer would refuse them.
        if (LabelNames.Complaint(labels) is { } complaint)
        {
            throw new CheckpointException($"{json.Path}: {complaint}: give it another one in 'id2label'");
        }
        if (Array.FindIndex(labels, label => label.Length > MaxLabelLength || string.IsNullOrWhiteSpace(label)) is >= 0 and int odd)
        {
            throw new CheckpointException(
                $"{json.Path}: the name of label {odd} has {labels[odd].Length} characters, and a name has 1 to {MaxLabelLength} that " +
                "are not all spaces: give it another one in 'id2label'");
        }
        return (labels, $"names {Count(labels.Length)} ('id2label')");
    }

    private static string Count(int labels) => labels == 1 ? "1 label" : $"{labels} labels";
}
