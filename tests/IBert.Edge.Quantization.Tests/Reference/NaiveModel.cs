// BERT's forward pass as one would write it on a blackboard, in double precision: an oracle that shares no code with the reference.
using IBert.Edge.Checkpoints;

namespace IBert.Edge.Quantization.Tests.Reference;

internal static class NaiveModel
{
    public static double[] Logits(Checkpoint checkpoint, int[] ids, int[] typeIds)
    {
        CheckpointConfig config = checkpoint.Config;
        int hidden = config.HiddenSize;
        double[][] x = [.. ids.Select((id, i) => Norm(
            [.. Enumerable.Range(0, hidden).Select(j => (double)checkpoint.Embeddings.Words[id * hidden + j]
                + checkpoint.Embeddings.Positions[i * hidden + j] + checkpoint.Embeddings.Types[typeIds[i] * hidden + j])],
            checkpoint.Embeddings.Norm, config))];
        foreach (EncoderLayer layer in checkpoint.Layers)
        {
            double[][] q = Apply(layer.Query, x);
            double[][] k = Apply(layer.Key, x);
            double[][] v = Apply(layer.Value, x);
            double[][] context = [.. x.Select(_ => new double[hidden])];
            for (int head = 0; head < config.HeadCount; head++)
            {
                int from = head * config.HeadSize;
                for (int i = 0; i < x.Length; i++)
                {
                    double[] e = [.. k.Select(
                        key => Math.Exp(Enumerable.Range(from, config.HeadSize).Sum(j => q[i][j] * key[j]) / Math.Sqrt(config.HeadSize)))];
                    for (int j = from; j < from + config.HeadSize; j++)
                    {
                        context[i][j] = v.Select((value, t) => value[j] * e[t] / e.Sum()).Sum();
                    }
                }
            }
            x = [.. Apply(layer.AttentionOutput, context).Zip(x, (a, b) => Norm(Sum(a, b), layer.AttentionNorm, config))];
            double[][] wide = [.. Apply(layer.FeedForward1, x).Select(row => row.Select(Gelu).ToArray())];
            x = [.. Apply(layer.FeedForward2, wide).Zip(x, (a, b) => Norm(Sum(a, b), layer.OutputNorm, config))];
        }
        double[] pooled = [.. Apply(checkpoint.Head.Dense, [x[0]])[0].Select(Math.Tanh)];
        return Apply(checkpoint.Head.Classifier, [pooled])[0];
    }

    /// <summary>x Phi(x), Phi by Simpson's rule over its density.</summary>
    public static double Gelu(double x)
    {
        const int steps = 2000;
        double step = x / steps;
        double sum = 0;
        for (int i = 0; i <= steps; i++)
        {
            double weight = i is 0 or steps ? 1 : i % 2 == 1 ? 4 : 2;
            sum += weight * Math.Exp(-0.5 * i * step * i * step);
        }
        return x * (0.5 + sum * step / 3 / Math.Sqrt(2 * Math.PI));
    }

    private static double[][] Apply(Linear linear, double[][] x) =>
        [.. x.Select(row => Enumerable.Range(0, linear.Outputs)
            .Select(o => linear.Bias[o] + Enumerable.Range(0, linear.Inputs).Sum(i => linear.Weight[o * linear.Inputs + i] * row[i]))
            .ToArray())];

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (u, v) => u + v)];

    private static double[] Norm(double[] x, LayerNorm norm, CheckpointConfig config)
    {
        double mean = x.Average();
        double deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + config.LayerNormEpsilon);
        return [.. x.Select((v, i) => (v - mean) / deviation * norm.Gamma[i] + norm.Beta[i])];
    }
}
