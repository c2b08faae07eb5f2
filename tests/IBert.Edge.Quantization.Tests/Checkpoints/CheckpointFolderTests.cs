// A checkpoint that was read, or made in memory, is written as a Hugging Face folder and read back the same.
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Checkpoints;

public sealed class CheckpointFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Names =>
        [.. Directory.EnumerateDirectories(Given.Existing("checkpoints")).Select(path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal)];

    public static TheoryData<string, HeadKind> Made
    {
        get
        {
            TheoryData<string, HeadKind> made = [];
            foreach (string architecture in Enum.GetNames<Architecture>())
            {
                foreach (HeadKind head in Enum.GetValues<HeadKind>())
                {
                    made.Add(architecture, head);
                }
            }
            return made;
        }
    }

    public void Dispose() => this.folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void A_checkpoint_is_written_as_it_was_read(string name)
    {
        string source = Given.Checkpoint(name), copy = this.folder["copy"];
        Checkpoint checkpoint = Checkpoint.Load(source);
        Save(checkpoint, source, copy, WeightType.F32);

        AssertSame(checkpoint, Checkpoint.Load(copy), value => value);
        Assert.Equal(TokenizerSections.Build(source), TokenizerSections.Build(copy));
        // All of the file but its provenance, which states the hash of the weight file.
        Assert.Equal(Quantize(source), Quantize(copy));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void In_half_precision_each_weight_is_the_nearest(string name)
    {
        string source = Given.Checkpoint(name), copy = this.folder["copy"];
        Checkpoint checkpoint = Checkpoint.Load(source);
        Save(checkpoint, source, copy, WeightType.F16);

        AssertSame(checkpoint, Checkpoint.Load(copy), value => (float)(Half)value);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(copy, "model.safetensors"));
        Assert.All(
            file.Tensors.Values, tensor => Assert.Equal(tensor.Name.Split('.')[^1] is "weight" or "bias" ? "F16" : "F32", tensor.Type));
    }

    [Theory]
    [MemberData(nameof(Made))]
    public void A_checkpoint_made_in_memory_is_written_whole(string architecture, HeadKind head)
    {
        Checkpoint checkpoint = SmallCheckpoint.Make(Enum.Parse<Architecture>(architecture), head, new Random(5), 40);
        checkpoint.Save(this.folder["made"], WeightType.F32);
        AssertSame(checkpoint, Checkpoint.Load(this.folder["made"]), value => value);
    }

    [Fact]
    public void Every_field_of_a_config_is_written()
    {
        Checkpoint made = SmallCheckpoint.Make(Architecture.Roberta, HeadKind.MultiLabel, new Random(5), 40);
        foreach (Activation activation in (Activation[])[Activation.Gelu, Activation.GeluTanh, Activation.Relu])
        {
            Checkpoint checkpoint = made with
            {
                Config = made.Config with
                {
                    Activation = activation,
                    LayerNormEpsilon = 1e-5,
                    TypeCount = 3,
                    Labels = ["<b>", "\u00e4 \"", "\u65e5"],
                },
                Embeddings = made.Embeddings with { Types = new float[3 * made.Config.HiddenSize] },
            };
            checkpoint.Save(this.folder["made"], WeightType.F32);
            AssertSame(checkpoint, Checkpoint.Load(this.folder["made"]), value => value);
        }
    }

    [Fact]
    public void What_was_trained_in_integer_mode_is_kept_to_the_bit()
    {
        Checkpoint checkpoint = SmallCheckpoint.Make(Architecture.IBert, HeadKind.SingleLabel, new Random(5), 40);
        Dictionary<string, float> trained = new()
        {
            ["embeddings.output_activation.x_min"] = -3.1415927f,
            ["embeddings.output_activation.x_max"] = 0.1f,
            ["embeddings.LayerNorm.shift"] = 7,
        };
        new IBertCheckpoint(checkpoint, trained).Save(this.folder["made"], WeightType.F16);

        IBertCheckpoint read = IBertCheckpoint.Load(this.folder["made"], Checkpoint.Load(this.folder["made"]));
        Assert.Equal((-3.1415927f, 0.1f), read.Range("embeddings.output_activation"));
        Assert.Equal(7, read.Shift("embeddings.LayerNorm"));
        Assert.Throws<CheckpointException>(() => read.Range("embeddings.embeddings_act1"));
    }

    [Fact]
    public void Nothing_is_written_of_weights_that_cannot_be()
    {
        Checkpoint checkpoint = SmallCheckpoint.Make(Architecture.Bert, HeadKind.SingleLabel, new Random(5), 40);
        // Rounds to 2^16, which half precision does not have; a little less is its largest number.
        checkpoint.Head.Classifier.Weight[0] = 65520;
        Assert.Throws<CheckpointException>(() => checkpoint.Save(this.folder["made"], WeightType.F16));
        Assert.False(Directory.Exists(this.folder["made"]));

        checkpoint.Head.Classifier.Weight[0] = 65519;
        checkpoint.Save(this.folder["made"], WeightType.F16);
        Assert.Equal(65504, Checkpoint.Load(this.folder["made"]).Head.Classifier.Weight[0]);
    }

    [Fact]
    public void A_tokenizer_takes_the_place_of_another()
    {
        string folder = this.folder["copy"], roberta = Given.Checkpoint("roberta"), bert = Given.Checkpoint("bert");
        Save(Checkpoint.Load(bert), roberta, folder, WeightType.F16);
        Assert.True(File.Exists(Path.Combine(folder, "merges.txt")));
        TokenizerFiles.Copy(bert, folder);
        Assert.False(File.Exists(Path.Combine(folder, "merges.txt")));
        Assert.Equal(TokenizerSections.Build(bert), TokenizerSections.Build(folder));

        // A broken one is not copied over a sound one.
        string broken = this.folder["broken"];
        Directory.CreateDirectory(broken);
        File.WriteAllText(Path.Combine(broken, "tokenizer.json"), "{");
        Assert.Throws<CheckpointException>(() => TokenizerFiles.Copy(broken, folder));
        Assert.Equal(TokenizerSections.Build(bert), TokenizerSections.Build(folder));
    }

    private static void Save(Checkpoint checkpoint, string source, string folder, WeightType type)
    {
        if (checkpoint.Config.Architecture == Architecture.IBert)
        {
            IBertCheckpoint.Load(source, checkpoint).Save(folder, type);
        }
        else
        {
            checkpoint.Save(folder, type);
        }
        TokenizerFiles.Copy(source, folder);
    }

    private static byte[] Quantize(string folder) =>
        Quantizer.Quantize(folder, new QuantizerOptions { Samples = 8, MaxLength = 24, Threads = 2 }).Model.ToFile(null);

    private static void AssertSame(Checkpoint expected, Checkpoint found, Func<float, float> stored)
    {
        Assert.Equal(expected.Config.Labels, found.Config.Labels);
        Assert.Equal(expected.Config, found.Config with { Labels = expected.Config.Labels, LabelSource = expected.Config.LabelSource });
        Assert.Equal(expected.Head.Activation, found.Head.Activation);
        Assert.Equal(expected.Layers.Count, found.Layers.Count);
        foreach ((NamedWeight one, NamedWeight other) in expected.Weights().Zip(found.Weights(), (one, other) => (one, other)))
        {
            Assert.Equal((one.Module, one.Kind), (other.Module, other.Kind));
            Assert.Equal(one.Shape, other.Shape);
            Assert.Equal(one.Values.Select(value => BitConverter.SingleToInt32Bits(stored(value))),
                other.Values.Select(BitConverter.SingleToInt32Bits));
        }
    }
}
