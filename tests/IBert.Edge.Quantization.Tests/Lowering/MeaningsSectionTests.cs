// A model file says what its integers stand for, and a file that says something impossible is refused.
using IBert.Edge.Checkpoints;
using IBert.Edge.Format;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Lowering;

public class MeaningsSectionTests
{
    // Heads of 20 are padded to 32, so that padding is there to be got wrong.
    private static readonly Lazy<QuantizedModel> s_letters = new(() =>
    {
        (CheckpointWriter folder, TextSource calibration, _) = TinyData.Letters(40, 2, 50);
        using (folder)
        {
            return Quantizer.Quantize(folder.Folder, new QuantizerOptions { Calibration = calibration, Samples = 16 }).Model;
        }
    });

    private static QuantizedModel Letters => s_letters.Value;

    [Fact]
    public void What_the_quantizer_knew_is_read_back_from_the_file()
    {
        IReadOnlyList<QuantizedTensor> read = Read(Letters.Tensors);

        Assert.Equal(Letters.Tensors.Select(Numbers), read.Select(Numbers));
        Assert.Equal(Letters.Tensors.Select(tensor => tensor.Divisors), read.Select(tensor => tensor.Divisors));
        Assert.Equal(Letters.Tensors.Select(tensor => tensor.Shifts), read.Select(tensor => tensor.Shifts));
        Assert.Equal(Letters.Tensors.Select(tensor => tensor.Extras), read.Select(tensor => tensor.Extras));
        Assert.Contains(read, tensor => tensor.Shifts is not null);
        Assert.Contains(read, tensor => tensor.Divisors is not null && tensor.Heads == 2);
        Assert.Contains(read, tensor => tensor.ZeroPoint != 0);
    }

    private static QuantizedTensor Numbers(QuantizedTensor tensor) => tensor with { Divisors = null, Shifts = null, Extras = null };

    [Theory]
    [InlineData("bert", null)]
    [InlineData("distilbert", null)]
    [InlineData("roberta", null)]
    [InlineData("ibert", null)]
    [InlineData("ibert", "int8")]
    public void Products_and_norms_have_the_names_of_the_checkpoints_modules(string checkpoint, string? scheme)
    {
        string folder = Given.Checkpoint(checkpoint);
        QuantizationResult result = Quantizer.Quantize(
            folder, new QuantizerOptions
            {
                Scheme = scheme is null ? null : QuantizationScheme.Int8,
                Calibration = TinyData.Calibration,
                Samples = 8,
            });
        using LoadedModel model = new(result.File.ToArray());
        using SafetensorsFile weights = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        string[] modules = [.. weights.Tensors.Keys.Where(name => name.EndsWith(".weight", StringComparison.Ordinal))
            .Select(name => name[..^".weight".Length])];

        string[] names =
            [.. MeaningsSection.Read(model.File).Select(tensor => tensor.Name.Replace(".activation", "", StringComparison.Ordinal))];

        // Whatever stands before it: the architecture's prefix, or nothing. I-BERT's norms are not seen before they are requantized.
        string[] missing =
            [.. modules.Where(module => !names.Any(name => module == name || module.EndsWith("." + name, StringComparison.Ordinal)))];
        Assert.All(missing, module => Assert.Matches(result.Scheme == QuantizationScheme.IBert ? @"LayerNorm$" : @"_embeddings$", module));
    }

    [Fact]
    public void A_file_without_the_section_is_told_from_a_broken_one()
    {
        using LoadedModel model = new(ModelBuilder.Assemble(Letters.Sections));
        Assert.Contains("made by an older ibert-quantize, convert the checkpoint again",
            Assert.Throws<ModelFormatException>(() => MeaningsSection.Read(model.File)).Message);
    }

    public static TheoryData<string> Faults => [.. s_faults.Keys];

    private static readonly Dictionary<string, (string Message, Func<QuantizedTensor, QuantizedTensor> Change)> s_faults = new()
    {
        ["of another operation"] = ("is not an output of operation 9", tensor => tensor with { Operation = 9 }),
        ["of no operation"] = ("is not an output of operation 60000", tensor => tensor with { Operation = 60000 }),
        ["of no tensor"] = ("tensor 65535 is not an output", tensor => tensor with { Index = OperationRecord.None }),
        ["other columns"] =
            ("has 64 columns, not 39 in 3 heads", tensor => tensor with { Channels = 39, Heads = 3, Divisors = null, Shifts = null }),
        ["heads that do not divide"] = ("not 40 in 3 heads", tensor => tensor with { Heads = 3 }),
        ["no heads"] = ("in 0 heads", tensor => tensor with { Heads = 0 }),
        ["far too many columns"] =
            ("has flags 0, 2147483647 channels", tensor => tensor with { Channels = int.MaxValue, Divisors = null, Shifts = null }),
        ["a column of no channel"] = ("has a column of a channel beyond its 63",
            tensor => tensor with { Channels = 63, Heads = 1, Divisors = null, Shifts = null, Extras = [63] }),
        ["columns behind heads"] = ("has 64 columns, not 41 in 2 heads", tensor => tensor with { Divisors = null, Extras = [0] }),
        ["a shift of nothing"] =
            ("has a shift that is not a number", tensor => tensor with { Shifts = [.. tensor.Shifts!.Select(_ => float.NaN)] }),
        ["a scale of nothing"] = ("has a scale that is not a number above 0", tensor => tensor with { Scale = double.NaN }),
        ["a scale below nothing"] = ("has a scale that is not a number above 0", tensor => tensor with { Scale = -1 }),
        ["a scale beyond numbers"] = ("has a scale that is not a number above 0", tensor => tensor with { Scale = 1e308 }),
        ["a divisor of nothing"] = ("has a scale that is not a number above 0", tensor => tensor with { Divisors = new float[40] }),
        ["of no site"] = ("stands for tensor 200 of layer 0", tensor => tensor with { Key = new((TensorSite)200, 0) }),
        ["of no layer"] = ("of layer -7", tensor => tensor with { Key = new(TensorSite.Value, -7) }),
        ["no name"] = ("a name of 0 bytes", tensor => tensor with { Name = "" }),
        ["a long name"] = ("a name of 257 bytes", tensor => tensor with { Name = new string('x', 257) }),
        ["a name of lines"] = ("not text without spaces", tensor => tensor with { Name = "a\nb" }),
        ["another's name"] = ("has the name 'encoder.layer.0.attention.self.key', as another one",
            tensor => tensor with { Name = "encoder.layer.0.attention.self.key" }),
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_tensor_that_cannot_be_is_refused(string fault)
    {
        (string message, Func<QuantizedTensor, QuantizedTensor> change) = s_faults[fault];
        TensorKey value = new(TensorSite.Value, 0);
        ModelFormatException error = Assert.Throws<ModelFormatException>(
            () => Read([.. Letters.Tensors.Select(tensor => tensor.Key == value ? change(tensor) : tensor)]));
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void Every_output_is_described_once_and_nothing_follows()
    {
        Assert.Contains("is not described", Assert.Throws<ModelFormatException>(() => Read([.. Letters.Tensors.Skip(1)])).Message);
        Assert.Contains(
            "is described twice", Assert.Throws<ModelFormatException>(() => Read([Letters.Tensors[0], .. Letters.Tensors])).Message);
        Assert.Contains("out of order", Assert.Throws<ModelFormatException>(() => Read([.. Letters.Tensors.Reverse()])).Message);
        byte[] section = MeaningsSection.Write(Letters.Tensors);
        Assert.Contains("has 1 bytes too many", Assert.Throws<ModelFormatException>(() => Read([.. section, 0])).Message);
    }

    [Fact]
    public void Cut_anywhere_or_with_any_byte_changed_it_is_read_or_refused_and_nothing_else()
    {
        byte[] section = MeaningsSection.Write(Letters.Tensors);
        Random random = new(5);
        for (int i = 0; i < 400; i++)
        {
            int place = random.Next(1, section.Length);
            Assert.Throws<ModelFormatException>(() => Read(section[..place]));
            byte[] changed = [.. section];
            changed[place] ^= (byte)(1 << random.Next(8));
            try
            {
                Read(changed);
            }
            catch (ModelFormatException error)
            {
                Assert.Contains("section MEAN", error.Message);
            }
        }
    }

    private static IReadOnlyList<QuantizedTensor> Read(IReadOnlyList<QuantizedTensor> tensors) => Read(MeaningsSection.Write(tensors));

    private static IReadOnlyList<QuantizedTensor> Read(byte[] section)
    {
        using LoadedModel model = new(ModelBuilder.Assemble([.. Letters.Sections, new(SectionKind.Meanings, false, section)]));
        return MeaningsSection.Read(model.File);
    }
}
