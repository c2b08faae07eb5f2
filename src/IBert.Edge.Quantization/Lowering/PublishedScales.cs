// The reference's scale arithmetic, in its own float32.
using IBert.Edge.Kernels;
namespace IBert.Edge.Quantization.Lowering;

/// <summary>
/// Scales as Hugging Face's <c>quant_modules</c> computes them (transformers 4.55.4, models/ibert): float32 throughout, as a scale that
/// differs in its last bit moves integers; ratios in double, as there.
/// </summary>
internal static class PublishedScales
{
    /// <summary>i-exp: 0.35815147 p^2 + 0.96963238 p + 1.</summary>
    public const double ExponentialCoefficient = 0.35815147, ExponentialSlope = 0.96963238;

    /// <summary>symmetric_linear_quantization_params: the largest magnitude over 2^(bits-1) - 1.</summary>
    public static float Symmetric(int bits, float low, float high) =>
        Math.Max(Math.Max(Math.Abs(low), Math.Abs(high)), 1e-8f) / ((1 << (bits - 1)) - 1);

    /// <summary>The scale of values.</summary>
    public static float Symmetric(int bits, ReadOnlySpan<float> values)
    {
        float low = float.PositiveInfinity, high = float.NegativeInfinity;
        foreach (float value in values)
        {
            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }
        return Symmetric(bits, low, high);
    }

    /// <summary>SymmetricQuantFunction: round(1 / scale * x), ties to even, clamped to [-n, n - 1] with n = 2^(bits-1) - 1.</summary>
    public static long Quantize(float x, int bits, float scale)
    {
        long n = (1L << (bits - 1)) - 1;
        return (long)Math.Clamp((double)MathF.Round(1f / scale * x), -n, n - 1);
    }

    /// <summary>A number over a tensor, as PyTorch divides it: by the reciprocal, rounded twice (<c>Tensor.__rdiv__</c>).</summary>
    public static float Over(double number, float scale) => 1f / scale * (float)number;

    /// <summary>batch_frexp: a ratio as m / 2^e, m of 31 bits, rounded half up. m = 2^31 becomes 2^30 with e one less.</summary>
    public static (int Multiplier, int Exponent) Dyadic(double ratio)
    {
        if (ratio == 0)
        {
            return (0, 31);
        }
        int exponent = Math.ILogB(ratio) + 1;
        long multiplier = (long)Math.Floor(Math.ScaleB(Math.Abs(ratio), 31 - exponent) + 0.5);
        if (multiplier == 1L << 31)
        {
            (multiplier, exponent) = (1L << 30, exponent + 1);
        }
        return ((int)(ratio < 0 ? -multiplier : multiplier), 31 - exponent);
    }

    /// <summary>
    /// batch_frexp of ratios, padded to a multiple of 16. Exponents end at <paramref name="most"/>, where a ratio is so small that it gives
    /// nothing; padding and ratios of zero have the least that there is.
    /// </summary>
    public static (int[] Multipliers, int[] Exponents) Dyadic(double[] ratios, int most)
    {
        int[] multipliers = new int[Panels.Padded(ratios.Length)], exponents = new int[multipliers.Length];
        Array.Fill(exponents, Math.Min(most, Dyadic(ratios.Max(Math.Abs)).Exponent));
        for (int i = 0; i < ratios.Length; i++)
        {
            if (ratios[i] != 0)
            {
                (int multiplier, int own) = Dyadic(ratios[i]);
                exponents[i] = Math.Min(most, own);
                multipliers[i] = (int)Math.Round(Math.ScaleB(multiplier, exponents[i] - own), MidpointRounding.AwayFromZero);
            }
        }
        return (multipliers, exponents);
    }

    /// <summary>The 24 bits of a scale without its power of two: 2^23..2^24 - 1.</summary>
    /// <param name="scale">A normal number.</param>
    public static int Significand(float scale) => (BitConverter.SingleToInt32Bits(scale) & ((1 << 23) - 1)) | 1 << 23;

    /// <summary>IntGELU's constants for accumulators of a scale (section 3.4.1).</summary>
    public static GeluConstants Gelu(float scale)
    {
        const double a = -0.2888, b = -1.769;
        const int drop = 14;
        float erf = scale / 1.4142f, square = erf * erf, sigmoid = square * (float)a * (1 << drop);
        return new(
            (int)Math.Max(MathF.Floor(Over(b, erf)), -(float)(1 << 30)),
            (long)Math.Max(MathF.Floor(Over(1 / a, square)), -MathF.ScaleB(1, 60)),
            (long)Math.Max(Math.Floor(1.0 / sigmoid), -Math.ScaleB(1, 60)),
            scale * sigmoid / 2);
    }

    /// <summary>IntSoftmax's constants for scores of a scale (section 3.4.2).</summary>
    public static SoftmaxConstants Softmax(float scale) => new(
        (int)MathF.Floor(Over(-0.6931, scale)),
        (int)MathF.Floor(Over(ExponentialSlope / ExponentialCoefficient, scale)),
        (long)MathF.Floor(Over(1.0 / ExponentialCoefficient, scale * scale)));
}

/// <summary>Operation Gate, function 1: the polynomial's constants of a channel, and what its result stands for one.</summary>
internal readonly record struct GeluConstants(int B, long C, long Shift, float OutputScale);

/// <summary>Operation Attention, function 1: the exponential's constants.</summary>
internal readonly record struct SoftmaxConstants(int X0, int B, long C);
