// The integers that Hugging Face's I-BERT computed of a trained checkpoint, op by op with its own inputs, and end to end.
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.RealData.Import;

public sealed class GoldenIntegersTests(ITestOutputHelper output)
{
    private static readonly Lazy<GoldenResult> s_result = new(() =>
    {
        using LoadedModel model = new(Quantizer.Quantize(Shared.Require("checkpoints", "ibert-l3-sst2")).File.ToArray());
        return GoldenComparison.Run(model.File, Shared.Require("golden", "ibert"), null);
    });

    [Fact]
    public void Every_operation_fed_the_golden_inputs_gives_the_golden_integers()
    {
        foreach (string line in s_result.Value.Lines(everyTensor: false))
        {
            output.WriteLine(line);
        }
        Assert.Equal(10, s_result.Value.Dumps);
        Assert.All(s_result.Value.OpByOp, bar => Assert.True(bar.Holds, bar.Text));
        // Each channel's ratio has the reference's own 31 bits, so what is requantized is equal; but for GELU's products, which its float32
        // rounds.
        GoldenTensor[] requantized = [.. s_result.Value.Compared.Where(tensor => tensor.Kind == GoldenKind.Activation)];
        Assert.All(requantized.Where(tensor => !IsGelu(tensor)), tensor => Assert.Equal((tensor.Name, 0), (tensor.Name, tensor.Different)));
        Assert.InRange(requantized.Where(IsGelu).Sum(tensor => tensor.Different), 0, 1);

        static bool IsGelu(GoldenTensor tensor) => tensor.Name.EndsWith("intermediate.output_activation", StringComparison.Ordinal);
    }

    [Fact]
    public void Every_golden_tensor_is_compared_or_accounted_for_by_what_follows_it()
    {
        GoldenResult result = s_result.Value;
        Assert.Empty(result.LeftOut);
        HashSet<string> compared = [.. result.Compared.Select(tensor => tensor.Name)];
        foreach (string file in Directory.GetFiles(Shared.Require("golden", "ibert"), "*.safetensors"))
        {
            using SafetensorsFile golden = SafetensorsFile.Open(file);
            string[] modules = [.. golden.Tensors.Keys.Where(name => name.EndsWith(".int", StringComparison.Ordinal))
                .Select(name => name[..^".int".Length])];
            Assert.Equal(70, modules.Length);
            Assert.All(modules, module => Assert.True(compared.Contains(module) != result.AccountedFor.ContainsKey(module), module));
        }
        Assert.Equal(57, compared.Count);
    }

    [Fact]
    public void End_to_end_the_drift_is_small_and_labels_agree()
    {
        GoldenDrift drift = s_result.Value.EndToEnd;
        Assert.Equal(200, drift.Sentences);
        Assert.True(drift.Wrong.Count == 0, $"{drift.Wrong.Count} labels with a margin differ");
        // What is left are sums whose order is the reference's machine's.
        Assert.True(drift.Mean <= 0.01, $"drift {drift.Mean}");
        Assert.True(s_result.Value.HeadDrift <= 0.005, "head");
    }
}
