// Every head and RoBERTa's shape come through quantization: what the integers answer is what FP32 answers.
using System.Text.Json;
using IBert.Edge.Checkpoints;
using IBert.Edge.Graph;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests;

public class HeadTests(ITestOutputHelper output)
{
    [Fact]
    public void Roberta_agrees_with_FP32_and_its_positions_begin_where_the_checkpoint_says()
    {
        (CheckpointWriter folder, TextSource calibration, LabelledTexts evaluation) = TinyData.Letters(
            RandomCheckpoint.Roberta(48, 3, 80, seed: 3), "red");
        using (folder)
        {
            QuantizationResult result = Quantizer.Quantize(
                folder.Folder, new QuantizerOptions { Calibration = calibration, Evaluation = evaluation });

            Assert.Equal(64, result.MaxLength);
            Assert.Equal("roberta", Provenance(result).GetProperty("source").GetProperty("architecture").GetString());
            using LoadedModel loaded = new(result.File.ToArray());
            Assert.Equal(2, new EmbedRecord(in loaded.File.Contents.Operations[0]).PositionOffset);
            output.WriteLine(result.Accuracy!.ToString());
            Assert.True(result.Accuracy.Agreement >= 0.99, $"same label on {result.Accuracy.Agreement:P2}");
            // A position off by one would be another text: the random tables have errors of 1 and more then.
            Assert.True(result.Accuracy.MeanLogitError < 0.02, $"mean logit error {result.Accuracy.MeanLogitError}");
        }
    }

    [Fact]
    public void Padding_tokens_in_a_text_have_the_positions_of_FP32()
    {
        (CheckpointWriter folder, TextSource calibration, _) = TinyData.Letters(RandomCheckpoint.Roberta(48, 3, 80, seed: 3), "red");
        using (folder)
        {
            using LoadedModel loaded =
                new(Quantizer.Quantize(folder.Folder, new QuantizerOptions { Calibration = calibration }).File.ToArray());
            using Executor executor = new(loaded.File.Contents, KernelSet.Select(), 64, 1),
                shared = new(loaded.File.Contents, KernelSet.Select(), 64, 3);
            Fp32Runner reference = new(new Fp32Model(Checkpoint.Load(folder.Folder)));
            // Before, within and behind what each of three workers embeds.
            int[] padded = RandomCheckpoint.Text(48, seed: 5);
            foreach (int i in (int[])[1, 2, 15, 16, 17, 30, 47])
            {
                padded[i] = 1;
            }
            EmbeddingSum expected = new();
            reference.Run(padded, [], new float[3], expected);
            QuantizedTensor sum = MeaningsSection.Read(loaded.File).Single(tensor => tensor.Key.Site == TensorSite.EmbeddingSum);
            int[] sums = [];
            executor.AfterOperation = index => sums = index == sum.Operation ? ArenaIntegers.Read(loaded.File, executor, sum) : sums;

            int[] logits = executor.Run(new(padded, new byte[padded.Length])).ToArray();

            Assert.Equal(logits, shared.Run(new(padded, new byte[padded.Length])).ToArray());
            // Three rows of 8 bits each within 1: half a step of each is 1/254. The rows of two positions differ by 2/3 on average.
            double largest = sums.Zip(expected.Values).Max(pair => Math.Abs((pair.First * sum.Scale) - pair.Second));
            output.WriteLine($"largest difference {largest:F4}");
            Assert.InRange(largest, 0, 0.015);
        }
    }

    private sealed class EmbeddingSum : IReferenceObserver
    {
        public float[] Values { get; private set; } = [];

        public void Observe(TensorSite site, int layer, ReadOnlySpan<float> values, int rows, int columns) =>
            Values = site == TensorSite.EmbeddingSum ? values.ToArray() : Values;
    }

    [Fact]
    public void Labels_of_their_own_agree_with_FP32()
    {
        CheckpointWriter writer = RandomCheckpoint.Bert(48, 3, 80, seed: 4);
        writer.Config["problem_type"] = "multi_label_classification";
        (CheckpointWriter folder, TextSource calibration, LabelledTexts evaluation) = TinyData.Letters(writer, "red,blue");
        using (folder)
        {
            QuantizationResult result = Quantizer.Quantize(
                folder.Folder, new QuantizerOptions { Calibration = calibration, Evaluation = evaluation });

            using LoadedModel loaded = new(result.File.ToArray());
            Assert.Equal(HeadKind.MultiLabel, loaded.File.HeadKind);
            Accuracy accuracy = result.Accuracy!;
            Assert.Equal(["accuracy", "f1"], accuracy.Metrics.Select(metric => metric.Name));
            // A random head has no margin, and a text counts when all its three labels are alike.
            Assert.True(accuracy.Agreement >= 0.95, $"same labels on {accuracy.Agreement:P2}");
            Assert.True(accuracy.MeanLogitError < 0.02, $"mean logit error {accuracy.MeanLogitError}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1e-5)]
    [InlineData(1e6)]
    public void A_value_in_any_unit_is_that_of_FP32(double unit)
    {
        CheckpointWriter writer = RandomCheckpoint.Bert(48, 3, 80, seed: 6, labels: 1);
        foreach (string name in (string[])["classifier.weight", "classifier.bias"])
        {
            TestTensor tensor = writer.Tensors[name];
            writer.Tensors[name] = tensor with { Values = [.. tensor.Values.Select(value => (float)(value * unit))] };
        }
        (CheckpointWriter folder, TextSource calibration, LabelledTexts evaluation) = TinyData.Letters(writer, "3.5");
        using (folder)
        {
            QuantizationResult result = Quantizer.Quantize(
                folder.Folder, new QuantizerOptions { Calibration = calibration, Evaluation = evaluation });

            using LoadedModel loaded = new(result.File.ToArray());
            Assert.Equal(HeadKind.Regression, loaded.File.HeadKind);
            Accuracy accuracy = result.Accuracy!;
            Assert.Equal(["pearson", "spearman"], accuracy.Metrics.Select(metric => metric.Name));
            Assert.Null(accuracy.Agreement);
            Assert.True(accuracy.MeanLogitError < 0.05 * unit, $"mean error of the value {accuracy.MeanLogitError}");
        }
    }

    [Fact]
    public void A_RoBERTa_that_has_learned_is_as_good_as_FP32()
    {
        Accuracy accuracy = Quantizer.Quantize(
            Given.Checkpoint("roberta"), new QuantizerOptions { Calibration = TinyData.Calibration, Evaluation = TinyData.Dev }).Accuracy!;

        output.WriteLine(accuracy.ToString());
        // tests/data/README.md: 90.00 %.
        Assert.Equal(0.9, accuracy.Fp32, 0.0001);
        Assert.True(accuracy.Agreement >= 0.99, $"same label on {accuracy.Agreement:P2}");
        Assert.True(accuracy.Integer >= accuracy.Fp32 - 0.003, $"FP32 {accuracy.Fp32:P2}, integers {accuracy.Integer:P2}");
    }

    [Fact]
    public void The_value_of_a_pair_is_as_good_as_in_FP32()
    {
        using TemporaryFolder folder = new();

        QuantizationResult result = Quantizer.Quantize(Given.Checkpoint("bert-regression"), new QuantizerOptions
        {
            Calibration = TextSource.Read(Given.Texts("pairs.train.tsv"), "sentence1", "sentence2"),
            Evaluation = LabelledTexts.Read(Given.Texts("pairs.dev.tsv"), "sentence1", "score", "sentence2"),
        });

        Accuracy accuracy = result.Accuracy!;
        output.WriteLine(string.Join(", ", accuracy.Metrics));
        // tests/data/README.md: 0.7722.
        Assert.Equal(0.7722, accuracy.Fp32, 0.0001);
        Assert.True(accuracy.Integer >= accuracy.Fp32 - 0.003, $"Pearson: FP32 {accuracy.Fp32:F4}, integers {accuracy.Integer:F4}");
        JsonElement stated = Provenance(result).GetProperty("accuracy");
        Assert.Equal("pearson", stated.GetProperty("metric").GetString());
        Assert.Equal(accuracy.Integer, stated.GetProperty("integer").GetDouble(), 1e-6);
        Assert.False(stated.TryGetProperty("agreement", out _));
        result.WriteReport(folder["report.md"]);
        Assert.Contains("| pearson | 0.", File.ReadAllText(folder["report.md"]));
    }

    private static JsonElement Provenance(QuantizationResult result) => JsonDocument.Parse(result.ProvenanceJson).RootElement;
}
