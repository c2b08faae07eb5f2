// The product on ARM64 with the dot product extension (ARMv8.2: Cortex-A76, A78AE): SDOT by element.
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace IBert.Edge.Kernels;

/// <summary>
/// SDOT of four columns' quads with one quad of the left side, picked by element from the row's 16 bytes.
/// <code>
///   4 rows x 16 columns: 16 accumulators, 4 or 8 registers of the left side, 4 of weights
/// </code>
/// A step of 32 in k is 128 SDOT and 20 pair loads (scheduled for Cortex-A76: two vector pipes, two load pipes, four decoded a cycle).
/// </summary>
internal sealed unsafe class DpProduct : NeonProduct
{
    // Keeps the loop of Peak alive.
    private Vector128<int> peak;

    public static bool IsSupported => AdvSimd.Arm64.IsSupported && Dp.IsSupported;

    public override string Name => "dp";

    public override long Peak(int iterations)
    {
        Vector128<sbyte> a = Vector128.Create((sbyte)1);
        Columns r0 = default, r1 = default, r2 = default, r3 = default;
        for (int i = 0; i < iterations; i++)
        {
            r0.Add(0, a, a, a, a, a);
            r1.Add(1, a, a, a, a, a);
            r2.Add(2, a, a, a, a, a);
            r3.Add(3, a, a, a, a, a);
        }
        peak = r0.Fold() ^ r1.Fold() ^ r2.Fold() ^ r3.Fold();
        return 16L * 16 * iterations;
    }

    protected override void Accumulate(Operand left, int rows, sbyte* panel, int inner, int* start, nint startStride, int* tile)
    {
        while (rows >= 4)
        {
            Tile<FourRows>(left, panel, inner, start, startStride, tile);
            rows -= 4;
            left = left.From(4);
            start += 4 * startStride;
            tile += 4 * Panels.Columns;
        }
        switch (rows)
        {
            case 1:
                Tile<OneRow>(left, panel, inner, start, startStride, tile);
                break;
            case 2:
                Tile<TwoRows>(left, panel, inner, start, startStride, tile);
                break;
            case 3:
                Tile<ThreeRows>(left, panel, inner, start, startStride, tile);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TRows>(Operand left, sbyte* panel, int inner, int* start, nint startStride, int* tile)
        where TRows : struct, IRowCount
    {
        // Rows that the tile lacks are never read: their code is not compiled.
        sbyte* p0 = (sbyte*)left.Data, p1 = p0 + left.Stride, p2 = p1 + left.Stride, p3 = p2 + left.Stride;
        Columns r0, r1, r2, r3;
        if (start is null)
        {
            r0 = r1 = r2 = r3 = default;
        }
        else
        {
            r0 = new(start);
            r1 = TRows.Value > 1 ? new(start + startStride) : default;
            r2 = TRows.Value > 2 ? new(start + (2 * startStride)) : default;
            r3 = TRows.Value > 3 ? new(start + (3 * startStride)) : default;
        }
        for (; inner >= 64; inner -= 64, panel += 64 * Panels.Columns)
        {
            Block32<TRows>(0, p0, p1, p2, p3, panel, ref r0, ref r1, ref r2, ref r3);
            Block32<TRows>(32, p0, p1, p2, p3, panel, ref r0, ref r1, ref r2, ref r3);
            p0 += 64;
            p1 += 64;
            p2 += 64;
            p3 += 64;
        }
        for (; inner > 0; inner -= Panels.InnerBlock, panel += Panels.InnerBlock * Panels.Columns)
        {
            Vector128<sbyte> a0 = Vector128.Load(p0);
            Vector128<sbyte> a1 = TRows.Value > 1 ? Vector128.Load(p1) : default;
            Vector128<sbyte> a2 = TRows.Value > 2 ? Vector128.Load(p2) : default;
            Vector128<sbyte> a3 = TRows.Value > 3 ? Vector128.Load(p3) : default;
            Block16<TRows>(0, panel, a0, a1, a2, a3, ref r0, ref r1, ref r2, ref r3);
            p0 += Panels.InnerBlock;
            p1 += Panels.InnerBlock;
            p2 += Panels.InnerBlock;
            p3 += Panels.InnerBlock;
        }
        r0.Store(tile);
        if (TRows.Value > 1)
        {
            r1.Store(tile + Panels.Columns);
        }
        if (TRows.Value > 2)
        {
            r2.Store(tile + 2 * Panels.Columns);
        }
        if (TRows.Value > 3)
        {
            r3.Store(tile + 3 * Panels.Columns);
        }
    }

    /// <summary>Thirty-two values of k: pair loads for the left side too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block32<TRows>(
        int k, sbyte* p0, sbyte* p1, sbyte* p2, sbyte* p3, sbyte* panel,
        ref Columns r0, ref Columns r1, ref Columns r2, ref Columns r3)
        where TRows : struct, IRowCount
    {
        Vector128<sbyte> a0 = Vector128.Load(p0 + k), b0 = Vector128.Load(p0 + (k + 16));
        Vector128<sbyte> a1 = default, a2 = default, a3 = default, b1 = default, b2 = default, b3 = default;
        if (TRows.Value > 1)
        {
            a1 = Vector128.Load(p1 + k);
            b1 = Vector128.Load(p1 + (k + 16));
        }
        if (TRows.Value > 2)
        {
            a2 = Vector128.Load(p2 + k);
            b2 = Vector128.Load(p2 + (k + 16));
        }
        if (TRows.Value > 3)
        {
            a3 = Vector128.Load(p3 + k);
            b3 = Vector128.Load(p3 + (k + 16));
        }
        Block16<TRows>(k, panel, a0, a1, a2, a3, ref r0, ref r1, ref r2, ref r3);
        Block16<TRows>(k + 16, panel, b0, b1, b2, b3, ref r0, ref r1, ref r2, ref r3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block16<TRows>(
        int k, sbyte* panel, Vector128<sbyte> a0, Vector128<sbyte> a1, Vector128<sbyte> a2, Vector128<sbyte> a3,
        ref Columns r0, ref Columns r1, ref Columns r2, ref Columns r3)
        where TRows : struct, IRowCount
    {
        Quad<TRows>(0, k * Panels.Columns, panel, a0, a1, a2, a3, ref r0, ref r1, ref r2, ref r3);
        Quad<TRows>(1, k * Panels.Columns + 64, panel, a0, a1, a2, a3, ref r0, ref r1, ref r2, ref r3);
        Quad<TRows>(2, k * Panels.Columns + 128, panel, a0, a1, a2, a3, ref r0, ref r1, ref r2, ref r3);
        Quad<TRows>(3, k * Panels.Columns + 192, panel, a0, a1, a2, a3, ref r0, ref r1, ref r2, ref r3);
    }

    /// <summary>A quad of every column: offsets are constants, so that they become part of the loads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quad<TRows>(
        [ConstantExpected(Max = (byte)3)] byte quad, int offset, sbyte* panel,
        Vector128<sbyte> a0, Vector128<sbyte> a1, Vector128<sbyte> a2, Vector128<sbyte> a3,
        ref Columns r0, ref Columns r1, ref Columns r2, ref Columns r3)
        where TRows : struct, IRowCount
    {
        Vector128<sbyte> w0 = Vector128.Load(panel + offset), w1 = Vector128.Load(panel + (offset + 16));
        Vector128<sbyte> w2 = Vector128.Load(panel + (offset + 32)), w3 = Vector128.Load(panel + (offset + 48));
        r0.Add(quad, a0, w0, w1, w2, w3);
        if (TRows.Value > 1)
        {
            r1.Add(quad, a1, w0, w1, w2, w3);
        }
        if (TRows.Value > 2)
        {
            r2.Add(quad, a2, w0, w1, w2, w3);
        }
        if (TRows.Value > 3)
        {
            r3.Add(quad, a3, w0, w1, w2, w3);
        }
    }

    /// <summary>The sixteen accumulators of a row.</summary>
    private struct Columns
    {
        private Vector128<int> c0, c4, c8, c12;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Columns(int* start)
        {
            c0 = Vector128.Load(start);
            c4 = Vector128.Load(start + 4);
            c8 = Vector128.Load(start + 8);
            c12 = Vector128.Load(start + 12);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(
            [ConstantExpected(Max = (byte)3)] byte quad, Vector128<sbyte> a,
            Vector128<sbyte> w0, Vector128<sbyte> w1, Vector128<sbyte> w2, Vector128<sbyte> w3)
        {
            c0 = Dp.DotProductBySelectedQuadruplet(c0, w0, a, quad);
            c4 = Dp.DotProductBySelectedQuadruplet(c4, w1, a, quad);
            c8 = Dp.DotProductBySelectedQuadruplet(c8, w2, a, quad);
            c12 = Dp.DotProductBySelectedQuadruplet(c12, w3, a, quad);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(int* tile)
        {
            c0.Store(tile);
            c4.Store(tile + 4);
            c8.Store(tile + 8);
            c12.Store(tile + 12);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<int> Fold() => c0 ^ c4 ^ c8 ^ c12;
    }
}
