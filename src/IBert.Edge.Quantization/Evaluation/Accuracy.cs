// What an evaluation found.
namespace IBert.Edge.Quantization.Evaluation;

/// <summary>The FP32 checkpoint and the integer model, side by side on labelled texts.</summary>
/// <param name="FileName">Name of the texts' file.</param>
/// <param name="Sha256">SHA-256 of its bytes, lower-case hexadecimal.</param>
/// <param name="Examples">Number of texts.</param>
/// <param name="Metrics">
/// The metrics that apply, the first being the one to judge by: accuracy, f1 and matthews of one label of several, accuracy (all labels
/// right) and f1 of labels of their own, pearson and spearman of a regression.
/// </param>
/// <param name="Agreement">Share of texts that both label alike, 0..1; null for a regression.</param>
/// <param name="MeanLogitError">Mean over texts and labels of |integer logit - FP32 logit|.</param>
/// <param name="LargestLogitError">Largest |integer logit - FP32 logit|.</param>
public sealed record Accuracy(
    string FileName, string Sha256, int Examples, IReadOnlyList<MetricComparison> Metrics, double? Agreement, double MeanLogitError,
    double LargestLogitError)
{
    /// <summary>The first metric of FP32.</summary>
    public double Fp32 => Metrics[0].Fp32;

    /// <summary>The first metric of the integers.</summary>
    public double Integer => Metrics[0].Integer;
}

/// <summary>A metric of the FP32 checkpoint and of the integer model.</summary>
/// <param name="Name">accuracy, f1, matthews, pearson or spearman.</param>
/// <param name="Fp32">Of FP32: a fraction, or a correlation in -1..1.</param>
/// <param name="Integer">Of the integers.</param>
public sealed record MetricComparison(string Name, double Fp32, double Integer);
