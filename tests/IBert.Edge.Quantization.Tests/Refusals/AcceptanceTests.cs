// What is odd about a checkpoint and does not matter: it is read, and the weights are the same to the last bit.
using System.Text;
using IBert.Edge.Checkpoints;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Refusals;

public sealed class AcceptanceTests
{
    /// <summary>What wrappers of PyTorch, Lightning and people leave in front of every name.</summary>
    [Theory]
    [InlineData("module.")]
    [InlineData("_orig_mod.")]
    [InlineData("model.")]
    [InlineData("_orig_mod.module.")]
    [InlineData("net.encoder_and_head.")]
    public void A_prefix_that_all_tensors_share(string prefix)
    {
        AssertSame(b => b.Model.Rename(name => prefix + name));
        AssertSame(b => b.Model.Rename(name => prefix + name), Roberta);
        AssertSame(b => b.Model.Rename(name => prefix + name.Replace("bert.", "")));
    }

    [Fact]
    public void Tensors_of_the_training_beside_a_wrapped_model()
    {
        AssertSame(b =>
        {
            b.Model.Rename(name => "model." + name);
            b.Model.Tensors.Add("loss.weight", new TestTensor("F32", [3], [1, 1, 1]));
            b.Model.Tensors.Add("metric.count", new TestTensor("I64", [1], [7]));
        });
    }

    /// <summary>Fields that inference does not use.</summary>
    [Theory]
    [InlineData("pad_token_id", "-1")]
    [InlineData("pad_token_id", "50")]
    [InlineData("pad_token_id", "\"none\"")]
    [InlineData("num_labels", "7")]
    [InlineData("label2id", "{\"a\": 9}")]
    [InlineData("attention_probs_dropout_prob", "\"x\"")]
    [InlineData("torch_dtype", "7")]
    [InlineData("quantization_config", "{}")]
    [InlineData("pruned_heads", "{\"0\": [], \"1\": []}")]
    [InlineData("pruned_heads", "{}")]
    [InlineData("is_decoder", "null")]
    [InlineData("position_embedding_type", "null")]
    [InlineData("architectures", "[]")]
    [InlineData("architectures", "null")]
    [InlineData("architectures", "\"BertForSequenceClassification\"")]
    [InlineData("bos_token_id", "-100")]
    public void Fields_that_do_not_matter(string field, string json) => AssertSame(b => b.Config(field, json));

    [Fact]
    public void A_padding_token_of_RoBERTa_that_is_none_has_positions_from_the_first()
    {
        using BrokenCheckpoint b = new(Roberta());
        b.Config("pad_token_id", "-1");
        b.Write();
        CheckpointConfig config = CheckpointConfig.Read(b["config.json"]);
        Assert.Equal((0, null, 66), (config.PositionOffset, config.UnplacedId, config.MaxPositions));
    }

    [Fact]
    public void Labels_of_any_language_and_numbers_as_labels()
    {
        using BrokenCheckpoint b = new();
        b.Config(
            "id2label", "{\"2\": 5, \"0\": \"\u0627\u06CC\u0631\u0627\u0646\u200C\u06CC\", \"1\": \"\\ud83d\\ude00 caf\u00E9, or not\"}");
        b.Write();
        Assert.Equal(["\u0627\u06CC\u0631\u0627\u0646\u200C\u06CC", "\U0001F600 caf\u00E9, or not", "5"],
            CheckpointConfig.Read(b["config.json"]).Labels);
    }

    [Fact]
    public void A_byte_order_mark_of_UTF8() =>
        AssertSame(null, null, b => File.WriteAllText(
            b["config.json"], File.ReadAllText(b["config.json"]), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true)));

    /// <summary>The Hub's cache: a folder of links to files with hashes for names.</summary>
    [Fact]
    public void Files_behind_links() => AssertSame(null, null, b =>
    {
        Directory.CreateDirectory(b["blobs"]);
        foreach (string name in (string[])["config.json", "model.safetensors", "vocab.txt"])
        {
            b.Move(name, $"blobs/{name.GetHashCode():x}");
            b.Link(name, $"blobs/{name.GetHashCode():x}");
        }
    });

    [Fact]
    public void Metadata_other_files_and_folders_beside_the_checkpoint() => AssertSame(null, null, b =>
    {
        b.Text("README.md", "# A model");
        b.Bytes("pytorch_model.bin", 0x80, 2);
        Directory.CreateDirectory(b["onnx"]);
        b.Pipe("training.log");
    });

    private static void AssertSame(
        Action<BrokenCheckpoint>? change, Func<CheckpointWriter>? model = null, Action<BrokenCheckpoint>? files = null)
    {
        using BrokenCheckpoint sound = model is null ? new() : new(model()), odd = model is null ? new() : new(model());
        sound.Write();
        change?.Invoke(odd);
        odd.Write();
        files?.Invoke(odd);
        Checkpoint expected = Checkpoint.Load(sound.Folder), read = Checkpoint.Load(odd.Folder);
        Assert.Equal(expected.Config.Labels, read.Config.Labels);
        Assert.Equal(Values(expected), Values(read));
        if (model is null)
        {
            Assert.Equal(Convert(sound), Convert(odd));
        }
    }

    /// <summary>The model's bytes without the hash of the weights' file.</summary>
    private static byte[] Convert(BrokenCheckpoint b) =>
        Quantizer.Quantize(b.Folder, new QuantizerOptions { Samples = 8, Threads = 1 }).Model.ToFile(null);

    private static IEnumerable<float> Values(Checkpoint checkpoint) =>
    [
        .. checkpoint.Embeddings.Words, .. checkpoint.Embeddings.Positions, .. checkpoint.Embeddings.Types,
        .. checkpoint.Layers.SelectMany(layer => layer.Query.Weight.Concat(layer.FeedForward2.Weight).Concat(layer.OutputNorm.Beta)),
        .. checkpoint.Head.Dense.Weight, .. checkpoint.Head.Classifier.Weight, .. checkpoint.Head.Classifier.Bias,
    ];

    private static CheckpointWriter Roberta() => RandomCheckpoint.Roberta(8, 2, 12, seed: 9);
}
