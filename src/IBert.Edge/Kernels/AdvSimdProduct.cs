// The product on ARM64 without dot product instructions (Cortex-A53, A57, A72): widening multiplies, pairwise sums.
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace IBert.Edge.Kernels;

/// <summary>
/// SMULL and SMLAL add the products of two quads in 16 bits (weights are never -128: 2 * 128 * 127 fits), SADALP adds pairs of them to
/// 32 bits. A column's products end in two lanes. The left side's quads are broadcast by DUP from the row's 16 bytes.
/// <code>
///   2 rows x 16 columns: 16 accumulators of two columns, 4 quads of the left side, 8 registers of weights, 2 products
/// </code>
/// A step of 16 in k is 64 multiplies, 32 SADALP, 8 DUP, 8 pair loads and 2 loads.
/// </summary>
internal sealed unsafe class AdvSimdProduct : NeonProduct
{
    // Keeps the loop of Peak alive.
    private Vector128<int> peak;

    public static bool IsSupported => AdvSimd.Arm64.IsSupported;

    public override string Name => "advsimd";

    public override long Peak(int iterations)
    {
        Vector128<sbyte> a = Vector128.Create((sbyte)1);
        Sums s0 = default, s1 = default, s2 = default, s3 = default;
        for (int i = 0; i < iterations; i++)
        {
            s0.AddUpper(a, a, a, a, a, a, a, a, s0.First, a);
            s1.AddUpper(a, a, a, a, a, a, a, a, s1.First, a);
            s2.AddUpper(a, a, a, a, a, a, a, a, s2.First, a);
            s3.AddUpper(a, a, a, a, a, a, a, a, s3.First, a);
        }
        peak = s0.Fold() ^ s1.Fold() ^ s2.Fold() ^ s3.Fold();
        return 4L * 64 * iterations;
    }

    protected override void Accumulate(Operand left, int rows, sbyte* panel, int inner, int* start, nint startStride, int* tile)
    {
        for (; rows >= 2; rows -= 2)
        {
            Tile<TwoRows>(left, panel, inner, start, startStride, tile);
            left = left.From(2);
            start += 2 * startStride;
            tile += 2 * Panels.Columns;
        }
        if (rows == 1)
        {
            Tile<OneRow>(left, panel, inner, start, startStride, tile);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TRows>(Operand left, sbyte* panel, int inner, int* start, nint startStride, int* tile)
        where TRows : struct, IRowCount
    {
        sbyte* p0 = (sbyte*)left.Data, p1 = p0 + left.Stride;
        Sums lower0 = default, upper0 = default, lower1 = default, upper1 = default;
        for (nint k = 0; k < inner; k += Panels.InnerBlock)
        {
            Vector128<int> a0 = Vector128.Load(p0 + k).AsInt32();
            Vector128<int> a1 = TRows.Value > 1 ? Vector128.Load(p1 + k).AsInt32() : default;
            TwoQuads<TRows>(
                panel, Quad(a0, 0), Quad(a0, 1), Quad(a1, 0), Quad(a1, 1), ref lower0, ref upper0, ref lower1, ref upper1);
            TwoQuads<TRows>(
                panel + 128, Quad(a0, 2), Quad(a0, 3), Quad(a1, 2), Quad(a1, 3), ref lower0, ref upper0, ref lower1, ref upper1);
            panel += Panels.InnerBlock * Panels.Columns;
        }
        Sums.Store(lower0, upper0, start, tile);
        if (TRows.Value > 1)
        {
            if (start is not null)
            {
                start += startStride;
            }
            Sums.Store(lower1, upper1, start, tile + Panels.Columns);
        }
    }

    /// <summary>
    /// Two quads of sixteen columns for every row of the tile. All upper halves go before all lower ones: a lower half then takes over the
    /// register of the whole, which is dead by then, instead of being copied.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TwoQuads<TRows>(
        sbyte* panel, Vector128<sbyte> a0, Vector128<sbyte> b0, Vector128<sbyte> a1, Vector128<sbyte> b1,
        ref Sums lower0, ref Sums upper0, ref Sums lower1, ref Sums upper1)
        where TRows : struct, IRowCount
    {
        Vector128<sbyte> v0 = Vector128.Load(panel), v1 = Vector128.Load(panel + 16);
        Vector128<sbyte> v2 = Vector128.Load(panel + 32), v3 = Vector128.Load(panel + 48);
        Vector128<sbyte> w0 = Vector128.Load(panel + 64), w1 = Vector128.Load(panel + 80);
        Vector128<sbyte> w2 = Vector128.Load(panel + 96), w3 = Vector128.Load(panel + 112);
        upper0.AddUpper(v0, v1, v2, v3, w0, w1, w2, w3, a0, b0);
        if (TRows.Value > 1)
        {
            upper1.AddUpper(v0, v1, v2, v3, w0, w1, w2, w3, a1, b1);
        }
        Vector64<sbyte> x0 = v0.GetLower(), x1 = v1.GetLower(), x2 = v2.GetLower(), x3 = v3.GetLower();
        Vector64<sbyte> y0 = w0.GetLower(), y1 = w1.GetLower(), y2 = w2.GetLower(), y3 = w3.GetLower();
        lower0.AddLower(x0, x1, x2, x3, y0, y1, y2, y3, a0.GetLower(), b0.GetLower());
        if (TRows.Value > 1)
        {
            lower1.AddLower(x0, x1, x2, x3, y0, y1, y2, y3, a1.GetLower(), b1.GetLower());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Quad(Vector128<int> row, [ConstantExpected(Max = (byte)3)] byte quad) =>
        AdvSimd.DuplicateSelectedScalarToVector128(row, quad).AsSByte();

    /// <summary>Half of a row's accumulators: of columns 0 and 1 (or 2 and 3) of every four, two lanes each.</summary>
    private struct Sums
    {
        private Vector128<int> s0, s4, s8, s12;

        public readonly Vector128<sbyte> First => s0.AsSByte();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void AddLower(
            Vector64<sbyte> v0, Vector64<sbyte> v1, Vector64<sbyte> v2, Vector64<sbyte> v3,
            Vector64<sbyte> w0, Vector64<sbyte> w1, Vector64<sbyte> w2, Vector64<sbyte> w3, Vector64<sbyte> a, Vector64<sbyte> b)
        {
            s0 = AdvSimd.AddPairwiseWideningAndAdd(
                s0, AdvSimd.MultiplyWideningLowerAndAdd(AdvSimd.MultiplyWideningLower(v0, a), w0, b));
            s4 = AdvSimd.AddPairwiseWideningAndAdd(
                s4, AdvSimd.MultiplyWideningLowerAndAdd(AdvSimd.MultiplyWideningLower(v1, a), w1, b));
            s8 = AdvSimd.AddPairwiseWideningAndAdd(
                s8, AdvSimd.MultiplyWideningLowerAndAdd(AdvSimd.MultiplyWideningLower(v2, a), w2, b));
            s12 = AdvSimd.AddPairwiseWideningAndAdd(
                s12, AdvSimd.MultiplyWideningLowerAndAdd(AdvSimd.MultiplyWideningLower(v3, a), w3, b));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void AddUpper(
            Vector128<sbyte> v0, Vector128<sbyte> v1, Vector128<sbyte> v2, Vector128<sbyte> v3,
            Vector128<sbyte> w0, Vector128<sbyte> w1, Vector128<sbyte> w2, Vector128<sbyte> w3, Vector128<sbyte> a, Vector128<sbyte> b)
        {
            s0 = AdvSimd.AddPairwiseWideningAndAdd(
                s0, AdvSimd.MultiplyWideningUpperAndAdd(AdvSimd.MultiplyWideningUpper(v0, a), w0, b));
            s4 = AdvSimd.AddPairwiseWideningAndAdd(
                s4, AdvSimd.MultiplyWideningUpperAndAdd(AdvSimd.MultiplyWideningUpper(v1, a), w1, b));
            s8 = AdvSimd.AddPairwiseWideningAndAdd(
                s8, AdvSimd.MultiplyWideningUpperAndAdd(AdvSimd.MultiplyWideningUpper(v2, a), w2, b));
            s12 = AdvSimd.AddPairwiseWideningAndAdd(
                s12, AdvSimd.MultiplyWideningUpperAndAdd(AdvSimd.MultiplyWideningUpper(v3, a), w3, b));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(in Sums lower, in Sums upper, int* start, int* tile)
        {
            Vector128<int> c0 = AdvSimd.Arm64.AddPairwise(lower.s0, upper.s0), c4 = AdvSimd.Arm64.AddPairwise(lower.s4, upper.s4);
            Vector128<int> c8 = AdvSimd.Arm64.AddPairwise(lower.s8, upper.s8), c12 = AdvSimd.Arm64.AddPairwise(lower.s12, upper.s12);
            if (start is not null)
            {
                c0 += Vector128.Load(start);
                c4 += Vector128.Load(start + 4);
                c8 += Vector128.Load(start + 8);
                c12 += Vector128.Load(start + 12);
            }
            c0.Store(tile);
            c4.Store(tile + 4);
            c8.Store(tile + 8);
            c12.Store(tile + 12);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<int> Fold() => s0 ^ s4 ^ s8 ^ s12;
    }
}
