// Eight lanes on ARM64: two registers of AdvSimd.
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace IBert.Edge.Kernels;

/// <summary>
/// SQDMULH gives <c>2ab &gt;&gt; 32</c>, one bit more than the high half, and never saturates here (no multiplier is -2^31): SRSHL takes
/// that bit away with the rest, in one rounding. Upper halves go before lower ones: a lower half then takes over the register of the whole.
/// </summary>
internal readonly unsafe struct AdvSimdLanes : ILanes<AdvSimdLanes>
{
    private readonly Vector128<int> low, high;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private AdvSimdLanes(Vector128<int> low, Vector128<int> high)
    {
        this.low = low;
        this.high = high;
    }

    public static string Name => "advsimd";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes Create(int value) => new(Vector128.Create(value), Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes Load(int* source) => new(Vector128.Load(source), Vector128.Load(source + 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes Load(sbyte* source) => Widen(AdvSimd.SignExtendWideningLower(Vector64.Load(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes Widen(Vector128<short> x)
    {
        Vector128<int> upper = AdvSimd.SignExtendWideningUpper(x);
        return new(AdvSimd.SignExtendWideningLower(x.GetLower()), upper);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(AdvSimdLanes x, int* target)
    {
        x.low.Store(target);
        x.high.Store(target + 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes operator +(AdvSimdLanes a, AdvSimdLanes b) => new(a.low + b.low, a.high + b.high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes operator -(AdvSimdLanes a, AdvSimdLanes b) => new(a.low - b.low, a.high - b.high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes operator *(AdvSimdLanes a, AdvSimdLanes b) => new(a.low * b.low, a.high * b.high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes operator ^(AdvSimdLanes a, AdvSimdLanes b) => new(a.low ^ b.low, a.high ^ b.high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes Min(AdvSimdLanes a, AdvSimdLanes b) => new(AdvSimd.Min(a.low, b.low), AdvSimd.Min(a.high, b.high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes Max(AdvSimdLanes a, AdvSimdLanes b) => new(AdvSimd.Max(a.low, b.low), AdvSimd.Max(a.high, b.high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MaxAcross(AdvSimdLanes x) => AdvSimd.Arm64.MaxAcross(AdvSimd.Max(x.low, x.high)).ToScalar();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes MultiplyByFirst(Vector128<short> x, Vector128<short> m)
    {
        Vector128<int> upper = AdvSimd.MultiplyBySelectedScalarWideningUpper(x, m, 0);
        return new(AdvSimd.MultiplyBySelectedScalarWideningLower(x.GetLower(), m, 0), upper);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes ShiftLeft(AdvSimdLanes x, AdvSimdLanes count) =>
        new(AdvSimd.ShiftArithmetic(x.low, count.low), AdvSimd.ShiftArithmetic(x.high, count.low));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes ShiftRight(AdvSimdLanes x, [ConstantExpected(Min = 1, Max = 31)] byte count) =>
        new(AdvSimd.ShiftRightArithmetic(x.low, count), AdvSimd.ShiftRightArithmetic(x.high, count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes ShiftEitherWay(AdvSimdLanes x, AdvSimdLanes left, AdvSimdLanes right) => ShiftLeft(x, left);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes LeftCount(int shift) => Create(shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes RightCount(int shift) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes MultiplyHigh(AdvSimdLanes a, AdvSimdLanes b) =>
        new(DoubledHigh(a.low, b.low) >> 1, DoubledHigh(a.high, b.high) >> 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes Scale(AdvSimdLanes x, AdvSimdLanes m, AdvSimdLanes half, AdvSimdLanes count) =>
        new(AdvSimd.ShiftArithmeticRounded(DoubledHigh(x.low, m.low), count.low),
            AdvSimd.ShiftArithmeticRounded(DoubledHigh(x.high, m.high), count.low));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes ScaleAdd(AdvSimdLanes x, AdvSimdLanes m, AdvSimdLanes addend, AdvSimdLanes half, AdvSimdLanes count) =>
        new(AdvSimd.ShiftArithmeticRounded(AdvSimd.ShiftRightArithmeticAdd(addend.low, DoubledHigh(x.low, m.low), 1), count.low),
            AdvSimd.ShiftArithmeticRounded(AdvSimd.ShiftRightArithmeticAdd(addend.high, DoubledHigh(x.high, m.high), 1), count.low));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes Round(AdvSimdLanes x, AdvSimdLanes half, AdvSimdLanes count) =>
        new(AdvSimd.ShiftArithmeticRounded(x.low, count.low), AdvSimd.ShiftArithmeticRounded(x.high, count.low));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes ScaleCount(int shift) => Create(-(shift + 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AdvSimdLanes RoundCount(int shift) => Create(-shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> ToInt16(AdvSimdLanes x) =>
        AdvSimd.ExtractNarrowingSaturateUpper(AdvSimd.ExtractNarrowingSaturateLower(x.low), x.high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> LowHalves(AdvSimdLanes x) => AdvSimd.Arm64.UnzipEven(x.low.AsInt16(), x.high.AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> ToInt8(Vector128<short> low, Vector128<short> high) =>
        AdvSimd.ExtractNarrowingSaturateUpper(AdvSimd.ExtractNarrowingSaturateLower(low), high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> AddSaturate(Vector128<short> a, Vector128<short> b) => AdvSimd.AddSaturate(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyQ15(Vector128<short> a, Vector128<short> b) => AdvSimd.MultiplyDoublingSaturateHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyRoundedQ15(Vector128<short> a, Vector128<short> b) =>
        AdvSimd.MultiplyRoundedDoublingSaturateHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> RoundHalved(Vector128<short> p, Vector128<short> z) => AdvSimd.ShiftArithmeticRounded(p, ~z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> ShiftRight(Vector128<short> x, Vector128<short> count) => AdvSimd.ShiftArithmetic(x, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> RightCount16(int shift) => Vector128.Create((short)-shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddPairs(Vector128<int> sums, Vector128<short> x) => AdvSimd.AddPairwiseWideningAndAdd(sums, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> AddSquares(Vector128<ulong> sums, Vector128<short> x)
    {
        // Two squares are at most 2^31: unsigned.
        Vector128<int> upper = AdvSimd.MultiplyWideningUpper(x, x);
        Vector64<short> lower = x.GetLower();
        return AdvSimd.AddPairwiseWideningAndAdd(sums, AdvSimd.MultiplyWideningLowerAndAdd(upper, lower, lower).AsUInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ZipLow(Vector128<byte> a, Vector128<byte> b) => AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ZipHigh(Vector128<byte> a, Vector128<byte> b) => AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> ZipLow(Vector128<uint> a, Vector128<uint> b) => AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> ZipHigh(Vector128<uint> a, Vector128<uint> b) => AdvSimd.Arm64.ZipHigh(a, b);

    private static Vector128<int> DoubledHigh(Vector128<int> a, Vector128<int> b) => AdvSimd.MultiplyDoublingSaturateHigh(a, b);
}
