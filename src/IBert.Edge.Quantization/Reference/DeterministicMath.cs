// Elementary functions whose bits are the same on every machine.
// The C library's differ in the last bits between platforms; a calibration that uses them would not write the same file everywhere.
// Here is nothing but + - * / and comparisons of doubles, which IEEE 754 fixes to the bit, in one order of evaluation.
namespace IBert.Edge.Quantization.Reference;

/// <summary>
/// exp, log, tanh, erf and GELU in double precision; absolute error of the last three below 1e-14 for arguments up to 10.
/// </summary>
internal static class DeterministicMath
{
    private const double InverseSqrtTwoPi = 0.39894228040143267794;
    private const double InverseSqrtTwo = 0.70710678118654752440;

    // sqrt(2 / pi) and the cubic's coefficient in GELU's approximation by tanh (arXiv:1606.08415, section 2).
    private const double GeluTanhScale = 0.79788456080286535588;
    private const double GeluTanhCubic = 0.044715;

    /// <summary>
    /// e^x: reduction by multiples of ln 2 in two parts (Cody and Waite, 1980), then the Taylor series; relative error below 1e-15.
    /// </summary>
    public static double Exp(double x)
    {
        const double overflow = 709.782712893384;
        const double underflow = -745.1332191019412;
        const double inverseLn2 = 1.44269504088896340736;
        // ln 2 = high + low; the last 21 bits of high are zero, so that its product with a multiple below 2^11 is exact.
        const double ln2High = 6.93147180369123816490e-01;
        const double ln2Low = 1.90821492927058770002e-10;

        if (!(x < overflow))
        {
            return double.IsNaN(x) ? x : double.PositiveInfinity;
        }
        if (x < underflow)
        {
            return 0;
        }
        double multiple = Math.Floor(x * inverseLn2 + 0.5);
        double r = x - multiple * ln2High - multiple * ln2Low;

        // |r| <= 0.347: the first term left out, r^14 / 14!, is below 5e-18.
        double sum = 1 + r * (1.0 / 13);
        sum = 1 + r * (1.0 / 12) * sum;
        sum = 1 + r * (1.0 / 11) * sum;
        sum = 1 + r * (1.0 / 10) * sum;
        sum = 1 + r * (1.0 / 9) * sum;
        sum = 1 + r * (1.0 / 8) * sum;
        sum = 1 + r * (1.0 / 7) * sum;
        sum = 1 + r * (1.0 / 6) * sum;
        sum = 1 + r * (1.0 / 5) * sum;
        sum = 1 + r * (1.0 / 4) * sum;
        sum = 1 + r * (1.0 / 3) * sum;
        sum = 1 + r * (1.0 / 2) * sum;
        sum = 1 + r * sum;

        // In two steps, as 2^-1074 to 2^1024 are more than one factor can express.
        int power = (int)multiple;
        int half = power / 2;
        return sum * PowerOfTwo(half) * PowerOfTwo(power - half);
    }

    /// <summary>
    /// Natural logarithm of a positive, finite number: the exponent times ln 2, and 2 artanh((m - 1) / (m + 1)) by its series; relative
    /// error below 1e-15.
    /// </summary>
    public static double Log(double x)
    {
        const double ln2 = 0.69314718055994530942;
        int exponent = Math.ILogB(x);
        double m = Math.ScaleB(x, -exponent);
        // Around 1, where the series is shortest.
        if (m > 1.41421356237309504880)
        {
            m /= 2;
            exponent++;
        }
        double r = (m - 1) / (m + 1);
        double square = r * r, sum = 0;
        for (int k = 25; k >= 1; k -= 2)
        {
            sum = (sum * square) + (1.0 / k);
        }
        return (exponent * ln2) + (2 * r * sum);
    }

    /// <summary>tanh x.</summary>
    public static double Tanh(double x)
    {
        double e = Exp(-2 * Math.Abs(x));
        double magnitude = (1 - e) / (1 + e);
        return x < 0 ? -magnitude : magnitude;
    }

    /// <summary>
    /// The error function: 2 / sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (1 3 ... (2n+1)) (Abramowitz and Stegun 7.1.6), no term of which
    /// cancels.
    /// </summary>
    public static double Erf(double x)
    {
        const double twoOverSqrtPi = 1.12837916709551257390;
        double magnitude = Math.Abs(x);
        if (magnitude >= 6)
        {
            // 1 - erf(6) = 2.2e-17 is below half an ulp of 1.
            return x < 0 ? -1 : 1;
        }
        double term = x;
        double sum = x;
        for (int n = 1; ; n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            double next = sum + term;
            // Not (next != sum), so that a NaN ends the series.
            if (!(next > sum || next < sum))
            {
                return twoOverSqrtPi * Exp(-x * x) * next;
            }
            sum = next;
        }
    }

    /// <summary>GELU: x/2 (1 + erf(x / sqrt 2)) (arXiv:1606.08415).</summary>
    public static double Gelu(double x) => 0.5 * x * (1 + Erf(x * InverseSqrtTwo));

    /// <summary>The derivative of <see cref="Gelu"/>: Phi(x) + x phi(x).</summary>
    public static double GeluSlope(double x) => 0.5 * (1 + Erf(x * InverseSqrtTwo)) + x * InverseSqrtTwoPi * Exp(-0.5 * x * x);

    /// <summary>GELU's approximation x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).</summary>
    public static double GeluTanh(double x) => 0.5 * x * (1 + Tanh(GeluTanhScale * (x + GeluTanhCubic * x * x * x)));

    /// <summary>The derivative of <see cref="GeluTanh"/>.</summary>
    public static double GeluTanhSlope(double x)
    {
        double t = Tanh(GeluTanhScale * (x + GeluTanhCubic * x * x * x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GeluTanhScale * (1 + 3 * GeluTanhCubic * x * x);
    }

    private static double PowerOfTwo(int exponent) => BitConverter.Int64BitsToDouble((long)(exponent + 1023) << 52);
}
