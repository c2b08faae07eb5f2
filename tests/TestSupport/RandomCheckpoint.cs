// A checkpoint of any shape with seeded random weights: the same on every machine.
using System.Text.Json.Nodes;

namespace IBert.Edge.TestSupport;

internal static class RandomCheckpoint
{
    public const int Vocabulary = 50;

    private static readonly string[] s_labels = ["red", "green", "blue"];

    /// <summary>A BERT of two layers and up to three labels, ready to be written.</summary>
    public static CheckpointWriter Bert(int hidden, int heads, int feedForward, int seed, int labels = 3)
    {
        var writer = new CheckpointWriter(new JsonObject
        {
            ["model_type"] = "bert",
            ["architectures"] = new JsonArray("BertForSequenceClassification"),
            ["hidden_size"] = hidden,
            ["num_attention_heads"] = heads,
            ["intermediate_size"] = feedForward,
            ["num_hidden_layers"] = 2,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = 64,
            ["type_vocab_size"] = 2,
            ["layer_norm_eps"] = 1e-5,
            ["id2label"] = new JsonObject(s_labels.Take(labels).Select((name, i) => KeyValuePair.Create<string, JsonNode?>($"{i}", name))),
        });
        var random = new Random(seed);
        Table("bert.embeddings.word_embeddings.weight", Vocabulary, hidden);
        Table("bert.embeddings.position_embeddings.weight", 64, hidden);
        Table("bert.embeddings.token_type_embeddings.weight", 2, hidden);
        Norm("bert.embeddings.LayerNorm");
        for (int layer = 0; layer < 2; layer++)
        {
            string prefix = $"bert.encoder.layer.{layer}.";
            Dense(prefix + "attention.self.query", hidden, hidden);
            Dense(prefix + "attention.self.key", hidden, hidden);
            Dense(prefix + "attention.self.value", hidden, hidden);
            Dense(prefix + "attention.output.dense", hidden, hidden);
            Norm(prefix + "attention.output.LayerNorm");
            Dense(prefix + "intermediate.dense", feedForward, hidden);
            Dense(prefix + "output.dense", hidden, feedForward);
            Norm(prefix + "output.LayerNorm");
        }
        Dense("bert.pooler.dense", hidden, hidden);
        Dense("classifier", labels, hidden);
        return writer;

        void Table(string name, int rows, int columns) => Add(name, 1, 0, rows, columns);

        void Norm(string name)
        {
            Add(name + ".weight", 0.5f, 1, hidden);
            Add(name + ".bias", 0.5f, 0, hidden);
        }

        void Dense(string name, int outputs, int inputs)
        {
            // Uniform weights of this range keep the variance of what goes through.
            Add(name + ".weight", (float)Math.Sqrt(3.0 / inputs), 0, outputs, inputs);
            Add(name + ".bias", 0.2f, 0, outputs);
        }

        void Add(string name, float range, float center, params long[] shape)
        {
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            foreach (ref float value in values.AsSpan())
            {
                value = center + range * (2 * random.NextSingle() - 1);
            }
            writer.Tensors.Add(name, new TestTensor("F32", shape, values));
        }
    }

    /// <summary>The same network as RoBERTa has it: other names, positions behind rows that nothing reads, one token type.</summary>
    public static CheckpointWriter Roberta(int hidden, int heads, int feedForward, int seed, int? padding = null)
    {
        CheckpointWriter writer = Bert(hidden, heads, feedForward, seed);
        int offset = (padding ?? 1) + 1;
        writer.Config["model_type"] = "roberta";
        writer.Config["architectures"] = new JsonArray("RobertaForSequenceClassification");
        writer.Config["max_position_embeddings"] = 64 + offset;
        writer.Config["type_vocab_size"] = 1;
        if (padding is not null)
        {
            writer.Config["pad_token_id"] = padding;
        }
        writer.Rename(name => name switch
        {
            _ when name.StartsWith("bert.pooler.", StringComparison.Ordinal) => name.Replace("bert.pooler.", "classifier."),
            _ when name.StartsWith("classifier.", StringComparison.Ordinal) => name.Replace("classifier.", "classifier.out_proj."),
            _ => "ro" + name.Replace("bert.", "berta."),
        });
        Resize("roberta.embeddings.position_embeddings.weight", values => [.. Enumerable.Repeat(0.75f, offset * hidden), .. values]);
        Resize("roberta.embeddings.token_type_embeddings.weight", values => values[..hidden]);
        return writer;

        void Resize(string name, Func<float[], float[]> change)
        {
            float[] values = change(writer.Tensors[name].Values);
            writer.Tensors[name] = new TestTensor("F32", [values.Length / hidden, hidden], values);
        }
    }

    /// <summary>Random ids.</summary>
    public static int[] Text(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))];
    }
}
