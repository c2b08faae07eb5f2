// What a matrix product kernel does, whatever its instruction set.
using IBert.Edge.Numerics;

namespace IBert.Edge.Kernels;

/// <summary>Rows of a product's left side, in the form that a kernel reads.</summary>
/// <param name="data">First byte of the first row.</param>
/// <param name="stride">Bytes from a row to the next.</param>
internal readonly unsafe struct Operand(byte* data, nint stride)
{
    public byte* Data { get; } = data;

    public nint Stride { get; } = stride;

    /// <summary>The same rows from a later one on.</summary>
    public Operand From(int row) => new(Data + row * Stride, Stride);
}

/// <summary>
/// int8 x int8 -> int32 products of a few rows with one panel of 16 columns. A kernel knows only this tile; whoever drives it walks
/// rows and panels and takes the 32-bit results where they belong.
/// <code>
///   left side: rows of int8, contiguous in k.      right side: a panel of Panels.      tile: int32 [rows][16]
/// </code>
/// </summary>
internal abstract unsafe class ProductKernel
{
    /// <summary>Most rows a tile has, of any kernel.</summary>
    public const int MaxTileRows = 8;

    /// <summary>Elements of the caller's tile.</summary>
    public const int TileSize = MaxTileRows * Panels.Columns;

    /// <summary>Bits of a wide left side's values: two digits of seven.</summary>
    public const int WideBits = 14;

    /// <summary>The instruction set and technique, as <c>inspect</c>, <c>bench</c> and <c>selftest</c> print it.</summary>
    public abstract string Name { get; }

    /// <summary>Most rows of one tile of this kernel, 1..<see cref="MaxTileRows"/>.</summary>
    public abstract int TileRows { get; }

    /// <summary>Rows in tiles, evenly: a last tile of one row would cost nearly as much as a full one.</summary>
    public Shares Tiles(int rows) => new(rows, (rows + TileRows - 1) / TileRows);

    /// <summary>
    /// Scratch bytes that <see cref="Prepare"/> needs for a row; 0 where rows are read as they are. Rows lie there one behind the other, so
    /// that each of several workers can prepare some of them.
    /// </summary>
    public abstract int OperandBytes(int inner);

    /// <summary>Scratch bytes that <see cref="PrepareWide"/> needs for a row; 0 where rows are read as they are.</summary>
    public abstract int WideOperandBytes(int inner);

    /// <summary>Brings rows of int8 into the kernel's form.</summary>
    /// <param name="rows">Rows of <paramref name="inner"/> readable int8 values.</param>
    /// <param name="stride">Bytes from a row to the next.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="inner">Length of a row, a multiple of 16.</param>
    /// <param name="scratch">At least <c>count * OperandBytes(inner)</c> bytes, 64-byte aligned.</param>
    public abstract Operand Prepare(sbyte* rows, nint stride, int count, int inner, byte* scratch);

    /// <summary>Rows that were brought into the kernel's form by <see cref="Prepare"/>, in one call or in several.</summary>
    /// <param name="scratch">Where the first one lies.</param>
    /// <param name="inner">Length of a row; <see cref="OperandBytes"/> of it are not 0.</param>
    public Operand Prepared(byte* scratch, int inner) => new(scratch, OperandBytes(inner));

    /// <summary>Brings rows of 14-bit unsigned values, 0..16383, into the kernel's form for <see cref="MultiplyWide"/>.</summary>
    /// <inheritdoc cref="Prepare"/>
    public abstract Operand PrepareWide(ushort* rows, nint stride, int count, int inner, byte* scratch);

    /// <summary>tile[r, c] = bias[c] + sum over k of left[r, k] * panel[k, c], modulo 2^32 (bounds are proven before).</summary>
    /// <param name="left">From <see cref="Prepare"/>, advanced to the tile's first row.</param>
    /// <param name="rows">1..<see cref="TileRows"/>.</param>
    /// <param name="panels">The right side; its inner length is that of the left side's rows.</param>
    /// <param name="panel">Which of its panels, counted from 0.</param>
    /// <param name="tile">rows * 16 results, row-major.</param>
    public abstract void Multiply(Operand left, int rows, in Panels panels, int panel, int* tile);

    /// <summary>
    /// As <see cref="Multiply"/> with a left side from <see cref="PrepareWide"/>, and without a bias: the panels have none.
    /// </summary>
    /// <inheritdoc cref="Multiply"/>
    public abstract void MultiplyWide(Operand left, int rows, in Panels panels, int panel, int* tile);

    /// <summary>
    /// The ceiling that <see cref="Multiply"/> is measured against: its multiply and add instructions on registers alone, without a load.
    /// Every product depends on an accumulator, so that none can be taken out of the loop.
    /// </summary>
    /// <param name="iterations">How often the loop runs; whoever times it chooses.</param>
    /// <returns>int8 multiply-accumulates done.</returns>
    public abstract long Peak(int iterations);
}
