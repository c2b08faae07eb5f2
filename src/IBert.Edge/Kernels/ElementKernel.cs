// What the element-wise kernels do, whatever their instruction set.
namespace IBert.Edge.Kernels;

/// <summary>
/// How 32-bit accumulators leave for another scale: a multiplier per channel, one rounding (<see cref="Numerics.Dyadic"/>).
/// </summary>
internal unsafe struct ChannelScale
{
    /// <summary>A signed multiplier for each channel, channels padded to a multiple of 16.</summary>
    public int* Multipliers;

    /// <summary>For LayerNorm: beta, in units of 2^-Shift of the output; otherwise null.</summary>
    public int* Addends;

    /// <summary>k, 0..24.</summary>
    public int PreShift;

    /// <summary>s = e - 32, 1..30.</summary>
    public int Shift;

    /// <summary>Added after the rounding.</summary>
    public int ZeroPoint;

    /// <summary>Clamp, after the zero point.</summary>
    public int Low, High;
}

/// <summary>LayerNorm over a row: N channels padded to a multiple of 16, where both inputs are zero in the padding.</summary>
internal unsafe struct LayerNormScale
{
    /// <summary>N, the true number of channels, 1..16384.</summary>
    public int Channels;

    /// <summary>N^2 times the variance's epsilon in units of the input's scale squared, at least 0, below 2^61.</summary>
    public long Epsilon;

    /// <summary>c: 2^c exceeds 2 sqrt(N); the normalized value has 28 - c fraction bits.</summary>
    public int HeadRoom;

    /// <summary><see cref="HeadRoom"/> for a number of channels.</summary>
    public static int HeadRoomOf(int channels)
    {
        int room = 0;
        while (1L << (2 * room) <= 4L * channels)
        {
            room++;
        }
        return room;
    }

    /// <summary>The 16-bit output (the residual stream), zero point 0; its multipliers are null where it is not wanted.</summary>
    public ChannelScale Wide;

    /// <summary>The 8-bit output (the next product's input).</summary>
    public ChannelScale Narrow;
}

/// <summary>Softmax over a row of scores: differences to the maximum times a multiplier give the exponent of two, Q15.</summary>
internal struct SoftmaxScale
{
    /// <summary>Differences are capped here, below 2^(31-PreShift): the exponential is zero from there on.</summary>
    public int Limit;

    /// <summary>Positive multiplier.</summary>
    public int Multiplier;

    /// <summary>k, 0..24.</summary>
    public int PreShift;

    /// <summary>s, 1..30.</summary>
    public int Shift;

    /// <summary>Width of an exponential, 1..14 bits; 2^bits - 1 stands for one.</summary>
    public int Bits;
}

/// <summary>How a context row leaves its accumulators: divided by the row's sum of exponentials and scaled, in one rounding.</summary>
internal struct ContextScale
{
    /// <summary>Scale of V over the scale of the output: Multiplier / 2^Exponent, the multiplier in 2^30..2^31-1.</summary>
    public int Multiplier;

    /// <summary>e of the ratio; e + floor(log2(sum)) - 32 is in 1..30 for every possible sum.</summary>
    public int Exponent;

    /// <summary>Added after the rounding.</summary>
    public int ZeroPoint;

    /// <summary>Clamp, after the zero point.</summary>
    public int Low, High;
}

/// <summary>
/// Everything that is not a product: requantization, LayerNorm, softmax, gated functions, the embedding sum. Rows are padded to multiples
/// of 16 channels, so no kernel has a tail. <see cref="ScalarElements"/> is the definition.
/// </summary>
internal abstract unsafe class ElementKernel
{
    /// <summary>The instruction set, as <c>selftest</c> prints it.</summary>
    public abstract string Name { get; }

    /// <summary>Requantizes a tile of int32 [rows][16] to int8.</summary>
    /// <param name="tile">Accumulators, |x| &lt; 2^(31-k).</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="scale">How; multipliers from channel 0.</param>
    /// <param name="column">Channel of the tile's first column, a multiple of 16.</param>
    /// <param name="output">Where row 0's first column goes.</param>
    /// <param name="stride">Bytes from an output row to the next.</param>
    public abstract void ToInt8(int* tile, int rows, in ChannelScale scale, int column, sbyte* output, nint stride);

    /// <summary>As <see cref="ToInt8"/>, to int16.</summary>
    public abstract void ToInt16(int* tile, int rows, in ChannelScale scale, int column, short* output, nint stride);

    /// <summary>As <see cref="ToInt8"/>, to int32.</summary>
    public abstract void ToInt32(int* tile, int rows, in ChannelScale scale, int column, int* output, nint stride);

    /// <summary>Takes context accumulators [rows][16] to int8, each row divided by its sum of exponentials.</summary>
    /// <param name="tile">Accumulators.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="sums">For each row the sum of its exponentials, at least 1.</param>
    /// <param name="scale">How.</param>
    /// <param name="output">Where row 0's first column goes.</param>
    /// <param name="stride">Bytes from an output row to the next.</param>
    public abstract void ContextToInt8(int* tile, int rows, int* sums, in ContextScale scale, sbyte* output, nint stride);

    /// <summary>Exponentials of rows of scores, and their sums.</summary>
    /// <param name="scores">Rows of count scores, |s| &lt; 2^30; readable up to a multiple of 16.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="stride">Values from a row to the next, of scores and of exponentials.</param>
    /// <param name="count">1 or more.</param>
    /// <param name="scale">How.</param>
    /// <param name="exponentials">Written up to the next multiple of 16: zeros beyond count.</param>
    /// <param name="sums">The sum of each row's exponentials.</param>
    public abstract void Softmax(int* scores, int rows, int stride, int count, in SoftmaxScale scale, ushort* exponentials, int* sums);

    /// <summary>Normalizes one row of the saturated sum of two int16 rows.</summary>
    /// <param name="a">One input.</param>
    /// <param name="b">The other, or null.</param>
    /// <param name="scale">How.</param>
    /// <param name="wide">
    /// 16-bit output; null where it is not wanted. May be the same memory as <paramref name="a"/> or <paramref name="b"/>.
    /// </param>
    /// <param name="narrow">8-bit output.</param>
    public abstract void LayerNorm(short* a, short* b, in LayerNormScale scale, short* wide, sbyte* narrow);

    /// <summary>
    /// A function f(x) = x g(x) of one row, with a multiplier per channel: <c>v = mulhrs(x, gate[(x &gt;&gt; 4) + 2048])</c>,
    /// <c>output = clamp8(zeroPoint + mulhrs(v, multiplier))</c> with mulhrs(a, b) = (a b + 2^14) &gt;&gt; 15 (SQRDMULH, VPMULHRSW).
    /// </summary>
    /// <param name="input">count values.</param>
    /// <param name="gate">4096 values of g, Q15, none of them -32768.</param>
    /// <param name="multipliers">A multiplier for each channel, Q15, none of them -32768.</param>
    /// <param name="zeroPoint">Added last, -128..127; the sum saturates.</param>
    /// <param name="output">count values.</param>
    /// <param name="count">A multiple of 16.</param>
    public abstract void Gate(short* input, short* gate, short* multipliers, int zeroPoint, sbyte* output, int count);

    /// <summary>output[c] = clamp16((a[c] ma + b[c] mb + t[c] mt + 2^(s-1)) &gt;&gt; s), in 32 bits.</summary>
    /// <param name="a">A row of the first table (and so on); t may be null.</param>
    /// <param name="ma">Its multiplier; 128 (ma + mb + mt) + 2^(s-1) &lt; 2^31.</param>
    /// <param name="b">A row of the second table.</param>
    /// <param name="mb">Its multiplier.</param>
    /// <param name="t">A row of the third table, or null.</param>
    /// <param name="mt">Its multiplier, 0 without a third table.</param>
    /// <param name="shift">s, 1..30.</param>
    /// <param name="columns">A multiple of 16.</param>
    /// <param name="output">columns values.</param>
    public abstract void EmbeddingSum(sbyte* a, int ma, sbyte* b, int mb, sbyte* t, int mt, int shift, int columns, short* output);

    /// <summary>Packs rows of int8 as a panel whose columns are the rows: K, for QK^T.</summary>
    /// <param name="rows">count rows of <paramref name="inner"/> values.</param>
    /// <param name="stride">Bytes from a row to the next.</param>
    /// <param name="count">1 or more.</param>
    /// <param name="inner">A multiple of 16.</param>
    /// <param name="panels">ceil(count/16) panels [inner/4][16][4]; columns beyond count are zero.</param>
    public abstract void PackKeys(sbyte* rows, nint stride, int count, int inner, sbyte* panels);

    /// <summary>Packs rows of int8 as panels whose inner dimension is the rows: V, for PV.</summary>
    /// <param name="rows">count rows of <paramref name="columns"/> values.</param>
    /// <param name="stride">Bytes from a row to the next.</param>
    /// <param name="count">1 or more.</param>
    /// <param name="columns">A multiple of 16.</param>
    /// <param name="panels">columns/16 panels [ceil16(count)/4][16][4]; rows beyond count are zero.</param>
    public abstract void PackValues(sbyte* rows, nint stride, int count, int columns, sbyte* panels);
}
