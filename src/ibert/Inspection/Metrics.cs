// How well predictions fit: what eval prints. No inference is done here, so floating point is at home.
namespace IBert.Edge.Cli.Inspection;

/// <summary>Counts of true and predicted labels.</summary>
internal sealed class ConfusionMatrix(int labels)
{
    private readonly long[] counts = new long[labels * labels];

    /// <summary>Number of examples.</summary>
    public long Examples { get; private set; }

    public void Add(int truth, int predicted)
    {
        counts[(truth * labels) + predicted]++;
        Examples++;
    }

    /// <summary>Share of examples whose label was found.</summary>
    public double Accuracy => (double)Correct / Examples;

    /// <summary>
    /// Two labels: F1 of the second one. More: the mean of all labels' F1 ("macro"). A label that neither occurs nor is predicted counts 0,
    /// as in scikit-learn.
    /// </summary>
    public double F1
    {
        get
        {
            if (labels == 2)
            {
                return F1Of(1);
            }
            double sum = 0;
            for (int label = 0; label < labels; label++)
            {
                sum += F1Of(label);
            }
            return sum / labels;
        }
    }

    /// <summary>
    /// Matthews' correlation coefficient, for any number of labels (Gorodkin 2004, R_K); 0 where all truths or all predictions are equal.
    /// </summary>
    public double Matthews
    {
        get
        {
            double n = Examples, products = 0, truths = 0, predictions = 0;
            for (int label = 0; label < labels; label++)
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

    private long Correct
    {
        get
        {
            long sum = 0;
            for (int label = 0; label < labels; label++)
            {
                sum += counts[(label * labels) + label];
            }
            return sum;
        }
    }

    private double F1Of(int label)
    {
        long both = Truths(label) + Predictions(label);
        return both == 0 ? 0 : 2.0 * counts[(label * labels) + label] / both;
    }

    private long Truths(int label)
    {
        long sum = 0;
        for (int predicted = 0; predicted < labels; predicted++)
        {
            sum += counts[(label * labels) + predicted];
        }
        return sum;
    }

    private long Predictions(int label)
    {
        long sum = 0;
        for (int truth = 0; truth < labels; truth++)
        {
            sum += counts[(truth * labels) + label];
        }
        return sum;
    }
}
