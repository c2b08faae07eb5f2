// What the two ARM64 products share: rows read in place, wide rows cut into two 7-bit digits.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace IBert.Edge.Kernels;

/// <summary>
/// Products on ARM64 multiply int8 by int8 as it lies in memory. A 14-bit left side is <c>low + 128 high</c>: both digits are 0..127, so a
/// wide product is two narrow ones, the higher one shifted by seven bits and continued.
/// <code>
///   wide row: | low digits [inner] | high digits [inner] |
/// </code>
/// </summary>
internal abstract unsafe class NeonProduct : ProductKernel
{
    private const int DigitBits = WideBits / 2;

    public sealed override int TileRows => MaxTileRows;

    public sealed override int OperandBytes(int inner) => 0;

    public sealed override int WideOperandBytes(int inner) => 2 * inner;

    public sealed override Operand Prepare(sbyte* rows, nint stride, int count, int inner, byte* scratch) => new((byte*)rows, stride);

    public sealed override Operand PrepareWide(ushort* rows, nint stride, int count, int inner, byte* scratch)
    {
        byte* digits = scratch;
        for (int r = 0; r < count; r++, rows = (ushort*)((byte*)rows + stride), digits += 2 * inner)
        {
            for (nint k = 0; k < inner; k += Panels.InnerBlock)
            {
                Vector128<ushort> x0 = Vector128.Load(rows + k), x1 = Vector128.Load(rows + k + 8);
                Vector128<byte> low = AdvSimd.ExtractNarrowingUpper(AdvSimd.ExtractNarrowingLower(x0), x1);
                Vector64<byte> lower = AdvSimd.ShiftRightLogicalNarrowingLower(x0, DigitBits);
                Vector128<byte> high = AdvSimd.ShiftRightLogicalNarrowingUpper(lower, x1, DigitBits);
                (low & Vector128.Create((byte)((1 << DigitBits) - 1))).Store(digits + k);
                high.Store(digits + inner + k);
            }
        }
        return new(scratch, 2 * inner);
    }

    public sealed override void Multiply(Operand left, int rows, in Panels panels, int panel, int* tile) =>
        Accumulate(left, rows, panels.At(panel), panels.Inner, panels.BiasAt(panel), 0, tile);

    public sealed override void MultiplyWide(Operand left, int rows, in Panels panels, int panel, int* tile)
    {
        sbyte* weights = panels.At(panel);
        int inner = panels.Inner;
        Accumulate(new(left.Data + inner, left.Stride), rows, weights, inner, null, 0, tile);
        for (int i = 0; i < rows * Panels.Columns; i += 4)
        {
            (Vector128.Load(tile + i) << DigitBits).Store(tile + i);
        }
        Accumulate(left, rows, weights, inner, tile, Panels.Columns, tile);
    }

    /// <summary>tile[r, c] = start[r * startStride + c] + the product; a null start is zero, a stride of 0 the same for all rows.</summary>
    protected abstract void Accumulate(Operand left, int rows, sbyte* panel, int inner, int* start, nint startStride, int* tile);
}
