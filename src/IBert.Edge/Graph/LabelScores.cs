// From integer logits to the scores that are shown.
using IBert.Edge.Format;

namespace IBert.Edge.Graph;

/// <summary>Softmax of the logits in millionths, whose sum is exactly one million.</summary>
internal static class LabelScores
{
    /// <summary>The whole: scores are parts of this.</summary>
    public const int Whole = 1_000_000;

    private const int Fraction = 24, One = 30;

    // log2(e) in Q30, and ln(2)^k / k! in Q30: the Taylor series of 2^-f, whose error on [0, 1) after the term of degree 7 is below 1.4e-6 of a unit
    // in the last shown digit.
    private const ulong Log2E = 1_549_082_005;

    private static ReadOnlySpan<long> Taylor => [1_073_741_824, 744_261_118, 257_941_248, 59_597_083, 10_327_387, 1_431_680, 165_394, 16_377];

    /// <summary>Fills in a score for each logit.</summary>
    /// <param name="logits">One integer for each label.</param>
    /// <param name="head">The logits' scale.</param>
    /// <param name="millionths">As many scores; each is within one of the exact value, their sum is exactly <see cref="Whole"/>.</param>
    /// <returns>Index of the largest logit, the first of equal ones.</returns>
    public static int Softmax(ReadOnlySpan<int> logits, in HeadEntry head, Span<int> millionths)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
            {
                best = i;
            }
        }
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

    /// <summary>exp of minus a difference of logits, Q30.</summary>
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
