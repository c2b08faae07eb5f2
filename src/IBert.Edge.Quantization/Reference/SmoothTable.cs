// GELU is evaluated a hundred million times in a calibration: piecewise cubics stand in for the exact function.
namespace IBert.Edge.Quantization.Reference;

/// <summary>
/// A function with asymptotes 0 (left) and x (right) by cubic Hermite interpolation of its values and slopes at steps of 1/32
/// over [-8, 8). The interpolation error is at most h^4 / 384 max |f''''| = 1e-8.
/// </summary>
internal sealed class SmoothTable
{
    private const int Bound = 8;
    private const int StepsPerUnit = 32;

    // Four coefficients an interval, lowest power first: 16 KB, which stay in the first-level cache.
    private readonly double[] coefficients = new double[2 * Bound * StepsPerUnit * 4];

    private SmoothTable(Func<double, double> value, Func<double, double> slope)
    {
        const double step = 1.0 / StepsPerUnit;
        for (int i = 0; i < coefficients.Length / 4; i++)
        {
            double left = -Bound + i * step;
            (double y0, double y1) = (value(left), value(left + step));
            (double d0, double d1) = (slope(left) * step, slope(left + step) * step);
            coefficients[4 * i] = y0;
            coefficients[4 * i + 1] = d0;
            coefficients[4 * i + 2] = 3 * (y1 - y0) - 2 * d0 - d1;
            coefficients[4 * i + 3] = 2 * (y0 - y1) + d0 + d1;
        }
    }

    /// <summary><see cref="DeterministicMath.Gelu"/>.</summary>
    public static SmoothTable Gelu { get; } = new(DeterministicMath.Gelu, DeterministicMath.GeluSlope);

    /// <summary><see cref="DeterministicMath.GeluTanh"/>.</summary>
    public static SmoothTable GeluTanh { get; } = new(DeterministicMath.GeluTanh, DeterministicMath.GeluTanhSlope);

    /// <summary>The function's value; NaN stays NaN.</summary>
    public float this[float x]
    {
        get
        {
            if (!(x < Bound))
            {
                return x;
            }
            if (x < -Bound)
            {
                return 0;
            }
            double place = (x + (double)Bound) * StepsPerUnit;
            int i = (int)place;
            double t = place - i;
            ReadOnlySpan<double> c = coefficients.AsSpan(4 * i, 4);
            return (float)(c[0] + t * (c[1] + t * (c[2] + t * c[3])));
        }
    }
}
