// From integer logits to the scores or the value that is shown.
using IBert.Edge.Format;

namespace IBert.Edge.Graph;

/// <summary>What logits mean by the kind of the head, in millionths.</summary>
internal static class LabelScores
{
    /// <summary>The whole: scores are parts of this, and values are multiples of its inverse.</summary>
    public const int Whole = 1_000_000;

    /// <summary>Largest magnitude of a logit, which the quantizer keeps and the reader proves.</summary>
    public const int LargestLogit = 1 << 29;

    private const int Fraction = 24, One = 30;

    // log2(e) in Q30, and ln(2)^k / k! in Q30: the Taylor series of 2^-f, whose error on [0, 1) after the term of degree 7 is below 1.4e-6
    // of a unit in the last shown digit.
    private const ulong Log2E = 1_549_082_005;

    private static ReadOnlySpan<long> Taylor =>
        [1_073_741_824, 744_261_118, 257_941_248, 59_597_083, 10_327_387, 1_431_680, 165_394, 16_377];

    /// <summary>Fills in the softmax: a score for each logit.</summary>
    /// <param name="logits">One integer for each label.</param>
    /// <param name="head">The logits' scale.</param>
    /// <param name="millionths">As many scores; each is within one of the exact value, their sum is exactly <see cref="Whole"/>.</param>
    /// <returns>Index of the largest logit, the first of equal ones.</returns>
    public static int Softmax(ReadOnlySpan<int> logits, in HeadEntry head, Span<int> millionths)
    {
        int best = Largest(logits);
        ulong sum = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            sum += Exponential(logits[best] - logits[i], head);
        }
        // Rounding the running total instead of each score keeps the sum exact.
        ulong total = 0;
        int given = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            total += Exponential(logits[best] - logits[i], head);
            int until = (int)(((UInt128)total * Whole + (sum / 2)) / sum);
            millionths[i] = until - given;
            given = until;
        }
        return best;
    }

    /// <summary>Fills in the logistic function 1 / (1 + e^-x) of each logit.</summary>
    /// <param name="logits">One integer for each label.</param>
    /// <param name="head">The logits' scale.</param>
    /// <param name="millionths">As many scores; each is within one of the exact value.</param>
    /// <returns>Index of the largest logit, the first of equal ones.</returns>
    public static int Sigmoid(ReadOnlySpan<int> logits, in HeadEntry head, Span<int> millionths)
    {
        for (int i = 0; i < logits.Length; i++)
        {
            // Of e^-|x|, which is at most one, both sides of the function follow.
            ulong e = Exponential(Math.Abs(logits[i]), head), whole = (1UL << One) + e, part = logits[i] < 0 ? e : 1UL << One;
            millionths[i] = (int)(((part * Whole) + (whole / 2)) / whole);
        }
        return Largest(logits);
    }

    /// <summary>The value of a regression's logit in millionths, to nearest, ties up.</summary>
    public static long Value(int logit, in HeadEntry head) => checked((long)Millionths(logit, head));

    /// <summary>Whether every logit's value fits.</summary>
    public static bool FitsValue(in HeadEntry head) => Millionths(LargestLogit, head) <= long.MaxValue;

    private static Int128 Millionths(int logit, in HeadEntry head) =>
        (((Int128)logit * head.LogitMultiplier * Whole) + (((Int128)1 << head.LogitExponent) >> 1)) >> head.LogitExponent;

    private static int Largest(ReadOnlySpan<int> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
            {
                best = i;
            }
        }
        return best;
    }

    /// <summary>exp of minus a difference of logits, or of one logit's magnitude, Q30.</summary>
    private static ulong Exponential(int distance, in HeadEntry head)
    {
        UInt128 exponent = (UInt128)((ulong)distance * (ulong)head.LogitMultiplier) * Log2E;
        int shift = One + head.LogitExponent - Fraction;
        UInt128 t = exponent >> shift;
        if (t >= 32UL << Fraction)
        {
            return 0;
        }
        int z = (int)((ulong)t >> Fraction);
        long f = (long)((ulong)t & ((1UL << Fraction) - 1)), h = Taylor[^1];
        for (int k = Taylor.Length - 2; k >= 0; k--)
        {
            h = Taylor[k] - ((h * f) >> Fraction);
        }
        return (ulong)h >> z;
    }
}
