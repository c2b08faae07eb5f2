// The error of one tensor of the graph.
using IBert.Edge.Format;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering;

namespace IBert.Edge.Quantization.Evaluation;

/// <summary>Sums of squares over all compared elements.</summary>
internal readonly record struct SquaredError(double Signal, double Noise)
{
    /// <summary>Signal to noise in decibels; infinite where there is no noise.</summary>
    public double Decibels => Noise == 0 ? double.PositiveInfinity : 10 * Math.Log10(Math.Max(Signal, double.Epsilon) / Noise);

    public static SquaredError operator +(SquaredError a, SquaredError b) => new(a.Signal + b.Signal, a.Noise + b.Noise);
}

/// <summary>How far a tensor's integers are from what they stand for.</summary>
/// <param name="Tensor">What its integers stand for.</param>
/// <param name="Type">Their type.</param>
/// <param name="Own">
/// Against the operation in FP32 on the inputs that the integers really had: what this operation alone adds, by its weights, its arithmetic
/// and its output's range.
/// </param>
/// <param name="EndToEnd">Against the FP32 model: what has gathered up to here.</param>
internal sealed record TensorError(QuantizedTensor Tensor, ElementType Type, SquaredError Own, SquaredError EndToEnd);
