// Runs the FP32 reference and the integer runtime on the same texts.
using System.Runtime.ExceptionServices;
using System.Text;
using IBert.Edge.Evaluation;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization.Evaluation;

internal static class Evaluator
{
    /// <summary>Metrics, agreement and logit errors. They do not depend on the number of threads.</summary>
    public static Accuracy Run(
        LoadedModel model, Fp32Model reference, LabelledTexts texts, double[][] truths, int threads, Action<double>? progress)
    {
        Outcome[] outcomes = Logits(model, reference, texts, threads, progress);
        return Compare(
            model.File, texts, truths, [.. outcomes.Select(outcome => outcome.Fp32)], [.. outcomes.Select(outcome => outcome.Integer)]);
    }

    /// <summary>The logits of each text, FP32's and the integers'.</summary>
    public static Outcome[] Logits(LoadedModel model, Fp32Model reference, LabelledTexts texts, int threads, Action<double>? progress)
    {
        Outcome[] outcomes = new Outcome[texts.Count];
        int done = 0;
        object gate = new();
        // Read as they are wanted: the file may be larger than memory.
        try
        {
            Parallel.ForEach(
                texts.Texts.Index(), new ParallelOptions { MaxDegreeOfParallelism = threads }, () => new Worker(model, reference),
                (item, _, worker) =>
                {
                    outcomes[item.Index] = worker.Run(item.Item);
                    int count = Interlocked.Increment(ref done);
                    lock (gate)
                    {
                        progress?.Invoke((double)count / outcomes.Length);
                    }
                    return worker;
                },
                worker => worker.Dispose());
        }
        catch (AggregateException error) when (error.InnerException is DataFileException data)
        {
            // One of the threads read on and found that the file is not what it was.
            ExceptionDispatchInfo.Throw(data);
        }
        return outcomes;
    }

    /// <summary>Judges logits beside others, which are FP32's.</summary>
    /// <param name="model">The kind of the head, and the labels.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="truths">What is right, a text each.</param>
    /// <param name="exact">What logits are compared with, a text each.</param>
    /// <param name="found">What is judged, a text each.</param>
    public static Accuracy Compare(ModelFile model, LabelledTexts texts, double[][] truths, double[][] exact, double[][] found)
    {
        // In the order of the texts: the same digits with any number of threads.
        HeadKind kind = model.HeadKind;
        Scorecard fp32 = Scorecard.Create(kind, model.Labels), integer = Scorecard.Create(kind, model.Labels),
            both = Scorecard.Create(kind, model.Labels);
        double sum = 0, largest = 0;
        for (int i = 0; i < truths.Length; i++)
        {
            fp32.Add(truths[i], exact[i]);
            integer.Add(truths[i], found[i]);
            // The share of texts that FP32 would call right.
            both.Add(both.Answer(exact[i]), found[i]);
            double[] errors = [.. exact[i].Zip(found[i], (a, b) => Math.Abs(a - b))];
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
    public readonly record struct Outcome(double[] Fp32, double[] Integer);

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
