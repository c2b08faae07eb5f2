// A dump holds what every operation computed, in a form that other programs read.
using System.Globalization;
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Evaluation;

public sealed class ModelDumpTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Integers_times_scales_are_close_to_FP32_and_softmax_rows_add_up_to_one()
    {
        using SafetensorsFile dump = Dump(File.ReadAllBytes(TestModels.Tiny), "a charming and often affecting journey");
        Fp32Model reference = new(Checkpoint.Load(TinyData.Checkpoint));
        Observer observer = new();
        int[] ids = Integers(dump, "input_ids");
        float[] logits = new float[2];
        new Fp32Runner(reference).Run(ids, [], logits, observer);

        Assert.Equal(TinyPieces.Ids("[CLS] a charming and often affecting journey [SEP]"), ids);
        Assert.Equal(new int[8], Integers(dump, "token_type_ids"));
        (string Name, TensorSite Site, int Layer)[] places =
        [
            ("embeddings.sum", TensorSite.EmbeddingSum, -1), ("encoder.layer.0.attention.self.query", TensorSite.Query, 0),
            ("encoder.layer.1.attention.self", TensorSite.Context, 1),
            ("encoder.layer.0.intermediate.dense.activation", TensorSite.FeedForwardActivation, 0),
            ("encoder.layer.0.output.LayerNorm", TensorSite.OutputNorm, 0),
            ("encoder.layer.0.output.LayerNorm.residual", TensorSite.OutputNorm, 0),
            ("encoder.layer.1.attention.self.softmax", TensorSite.AttentionProbabilities, 1),
            ("encoder.layer.0.attention.self.softmax", TensorSite.AttentionProbabilities, 0),
            ("classifier", TensorSite.Logits, -1),
        ];
        Assert.All(places, place =>
        {
            double[] values = Values(dump, place.Name);
            float[] expected = observer.Values[new(place.Site, place.Layer)];
            Assert.Equal(expected.Length, values.Length);
            double noise = values.Zip(expected, (a, b) => (a - b) * (a - b)).Sum(), signal = expected.Sum(x => (double)x * x);
            Assert.InRange(noise / signal, 0, 0.01);
        });
        Assert.Equal([2, 8, 8], dump.Tensors["encoder.layer.0.attention.self.softmax.int"].Shape);
        Assert.Equal([2, 1, 8], dump.Tensors["encoder.layer.1.attention.self.softmax.int"].Shape);
        Assert.All(Values(dump, "encoder.layer.0.attention.self.softmax").Chunk(8), row => Assert.Equal(1, row.Sum(), 1e-12));
        Assert.Equal(Values(dump, "classifier"), dump.ReadDoubles("logits"));
    }

    [Fact]
    public void Every_operation_is_there_without_padding_in_the_type_that_it_is_stored_in()
    {
        (CheckpointWriter checkpoint, TextSource calibration, _) = TinyData.Letters(40, 2, 50);
        using (checkpoint)
        {
            QuantizationResult result = Quantizer.Quantize(
                checkpoint.Folder, new QuantizerOptions { Calibration = calibration, Samples = 16 });

            using SafetensorsFile dump = Dump(result.File.ToArray(), "a b c");

            Assert.All(result.Model.Tensors, tensor =>
            {
                Assert.Equal(tensor.Columns, dump.Tensors[$"{tensor.Name}.int"].Shape[1]);
                Assert.Equal([tensor.Divisors is null ? 1 : tensor.Columns], dump.Tensors[$"{tensor.Name}.scale"].Shape);
                Assert.Equal(tensor.ZeroPoint != 0, dump.Tensors.ContainsKey($"{tensor.Name}.zero_point"));
            });
            Assert.Equal([5, 40], dump.Tensors["encoder.layer.0.attention.self.value.int"].Shape);
            Assert.Equal("I8", dump.Tensors["encoder.layer.0.attention.self.value.int"].Type);
            Assert.Equal("I16", dump.Tensors["encoder.layer.0.intermediate.dense.int"].Type);
            Assert.Equal("I32", dump.Tensors["classifier.int"].Type);
            // What follows the first token alone has its row.
            Assert.Equal([1, 40], dump.Tensors["encoder.layer.1.output.LayerNorm.int"].Shape);
            Assert.All(dump.Tensors.Values,
                tensor => Assert.Equal(0, tensor.Begin % (int.Parse(tensor.Type[1..], CultureInfo.InvariantCulture) / 8)));
        }
    }

    [Fact]
    public void An_integer_trained_model_dumps_the_golden_names_shapes_scales_and_nearly_all_integers()
    {
        QuantizationResult result = Quantizer.Quantize(Given.Checkpoint("ibert"));
        using SafetensorsFile golden = SafetensorsFile.Open(Given.Golden("ibert", "00.safetensors"));

        using SafetensorsFile dump = Dump(result.File.ToArray(), "fascinating, elegant and tender");

        Assert.Equal(golden.ReadIntegers(golden.Tensors["input_ids"]), dump.ReadIntegers(dump.Tensors["input_ids"]));
        long elements = 0, different = 0;
        string[] shared =
            [.. golden.Tensors.Keys.Where(name => name.EndsWith(".int", StringComparison.Ordinal) && dump.Tensors.ContainsKey(name))];
        Assert.Equal(39, shared.Length);
        Assert.All(shared, name =>
        {
            Assert.Equal(golden.Tensors[name].Shape, dump.Tensors[name].Shape);
            string scale = name[..^"int".Length] + "scale";
            Assert.Equal(golden.ReadFloats(golden.Tensors[scale]), dump.ReadDoubles(scale).Select(value => (float)value));
            // End to end differences travel, and in wide accumulators they are all over: 8-bit tensors are what is compared.
            if (golden.Tensors[name].Type == "I8" && dump.Tensors[name].Type == "I8")
            {
                long[] expected = golden.ReadIntegers(golden.Tensors[name]), found = dump.ReadIntegers(dump.Tensors[name]);
                elements += expected.Length;
                different += expected.Zip(found, (a, b) => a == b ? 0 : 1).Sum();
            }
        });
        Assert.InRange((double)different / elements, 0, 0.05);
    }

    private SafetensorsFile Dump(byte[] file, string text)
    {
        using LoadedModel model = new(file);
        File.WriteAllBytes(folder["dump.safetensors"], ModelDump.Write(model.File, new SourceText(text, null)));
        return SafetensorsFile.Open(folder["dump.safetensors"]);
    }

    private static int[] Integers(SafetensorsFile dump, string name) => [.. dump.ReadIntegers(dump.Tensors[name]).Select(x => (int)x)];

    /// <summary>
    /// (int - zero_point) * scale, broadcast as NumPy does it: from the last dimension; extra columns added to their channels, then the
    /// shifts.
    /// </summary>
    private static double[] Values(SafetensorsFile dump, string name)
    {
        long[] integers = dump.ReadIntegers(dump.Tensors[$"{name}.int"]);
        double[] scale = dump.ReadDoubles($"{name}.scale");
        long zero = dump.Tensors.TryGetValue($"{name}.zero_point", out SafetensorsTensor? point) ? dump.ReadIntegers(point)[0] : 0;
        int inner = dump.Tensors[$"{name}.scale"].Shape[^1] == 1 ? integers.Length / scale.Length : 1;
        double[] values = [.. integers.Select((x, i) => (x - zero) * scale[i / inner % scale.Length])];
        int columns = (int)dump.Tensors[$"{name}.int"].Shape[^1];
        int[] extras = dump.Tensors.ContainsKey($"{name}.extra_channels") ? Integers(dump, $"{name}.extra_channels") : [];
        double[] shifts =
            dump.Tensors.ContainsKey($"{name}.shift") ? dump.ReadDoubles($"{name}.shift") : new double[columns - extras.Length];
        return [.. values.Chunk(columns).SelectMany(row => shifts.Select((shift, channel) =>
            row[channel] + shift + extras.Select((owner, i) => owner == channel ? row[shifts.Length + i] : 0).Sum()))];
    }

    private sealed class Observer : IReferenceObserver
    {
        public Dictionary<TensorKey, float[]> Values { get; } = [];

        public void Observe(TensorSite site, int layer, ReadOnlySpan<float> values, int rows, int columns) =>
            Values[new(site, layer)] = values.ToArray();
    }
}

/// <summary>What only tests read.</summary>
internal static class DoubleTensors
{
    /// <summary>The values of a tensor of type F64.</summary>
    public static double[] ReadDoubles(this SafetensorsFile file, string name)
    {
        SafetensorsTensor tensor = file.Tensors[name];
        Assert.Equal("F64", tensor.Type);
        byte[] bytes = File.ReadAllBytes(file.Path);
        int start = 8 + (int)BitConverter.ToInt64(bytes) + (int)tensor.Begin;
        return [.. Enumerable.Range(0, (int)tensor.ElementCount).Select(i => BitConverter.ToDouble(bytes, start + (8 * i)))];
    }
}
