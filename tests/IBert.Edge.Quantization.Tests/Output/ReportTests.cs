// The report states the error of every tensor, and tells where an error comes from.
using System.Xml.Linq;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Output;

public class ReportTests(ITestOutputHelper output)
{
    private static readonly QuantizerOptions s_options =
        new() { Calibration = TinyData.Calibration, Samples = 64, Evaluation = TinyData.Dev };

    private static readonly Lazy<QuantizationResult> s_result = new(() => Quantizer.Quantize(TinyData.Checkpoint, s_options));

    [Fact]
    public void Every_tensor_of_the_graph_has_its_error_and_none_is_wild()
    {
        IReadOnlyList<TensorError> errors = s_result.Value.AnalyzeErrors();
        Assert.Equal(s_result.Value.Model.Tensors, errors.Select(error => error.Tensor));
        Assert.All(errors, error =>
        {
            output.WriteLine(
                $"{error.Tensor.Name} {error.Type}: own {error.Own.Decibels:F1} dB, end to end {error.EndToEnd.Decibels:F1} dB");
            Assert.InRange(error.Own.Decibels, 25, 200);
            Assert.InRange(error.EndToEnd.Decibels, 20, 200);
        });
    }

    [Fact]
    public void The_report_has_options_accuracy_every_tensor_and_plots_that_exist()
    {
        using TemporaryFolder folder = new();
        s_result.Value.WriteReport(folder["report.md"]);
        string text = File.ReadAllText(folder["report.md"]);
        Assert.Contains("# Quantization of bert", text);
        Assert.Contains(
            "| calibration | 64 of the 300 texts of `reviews.train.tsv`, and 32 texts of up to 512 tokens joined from them, seed 1", text);
        Assert.Contains("| 94.00 % | ", text);
        foreach (string layer in (string[])["Embeddings", "Layer 0", "Layer 1", "Head"])
        {
            Assert.Contains($"### {layer}", text);
        }
        string tables = text[text.IndexOf("### Embeddings", StringComparison.Ordinal)..];
        Assert.Equal(
            s_result.Value.Model.Tensors.Count, tables.Split('\n').Count(line => line.Contains("| Int", StringComparison.Ordinal)));
        string[] plots = [.. Directory.GetFiles(folder.Path, "*.svg").Select(path => Path.GetFileName(path)!)];
        Assert.Equal(5, plots.Length);
        Assert.All(plots, plot =>
        {
            Assert.Contains($"]({plot})", text);
            Assert.Equal("svg", XDocument.Load(folder[plot]).Root!.Name.LocalName);
        });
    }

    [Fact]
    public void Texts_that_did_not_calibrate_are_compared() => Assert.True(s_result.Value.Origin.Texts.HeldBack);

    [Theory]
    [InlineData("FeedForwardActivation", 0, 16, "encoder.layer.0.intermediate.dense.activation")]
    [InlineData("FeedForwardActivation", 1, 16, "encoder.layer.1.intermediate.dense.activation")]
    [InlineData("AttentionNorm", 0, 16, "encoder.layer.0.attention.output.LayerNorm")]
    [InlineData("OutputNorm", 0, 16, "encoder.layer.0.output.LayerNorm")]
    [InlineData("Context", 1, 16, "encoder.layer.1.attention.self")]
    [InlineData("Value", 1, 16, "encoder.layer.1.attention.self.value")]
    [InlineData("Context", 0, 8, "encoder.layer.0.attention.self")]
    [InlineData("Query", 1, 0.1, "encoder.layer.1.attention.self.query")]
    [InlineData("HeadActivation", -1, 64, "pooler.dense.activation")]
    public void A_planted_bad_scale_is_the_worst_tensor_and_its_layer_the_worst_of_the_report(
        string site, int layer, double factor, string name)
    {
        TensorKey bad = new(Enum.Parse<TensorSite>(site), layer);
        QuantizationResult result = Quantizer.Quantize(
            TinyData.Checkpoint, new QuantizerOptions { Calibration = TinyData.Calibration, Samples = 64 },
            new Int8Options { PlantedFault = key => key == bad ? factor : 1 });

        TensorError worst = result.AnalyzeErrors().MinBy(error => error.Own.Decibels)!;
        Assert.Equal(bad, worst.Tensor.Key);

        using TemporaryFolder folder = new();
        result.WriteReport(folder["report.md"]);
        string[] lines = File.ReadAllLines(folder["report.md"]);
        int table = Array.IndexOf(lines, "### Layers, worst first");
        Assert.StartsWith($"| {(layer < 0 ? "head" : $"layer {layer}")} | {name} |", lines[table + 4]);
    }
}
