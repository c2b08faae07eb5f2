// The reference on odd shapes, its taps, and what it refuses.
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Reference;

public class Fp32RunnerTests
{
    [Theory]
    [InlineData(160, 5, 500)]
    [InlineData(312, 12, 600)]
    public void Odd_shapes_equal_the_formulas_in_double_precision(int hidden, int heads, int feedForward)
    {
        using CheckpointWriter folder = RandomCheckpoint.Bert(hidden, heads, feedForward, seed: 1);
        Checkpoint checkpoint = Checkpoint.Load(folder.Write());
        var runner = new Fp32Runner(new Fp32Model(checkpoint));
        foreach (int length in (int[])[1, 2, 7])
        {
            int[] ids = RandomCheckpoint.Text(length, seed: length);
            int[] types = [.. ids.Select((_, i) => i > length / 2 ? 1 : 0)];
            var logits = new float[3];
            runner.Run(ids, types, logits);
            double[] expected = NaiveModel.Logits(checkpoint, ids, types);
            Assert.All(logits.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
        }
    }

    /// <summary>Hugging Face's <c>create_position_ids_from_input_ids</c>: cumsum(ids != pad) * (ids != pad) + pad.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(3)]
    public void Padding_tokens_in_a_text_have_their_own_row_and_do_not_count(int? padding)
    {
        using CheckpointWriter folder = RandomCheckpoint.Roberta(32, 2, 48, seed: 1, padding);
        Checkpoint checkpoint = Checkpoint.Load(folder.Write());
        int pad = padding ?? 1, hidden = 32;
        int[] ids = [7, pad, 9, pad, pad, 8, 7, pad], positions = [1, 0, 2, 0, 0, 3, 4, 0];
        var seen = new Recorder();

        new Fp32Runner(new Fp32Model(checkpoint)).Run(ids, [], new float[3], seen);

        Embeddings tables = checkpoint.Embeddings;
        for (int i = 0; i < ids.Length; i++)
        {
            for (int c = 0; c < hidden; c++)
            {
                float expected =
                    tables.Words[(ids[i] * hidden) + c] + tables.Types[c] + tables.Positions[((positions[i] + pad) * hidden) + c];
                Assert.Equal(expected, seen[TensorSite.EmbeddingSum, -1][(i * hidden) + c]);
            }
        }
    }

    [Fact]
    public void Every_site_is_observed_once_in_order_with_its_shape()
    {
        (Fp32Runner runner, int[] ids) = Tiny();
        var seen = new Recorder();
        runner.Run(ids, [], new float[2], seen, wholeLastLayer: true);

        int s = ids.Length;
        (TensorSite, int, int)[] layer =
        [
            (TensorSite.Query, s, 128), (TensorSite.Key, s, 128), (TensorSite.Value, s, 128),
            (TensorSite.AttentionScores, 2 * s, s), (TensorSite.AttentionProbabilities, 2 * s, s), (TensorSite.Context, s, 128),
            (TensorSite.AttentionOutput, s, 128), (TensorSite.AttentionSum, s, 128), (TensorSite.AttentionNorm, s, 128),
            (TensorSite.FeedForward1, s, 512), (TensorSite.FeedForwardActivation, s, 512), (TensorSite.FeedForward2, s, 128),
            (TensorSite.OutputSum, s, 128), (TensorSite.OutputNorm, s, 128),
        ];
        (TensorSite, int, int, int)[] expected =
        [
            (TensorSite.EmbeddingSum, -1, s, 128), (TensorSite.EmbeddingNorm, -1, s, 128),
            .. layer.Select(site => (site.Item1, 0, site.Item2, site.Item3)),
            .. layer.Select(site => (site.Item1, 1, site.Item2, site.Item3)),
            (TensorSite.HeadDense, -1, 1, 128), (TensorSite.HeadActivation, -1, 1, 128), (TensorSite.Logits, -1, 1, 2),
        ];
        Assert.Equal(expected, seen.Seen.Select(seen => (seen.Site, seen.Layer, seen.Rows, seen.Columns)));
    }

    [Fact]
    public void Observed_tensors_are_what_their_sites_say()
    {
        (Fp32Runner runner, int[] ids) = Tiny();
        var seen = new Recorder();
        var logits = new float[2];
        runner.Run(ids, [], logits, seen, wholeLastLayer: true);

        int s = ids.Length;
        for (int layer = 0; layer < 2; layer++)
        {
            float[] q = seen[TensorSite.Query, layer];
            float[] k = seen[TensorSite.Key, layer];
            float[] v = seen[TensorSite.Value, layer];
            float[] p = seen[TensorSite.AttentionProbabilities, layer];
            // Head 1, token 2: its score of token 3, its probabilities' sum, its context's element 5.
            double score = Enumerable.Range(64, 64).Sum(j => (double)q[2 * 128 + j] * k[3 * 128 + j]) / 8;
            Assert.Equal(score, seen[TensorSite.AttentionScores, layer][(s + 2) * s + 3], 1e-4);
            float[] row = p[((s + 2) * s)..((s + 3) * s)];
            Assert.Equal(1, row.Sum(), 1e-5);
            Assert.Equal(row.Select((probability, t) => (double)probability * v[t * 128 + 69]).Sum(),
                seen[TensorSite.Context, layer][2 * 128 + 69], 1e-5);

            float[] before = layer == 0 ? seen[TensorSite.EmbeddingNorm, -1] : seen[TensorSite.OutputNorm, 0];
            Assert.Equal(seen[TensorSite.AttentionOutput, layer].Zip(before, (a, b) => a + b), seen[TensorSite.AttentionSum, layer]);
            Assert.Equal(
                seen[TensorSite.FeedForward2, layer].Zip(seen[TensorSite.AttentionNorm, layer], (a, b) => a + b),
                seen[TensorSite.OutputSum, layer]);
            Assert.Equal(
                seen[TensorSite.FeedForward1, layer].Select(x => SmoothTable.Gelu[x]), seen[TensorSite.FeedForwardActivation, layer]);
        }
        Assert.Equal(seen[TensorSite.HeadDense, -1].Select(x => (float)DeterministicMath.Tanh(x)), seen[TensorSite.HeadActivation, -1]);
        Assert.Equal(logits, seen[TensorSite.Logits, -1]);
    }

    [Fact]
    public void The_first_token_alone_in_the_last_layer_gives_the_same_bits()
    {
        (Fp32Runner runner, int[] ids) = Tiny();
        float[] first = new float[2], whole = new float[2];
        var seen = new Recorder();
        runner.Run(ids, [], first, seen);
        runner.Run(ids, [], whole, wholeLastLayer: true);
        Assert.Equal(whole, first);
        Assert.Equal([1, ids.Length], seen.Seen.Where(seen => seen.Site == TensorSite.Query && seen.Layer == 1
            || seen.Site == TensorSite.Key && seen.Layer == 1).Select(seen => seen.Rows));
    }

    [Fact]
    public void A_runner_gives_the_same_bits_whatever_it_ran_before()
    {
        Checkpoint checkpoint = Checkpoint.Load(TinyData.Checkpoint);
        var model = new Fp32Model(checkpoint);
        var used = new Fp32Runner(model);
        foreach (int[] text in TinyData.DevIds.Take(20))
        {
            float[] again = new float[2], fresh = new float[2];
            used.Run(text, [], again);
            new Fp32Runner(model).Run(text, [], fresh);
            Assert.Equal(fresh, again);
        }
    }

    [Fact]
    public void A_text_of_all_positions_runs()
    {
        (Fp32Runner runner, _) = Tiny();
        var logits = new float[2];
        runner.Run([.. Enumerable.Repeat(700, 512)], [], logits);
        Assert.All(logits, logit => Assert.True(float.IsFinite(logit)));
    }

    [Fact]
    public void Changed_weights_of_a_copy_are_used_and_the_source_stays()
    {
        Checkpoint checkpoint = Checkpoint.Load(TinyData.Checkpoint);
        Checkpoint copy = checkpoint.Copy();
        copy.Head.Classifier.Bias[0] += 1;
        copy.Layers[1].Query.Weight.AsSpan().Clear();
        copy.Layers[1].Query.Bias.AsSpan().Clear();
        int[] ids = TinyData.DevIds[0];
        float[] source = new float[2], changed = new float[2];
        var seen = new Recorder();
        new Fp32Runner(new Fp32Model(checkpoint)).Run(ids, [], source);
        new Fp32Runner(new Fp32Model(copy)).Run(ids, [], changed, seen);
        Assert.NotEqual(source[0], changed[0]);
        Assert.All(seen[TensorSite.AttentionProbabilities, 1], p => Assert.Equal(1f / ids.Length, p, 1e-6f));
        Assert.Equal(ExpectedLogits.Read(Path.Combine(TinyData.Checkpoint, "logits.dev.tsv"))[0][0], source[0], 1e-3f);
    }

    [Fact]
    public void Bad_requests_are_argument_errors_that_name_the_value()
    {
        (Fp32Runner runner, _) = Tiny();
        Assert.Contains("0 ids", Assert.Throws<ArgumentException>(() => runner.Run([], [], new float[2])).Message);
        Assert.Contains("513 ids", Assert.Throws<ArgumentException>(() => runner.Run(new int[513], [], new float[2])).Message);
        Assert.Contains("914", Assert.Throws<ArgumentException>(() => runner.Run([2, 914], [], new float[2])).Message);
        Assert.Contains("-1", Assert.Throws<ArgumentException>(() => runner.Run([2, -1], [], new float[2])).Message);
        Assert.Contains("1 token types", Assert.Throws<ArgumentException>(() => runner.Run([2, 3], [0], new float[2])).Message);
        Assert.Contains("type 2", Assert.Throws<ArgumentException>(() => runner.Run([2, 3], [0, 2], new float[2])).Message);
        Assert.Contains("3 logits", Assert.Throws<ArgumentException>(() => runner.Run([2, 3], [], new float[3])).Message);
    }

    private static (Fp32Runner Runner, int[] Ids) Tiny() =>
        (new Fp32Runner(new Fp32Model(Checkpoint.Load(TinyData.Checkpoint))), TinyData.DevIds[0]);

    private sealed class Recorder : IReferenceObserver
    {
        public List<(TensorSite Site, int Layer, int Rows, int Columns, float[] Values)> Seen { get; } = [];

        public float[] this[TensorSite site, int layer] => Seen.Single(seen => seen.Site == site && seen.Layer == layer).Values;

        public void Observe(TensorSite site, int layer, ReadOnlySpan<float> values, int rows, int columns)
        {
            Assert.Equal(rows * columns, values.Length);
            Seen.Add((site, layer, rows, columns, values.ToArray()));
        }
    }
}
