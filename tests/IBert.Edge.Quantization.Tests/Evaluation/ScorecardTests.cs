// Metrics that can be checked by hand.
using IBert.Edge.Evaluation;
using IBert.Edge.Files.Data;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Evaluation;

public class ScorecardTests
{
    [Fact]
    public void One_label_of_two()
    {
        // Two true positives, one false, one missed, two true negatives: F1 of the second label 4 / 6; Matthews (2 * 2 - 1 * 1) /
        // sqrt(3^4).
        Check(
            HeadKind.SingleLabel, ["no", "yes"],
            [("yes", "0 1"), ("yes", "-1 2"), ("no", "0 3"), ("yes", "2 0"), ("no", "1 0"), ("no", "5 5")],
            ("accuracy", 4 / 6.0), ("f1", 4 / 6.0), ("matthews", 3 / 9.0));
    }

    [Fact]
    public void One_label_of_three_counts_F1_of_all()
    {
        // F1: 2 / 3, 2 / 3, and 0 for the one that neither occurs nor is predicted.
        Check(HeadKind.SingleLabel, ["a", "b", "c"], [("a", "1 0 0"), ("a", "0 1 0"), ("b", "0 1 0")],
            ("accuracy", 2 / 3.0), ("f1", 4 / 9.0), ("matthews", 3 / Math.Sqrt(4 * 4 * 1.0) * 2 / 3));
    }

    [Fact]
    public void Labels_of_their_own()
    {
        // "a, b" is a label here. Label F1: a 2 / 3 (one found, one too many), b 1, "a, b" 2 / 3 (one found, one missed).
        Check(HeadKind.MultiLabel, ["a", "b", "a, b"], [("a,b", "1 1 -1"), ("", "1 -1 -1"), ("a, b", "-1 0 1"), ("a, b", "-3 -1 -1")],
            ("accuracy", 2 / 4.0), ("f1", ((2 / 3.0) + 1 + (2 / 3.0)) / 3));
    }

    [Fact]
    public void Values()
    {
        // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: products about their means 4.5, squares 4.5 and 5.
        Check(HeadKind.Regression, ["score"], [("0", "1"), ("1", "2"), ("1", "3"), ("4", "40")],
            ("pearson", (1.5 * 10.5 + 0.5 * 9.5 + 0.5 * 8.5 +
                2.5 * 28.5) / Math.Sqrt((2.25 + 0.25 + 0.25 + 6.25) * (110.25 + 90.25 + 72.25 + 812.25))),
            ("spearman", 4.5 / Math.Sqrt(4.5 * 5)));
    }

    [Theory]
    [InlineData(HeadKind.SingleLabel, "yes", "yes", "0 1")]
    [InlineData(HeadKind.Regression, "2", "2", "7")]
    public void What_does_not_vary_has_no_correlation_and_no_division_by_zero(HeadKind kind, string first, string second, string logits)
    {
        string[] labels = kind == HeadKind.Regression ? ["score"] : ["no", "yes"];
        Scorecard scorecard = Score(kind, labels, [(first, logits), (second, logits)]);
        Assert.Equal(0, scorecard.Metrics[^1].Value);
    }

    [Theory]
    [InlineData("1e300", "-1e300")]
    [InlineData("1e-200", "-1e-200")]
    public void Truths_of_any_size_correlate_without_overflow(string high, string low)
    {
        Scorecard scorecard = Score(HeadKind.Regression, ["score"], [(high, "3"), (low, "1"), ("0", "2")]);
        Assert.Equal(1, scorecard.Metrics[0].Value, 1e-9);
    }

    private static void Check(
        HeadKind kind, string[] labels, (string Truth, string Logits)[] examples, params (string Name, double Value)[] expected)
    {
        Scorecard scorecard = Score(kind, labels, examples);
        Assert.Equal(expected.Select(metric => metric.Name), scorecard.Metrics.Select(metric => metric.Name));
        Assert.All(expected.Zip(scorecard.Metrics), pair => Assert.Equal(pair.First.Value, pair.Second.Value, 1e-9));
    }

    private static Scorecard Score(HeadKind kind, string[] labels, (string Truth, string Logits)[] examples)
    {
        Scorecard scorecard = Scorecard.Create(kind, labels);
        LabelColumn column = scorecard.Column(null);
        foreach ((string truth, _) in examples)
        {
            column.Look(truth, "data.tsv");
        }
        column.Decide("data.tsv");
        foreach ((string truth, string logits) in examples)
        {
            scorecard.Add(column.Read(truth), [.. logits.Split(' ').Select(double.Parse)]);
        }
        return scorecard;
    }
}
