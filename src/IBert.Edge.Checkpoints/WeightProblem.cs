// Why a tensor that config.json asks for is not there, or of another shape: what people see of it is one name, the cause is mostly another.
using IBert.Edge.Files;

namespace IBert.Edge.Checkpoints;

internal static class WeightProblem
{
    private const string FineTune = "fine-tune it with AutoModelForSequenceClassification first";

    /// <summary>The error for a tensor of another shape than config.json gives it.</summary>
    public static CheckpointException OtherShape(
        SafetensorsFile file, SafetensorsTensor tensor, CheckpointConfig config, WeightNames names, string module,
        ReadOnlySpan<long> expected)
    {
        string shape = OneLine.Shorten(string.Join(", ", tensor.Shape)), wanted = string.Join(", ", expected.ToArray());
        if (module == names.Classifier && tensor.Shape.Length > 0 && tensor.Shape[0] != config.Labels.Count)
        {
            return new CheckpointException(
                $"{file.Path}: the classifier has {tensor.Shape[0]} rows, and config.json {config.LabelSource}: name as many labels in " +
                "'id2label' as the classifier has rows, in their order");
        }
        string field = tensor.Shape.Length != expected.Length || module == names.HeadDense ? "hidden_size"
            : tensor.Shape[0] == expected[0] ? module == names.FeedForward2 ? "intermediate_size" : "hidden_size"
            : module == names.Words ? "vocab_size"
            : module == names.Positions ? "max_position_embeddings"
            : module == names.Types ? "type_vocab_size"
            : module.EndsWith(names.FeedForward1, StringComparison.Ordinal) ? "intermediate_size"
            : "hidden_size";
        return new CheckpointException(
            $"{file.Path}: the tensor {OneLine.Quote(tensor.Name)} has the shape [{shape}], by config.json it is [{wanted}] " +
            $"('{config.FieldName(field)}'): config.json and weights are not of the same model, download both again");
    }

    /// <summary>The error for a tensor that the weights lack.</summary>
    public static CheckpointException Missing(
        string folder, WeightFiles files, CheckpointConfig config, WeightNames names, string module, string kind)
    {
        bool isHead = module == names.Classifier || module == names.HeadDense;
        string tensor = files.Wrapper + names.FullName(module, kind);
        CheckpointException Because(string cause) => new($"{folder}: the weights lack the tensor {OneLine.Quote(tensor)}: {cause}");
        string? Find(Func<string, bool> wanted) => files.Names.Order(StringComparer.Ordinal).FirstOrDefault(wanted);

        if (Find(name => name.Contains(".lora_", StringComparison.Ordinal)) is { } adapter)
        {
            return Because($"they hold an adapter that is not merged ({OneLine.Quote(adapter)}): merge it in Python with PEFT's " +
                "merge_and_unload() and save the result");
        }
        string[] packed = [".qweight", ".qzeros", ".SCB", ".weight_scale", ".absmax", ".weight.quant_map"];
        if (Find(name => packed.Any(name.Contains)) is { } quantized)
        {
            return Because($"they are quantized ({OneLine.Quote(quantized)}): use those that they were made from");
        }
        if (files.Wrapper.Length > 0 && Find(name => !name.StartsWith(files.Wrapper, StringComparison.Ordinal)) is { } other)
        {
            return Because(
                $"some of them are behind the prefix {OneLine.Quote(files.Wrapper)} and others are not ({OneLine.Quote(other)}), as of " +
                "another architecture or of a class of one's own: save the text classifier alone with save_pretrained()");
        }
        if (isHead)
        {
            (string Part, string What)[] heads =
            [
                ("qa_outputs.", "a head for answering questions"), ("cls.predictions.", "a head for masked words"),
                ("lm_head.", "a head for masked words"),
                ("vocab_projector.", "a head for masked words"), ("cls.seq_relationship.", "a head for the next sentence"),
            ];
            foreach ((string part, string what) in heads)
            {
                if (Find(name => name.Contains(part, StringComparison.Ordinal)) is { } head)
                {
                    return Because($"they have {what} ({OneLine.Quote(head)}), not one that classifies texts: {FineTune}");
                }
            }
            bool hasDense = Find(name => name.Contains(names.HeadDense + ".", StringComparison.Ordinal)) is not null;
            if (!hasDense && Find(name => name.EndsWith("classifier.weight", StringComparison.Ordinal)) is { } classifier)
            {
                return Because($"the classifier ({OneLine.Quote(classifier)}) stands on each token, not on the whole text, as of a token " +
                    $"classifier: {FineTune}");
            }
            return Because(
                module == names.Classifier && Find(name => name.Contains(names.Classifier + ".", StringComparison.Ordinal)) is null
                ? $"they have no classifier, as those of a base model: {FineTune}"
                : "the model was not saved whole: save it again with save_pretrained()");
        }
        if (module == names.Positions && config.SinusoidalPositions)
        {
            return Because("'sinusoidal_pos_embds' is true and the table was not saved: load the model in Python and save it again with " +
                "save_pretrained()");
        }
        int layers = 0;
        while (Find(name => name.Contains($"{names.Layer}{layers}.", StringComparison.Ordinal)) is not null)
        {
            layers++;
        }
        if (module.StartsWith(names.Layer, StringComparison.Ordinal) && layers > 0 && layers < config.LayerCount)
        {
            return Because(
                $"by config.json there are {config.LayerCount} layers ('{config.FieldName("num_hidden_layers")}'), and the weights have " +
                $"{layers}: config.json and weights are not of the same model, or a shard is missing: download both again");
        }
        return Because(
            "the model was not saved whole, or config.json is of another model (the first tensor is " +
            $"{OneLine.Quote(Find(_ => true) ?? "")}): save it again with save_pretrained()");
    }
}
