// How well answers fit the truth, by the kind of the head: what ibert eval and ibert-quantize --eval print. Both programs compile this
// file: the runtime, which is all they share of a model, has no floating point.
using System.Globalization;
using IBert.Edge.Files.Data;

namespace IBert.Edge.Evaluation;

/// <summary>A measure of all examples together: a fraction, or a correlation in -1..1.</summary>
internal readonly record struct Metric(string Name, double Value);

/// <summary>
/// Collects examples. Truth and answer have a value for each logit: 1 for what is a label of the text and 0 for what is none, or a
/// regression's value.
/// </summary>
internal abstract class Scorecard(IReadOnlyList<string> labels)
{
    /// <summary>The metrics, the first being the one that the kind of head is judged by.</summary>
    public abstract IReadOnlyList<Metric> Metrics { get; }

    protected IReadOnlyList<string> Labels => labels;

    /// <summary>An empty one for a model.</summary>
    public static Scorecard Create(HeadKind kind, IReadOnlyList<string> labels) => kind switch
    {
        HeadKind.SingleLabel => new SingleLabelScorecard(labels),
        HeadKind.MultiLabel => new MultiLabelScorecard(labels),
        _ => new RegressionScorecard(labels),
    };

    /// <summary>Reads what a data file says is right.</summary>
    /// <param name="kind">How its labels are given; null where the file tells, and of a regression.</param>
    public abstract LabelColumn Column(LabelKind? kind);

    /// <summary>The truth as a data file would say it, with the labels' names.</summary>
    public virtual string Describe(double[] truth) => string.Join(',', labels.Where((_, i) => truth[i] == 1));

    /// <summary>The answer to a model's logits.</summary>
    public abstract double[] Answer(ReadOnlySpan<double> logits);

    /// <summary>Takes an example.</summary>
    public abstract void Add(double[] truth, ReadOnlySpan<double> logits);
}

/// <summary>One label of several: a matrix of true and predicted labels.</summary>
internal sealed class SingleLabelScorecard(IReadOnlyList<string> labels) : Scorecard(labels)
{
    private readonly int size = labels.Count;
    private readonly long[] counts = new long[labels.Count * labels.Count];
    private long examples;

    public override IReadOnlyList<Metric> Metrics =>
        [new("accuracy", (double)Correct / examples), new("f1", F1), new("matthews", Matthews)];

    /// <summary>Two labels: F1 of the second one. More: the mean of all labels' F1 ("macro"), as scikit-learn has it.</summary>
    private double F1 => size == 2 ? F1Of(1) : Enumerable.Range(0, size).Average(F1Of);

    /// <summary>
    /// Matthews' correlation coefficient, for any number of labels (Gorodkin 2004, R_K); 0 where all truths or all predictions are equal.
    /// </summary>
    private double Matthews
    {
        get
        {
            double n = examples, products = 0, truths = 0, predictions = 0;
            for (int label = 0; label < size; label++)
            {
                double t = Truths(label), p = Predictions(label);
                products += t * p;
                truths += t * t;
                predictions += p * p;
            }
            double spread = Math.Sqrt(((n * n) - truths) * ((n * n) - predictions));
            return spread == 0 ? 0 : ((n * Correct) - products) / spread;
        }
    }

    private long Correct => Enumerable.Range(0, size).Sum(label => counts[(label * size) + label]);

    public override LabelColumn Column(LabelKind? kind) => LabelColumn.OneOf(Labels, kind);

    public override double[] Answer(ReadOnlySpan<double> logits) => Only(Largest(logits));

    public override void Add(double[] truth, ReadOnlySpan<double> logits)
    {
        counts[(Array.IndexOf(truth, 1) * size) + Largest(logits)]++;
        examples++;
    }

    private static int Largest(ReadOnlySpan<double> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private double[] Only(int label)
    {
        double[] truth = new double[size];
        truth[label] = 1;
        return truth;
    }

    /// <summary>F1 of a label; one that neither occurs nor is predicted counts 0, as in scikit-learn.</summary>
    private double F1Of(int label)
    {
        long both = Truths(label) + Predictions(label);
        return both == 0 ? 0 : 2.0 * counts[(label * size) + label] / both;
    }

    private long Truths(int label) => Enumerable.Range(0, size).Sum(predicted => counts[(label * size) + predicted]);

    private long Predictions(int label) => Enumerable.Range(0, size).Sum(truth => counts[(truth * size) + label]);
}

/// <summary>Labels of their own: one is given where its logit is above 0, that is its score above one half.</summary>
internal sealed class MultiLabelScorecard(IReadOnlyList<string> labels) : Scorecard(labels)
{
    private readonly long[] both = new long[labels.Count], truths = new long[labels.Count], predictions = new long[labels.Count];
    private long examples, exact;

    /// <summary>The share of texts whose labels are all found and no other, and the mean of all labels' F1 ("macro").</summary>
    public override IReadOnlyList<Metric> Metrics =>
        [new("accuracy", (double)exact / examples), new("f1", Enumerable.Range(0, both.Length).Average(F1Of))];

    public override LabelColumn Column(LabelKind? kind) => LabelColumn.AnyOf(Labels, kind);

    public override double[] Answer(ReadOnlySpan<double> logits)
    {
        double[] answer = new double[logits.Length];
        for (int i = 0; i < answer.Length; i++)
        {
            answer[i] = logits[i] > 0 ? 1 : 0;
        }
        return answer;
    }

    public override void Add(double[] truth, ReadOnlySpan<double> logits)
    {
        double[] answer = Answer(logits);
        for (int i = 0; i < answer.Length; i++)
        {
            both[i] += (long)(answer[i] * truth[i]);
            truths[i] += (long)truth[i];
            predictions[i] += (long)answer[i];
        }
        exact += answer.AsSpan().SequenceEqual(truth) ? 1 : 0;
        examples++;
    }

    private double F1Of(int label) =>
        truths[label] + predictions[label] == 0 ? 0 : 2.0 * both[label] / (truths[label] + predictions[label]);
}

/// <summary>A value: correlations with the true ones.</summary>
internal sealed class RegressionScorecard(IReadOnlyList<string> labels) : Scorecard(labels)
{
    private readonly List<double> truths = [], values = [];

    /// <summary>
    /// Pearson's correlation of the values, and Spearman's, which is Pearson's of their ranks; 0 where all values of a side are equal.
    /// </summary>
    public override IReadOnlyList<Metric> Metrics =>
        [new("pearson", Correlation(truths, values)), new("spearman", Correlation(Ranks(truths), Ranks(values)))];

    public override LabelColumn Column(LabelKind? kind) => LabelColumn.Numbers();

    public override string Describe(double[] truth) => truth[0].ToString(CultureInfo.InvariantCulture);

    public override double[] Answer(ReadOnlySpan<double> logits) => logits.ToArray();

    public override void Add(double[] truth, ReadOnlySpan<double> logits)
    {
        truths.Add(truth[0]);
        values.Add(logits[0]);
    }

    private static double Correlation(IReadOnlyList<double> truths, IReadOnlyList<double> values)
    {
        double[] x = Scale(truths), y = Scale(values);
        double meanX = x.Average(), meanY = y.Average(), xx = 0, yy = 0, xy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double dx = x[i] - meanX, dy = y[i] - meanY;
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
        return xx == 0 || yy == 0 ? 0 : xy / Math.Sqrt(xx * yy);
    }

    /// <summary>Numbers of a size whose products neither overflow nor vanish; by a power of two, so that no digit changes.</summary>
    private static double[] Scale(IReadOnlyList<double> numbers)
    {
        double largest = numbers.Max(Math.Abs);
        return largest == 0 ? [.. numbers] : [.. numbers.Select(number => Math.ScaleB(number, -Math.ILogB(largest)))];
    }

    /// <summary>The place of each value in their order; equal ones share the mean of their places.</summary>
    private static double[] Ranks(List<double> values)
    {
        int[] order = [.. Enumerable.Range(0, values.Count).OrderBy(i => values[i])];
        double[] ranks = new double[order.Length];
        for (int begin = 0, end; begin < order.Length; begin = end)
        {
            for (end = begin + 1; end < order.Length && values[order[end]] == values[order[begin]]; end++)
            {
            }
            for (int i = begin; i < end; i++)
            {
                ranks[order[i]] = (begin + end - 1) / 2.0;
            }
        }
        return ranks;
    }
}
