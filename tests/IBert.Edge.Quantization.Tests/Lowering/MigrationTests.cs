// Outliers of every kind that transformers have cost no precision: each test fails without the rewriting that is about its kind.
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Lowering;

public sealed class MigrationTests(ITestOutputHelper output)
{
    private const int Hidden = 48, Heads = 3, FeedForward = 512, Outlier = 7;

    private const string Layer = "bert.encoder.layer.0.";

    [Fact]
    public void A_value_of_one_token_far_above_all_others_gets_columns_of_its_own()
    {
        // As real ones do: one token drives one channel of GELU's input, the others leave it where it was.
        IReadOnlyList<TensorError> errors = Errors(tensors =>
        {
            float[] weights = tensors[Layer + "intermediate.dense.weight"].Values,
                word = tensors["bert.embeddings.word_embeddings.weight"].Values;
            for (int k = 0; k < Hidden; k++)
            {
                // [SEP] is what ends every text.
                weights[(Outlier * Hidden) + k] = word[(3 * Hidden) + k] * 2;
            }
            tensors[Layer + "intermediate.dense.bias"].Values[Outlier] = -10;
        });

        TensorError activation = errors.Single(error => error.Tensor.Key == new TensorKey(TensorSite.FeedForwardActivation, 0));
        Assert.NotNull(activation.Tensor.Extras);
        Assert.Contains(Outlier, activation.Tensor.Extras);
        Assert.InRange(activation.Own.Decibels, 36, 200);
    }

    [Fact]
    public void Ordinary_activations_get_no_columns() =>
        Assert.All(Errors(_ => { }).Where(error => error.Tensor.Key.Site == TensorSite.FeedForwardActivation),
            error => Assert.Null(error.Tensor.Extras));

    [Theory]
    [InlineData("attention.output.LayerNorm", nameof(TensorSite.AttentionNorm), 0, nameof(TensorSite.FeedForward1))]
    [InlineData("output.LayerNorm", nameof(TensorSite.OutputNorm), 1, nameof(TensorSite.Value))]
    public void A_channel_far_from_zero_is_shifted(string norm, string site, int layerBehind, string behind)
    {
        IReadOnlyList<TensorError> errors = Errors(tensors => tensors[$"{Layer}{norm}.bias"].Values[Outlier] = 60);

        TensorError narrow = errors.Single(error => error.Tensor.Key == Key(site, 0) && error.Type == ElementType.Int8);
        Assert.InRange(narrow.Tensor.Shift(Outlier), 55, 65);
        // Measured behind the product: the offset itself would hide the error of the other channels.
        Assert.InRange(errors.Single(error => error.Tensor.Key == Key(behind, layerBehind)).Own.Decibels, 34, 200);
    }

    [Fact]
    public void Keys_and_values_with_a_large_bias_lose_nothing()
    {
        IReadOnlyList<TensorError> plain = Errors(_ => { }), biased = Errors(tensors =>
        {
            tensors[Layer + "attention.self.key.bias"].Values[Outlier] = 40;
            tensors[Layer + "attention.self.value.bias"].Values[Outlier] = 40;
        });

        foreach (TensorSite site in (TensorSite[])[TensorSite.Context, TensorSite.AttentionOutput])
        {
            (double before, double after) = (Noise(plain, site), Noise(biased, site));
            Assert.True(after < 1.5 * before, $"{site}: {before} became {after}");
        }

        static double Noise(IReadOnlyList<TensorError> errors, TensorSite site) =>
            errors.Single(error => error.Tensor.Key == new TensorKey(site, 0)).EndToEnd.Noise;
    }

    [Fact]
    public void A_large_channel_of_the_queries_is_balanced_by_the_keys()
    {
        IReadOnlyList<TensorError> errors = Errors(tensors =>
        {
            Scale(tensors[Layer + "attention.self.query.weight"].Values, 30);
            Scale(tensors[Layer + "attention.self.key.weight"].Values, 1 / 30f);
            tensors[Layer + "attention.self.query.bias"].Values[Outlier] *= 30;
            tensors[Layer + "attention.self.key.bias"].Values[Outlier] /= 30;
        });

        Assert.All(
            errors.Where(error => error.Tensor.Key.Layer == 0 && error.Tensor.Key.Site is TensorSite.Query or TensorSite.Key),
            error => Assert.InRange(error.Own.Decibels, 36, 200));
        // Without the balance its key, a thirtieth of the others, is rounded to almost nothing.
        QuantizedTensor key = errors.Single(error => error.Tensor.Key == new TensorKey(TensorSite.Key, 0)).Tensor;
        Assert.True(key.Divisor(Outlier) < key.Divisors!.Order().ElementAt(Hidden / 2) / 10);

        static void Scale(float[] weights, float factor)
        {
            for (int k = 0; k < Hidden; k++)
            {
                weights[(Outlier * Hidden) + k] *= factor;
            }
        }
    }

    [Fact]
    public void A_coarse_row_of_the_first_type_costs_no_precision()
    {
        IReadOnlyList<TensorError> plain = Errors(_ => { }),
            coarse = Errors(tensors => tensors["bert.embeddings.token_type_embeddings.weight"].Values[Outlier] = 40);

        double before = plain[0].Own.Noise, after = coarse[0].Own.Noise;
        Assert.Equal(TensorSite.EmbeddingSum, plain[0].Tensor.Key.Site);
        Assert.True(after < 1.5 * before, $"{before} became {after}");
    }

    private static TensorKey Key(string site, int layer) => new(Enum.Parse<TensorSite>(site), layer);

    private IReadOnlyList<TensorError> Errors(Action<Dictionary<string, TestTensor>> change)
    {
        CheckpointWriter writer = RandomCheckpoint.Bert(Hidden, Heads, FeedForward, seed: 5);
        change(writer.Tensors);
        (CheckpointWriter folder, TextSource calibration, _) = TinyData.Letters(writer, "red");
        using (folder)
        {
            QuantizationResult result = Quantizer.Quantize(
                folder.Folder, new QuantizerOptions { Calibration = calibration, Samples = 200 });
            IReadOnlyList<TensorError> errors = result.AnalyzeErrors();
            foreach (TensorError error in errors)
            {
                output.WriteLine(
                    $"{error.Tensor.Name} {error.Type}: own {error.Own.Decibels:F1} dB, end to end {error.EndToEnd.Decibels:F1} dB");
            }
            return errors;
        }
    }
}
