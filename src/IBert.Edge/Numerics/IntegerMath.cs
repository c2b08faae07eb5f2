// Integer square root and integer exponential: the scalar definitions.
using System.Numerics;
using System.Runtime.CompilerServices;

namespace IBert.Edge.Numerics;

/// <summary>Functions of one integer that the non-linear operations are made of.</summary>
internal static class IntegerMath
{
    /// <summary>floor(sqrt(value)), exact for every value, 0 included.</summary>
    /// <remarks>
    /// Newton's method from a power of two above the root (I-BERT, Kim et al. 2021, algorithm 4); it falls until it has the floor.
    /// </remarks>
    public static uint SquareRoot(ulong value)
    {
        if (value == 0)
        {
            return 0;
        }
        int bits = 64 - BitOperations.LeadingZeroCount(value);
        // 2^ceil(bits/2) exceeds the root; for bits = 64 it does not fit 32 bits, so the iteration is in 64.
        ulong root = 1UL << ((bits + 1) / 2);
        while (true)
        {
            ulong next = (root + value / root) >> 1;
            if (next >= root)
            {
                return (uint)root;
            }
            root = next;
        }
    }

    /// <summary>Fraction bits of the exponent that <see cref="Exp2Negative"/> takes.</summary>
    public const int ExponentFraction = 15;

    /// <summary>Exponents from here on give 0 at every width.</summary>
    public const int ExponentLimit = (16 << ExponentFraction) - 1;

    // 2^-f on [0, 1) as c0 - f (c1 - f (c2 - f c3)), Q15, fitted to the largest error of the integer evaluation with its floors, 1.0e-4,
    // under the condition that it ends at half of where it began: from one power of two to the next there is no step up.
    internal const int C0 = 32766, C1 = 22665, C2 = 7581, C3 = 1300;

    /// <summary>2^(-t / 2^15) as an unsigned integer of <paramref name="bits"/> bits: 2^bits - 1 stands for one.</summary>
    /// <param name="t">0..<see cref="ExponentLimit"/>.</param>
    /// <param name="bits">Width of the result, 1..14.</param>
    /// <remarks>
    /// The decomposition exp(x) = 2^-z 2^-f is I-BERT's (section 3.4.2, in base 2); the polynomial is of third degree, as one of second
    /// degree (its largest gap: 1.9e-3) would not use 14 bits. 14 bits are rounded, fewer are cut
    /// from them, so that at t = 0 the result is 2^bits - 1 exactly.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Exp2Negative(int t, int bits)
    {
        int z = t >> ExponentFraction, f = t & ((1 << ExponentFraction) - 1);
        int p = C0 - (((C1 - (((C2 - ((C3 * f) >> 15)) * f) >> 15)) * f) >> 15);
        return ((p + (1 << z)) >> (z + 1)) >> (14 - bits);
    }
}
