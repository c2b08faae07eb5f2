// A dump of an imported I-BERT checkpoint beside the golden file of the same text.
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.RealData.Import;

public sealed class ModelDumpTests
{
    [Fact]
    public void The_golden_names_shapes_and_nearly_all_8_bit_integers_are_in_it()
    {
        using TemporaryFolder folder = new();
        using LoadedModel model = new(Quantizer.Quantize(Shared.Require("checkpoints", "ibert-l3-sst2")).File.ToArray());
        File.WriteAllBytes(folder["dump.safetensors"],
            ModelDump.Write(model.File, new SourceText("the piquant story needs more dramatic meat on its bones .", null)));
        using SafetensorsFile dump = SafetensorsFile.Open(folder["dump.safetensors"]);
        using SafetensorsFile golden = SafetensorsFile.Open(Shared.Require("golden", "ibert", "00.safetensors"));

        Assert.Equal(golden.ReadIntegers(golden.Tensors["input_ids"]), dump.ReadIntegers(dump.Tensors["input_ids"]));
        string[] shared =
            [.. golden.Tensors.Keys.Where(name => name.EndsWith(".int", StringComparison.Ordinal) && dump.Tensors.ContainsKey(name))];
        Assert.Equal(57, shared.Length);
        Assert.All(shared, name => Assert.Equal(golden.Tensors[name].Shape, dump.Tensors[name].Shape));
        // End to end differences travel, and in wide accumulators they are all over: 8-bit tensors are what is compared.
        string[] narrow = [.. shared.Where(name => golden.Tensors[name].Type == "I8" && dump.Tensors[name].Type == "I8")];
        bool[] different = [.. narrow.SelectMany(name =>
            golden.ReadIntegers(golden.Tensors[name]).Zip(dump.ReadIntegers(dump.Tensors[name]), (a, b) => a != b))];
        Assert.InRange(different.Average(x => x ? 1 : 0), 0, 0.05);
    }
}
