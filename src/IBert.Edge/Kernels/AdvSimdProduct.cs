// The product on ARM64 without dot product instructions (Cortex-A53, A57, A72): widening multiplies, pairwise sums.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace IBert.Edge.Kernels;

/// <summary>
/// SMULL and SMLAL add the products of two quads in 16 bits (weights are never -128: 2 * 128 * 127 fits), SADALP adds pairs of them to 32 bits.
/// A column's products end in two lanes. The left side's quads are broadcast by DUP from the row's 16 bytes.
/// <code>
///   2 rows x 16 columns: 16 accumulators of two columns, 4 quads of the left side, 2 x 2 registers of weights, 2 products
/// </code>
/// A step of 16 in k is 64 multiplies, 32 SADALP, 8 DUP, 8 pair loads and 2 loads.
/// </summary>
internal sealed unsafe class AdvSimdProduct : NeonProduct
{
    // Keeps the loop of Peak alive.
    private Vector128<int> _peak;

    public static bool IsSupported => AdvSimd.Arm64.IsSupported;

    public override string Name => "advsimd";

    public override long Peak(int iterations)
    {
        Vector128<sbyte> a = Vector128.Create((sbyte)1);
        Fours c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default, c6 = default, c7 = default;
        for (int i = 0; i < iterations; i++)
        {
            c0.Add(a, a, c0.Any, a);
            c1.Add(a, a, c1.Any, a);
            c2.Add(a, a, c2.Any, a);
            c3.Add(a, a, c3.Any, a);
            c4.Add(a, a, c4.Any, a);
            c5.Add(a, a, c5.Any, a);
            c6.Add(a, a, c6.Any, a);
            c7.Add(a, a, c7.Any, a);
        }
        _peak = c0.Fold() ^ c1.Fold() ^ c2.Fold() ^ c3.Fold() ^ c4.Fold() ^ c5.Fold() ^ c6.Fold() ^ c7.Fold();
        return 8L * 32 * iterations;
    }

    protected override void Accumulate(Operand left, int rows, sbyte* panel, int inner, int* start, nint startStride, int* tile)
    {
        for (; rows >= 2; rows -= 2)
        {
            Tile<TwoRows>(left, panel, inner, start, startStride, tile);
            left = left.From(2);
            start += 2 * startStride;
            tile += 2 * PanelColumns;
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
        Fours r0c0 = default, r0c4 = default, r0c8 = default, r0c12 = default;
        Fours r1c0 = default, r1c4 = default, r1c8 = default, r1c12 = default;
        for (nint k = 0; k < inner; k += InnerBlock)
        {
            Vector128<int> a0 = Vector128.Load(p0 + k).AsInt32();
            Vector128<int> a1 = TRows.Value > 1 ? Vector128.Load(p1 + k).AsInt32() : default;
            Vector128<sbyte> a00 = AdvSimd.DuplicateSelectedScalarToVector128(a0, 0).AsSByte();
            Vector128<sbyte> a01 = AdvSimd.DuplicateSelectedScalarToVector128(a0, 1).AsSByte();
            Vector128<sbyte> a10 = AdvSimd.DuplicateSelectedScalarToVector128(a1, 0).AsSByte();
            Vector128<sbyte> a11 = AdvSimd.DuplicateSelectedScalarToVector128(a1, 1).AsSByte();
            Add<TRows>(panel, a00, a01, a10, a11, ref r0c0, ref r1c0);
            Add<TRows>(panel + 16, a00, a01, a10, a11, ref r0c4, ref r1c4);
            Add<TRows>(panel + 32, a00, a01, a10, a11, ref r0c8, ref r1c8);
            Add<TRows>(panel + 48, a00, a01, a10, a11, ref r0c12, ref r1c12);
            a00 = AdvSimd.DuplicateSelectedScalarToVector128(a0, 2).AsSByte();
            a01 = AdvSimd.DuplicateSelectedScalarToVector128(a0, 3).AsSByte();
            a10 = AdvSimd.DuplicateSelectedScalarToVector128(a1, 2).AsSByte();
            a11 = AdvSimd.DuplicateSelectedScalarToVector128(a1, 3).AsSByte();
            Add<TRows>(panel + 128, a00, a01, a10, a11, ref r0c0, ref r1c0);
            Add<TRows>(panel + 144, a00, a01, a10, a11, ref r0c4, ref r1c4);
            Add<TRows>(panel + 160, a00, a01, a10, a11, ref r0c8, ref r1c8);
            Add<TRows>(panel + 176, a00, a01, a10, a11, ref r0c12, ref r1c12);
            panel += InnerBlock * PanelColumns;
        }
        r0c0.Store(start, 0, tile);
        r0c4.Store(start, 4, tile);
        r0c8.Store(start, 8, tile);
        r0c12.Store(start, 12, tile);
        if (TRows.Value > 1)
        {
            start = start is null ? null : start + startStride;
            tile += PanelColumns;
            r1c0.Store(start, 0, tile);
            r1c4.Store(start, 4, tile);
            r1c8.Store(start, 8, tile);
            r1c12.Store(start, 12, tile);
        }
    }

    /// <summary>Two quads of four columns for every row of the tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRows>(
        sbyte* panel, Vector128<sbyte> a00, Vector128<sbyte> a01, Vector128<sbyte> a10, Vector128<sbyte> a11, ref Fours r0, ref Fours r1)
        where TRows : struct, IRowCount
    {
        Vector128<sbyte> w0 = Vector128.Load(panel), w1 = Vector128.Load(panel + 64);
        r0.Add(w0, w1, a00, a01);
        if (TRows.Value > 1)
        {
            r1.Add(w0, w1, a10, a11);
        }
    }

    /// <summary>Four columns of a row, two lanes each.</summary>
    private struct Fours
    {
        private Vector128<int> _c0, _c2;

        public readonly Vector128<sbyte> Any => _c0.AsSByte();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector128<sbyte> w0, Vector128<sbyte> w1, Vector128<sbyte> a0, Vector128<sbyte> a1)
        {
            Vector128<short> low = AdvSimd.MultiplyWideningLower(w0.GetLower(), a0.GetLower());
            low = AdvSimd.MultiplyWideningLowerAndAdd(low, w1.GetLower(), a1.GetLower());
            _c0 = AdvSimd.AddPairwiseWideningAndAdd(_c0, low);
            Vector128<short> high = AdvSimd.MultiplyWideningUpper(w0, a0);
            high = AdvSimd.MultiplyWideningUpperAndAdd(high, w1, a1);
            _c2 = AdvSimd.AddPairwiseWideningAndAdd(_c2, high);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(int* start, int column, int* tile)
        {
            Vector128<int> sums = AdvSimd.Arm64.AddPairwise(_c0, _c2);
            (start is null ? sums : sums + Vector128.Load(start + column)).Store(tile + column);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<int> Fold() => _c0 ^ _c2;
    }
}
