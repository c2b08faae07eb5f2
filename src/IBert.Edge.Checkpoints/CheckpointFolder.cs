// Writes a checkpoint as a folder that Hugging Face's from_pretrained() and this library read: config.json and model.safetensors.
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using IBert.Edge.Files;

namespace IBert.Edge.Checkpoints;

internal static class CheckpointFolder
{
    /// <summary>Writes config and weights, not the tokenizer's files.</summary>
    /// <param name="folder">Is made where it is missing. Files of these names are replaced, each when the new one is complete.</param>
    /// <param name="checkpoint">What is written.</param>
    /// <param name="trained">
    /// What an I-BERT that was trained in integer mode has beside its weights, by names below the prefix; null for other checkpoints.
    /// </param>
    /// <param name="type">How weights are stored.</param>
    /// <exception cref="CheckpointException">A weight is not finite, or not in that type: nothing is written.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be made.</exception>
    public static void Write(string folder, Checkpoint checkpoint, IReadOnlyDictionary<string, float>? trained, WeightType type)
    {
        WeightNames names = WeightNames.Of(checkpoint.Config.Architecture);
        List<SafetensorsEntry> tensors = [];
        foreach ((string name, float value) in trained ?? new Dictionary<string, float>())
        {
            // One of these in half precision would move integers. The widest type comes first.
            Add(names.Prefix + name, WeightType.F32, [value], 1);
        }
        foreach (NamedWeight weight in checkpoint.Weights())
        {
            Add(names.FullName(weight.Module, weight.Kind), type, weight.Values, weight.Shape);
        }
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Save(Path.Combine(folder, FolderContents.Weights), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        OutputFile.Write(Path.Combine(folder, FolderContents.Config), Config(checkpoint.Config, trained is not null, type));

        void Add(string name, WeightType stored, float[] values, params long[] shape)
        {
            RequireStorable(name, values, stored);
            tensors.Add(SafetensorsEntry.OfFloats(name, stored, values, shape));
        }
    }

    private static void RequireStorable(string name, float[] values, WeightType type)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value) || (type == WeightType.F16 && !Half.IsFinite((Half)value)))
            {
                throw new CheckpointException(
                    $"the tensor {OneLine.Quote(name)} holds {value.ToString(CultureInfo.InvariantCulture)}, " +
                    $"which {type} weights cannot: " +
                    (float.IsFinite(value) ? "write it as F32" : "its training diverged, go back to a checkpoint before that"));
            }
        }
    }

    /// <summary>
    /// config.json: what <see cref="CheckpointConfig"/> has. What only training reads, as dropout, is left to Hugging Face's defaults.
    /// </summary>
    private static byte[] Config(CheckpointConfig config, bool integers, WeightType type)
    {
        bool roberta = config.Architecture is Architecture.Roberta or Architecture.IBert;
        bool distil = config.Architecture == Architecture.DistilBert;
        using MemoryStream stream = new();
        // Labels stay readable: this JSON never stands in HTML.
        JsonWriterOptions options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (Utf8JsonWriter json = new(stream, options))
        {
            (string modelType, string className) = CheckpointConfig.Names(config.Architecture);
            json.WriteStartObject();
            json.WriteStartArray("architectures");
            json.WriteStringValue(className);
            json.WriteEndArray();
            json.WriteString("model_type", modelType);
            json.WriteString("torch_dtype", type == WeightType.F16 ? "float16" : "float32");
            json.WriteNumber(config.FieldName("num_hidden_layers"), config.LayerCount);
            json.WriteNumber(config.FieldName("hidden_size"), config.HiddenSize);
            json.WriteNumber(config.FieldName("num_attention_heads"), config.HeadCount);
            json.WriteNumber(config.FieldName("intermediate_size"), config.FeedForwardSize);
            json.WriteNumber("vocab_size", config.VocabularySize);
            json.WriteNumber("max_position_embeddings", config.PositionRows);
            json.WriteString(distil ? "activation" : "hidden_act", config.Activation switch
            {
                Activation.Gelu => "gelu",
                Activation.GeluTanh => "gelu_new",
                Activation.Relu => "relu",
                _ => throw new ArgumentOutOfRangeException(nameof(config), config.Activation, "no activation of feed-forward layers"),
            });
            if (distil)
            {
                json.WriteBoolean("sinusoidal_pos_embds", config.SinusoidalPositions);
            }
            else
            {
                json.WriteNumber("type_vocab_size", config.TypeCount);
                json.WriteNumber("layer_norm_eps", config.LayerNormEpsilon);
            }
            if (roberta)
            {
                json.WriteNumber("pad_token_id", config.PositionOffset - 1);
            }
            if (config.Architecture == Architecture.IBert)
            {
                json.WriteBoolean("quant_mode", integers);
            }
            json.WriteString("problem_type", config.HeadKind switch
            {
                HeadKind.MultiLabel => "multi_label_classification",
                HeadKind.Regression => "regression",
                _ => "single_label_classification",
            });
            json.WriteStartObject("id2label");
            foreach ((int id, string label) in config.Labels.Index())
            {
                json.WriteString(id.ToString(CultureInfo.InvariantCulture), label);
            }
            json.WriteEndObject();
            json.WriteStartObject("label2id");
            foreach ((int id, string label) in config.Labels.Index())
            {
                json.WriteNumber(label, id);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return [.. stream.ToArray(), (byte)'\n'];
    }
}
