// A checkpoint of any shape with seeded random weights: the same on every machine.
using System.Text.Json.Nodes;

namespace IBert.Edge.Quantization.Tests;

internal static class RandomCheckpoint
{
    public const int Vocabulary = 50;

    /// <summary>A BERT of two layers and three labels, ready to be written.</summary>
    public static CheckpointWriter Bert(int hidden, int heads, int feedForward, int seed)
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
            ["id2label"] = new JsonObject { ["0"] = "red", ["1"] = "green", ["2"] = "blue" },
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
        Dense("classifier", 3, hidden);
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

    /// <summary>Random ids.</summary>
    public static int[] Text(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))];
    }
}
