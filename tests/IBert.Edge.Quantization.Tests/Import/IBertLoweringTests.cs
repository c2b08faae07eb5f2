// I-BERT checkpoints of shapes that the golden one does not have.
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Tests.Quantizing;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Import;

public sealed class IBertLoweringTests(ITestOutputHelper output)
{
    [Fact]
    public void Heads_that_are_no_multiple_of_16_are_padded_and_every_tensor_stays_what_it_stands_for()
    {
        (CheckpointWriter letters, _, _) = TinyData.Letters(40, 2, 50);
        using CheckpointWriter writer = IBert(hidden: 40, heads: 2, feedForward: 50);
        using (letters)
        {
            string folder = writer.Write();
            TokenizedText[] texts = [.. Enumerable.Range(0, 20).Select(i => new TokenizedText(RandomCheckpoint.Text(3 + i, i), new int[3 + i]))];
            Fp32Model reference = new(Checkpoint.Load(folder));
            AddRanges(writer, new Calibrator(reference, texts, 1, null).Ranges());
            writer.Write();
            using IBertCheckpoint checkpoint = IBertCheckpoint.Load(folder, reference.Config);

            IBertLowering lowering = new(checkpoint);
            using LoadedModel model = new(new QuantizedModel(lowering.Lower(64, TokenizerFiles.BuildSection(letters.Folder)), lowering.Meanings).ToFile(null));
            IReadOnlyList<TensorError> errors = ErrorAnalysis.Run(model.File, MeaningsSection.Read(model.File), reference, texts, 1, null);

            Assert.Equal(64u, model.File.Tensors[lowering.Meanings.Single(tensor => tensor.Name == "encoder.layer.0.attention.self.output_activation").Index].Columns);
            Assert.All(errors, error =>
            {
                output.WriteLine($"{error.Tensor.Name} {error.Own.Decibels:F1} {error.EndToEnd.Decibels:F1}");
                Assert.InRange(error.Own.Decibels, 28, double.PositiveInfinity);
                Assert.InRange(error.EndToEnd.Decibels, 25, 200);
            });
        }
    }

    private static CheckpointWriter IBert(int hidden, int heads, int feedForward)
    {
        CheckpointWriter writer = RandomCheckpoint.Roberta(hidden, heads, feedForward, seed: 4);
        writer.Config["model_type"] = "ibert";
        writer.Config["architectures"] = new System.Text.Json.Nodes.JsonArray("IBertForSequenceClassification");
        writer.Config["quant_mode"] = true;
        return writer.Rename(name => name.Replace("roberta.", "ibert.", StringComparison.Ordinal));
    }

    /// <summary>The ranges that training would have found: those of the FP32 reference.</summary>
    private static void AddRanges(CheckpointWriter writer, Dictionary<TensorKey, SiteStatistics> ranges)
    {
        Range("embeddings.embeddings_act1", new(TensorSite.EmbeddingSum, -1));
        Range("embeddings.output_activation", new(TensorSite.EmbeddingNorm, -1));
        Norm("embeddings");
        for (int layer = 0; layer < 2; layer++)
        {
            string name = $"encoder.layer.{layer}", self = $"{name}.attention.self", attention = $"{name}.attention.output";
            Range($"{self}.query_activation", new(TensorSite.Query, layer));
            Range($"{self}.key_activation", new(TensorSite.Key, layer));
            Range($"{self}.value_activation", new(TensorSite.Value, layer));
            Range($"{self}.output_activation", new(TensorSite.Context, layer));
            Range($"{attention}.ln_input_act", new(TensorSite.AttentionSum, layer));
            Range($"{attention}.output_activation", new(TensorSite.AttentionNorm, layer));
            Range($"{name}.pre_intermediate_act", new(TensorSite.AttentionNorm, layer));
            Range($"{name}.intermediate.output_activation", new(TensorSite.FeedForwardActivation, layer));
            Range($"{name}.pre_output_act", new(TensorSite.FeedForwardActivation, layer));
            Range($"{name}.output.ln_input_act", new(TensorSite.OutputSum, layer));
            Range($"{name}.output.output_activation", new(TensorSite.OutputNorm, layer));
            // The largest integer exponential, 2^30 c, must fit 16 bits behind softmax.act.
            float query = ranges[new(TensorSite.Query, layer)].Magnitude / 127, key = ranges[new(TensorSite.Key, layer)].Magnitude / 127;
            float step = query * key / MathF.Sqrt(20), largest = MathF.ScaleB(1 / (0.35815147f * step * step), 30);
            Add($"{self}.softmax.act", -largest, largest);
            Norm(attention);
            Norm($"{name}.output");
        }

        void Range(string module, TensorKey key) => Add(module, ranges[key].Min, ranges[key].Max);

        void Norm(string parent) => writer.Tensors.Add($"ibert.{parent}.LayerNorm.shift", new TestTensor("F32", [1], [8]));

        void Add(string module, float low, float high)
        {
            writer.Tensors.Add($"ibert.{module}.x_min", new TestTensor("F32", [1], [low]));
            writer.Tensors.Add($"ibert.{module}.x_max", new TestTensor("F32", [1], [high]));
        }
    }
}
