// Requantization by dyadic numbers: the scalar definition that every kernel equals.
using System.Runtime.CompilerServices;

namespace IBert.Edge.Numerics;

/// <summary>
/// A ratio of two scales is a dyadic number m / 2^e. Applied with one rounding, to nearest, ties up:
/// <c>((x &lt;&lt; k) * m + 2^(e-1)) &gt;&gt; e</c> in 64 bits. As e is at least 33, the rounding term is a multiple of 2^32 and the two
/// floors nest, so the high half of the product is enough: <c>(mulhi(x &lt;&lt; k, m) + 2^(s-1)) &gt;&gt; s</c> with <c>s = e - 32</c>.
/// (I-BERT, Kim et al. 2021, section 3.1: dyadic arithmetic; the high-half form is what SQDMULH and VPMULDQ give.)
/// </summary>
internal static class Dyadic
{
    /// <summary>Smallest and largest s: e = 33..62.</summary>
    public const int MinShift = 1, MaxShift = 30;

    /// <summary>Largest pre-shift k.</summary>
    public const int MaxPreShift = 24;

    /// <summary>The high 32 bits of the 64-bit product, rounded down.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MultiplyHigh(int a, int b) => (int)(((long)a * b) >> 32);

    /// <summary>x * 2^k * m / 2^(32+s), rounded to nearest, ties up.</summary>
    /// <param name="x">|x| &lt; 2^(31-k).</param>
    /// <param name="m">Signed multiplier, |m| &lt; 2^31; 0 for a dead channel.</param>
    /// <param name="preShift">k, 0..24.</param>
    /// <param name="shift">s, 1..30.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Scale(int x, int m, int preShift, int shift) =>
        (MultiplyHigh(x << preShift, m) + (1 << (shift - 1))) >> shift;

    /// <summary>As <see cref="Scale"/>, with an addend in units of 2^-s of the result, under the same one rounding.</summary>
    /// <param name="x">|x| &lt; 2^31.</param>
    /// <param name="m">Signed multiplier, |m| &lt; 2^31.</param>
    /// <param name="addend">|addend| &lt; 2^30.</param>
    /// <param name="shift">s, 1..30.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ScaleAdd(int x, int m, int addend, int shift) =>
        (MultiplyHigh(x, m) + addend + (1 << (shift - 1))) >> shift;

    /// <summary>Adds the zero point and clamps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Place(int y, int zeroPoint, int low, int high) => Math.Min(Math.Max(y + zeroPoint, low), high);
}
