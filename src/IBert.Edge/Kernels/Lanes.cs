// Eight 32-bit lanes: what the element-wise kernels need of an instruction set.
using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;

namespace IBert.Edge.Kernels;

/// <summary>
/// Eight 32-bit lanes, in as many registers as the instruction set needs, and its ways to scale, narrow and interleave. The element-wise
/// kernels are written once over this type; the compiler specialises them for each.
/// </summary>
/// <typeparam name="T">The implementing type.</typeparam>
internal unsafe interface ILanes<T>
    where T : struct, ILanes<T>
{
    /// <summary>Lanes of one value.</summary>
    const int Count = 8;

    /// <summary>The instruction set.</summary>
    static abstract string Name { get; }

    static abstract T Create(int value);

    static abstract T Load(int* source);

    static abstract T Load(sbyte* source);

    static abstract T Widen(Vector128<short> x);

    static abstract void Store(T x, int* target);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator ^(T a, T b);

    static abstract T Min(T a, T b);

    static abstract T Max(T a, T b);

    /// <summary>The largest lane.</summary>
    static abstract int MaxAcross(T x);

    /// <summary>Products with the first 16 bits of m, exact.</summary>
    static abstract T MultiplyByFirst(Vector128<short> x, Vector128<short> m);

    static abstract T ShiftLeft(T x, T count);

    static abstract T ShiftRight(T x, [ConstantExpected(Min = 1, Max = 31)] byte count);

    /// <summary>A shift that may go either way.</summary>
    /// <param name="x">The values.</param>
    /// <param name="left">From <see cref="LeftCount"/>.</param>
    /// <param name="right">From <see cref="RightCount"/>.</param>
    static abstract T ShiftEitherWay(T x, T left, T right);

    /// <summary>A left shift, or, below zero, an arithmetic right shift, in the form that <see cref="ShiftEitherWay"/> takes.</summary>
    static abstract T LeftCount(int shift);

    /// <summary>The same shift's other half.</summary>
    static abstract T RightCount(int shift);

    /// <summary>Dyadic.MultiplyHigh of every lane.</summary>
    static abstract T MultiplyHigh(T a, T b);

    /// <summary>Dyadic.Scale of every lane, x shifted before.</summary>
    /// <param name="x">The values, already shifted by k.</param>
    /// <param name="m">Multipliers.</param>
    /// <param name="half">2^(s-1).</param>
    /// <param name="count">From <see cref="ScaleCount"/>.</param>
    static abstract T Scale(T x, T m, T half, T count);

    /// <summary>Dyadic.ScaleAdd of every lane.</summary>
    /// <param name="x">The values.</param>
    /// <param name="m">Multipliers.</param>
    /// <param name="addend">Addends, consumed.</param>
    /// <param name="half">2^(s-1).</param>
    /// <param name="count">From <see cref="RoundCount"/>.</param>
    static abstract T ScaleAdd(T x, T m, T addend, T half, T count);

    /// <summary>(x + 2^(s-1)) &gt;&gt; s.</summary>
    /// <param name="x">The values.</param>
    /// <param name="half">2^(s-1).</param>
    /// <param name="count">From <see cref="RoundCount"/>.</param>
    static abstract T Round(T x, T half, T count);

    /// <summary>s in the form that <see cref="Scale"/> takes.</summary>
    static abstract T ScaleCount(int shift);

    /// <summary>s in the form that <see cref="ScaleAdd"/> and <see cref="Round"/> take.</summary>
    static abstract T RoundCount(int shift);

    /// <summary>The lanes in 16 bits, saturated.</summary>
    static abstract Vector128<short> ToInt16(T x);

    /// <summary>The low 16 bits of the lanes.</summary>
    static abstract Vector128<short> LowHalves(T x);

    /// <summary>Sixteen values in 8 bits, saturated.</summary>
    static abstract Vector128<sbyte> ToInt8(Vector128<short> low, Vector128<short> high);

    /// <summary>a + b, saturated.</summary>
    static abstract Vector128<short> AddSaturate(Vector128<short> a, Vector128<short> b);

    /// <summary>a * b &gt;&gt; 15, neither below zero.</summary>
    static abstract Vector128<short> MultiplyQ15(Vector128<short> a, Vector128<short> b);

    /// <summary>(a * b + 2^14) &gt;&gt; 15; one of the two is not -2^15.</summary>
    static abstract Vector128<short> MultiplyRoundedQ15(Vector128<short> a, Vector128<short> b);

    /// <summary>(p + 2^z) &gt;&gt; (z + 1), p not below zero, z 0..15.</summary>
    static abstract Vector128<short> RoundHalved(Vector128<short> p, Vector128<short> z);

    /// <summary>A right shift in the form that the 16-bit <see cref="ShiftRight(Vector128{short}, Vector128{short})"/> takes.</summary>
    static abstract Vector128<short> RightCount16(int shift);

    /// <summary>x &gt;&gt; count, x not below zero, the count from <see cref="RightCount16"/>.</summary>
    static abstract Vector128<short> ShiftRight(Vector128<short> x, Vector128<short> count);

    /// <summary>Adds neighbours to 32-bit sums.</summary>
    static abstract Vector128<int> AddPairs(Vector128<int> sums, Vector128<short> x);

    /// <summary>Adds squares to 64-bit sums.</summary>
    static abstract Vector128<ulong> AddSquares(Vector128<ulong> sums, Vector128<short> x);

    /// <summary>a0 b0 a1 b1 ... of the lower halves.</summary>
    static abstract Vector128<byte> ZipLow(Vector128<byte> a, Vector128<byte> b);

    /// <summary>The same of the upper halves.</summary>
    static abstract Vector128<byte> ZipHigh(Vector128<byte> a, Vector128<byte> b);

    /// <summary>a0 b0 a1 b1 of the lower halves.</summary>
    static abstract Vector128<uint> ZipLow(Vector128<uint> a, Vector128<uint> b);

    /// <summary>The same of the upper halves.</summary>
    static abstract Vector128<uint> ZipHigh(Vector128<uint> a, Vector128<uint> b);
}
