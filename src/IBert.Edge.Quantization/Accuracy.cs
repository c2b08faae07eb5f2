namespace IBert.Edge.Quantization;

/// <summary>The FP32 checkpoint and the integer model, side by side on labelled texts.</summary>
/// <param name="FileName">Name of the texts' file.</param>
/// <param name="Sha256">SHA-256 of its bytes, lower-case hexadecimal.</param>
/// <param name="Examples">Number of texts.</param>
/// <param name="Fp32">Share of texts that FP32 labels right, 0..1.</param>
/// <param name="Integer">Share of texts that the integer model labels right, 0..1.</param>
/// <param name="Agreement">Share of texts that both label alike, 0..1.</param>
/// <param name="MeanLogitError">Mean over texts and labels of |integer logit - FP32 logit|.</param>
/// <param name="LargestLogitError">Largest |integer logit - FP32 logit|.</param>
public sealed record Accuracy(
    string FileName, string Sha256, int Examples, double Fp32, double Integer, double Agreement, double MeanLogitError, double LargestLogitError);
