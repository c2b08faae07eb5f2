// The one matrix product of the reference: fast, and the same bits on every machine.
// Vectors run over output columns, so each output is one sequential sum over k whatever the width of a register; a product is rounded
// before it is added (no fused multiply-add, which some machines lack).
using System.Numerics;

namespace IBert.Edge.Quantization.Reference;

/// <summary>
/// Y = X B + bias with B packed in panels of <see cref="PanelColumns"/> columns:
/// <code>
///   B [K, N]            panel 0          panel 1            the last one padded with zeros
///   k0: c0 c1 c2 ...    k0: c0 .. c15    k0: c16 .. c31     (16 columns where a vector has 8 floats)
///   k1: c0 c1 c2 ...    k1: c0 .. c15    k1: c16 .. c31
/// </code>
/// </summary>
internal static unsafe class MatrixProduct
{
    // 4 rows x 2 vectors: eight accumulators hide the latency of addition, and with the two vectors of the panel and the
    // broadcast elements they fit into the sixteen registers of AVX2.
    private const int TileRows = 4;

    /// <summary>Columns of a panel on this machine.</summary>
    public static int PanelColumns => 2 * Vector<float>.Count;

    /// <summary>Floats that B packed takes.</summary>
    public static int PackedLength(int depth, int columns) =>
        checked((columns + PanelColumns - 1) / PanelColumns * PanelColumns * depth);

    /// <summary>Packs B[k, n] = source[k * rowStride + n * columnStride].</summary>
    public static void Pack(ReadOnlySpan<float> source, int rowStride, int columnStride, int depth, int columns, Span<float> packed)
    {
        int width = PanelColumns;
        for (int first = 0, at = 0; first < columns; first += width)
        {
            int used = Math.Min(width, columns - first);
            for (int k = 0; k < depth; k++, at += width)
            {
                Span<float> line = packed.Slice(at, width);
                for (int n = 0; n < used; n++)
                {
                    line[n] = source[k * rowStride + (first + n) * columnStride];
                }
                line[used..].Clear();
            }
        }
    }

    /// <summary>Multiplies.</summary>
    /// <param name="x">[rows, depth], a row every <paramref name="xStride"/> floats.</param>
    /// <param name="xStride">Floats from a row of x to the next.</param>
    /// <param name="rows">Rows of x and y.</param>
    /// <param name="packed">B as <see cref="Pack"/> writes it.</param>
    /// <param name="depth">K.</param>
    /// <param name="columns">N.</param>
    /// <param name="bias">[columns], or empty for none.</param>
    /// <param name="y">[rows, columns], a row every <paramref name="yStride"/> floats.</param>
    /// <param name="yStride">Floats from a row of y to the next.</param>
    public static void Multiply(
        ReadOnlySpan<float> x, int xStride, int rows, ReadOnlySpan<float> packed, int depth, int columns, ReadOnlySpan<float> bias,
        Span<float> y, int yStride)
    {
        // The pointers below go where these three say.
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(x.Length, (rows - 1) * xStride + depth);
        ArgumentOutOfRangeException.ThrowIfLessThan(packed.Length, PackedLength(depth, columns));

        int width = PanelColumns;
        float* tile = stackalloc float[TileRows * width];
        fixed (float* px = x, panels = packed)
        {
            for (int first = 0; first < columns; first += width)
            {
                float* panel = panels + (long)first * depth;
                for (int row = 0; row < rows; row += TileRows)
                {
                    // A tile that reaches beyond the last row computes that row again.
                    float* x0 = px + (long)row * xStride;
                    float* x1 = px + (long)Math.Min(row + 1, rows - 1) * xStride;
                    float* x2 = px + (long)Math.Min(row + 2, rows - 1) * xStride;
                    float* x3 = px + (long)Math.Min(row + 3, rows - 1) * xStride;
                    if (Vector.IsHardwareAccelerated)
                    {
                        MultiplyTile(x0, x1, x2, x3, panel, depth, tile);
                    }
                    else
                    {
                        MultiplyTileScalar(x0, x1, x2, x3, panel, depth, tile);
                    }
                    int used = Math.Min(width, columns - first);
                    for (int r = 0; r < Math.Min(TileRows, rows - row); r++)
                    {
                        Store(
                            tile + r * width, bias.IsEmpty ? default : bias.Slice(first, used), y.Slice((row + r) * yStride + first, used));
                    }
                }
            }
        }
    }

    private static void MultiplyTile(float* x0, float* x1, float* x2, float* x3, float* panel, int depth, float* tile)
    {
        int lanes = Vector<float>.Count;
        Vector<float> a0 = default, b0 = default, a1 = default, b1 = default;
        Vector<float> a2 = default, b2 = default, a3 = default, b3 = default;
        for (int k = 0; k < depth; k++)
        {
            Vector<float> a = Vector.Load(panel);
            Vector<float> b = Vector.Load(panel + lanes);
            panel += 2 * lanes;
            var x = new Vector<float>(x0[k]);
            a0 += a * x;
            b0 += b * x;
            x = new Vector<float>(x1[k]);
            a1 += a * x;
            b1 += b * x;
            x = new Vector<float>(x2[k]);
            a2 += a * x;
            b2 += b * x;
            x = new Vector<float>(x3[k]);
            a3 += a * x;
            b3 += b * x;
        }
        Vector.Store(a0, tile);
        Vector.Store(b0, tile + lanes);
        Vector.Store(a1, tile + 2 * lanes);
        Vector.Store(b1, tile + 3 * lanes);
        Vector.Store(a2, tile + 4 * lanes);
        Vector.Store(b2, tile + 5 * lanes);
        Vector.Store(a3, tile + 6 * lanes);
        Vector.Store(b3, tile + 7 * lanes);
    }

    // The software form of Vector<T> is many times slower than plain floats.
    private static void MultiplyTileScalar(float* x0, float* x1, float* x2, float* x3, float* panel, int depth, float* tile)
    {
        int width = PanelColumns;
        new Span<float>(tile, TileRows * width).Clear();
        for (int k = 0; k < depth; k++, panel += width)
        {
            for (int n = 0; n < width; n++)
            {
                float b = panel[n];
                tile[n] += b * x0[k];
                tile[width + n] += b * x1[k];
                tile[2 * width + n] += b * x2[k];
                tile[3 * width + n] += b * x3[k];
            }
        }
    }

    private static void Store(float* sums, ReadOnlySpan<float> bias, Span<float> y)
    {
        if (bias.IsEmpty)
        {
            new ReadOnlySpan<float>(sums, y.Length).CopyTo(y);
            return;
        }
        for (int n = 0; n < y.Length; n++)
        {
            y[n] = sums[n] + bias[n];
        }
    }
}
