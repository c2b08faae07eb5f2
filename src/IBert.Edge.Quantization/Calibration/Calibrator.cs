// Runs the FP32 reference over calibration texts and keeps what quantization needs to know.
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Calibration;

/// <summary>A tokenized text.</summary>
/// <param name="Ids">Token ids, special tokens included.</param>
/// <param name="Types">As many token type ids.</param>
internal sealed record TokenizedText(int[] Ids, int[] Types);

/// <summary>Names a tensor of the forward pass.</summary>
internal readonly record struct TensorKey(TensorSite Site, int Layer);

/// <summary>Passes over the calibration texts, in parallel; results do not depend on the number of threads.</summary>
internal sealed class Calibrator(Fp32Model model, IReadOnlyList<TokenizedText> texts, int threads, Action<double>? progress)
{
    /// <summary>Ranges of every tensor.</summary>
    public Dictionary<TensorKey, SiteStatistics> Ranges()
    {
        Dictionary<TensorKey, SiteStatistics> all = [];
        Run(() => new RangeObserver(), observer =>
        {
            foreach ((TensorKey key, SiteStatistics statistics) in observer.Sites)
            {
                if (!all.TryAdd(key, statistics))
                {
                    all[key].Merge(statistics);
                }
            }
        });
        return all;
    }

    /// <summary>Histograms of some tensors.</summary>
    /// <param name="create">Makes an empty histogram for each tensor that is wanted.</param>
    public Dictionary<TensorKey, Histogram> Histograms(Func<Dictionary<TensorKey, Histogram>> create)
    {
        Dictionary<TensorKey, Histogram> all = create();
        Run(() => new HistogramObserver(create()), observer =>
        {
            foreach ((TensorKey key, Histogram histogram) in observer.Sites)
            {
                all[key].Merge(histogram);
            }
        });
        return all;
    }

    private void Run<TObserver>(Func<TObserver> create, Action<TObserver> merge) where TObserver : IReferenceObserver
    {
        int next = -1, done = 0;
        object gate = new();
        void Work()
        {
            TObserver observer = create();
            Fp32Runner runner = new(model);
            float[] logits = new float[model.Config.Labels.Count];
            for (int i = Interlocked.Increment(ref next); i < texts.Count; i = Interlocked.Increment(ref next))
            {
                runner.Run(texts[i].Ids, texts[i].Types, logits, observer);
                int count = Interlocked.Increment(ref done);
                lock (gate)
                {
                    progress?.Invoke((double)count / texts.Count);
                }
            }
            lock (gate)
            {
                merge(observer);
            }
        }
        Parallel.Invoke([.. Enumerable.Repeat(Work, Math.Max(1, threads))]);
    }

    private sealed class RangeObserver : IReferenceObserver
    {
        public Dictionary<TensorKey, SiteStatistics> Sites { get; } = [];

        public void Observe(TensorSite site, int layer, ReadOnlySpan<float> values, int rows, int columns)
        {
            // Scores and probabilities have a column per token: no channels, and no range that quantization needs.
            if (site is TensorSite.AttentionScores or TensorSite.AttentionProbabilities)
            {
                return;
            }
            TensorKey key = new(site, layer);
            if (!Sites.TryGetValue(key, out SiteStatistics? statistics))
            {
                Sites[key] = statistics = new SiteStatistics(columns);
            }
            statistics.Add(values, rows);
        }
    }

    private sealed class HistogramObserver(Dictionary<TensorKey, Histogram> sites) : IReferenceObserver
    {
        public Dictionary<TensorKey, Histogram> Sites => sites;

        public void Observe(TensorSite site, int layer, ReadOnlySpan<float> values, int rows, int columns)
        {
            if (sites.TryGetValue(new TensorKey(site, layer), out Histogram? histogram))
            {
                histogram.Add(values, rows, columns);
            }
        }
    }
}
