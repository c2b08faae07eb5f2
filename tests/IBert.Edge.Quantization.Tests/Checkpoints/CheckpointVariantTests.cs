// One model in every form in which people publish such models: each is read, and gives the same logits.
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Checkpoints;

public sealed class CheckpointVariantTests : IDisposable
{
    private readonly CheckpointWriter tiny = new(TinyData.Checkpoint);

    public void Dispose() => tiny.Dispose();

    [Fact]
    public void Config_and_shapes_of_BERT()
    {
        Checkpoint checkpoint = Checkpoint.Load(TinyData.Checkpoint);
        CheckpointConfig config = checkpoint.Config;
        Assert.Equal((Architecture.Bert, 2, 128, 2, 64, 512),
            (config.Architecture, config.LayerCount, config.HiddenSize, config.HeadCount, config.HeadSize, config.FeedForwardSize));
        Assert.Equal((914, 512, 2, 1e-12), (config.VocabularySize, config.MaxPositions, config.TypeCount, config.LayerNormEpsilon));
        Assert.Equal(Activation.Gelu, config.Activation);
        Assert.Equal(["negative", "positive"], config.Labels);
        Assert.Equal((512, 128), (checkpoint.Layers[1].FeedForward1.Outputs, checkpoint.Layers[1].FeedForward1.Inputs));
        Assert.Equal(Activation.Tanh, checkpoint.Head.Activation);
    }

    [Fact]
    public void Config_of_DistilBERT()
    {
        Checkpoint checkpoint = Checkpoint.Load(Given.Checkpoint("distilbert"));
        Assert.Equal((Architecture.DistilBert, 0, Activation.Relu),
            (checkpoint.Config.Architecture, checkpoint.Config.TypeCount, checkpoint.Head.Activation));
        Assert.Empty(checkpoint.Embeddings.Types);
    }

    [Fact]
    public void The_source_hash_is_that_of_the_weight_file()
    {
        string folder = TinyData.Checkpoint;
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "model.safetensors")))),
            Checkpoint.Load(folder).SourceHash);
    }

    [Fact]
    public void F32_weights() => AssertSameLogits(tiny.Store("F32").Write());

    [Fact]
    public void Bf16_weights()
    {
        // Eight bits fewer of mantissa: other weights, so the oracle is the same loss applied to the given ones.
        Checkpoint expected = Checkpoint.Load(TinyData.Checkpoint).Copy();
        foreach (float[] values in Arrays(expected))
        {
            foreach (ref float value in values.AsSpan())
            {
                value = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000);
            }
        }
        Assert.Equal(Logits(expected), Logits(Checkpoint.Load(tiny.Store("BF16").Write())));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public void Shards_with_an_index(int shards)
    {
        string folder = tiny.Write(shards);
        AssertSameLogits(folder);
        byte[] all = [.. Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal).SelectMany(File.ReadAllBytes)];
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(all)), Checkpoint.Load(folder).SourceHash);
    }

    [Fact]
    public void Gamma_and_beta() =>
        AssertSameLogits(
            tiny.Rename(name => name.Replace("LayerNorm.weight", "LayerNorm.gamma").Replace("LayerNorm.bias", "LayerNorm.beta")).Write());

    [Fact]
    public void Names_without_the_prefix() => AssertSameLogits(tiny.Rename(name => name.Replace("bert.", "")).Write());

    [Fact]
    public void Distilbert_names_without_the_prefix()
    {
        using var distil = new CheckpointWriter(Given.Checkpoint("distilbert"));
        AssertSameLogits(distil.Rename(name => name.Replace("distilbert.", "")).Write(), "distilbert");
    }

    [Fact]
    public void Tensors_that_nothing_needs_are_left_alone()
    {
        tiny.Tensors.Add("bert.embeddings.position_ids", new TestTensor("I64", [1, 3], [0, 1, 2]));
        tiny.Tensors.Add("cls.predictions.bias", new TestTensor("F32", [1], [float.NaN]));
        AssertSameLogits(tiny.Write());
    }

    [Fact]
    public void A_config_of_2019_without_model_type()
    {
        tiny.Config.Remove("model_type");
        tiny.Config.Remove("position_embedding_type");
        tiny.Config.Remove("pad_token_id");
        AssertSameLogits(tiny.Write());
    }

    [Fact]
    public void Two_labels_without_names()
    {
        tiny.Config.Remove("id2label");
        string folder = tiny.Write();
        Assert.Equal(["LABEL_0", "LABEL_1"], Checkpoint.Load(folder).Config.Labels);
        AssertSameLogits(folder);
    }

    [Fact]
    public void Fields_without_a_meaning_here_may_be_null_or_absent()
    {
        foreach (string field in (string[])["pruned_heads", "is_decoder", "problem_type", "quantization_config", "architectures",
            "pad_token_id"])
        {
            tiny.Config[field] = null;
        }
        tiny.Config["pruned_heads"] = new JsonObject();
        AssertSameLogits(tiny.Write());
    }

    [Theory]
    [InlineData("gelu", nameof(Activation.Gelu))]
    [InlineData("gelu_python", nameof(Activation.Gelu))]
    [InlineData("gelu_new", nameof(Activation.GeluTanh))]
    [InlineData("gelu_pytorch_tanh", nameof(Activation.GeluTanh))]
    [InlineData("gelu_fast", nameof(Activation.GeluTanh))]
    [InlineData("relu", nameof(Activation.Relu))]
    public void Names_of_activations(string name, string expected)
    {
        tiny.Config["hidden_act"] = name;
        Assert.Equal(expected, Checkpoint.Load(tiny.Write()).Config.Activation.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(3)]
    public void Roberta_is_BERT_under_other_names_with_positions_from_the_padding_index_plus_one(int? padding)
    {
        using CheckpointWriter bert = RandomCheckpoint.Bert(24, 3, 40, seed: 5),
            roberta = RandomCheckpoint.Roberta(24, 3, 40, seed: 5, padding);
        Checkpoint expected = Checkpoint.Load(bert.Write()), read = Checkpoint.Load(roberta.Write());
        Assert.Equal((Architecture.Roberta, (padding ?? 1) + 1, 64, 1),
            (read.Config.Architecture, read.Config.PositionOffset, read.Config.MaxPositions, read.Config.TypeCount));
        float[] a = new float[3], b = new float[3];
        foreach (int length in (int[])[1, 7, 64])
        {
            // The padding token has a position of its own, which BERT's has not.
            int[] text =
                [.. RandomCheckpoint.Text(length, seed: length).Select(id => id == (padding ?? 1) ? RandomCheckpoint.Vocabulary - 1 : id)];
            new Fp32Runner(new Fp32Model(expected)).Run(text, [], a);
            new Fp32Runner(new Fp32Model(read)).Run(text, [], b);
            Assert.Equal(a, b);
        }
        Assert.Throws<ArgumentException>(() => new Fp32Runner(new Fp32Model(read)).Run(new int[65], [], b));
    }

    [Fact]
    public void Roberta_names_without_the_prefix()
    {
        using CheckpointWriter roberta = RandomCheckpoint.Roberta(24, 3, 40, seed: 5);
        Checkpoint.Load(roberta.Rename(name => name.Replace("roberta.", "")).Write());
    }

    [Theory]
    [InlineData(null, 3, HeadKind.SingleLabel)]
    [InlineData("single_label_classification", 3, HeadKind.SingleLabel)]
    [InlineData("multi_label_classification", 3, HeadKind.MultiLabel)]
    [InlineData("multi_label_classification", 1, HeadKind.MultiLabel)]
    [InlineData("regression", 1, HeadKind.Regression)]
    [InlineData(null, 1, HeadKind.Regression)]
    public void Heads_by_problem_type_and_number_of_labels(string? problemType, int labels, HeadKind expected)
    {
        using CheckpointWriter writer = RandomCheckpoint.Bert(8, 2, 12, seed: 9, labels);
        writer.Config["problem_type"] = problemType;
        CheckpointConfig config = Checkpoint.Load(writer.Write()).Config;
        Assert.Equal((expected, labels), (config.HeadKind, config.Labels.Count));
    }

    private static void AssertSameLogits(string folder, string original = "bert") =>
        Assert.Equal(Logits(Checkpoint.Load(Given.Checkpoint(original))), Logits(Checkpoint.Load(folder)));

    private static float[][] Logits(Checkpoint checkpoint)
    {
        var runner = new Fp32Runner(new Fp32Model(checkpoint));
        return [.. TinyData.DevIds.Take(5).Select(ids =>
        {
            var logits = new float[2];
            runner.Run(ids, [], logits);
            return logits;
        })];
    }

    private static IEnumerable<float[]> Arrays(Checkpoint checkpoint)
    {
        Embeddings tables = checkpoint.Embeddings;
        Linear[] head = [checkpoint.Head.Dense, checkpoint.Head.Classifier];
        return
        [
            tables.Words, tables.Positions, tables.Types, tables.Norm.Gamma, tables.Norm.Beta,
            .. checkpoint.Layers.SelectMany(layer => (LayerNorm[])[layer.AttentionNorm, layer.OutputNorm])
            .SelectMany(norm => (float[][])[norm.Gamma, norm.Beta]),
            .. checkpoint.Layers
                .SelectMany(
                    layer => (Linear[])[layer.Query, layer.Key, layer.Value, layer.AttentionOutput, layer.FeedForward1, layer.FeedForward2])
                .Concat(head).SelectMany(linear => (float[][])[linear.Weight, linear.Bias]),
        ];
    }
}
