// The paper's approximations as functions of real numbers.
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Paper;

/// <summary>What stands for GELU, and for e^x on (-ln 2, 0].</summary>
internal static class Functions
{
    // Where x sigma(1.702 x) comes from: Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2.
    private const double SigmoidSlope = 1.702;

    /// <summary>i-GELU (section 3.4.1): x/2 (1 + L(x / sqrt 2)), L(x) = sgn(x) (a (min(|x|, -b) + b)^2 + 1).</summary>
    public static double IntegerGelu(double x)
    {
        const double a = -0.2888, b = -1.769;
        double argument = x / Math.Sqrt(2), clipped = Math.Min(Math.Abs(argument), -b) + b;
        return x / 2 * (1 + (Math.Sign(x) * ((a * clipped * clipped) + 1)));
    }

    /// <summary>h-GELU (section 3.4.1): x ReLU6(1.702 x + 3) / 6.</summary>
    public static double HardGelu(double x) => x * Math.Clamp((SigmoidSlope * x) + 3, 0, 6) / 6;

    /// <summary>x sigma(1.702 x).</summary>
    public static double SigmoidGelu(double x) => x / (1 + DeterministicMath.Exp(-SigmoidSlope * x));

    /// <summary>i-exp as its reference code has it: 0.35815147 p^2 + 0.96963238 p + 1.</summary>
    public static double IntegerExp(double p) =>
        (PublishedScales.ExponentialCoefficient * p * p) + (PublishedScales.ExponentialSlope * p) + 1;

    /// <summary>i-exp as section 3.4.2 prints it, rounded: 0.3585 (p + 1.353)^2 + 0.344.</summary>
    public static double PrintedExp(double p) => (0.3585 * (p + 1.353) * (p + 1.353)) + 0.344;
}
