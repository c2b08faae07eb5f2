// Eight lanes on x64: one register of AVX2.
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace IBert.Edge.Kernels;

/// <summary>The high half of 32 x 32 bits is made of two VPMULDQ, of the even lanes and of the odd ones, and a blend.</summary>
internal readonly unsafe struct Avx2Lanes : ILanes<Avx2Lanes>
{
    private readonly Vector256<int> x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Avx2Lanes(Vector256<int> x) => this.x = x;

    public static string Name => "avx2";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Create(int value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Load(int* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Load(sbyte* source) => new(Avx2.ConvertToVector256Int32(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Widen(Vector128<short> x) => new(Avx2.ConvertToVector256Int32(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Avx2Lanes x, int* target) => x.x.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator +(Avx2Lanes a, Avx2Lanes b) => new(a.x + b.x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator -(Avx2Lanes a, Avx2Lanes b) => new(a.x - b.x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator *(Avx2Lanes a, Avx2Lanes b) => new(a.x * b.x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator ^(Avx2Lanes a, Avx2Lanes b) => new(a.x ^ b.x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Min(Avx2Lanes a, Avx2Lanes b) => new(Avx2.Min(a.x, b.x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Max(Avx2Lanes a, Avx2Lanes b) => new(Avx2.Max(a.x, b.x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MaxAcross(Avx2Lanes x)
    {
        Vector128<int> four = Sse41.Max(x.x.GetLower(), x.x.GetUpper());
        Vector128<int> two = Sse41.Max(four, Sse2.Shuffle(four, 0b01_00_11_10));
        return Sse41.Max(two, Sse2.Shuffle(two, 0b10_11_00_01)).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes MultiplyByFirst(Vector128<short> x, Vector128<short> m) => Widen(x) * Create(m.ToScalar());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes ShiftLeft(Avx2Lanes x, Avx2Lanes count) => new(Avx2.ShiftLeftLogicalVariable(x.x, count.x.AsUInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes ShiftRight(Avx2Lanes x, [ConstantExpected(Min = 1, Max = 31)] byte count) =>
        new(Avx2.ShiftRightArithmetic(x.x, count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes ShiftEitherWay(Avx2Lanes x, Avx2Lanes left, Avx2Lanes right) =>
        new(Avx2.ShiftRightArithmeticVariable(ShiftLeft(x, left).x, right.x.AsUInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes LeftCount(int shift) => Create(Math.Max(shift, 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes RightCount(int shift) => Create(Math.Max(-shift, 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes MultiplyHigh(Avx2Lanes a, Avx2Lanes b)
    {
        Vector256<int> even = Avx2.Multiply(a.x, b.x).AsInt32();
        Vector256<int> odd = Avx2.Multiply(Odd(a.x), Odd(b.x)).AsInt32();
        return new(Avx2.Blend(Odd(even), odd, 0b10_10_10_10));

        // Brings odd lanes to even places.
        static Vector256<int> Odd(Vector256<int> x) => Avx2.Shuffle(x, 0b11_11_01_01);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Scale(Avx2Lanes x, Avx2Lanes m, Avx2Lanes half, Avx2Lanes count) => Round(MultiplyHigh(x, m), half, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes ScaleAdd(Avx2Lanes x, Avx2Lanes m, Avx2Lanes addend, Avx2Lanes half, Avx2Lanes count) =>
        Round(MultiplyHigh(x, m) + addend, half, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Round(Avx2Lanes x, Avx2Lanes half, Avx2Lanes count) =>
        new(Avx2.ShiftRightArithmeticVariable(x.x + half.x, count.x.AsUInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes ScaleCount(int shift) => Create(shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes RoundCount(int shift) => Create(shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> ToInt16(Avx2Lanes x) => Sse2.PackSignedSaturate(x.x.GetLower(), x.x.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> LowHalves(Avx2Lanes x)
    {
        // Unsigned saturation leaves 0..65535 as they are.
        Vector256<int> low = x.x & Vector256.Create((int)ushort.MaxValue);
        return Sse41.PackUnsignedSaturate(low.GetLower(), low.GetUpper()).AsInt16();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> ToInt8(Vector128<short> low, Vector128<short> high) => Sse2.PackSignedSaturate(low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> AddSaturate(Vector128<short> a, Vector128<short> b) => Sse2.AddSaturate(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyQ15(Vector128<short> a, Vector128<short> b) =>
        Sse2.MultiplyHigh(a.AsUInt16(), (b + b).AsUInt16()).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyRoundedQ15(Vector128<short> a, Vector128<short> b) => Ssse3.MultiplyHighRoundScale(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> RoundHalved(Vector128<short> p, Vector128<short> z)
    {
        Vector256<uint> shift = Avx2.ConvertToVector256Int32(z).AsUInt32();
        Vector256<uint> half = Avx2.ShiftLeftLogicalVariable(Vector256<uint>.One, shift);
        Vector256<uint> sum = Avx2.ConvertToVector256Int32(p).AsUInt32() + half;
        return ToInt16(new(Avx2.ShiftRightLogicalVariable(sum, shift + Vector256<uint>.One).AsInt32()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> ShiftRight(Vector128<short> x, Vector128<short> count) => Sse2.ShiftRightLogical(x, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> RightCount16(int shift) => Vector128.CreateScalar((short)shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddPairs(Vector128<int> sums, Vector128<short> x) =>
        sums + Sse2.MultiplyAddAdjacent(x, Vector128<short>.One);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> AddSquares(Vector128<ulong> sums, Vector128<short> x)
    {
        // Two squares are at most 2^31: unsigned.
        Vector128<ulong> pairs = Sse2.MultiplyAddAdjacent(x, x).AsUInt64();
        return sums + (pairs & Vector128.Create<ulong>(uint.MaxValue)) + (pairs >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ZipLow(Vector128<byte> a, Vector128<byte> b) => Sse2.UnpackLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ZipHigh(Vector128<byte> a, Vector128<byte> b) => Sse2.UnpackHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> ZipLow(Vector128<uint> a, Vector128<uint> b) => Sse2.UnpackLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> ZipHigh(Vector128<uint> a, Vector128<uint> b) => Sse2.UnpackHigh(a, b);
}
