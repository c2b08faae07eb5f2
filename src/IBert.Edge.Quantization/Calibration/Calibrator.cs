// Runs the FP32 reference over calibration texts and keeps what quantization needs to know.
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Calibration;

/// <summary>A pass over the calibration texts, in parallel; results do not depend on the number of threads.</summary>
internal sealed class Calibrator(Fp32Model model, IReadOnlyList<TokenizedText> texts, int threads, Action<double>? progress)
{
    /// <summary>Ranges of every tensor.</summary>
    public IReadOnlyDictionary<TensorKey, TensorRange> Ranges()
    {
        Dictionary<TensorKey, SiteStatistics> all = [];
        int next = -1, done = 0;
        Lock gate = new();
        void Work()
        {
            RangeObserver observer = new();
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
                foreach ((TensorKey key, SiteStatistics statistics) in observer.Sites)
                {
                    if (!all.TryAdd(key, statistics))
                    {
                        all[key].Merge(statistics);
                    }
                }
            }
        }
        Parallel.Invoke([.. Enumerable.Repeat(Work, Math.Max(1, threads))]);
        return all.ToDictionary(site => site.Key, site => site.Value.ToRange());
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
}
