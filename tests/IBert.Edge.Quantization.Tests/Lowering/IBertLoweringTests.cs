// I-BERT checkpoints of shapes that the golden one does not have.
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Lowering;

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
            TokenizedText[] texts =
                [.. Enumerable.Range(0, 20).Select(i => new TokenizedText(RandomCheckpoint.Text(3 + i, i), new int[3 + i]))];
            Checkpoint weights = Checkpoint.Load(folder);
            Fp32Model reference = new(weights);
            foreach ((string name, float value) in IBertRanges.Of(
                new Calibrator(reference, texts, 1, null).Ranges(), layers: 2, headSize: 20))
            {
                writer.Tensors.Add($"ibert.{name}", new TestTensor("F32", [1], [value]));
            }
            writer.Write();

            IBertLowering lowering = new(IBertCheckpoint.Load(folder, weights));
            using LoadedModel model =
                new(new QuantizedModel(lowering.Lower(64, TokenizerSections.Build(letters.Folder)), lowering.Meanings).ToFile(null));
            IReadOnlyList<TensorError> errors = ErrorAnalysis.Run(model.File, MeaningsSection.Read(model.File), reference, texts, 1, null);

            Assert.Equal(64u, model.File.Contents.Tensors[lowering.Meanings.Single(tensor => tensor.Name ==
                "encoder.layer.0.attention.self.output_activation").Index].Columns);
            Assert.All(errors, error =>
            {
                output.WriteLine($"{error.Tensor.Name} {error.Own.Decibels:F1} {error.EndToEnd.Decibels:F1}");
                Assert.InRange(error.Own.Decibels, 28, double.PositiveInfinity);
                Assert.InRange(error.EndToEnd.Decibels, 25, 200);
            });
        }
    }

    /// <summary>
    /// batch_frexp has an exponent for each ratio: a common one would take from a small ratio the bits that it is below the largest.
    /// </summary>
    [Fact]
    public void Ratios_of_channels_keep_their_31_bits()
    {
        double[] ratios = [0.75, -1e-4, 3.3e-9, 0, 1.0 / 3];
        (int[] multipliers, int[] exponents) = PublishedScales.Dyadic(ratios, 61);
        Assert.Equal((16, 16), (multipliers.Length, exponents.Length));
        for (int c = 0; c < ratios.Length; c++)
        {
            Assert.InRange(Math.Abs(Math.ScaleB(multipliers[c], -exponents[c]) - ratios[c]), 0, Math.Abs(ratios[c]) * Math.ScaleB(1, -31));
        }
        Assert.All(exponents[ratios.Length..].Append(exponents[3]), exponent => Assert.Equal(31, exponent));
        Assert.All(multipliers[ratios.Length..], multiplier => Assert.Equal(0, multiplier));

        // Beyond what a term shifts by, bits go: such a ratio gives nothing.
        (multipliers, exponents) = PublishedScales.Dyadic([1, 3e-15], 61);
        Assert.Equal(61, exponents[1]);
        Assert.Equal((int)Math.Round(Math.ScaleB(3e-15, 61)), multipliers[1]);
    }

    private static CheckpointWriter IBert(int hidden, int heads, int feedForward)
    {
        CheckpointWriter writer = RandomCheckpoint.Roberta(hidden, heads, feedForward, seed: 4);
        writer.Config["model_type"] = "ibert";
        writer.Config["architectures"] = new System.Text.Json.Nodes.JsonArray("IBertForSequenceClassification");
        writer.Config["quant_mode"] = true;
        return writer.Rename(name => name.Replace("roberta.", "ibert.", StringComparison.Ordinal));
    }
}
