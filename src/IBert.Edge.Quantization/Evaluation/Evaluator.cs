// Runs the FP32 reference and the integer runtime on the same texts.
using System.Text;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Evaluation;

internal static class Evaluator
{
    /// <summary>Accuracies, agreement and logit errors. They do not depend on the number of threads.</summary>
    public static Accuracy Run(LoadedModel model, Fp32Model reference, LabelledTexts texts, int[] labels, int threads, Action<double>? progress)
    {
        Outcome[] outcomes = new Outcome[labels.Length];
        int done = 0;
        object gate = new();
        Parallel.For(
            0, labels.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, () => new Worker(model, reference), (i, _, worker) =>
            {
                outcomes[i] = worker.Run(texts.Texts[i]);
                int count = Interlocked.Increment(ref done);
                lock (gate)
                {
                    progress?.Invoke((double)count / labels.Length);
                }
                return worker;
            },
            worker => worker.Dispose());

        // Summed in the order of the texts: the same digits with any number of threads.
        return new Accuracy(
            texts.FileName,
            texts.Sha256,
            labels.Length,
            Share(i => outcomes[i].Fp32 == labels[i]),
            Share(i => outcomes[i].Integer == labels[i]),
            Share(i => outcomes[i].Integer == outcomes[i].Fp32),
            outcomes.Sum(outcome => outcome.MeanError) / labels.Length,
            outcomes.Max(outcome => outcome.LargestError));

        double Share(Func<int, bool> holds) => (double)Enumerable.Range(0, labels.Length).Count(holds) / labels.Length;
    }

    private readonly record struct Outcome(int Fp32, int Integer, double MeanError, double LargestError);

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
            Prediction prediction = text.Pair is null ? classifier.Classify(first) : classifier.Classify(first, Encoding.UTF8.GetBytes(text.Pair));
            int[] types = [.. classifier.TypeIds.ToArray().Select(type => reference.Config.TypeCount > 1 ? type : 0)];
            runner.Run(classifier.TokenIds, types, logits);
            double sum = 0, largest = 0;
            for (int i = 0; i < logits.Length; i++)
            {
                double error = Math.Abs((classifier.Logits[i] * step) - logits[i]);
                sum += error;
                largest = Math.Max(largest, error);
            }
            return new Outcome(Array.IndexOf(logits, logits.Max()), prediction.LabelIndex, sum / logits.Length, largest);
        }

        public void Dispose() => classifier.Dispose();
    }
}
