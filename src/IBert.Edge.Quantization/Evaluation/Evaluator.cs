// Runs the FP32 reference and the integer runtime on the same texts.
using System.Text;
using IBert.Edge.Evaluation;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Evaluation;

internal static class Evaluator
{
    /// <summary>Metrics, agreement and logit errors. They do not depend on the number of threads.</summary>
    public static Accuracy Run(LoadedModel model, Fp32Model reference, LabelledTexts texts, double[][] truths, int threads, Action<double>? progress)
    {
        Outcome[] outcomes = new Outcome[truths.Length];
        int done = 0;
        object gate = new();
        Parallel.For(
            0, truths.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, () => new Worker(model, reference), (i, _, worker) =>
            {
                outcomes[i] = worker.Run(texts.Texts[i]);
                int count = Interlocked.Increment(ref done);
                lock (gate)
                {
                    progress?.Invoke((double)count / truths.Length);
                }
                return worker;
            },
            worker => worker.Dispose());

        // In the order of the texts: the same digits with any number of threads.
        HeadKind kind = model.File.HeadKind;
        Scorecard fp32 = Scorecard.Create(kind, model.File.Labels), integer = Scorecard.Create(kind, model.File.Labels), both = Scorecard.Create(kind, model.File.Labels);
        double sum = 0, largest = 0;
        for (int i = 0; i < outcomes.Length; i++)
        {
            (double[] exact, double[] found) = outcomes[i];
            fp32.Add(truths[i], exact);
            integer.Add(truths[i], found);
            // The share of texts that FP32 would call right.
            both.Add(both.Answer(exact), found);
            double[] errors = [.. exact.Zip(found, (a, b) => Math.Abs(a - b))];
            sum += errors.Sum() / errors.Length;
            largest = Math.Max(largest, errors.Max());
        }
        return new Accuracy(
            texts.FileName,
            texts.Sha256,
            truths.Length,
            [.. fp32.Metrics.Zip(integer.Metrics, (a, b) => new MetricComparison(a.Name, a.Value, b.Value))],
            kind == HeadKind.Regression ? null : both.Metrics[0].Value,
            sum / truths.Length,
            largest);
    }

    /// <summary>A text's logits.</summary>
    private readonly record struct Outcome(double[] Fp32, double[] Integer);

    /// <summary>What one thread needs.</summary>
    private sealed class Worker(LoadedModel model, Fp32Model reference) : IDisposable
    {
        private readonly Classifier classifier = new(model.File);
        private readonly Fp32Runner runner = new(reference);
        private readonly float[] logits = new float[reference.Config.Labels.Count];
        private readonly double step = model.LogitStep;

        public Outcome Run(in SourceText text)
        {
            byte[] first = Encoding.UTF8.GetBytes(text.Text);
            if (text.Pair is null)
            {
                classifier.Classify(first);
            }
            else
            {
                classifier.Classify(first, Encoding.UTF8.GetBytes(text.Pair));
            }
            int[] types = [.. classifier.TypeIds.ToArray().Select(type => reference.Config.TypeCount > 1 ? type : 0)];
            runner.Run(classifier.TokenIds, types, logits);
            return new Outcome([.. logits.Select(logit => (double)logit)], [.. classifier.Logits.ToArray().Select(logit => logit * step)]);
        }

        public void Dispose() => classifier.Dispose();
    }
}
