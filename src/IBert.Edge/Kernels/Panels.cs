// Where packed weights lie: padding, sizes and addresses of panels, each written here alone.
using System.Runtime.CompilerServices;
using IBert.Edge.Numerics;

namespace IBert.Edge.Kernels;

/// <summary>
/// The packed right side of a product, [inner, columns]: panels of 16 columns one behind the other, and what belongs to their columns. A
/// kernel gets all of it with the number of a panel, and takes what its instructions need.
/// <code>
///   panel, layout 1 ("quads"): [inner/4][16 columns][4]     a 16-byte load is four columns' quads: an SDOT operand as it is
///
///            k 0..3                       k 4..7
///     | c0 c0 c0 c0 | c1 .. | c15 .. | c0 c0 c0 c0 | ...
/// </code>
/// Inner and columns are padded with zero weights to multiples of 16, so what a left side holds beyond the true length does not matter, as
/// long as it may be read. Weights and V are never -128: two products -128 * w then fit 16 bits (SMULL + SMLAL).
/// </summary>
/// <param name="weights">The first panel.</param>
/// <param name="inner">Length of a column, a multiple of <see cref="InnerBlock"/>.</param>
internal readonly unsafe struct Panels(sbyte* weights, int inner)
{
    /// <summary>Columns of a panel.</summary>
    public const int Columns = 16;

    /// <summary>
    /// Inner is a multiple of this: the same as <see cref="Columns"/>, so that a padded row is both a left side and a whole number of
    /// panels.
    /// </summary>
    public const int InnerBlock = Columns;

    /// <summary>Consecutive inputs of a column that lie together.</summary>
    public const int Quad = 4;

    /// <summary>Bytes from a quad of a column to the next one: those of all columns of the panel lie between.</summary>
    public const int QuadStride = Quad * Columns;

    /// <summary>How a panel is arranged: <see cref="ConstantLayout.Quads"/>; the verifier refuses all others.</summary>
    public ConstantLayout Layout { get; init; } = ConstantLayout.Quads;

    /// <summary>Bits of a weight's code: 8, a weight as it is.</summary>
    public int Bits { get; init; } = 8;

    /// <summary>Multipliers of blocks of weights with fewer bits; null where there are none, as in layout 1.</summary>
    public byte* Scales { get; init; }

    /// <summary>What a column's sum starts from; null for zero.</summary>
    public int* Bias { get; init; }

    /// <summary>
    /// The sum of each column's weights, from which a kernel that offsets its left side to unsigned takes the offset's part; null where
    /// nobody has summed them: keys and values, packed for each text.
    /// </summary>
    public int* ColumnSums { get; init; }

    /// <summary>The first panel.</summary>
    public sbyte* Weights { get; } = weights;

    /// <summary>Length of a column with its padding.</summary>
    public int Inner { get; } = inner;

    /// <summary>Rounded up to whole panels, or to whole blocks of inputs: a multiple of 16.</summary>
    public static int Padded(int count) => (count + Columns - 1) & -Columns;

    /// <summary>Bytes of the panels of so many inputs and columns, padding included.</summary>
    public static long Bytes(int inner, int columns) => (long)Padded(inner) * Padded(columns);

    /// <summary>Where the weight of input k and a column 0..15 lies in its panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PlaceInPanel(int k, int column) => ((k & -Quad) * Columns) + (column * Quad) + (k & (Quad - 1));

    /// <summary>Where the weight of input k and a column of the matrix lies, counted from the first panel.</summary>
    /// <param name="k">0..inner - 1.</param>
    /// <param name="column">Of all panels.</param>
    /// <param name="inner">Length of a column with its padding.</param>
    public static long Place(int k, int column, int inner) =>
        ((long)(column / Columns) * Columns * inner) + PlaceInPanel(k, column % Columns);

    /// <summary>A panel's first byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public sbyte* At(int panel) => Weights + ((long)panel * Columns * Inner);

    /// <summary>A panel's 16 starts; null for zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int* BiasAt(int panel) => Bias is null ? null : Bias + (panel * Columns);
}
