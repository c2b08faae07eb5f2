// The product on x64 without dot product instructions: 16-bit operands, VPMADDWD.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace IBert.Edge.Kernels;

/// <summary>
/// VPMADDWD on int16: exact for every int8 weight and for 14-bit left sides, where VPMADDUBSW would saturate. Rows are widened once;
/// weights are widened as they are loaded (VPMOVSXBW, 16 bytes: four columns' quads), so that a column's quad ends in two lanes.
/// <code>
///   6 rows x 8 columns: 12 accumulators, 2 registers of weights, 1 of the left side, 1 product: the 16 of AVX2
/// </code>
/// A step of one quad is 2 widening loads, 6 broadcasts, 12 VPMADDWD and 12 VPADDD (scheduled for Zen 3: four vector pipes, two multiply).
/// </summary>
internal sealed unsafe class Avx2Product : ProductKernel
{
    private const int HalfColumns = Panels.Columns / 2;

    // Keeps the loop of Peak alive.
    private Vector256<int> peak;

    public static bool IsSupported => Avx2.IsSupported;

    public override string Name => "avx2";

    public override int TileRows => 6;

    public override int OperandBytes(int inner) => inner * sizeof(short);

    public override int WideOperandBytes(int inner) => 0;

    public override Operand Prepare(sbyte* rows, nint stride, int count, int inner, byte* scratch)
    {
        short* wide = (short*)scratch;
        for (int r = 0; r < count; r++, rows += stride, wide += inner)
        {
            for (nint k = 0; k < inner; k += Panels.InnerBlock)
            {
                Avx2.ConvertToVector256Int16(rows + k).Store(wide + k);
            }
        }
        return new(scratch, inner * sizeof(short));
    }

    public override Operand PrepareWide(ushort* rows, nint stride, int count, int inner, byte* scratch) => new((byte*)rows, stride);

    public override void MultiplyWide(Operand left, int rows, in Panels panels, int panel, int* tile) =>
        Multiply(left, rows, panels.At(panel), panels.Inner, null, tile);

    public override void Multiply(Operand left, int rows, in Panels panels, int panel, int* tile) =>
        Multiply(left, rows, panels.At(panel), panels.Inner, panels.BiasAt(panel), tile);

    public override long Peak(int iterations)
    {
        Vector256<short> a = Vector256.Create((short)1);
        Vector256<int> c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
        Vector256<int> c6 = default, c7 = default, c8 = default, c9 = default, c10 = default, c11 = default;
        for (int i = 0; i < iterations; i++)
        {
            c0 += Avx2.MultiplyAddAdjacent(c0.AsInt16(), a);
            c1 += Avx2.MultiplyAddAdjacent(c1.AsInt16(), a);
            c2 += Avx2.MultiplyAddAdjacent(c2.AsInt16(), a);
            c3 += Avx2.MultiplyAddAdjacent(c3.AsInt16(), a);
            c4 += Avx2.MultiplyAddAdjacent(c4.AsInt16(), a);
            c5 += Avx2.MultiplyAddAdjacent(c5.AsInt16(), a);
            c6 += Avx2.MultiplyAddAdjacent(c6.AsInt16(), a);
            c7 += Avx2.MultiplyAddAdjacent(c7.AsInt16(), a);
            c8 += Avx2.MultiplyAddAdjacent(c8.AsInt16(), a);
            c9 += Avx2.MultiplyAddAdjacent(c9.AsInt16(), a);
            c10 += Avx2.MultiplyAddAdjacent(c10.AsInt16(), a);
            c11 += Avx2.MultiplyAddAdjacent(c11.AsInt16(), a);
        }
        peak = c0 ^ c1 ^ c2 ^ c3 ^ c4 ^ c5 ^ c6 ^ c7 ^ c8 ^ c9 ^ c10 ^ c11;
        return 12L * 16 * iterations;
    }

    private static void Multiply(Operand left, int rows, sbyte* panel, int inner, int* bias, int* tile)
    {
        switch (rows)
        {
            case 1:
                Tile<OneRow>(left, panel, inner, bias, tile);
                break;
            case 2:
                Tile<TwoRows>(left, panel, inner, bias, tile);
                break;
            case 3:
                Tile<ThreeRows>(left, panel, inner, bias, tile);
                break;
            case 4:
                Tile<FourRows>(left, panel, inner, bias, tile);
                break;
            case 5:
                Tile<FiveRows>(left, panel, inner, bias, tile);
                break;
            default:
                Tile<SixRows>(left, panel, inner, bias, tile);
                break;
        }
    }

    private static void Tile<TRows>(Operand left, sbyte* panel, int inner, int* bias, int* tile)
        where TRows : struct, IRowCount
    {
        Half<TRows>(left, panel, inner, bias, tile);
        Half<TRows>(left, panel + HalfColumns * Panels.Quad, inner, bias is null ? null : bias + HalfColumns, tile + HalfColumns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Half<TRows>(Operand left, sbyte* panel, int inner, int* bias, int* tile)
        where TRows : struct, IRowCount
    {
        // Rows that the tile lacks alias the first: their code is not compiled.
        byte* p0 = left.Data;
        byte* p1 = p0 + left.Stride, p2 = p1 + left.Stride, p3 = p2 + left.Stride, p4 = p3 + left.Stride, p5 = p4 + left.Stride;
        Row r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        for (nint end = inner * 2, k = 0; k < end; k += 8)
        {
            Vector256<short> w0 = Avx2.ConvertToVector256Int16(panel + k * 8);
            Vector256<short> w4 = Avx2.ConvertToVector256Int16(panel + k * 8 + 16);
            r0.Add(p0 + k, w0, w4);
            if (TRows.Value > 1)
            {
                r1.Add(p1 + k, w0, w4);
            }
            if (TRows.Value > 2)
            {
                r2.Add(p2 + k, w0, w4);
            }
            if (TRows.Value > 3)
            {
                r3.Add(p3 + k, w0, w4);
            }
            if (TRows.Value > 4)
            {
                r4.Add(p4 + k, w0, w4);
            }
            if (TRows.Value > 5)
            {
                r5.Add(p5 + k, w0, w4);
            }
        }
        Vector256<int> start = bias is null ? default : Vector256.Load(bias);
        r0.Store(start, tile);
        if (TRows.Value > 1)
        {
            r1.Store(start, tile + Panels.Columns);
        }
        if (TRows.Value > 2)
        {
            r2.Store(start, tile + 2 * Panels.Columns);
        }
        if (TRows.Value > 3)
        {
            r3.Store(start, tile + 3 * Panels.Columns);
        }
        if (TRows.Value > 4)
        {
            r4.Store(start, tile + 4 * Panels.Columns);
        }
        if (TRows.Value > 5)
        {
            r5.Store(start, tile + 5 * Panels.Columns);
        }
    }

    /// <summary>A row's accumulators: columns 0..3 and 4..7, two lanes each.</summary>
    private struct Row
    {
        private Vector256<int> c0, c4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(byte* quad, Vector256<short> w0, Vector256<short> w4)
        {
            Vector256<short> a = Vector256.Create(*(long*)quad).AsInt16();
            c0 += Avx2.MultiplyAddAdjacent(a, w0);
            c4 += Avx2.MultiplyAddAdjacent(a, w4);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(Vector256<int> start, int* tile)
        {
            // c0 c1 c4 c5 | c2 c3 c6 c7
            Vector256<long> pairs = Avx2.HorizontalAdd(c0, c4).AsInt64();
            (start + Avx2.Permute4x64(pairs, 0b11_01_10_00).AsInt32()).Store(tile);
        }
    }
}
