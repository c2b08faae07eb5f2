// The element-wise operations' definitions: plain loops, the oracle of all the others.
using System.Numerics;
using System.Runtime.CompilerServices;
using IBert.Edge.Numerics;

namespace IBert.Edge.Kernels;

/// <summary>The definition of <see cref="ElementKernel"/>; runs everywhere.</summary>
internal sealed unsafe class ScalarElements : ElementKernel
{
    private const int Columns = Panels.Columns;

    public override string Name => "scalar";

    public override void ToInt8(int* tile, int rows, in ChannelScale scale, int column, sbyte* output, nint stride)
    {
        for (int r = 0; r < rows; r++)
        {
            sbyte* row = output + r * stride;
            for (int c = 0; c < Columns; c++)
            {
                row[c] = (sbyte)Requantize(tile[r * Columns + c], scale, column + c);
            }
        }
    }

    public override void ToInt16(int* tile, int rows, in ChannelScale scale, int column, short* output, nint stride)
    {
        for (int r = 0; r < rows; r++)
        {
            short* row = (short*)((byte*)output + r * stride);
            for (int c = 0; c < Columns; c++)
            {
                row[c] = (short)Requantize(tile[r * Columns + c], scale, column + c);
            }
        }
    }

    public override void ToInt32(int* tile, int rows, in ChannelScale scale, int column, int* output, nint stride)
    {
        for (int r = 0; r < rows; r++)
        {
            int* row = (int*)((byte*)output + r * stride);
            for (int c = 0; c < Columns; c++)
            {
                row[c] = Requantize(tile[r * Columns + c], scale, column + c);
            }
        }
    }

    public override void ContextToInt8(int* tile, int rows, int* sums, in ContextScale scale, sbyte* output, nint stride)
    {
        for (int r = 0; r < rows; r++)
        {
            (int multiplier, int shift) = RowScale(sums[r], scale);
            sbyte* row = output + r * stride;
            for (int c = 0; c < Columns; c++)
            {
                int y = Dyadic.Scale(tile[r * Columns + c], multiplier, 0, shift);
                row[c] = (sbyte)Dyadic.Place(y, scale.ZeroPoint, scale.Low, scale.High);
            }
        }
    }

    /// <summary>The one division of a context row: the ratio over the row's sum, with as many bits as the ratio has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (int Multiplier, int Shift) RowScale(int sum, in ContextScale scale)
    {
        int power = BitOperations.Log2((uint)sum);
        int multiplier = (int)((((long)scale.Multiplier << power) + (sum >> 1)) / sum);
        return (multiplier, scale.Exponent + power - 32);
    }

    public override void Softmax(int* scores, int rows, int stride, int count, in SoftmaxScale scale, ushort* exponentials, int* sums)
    {
        for (int r = 0; r < rows; r++, scores += stride, exponentials += stride)
        {
            int maximum = scores[0];
            for (int i = 1; i < count; i++)
            {
                maximum = Math.Max(maximum, scores[i]);
            }
            sums[r] = 0;
            for (int i = 0; i < count; i++)
            {
                int distance = Math.Min(maximum - scores[i], scale.Limit);
                int t = Math.Min(Dyadic.Scale(distance, scale.Multiplier, scale.PreShift, scale.Shift), IntegerMath.ExponentLimit);
                int e = IntegerMath.Exp2Negative(t, scale.Bits);
                exponentials[i] = (ushort)e;
                sums[r] += e;
            }
            int padded = Panels.Padded(count);
            for (int i = count; i < padded; i++)
            {
                exponentials[i] = 0;
            }
        }
    }

    public override void LayerNorm(short* a, short* b, in LayerNormScale scale, short* wide, sbyte* narrow)
    {
        int padded = Panels.Padded(scale.Channels);
        long sum = 0, squares = 0;
        for (int c = 0; c < padded; c++)
        {
            int x = Sum(a, b, c);
            sum += x;
            squares += (long)x * x;
        }
        RowNorm norm = new(scale, sum, squares);
        for (int c = 0; c < padded; c++)
        {
            int v = norm.Normalize(Sum(a, b, c));
            if (wide is not null)
            {
                int y = Dyadic.ScaleAdd(v, scale.Wide.Multipliers[c], scale.Wide.Addends[c], scale.Wide.Shift);
                wide[c] = (short)Dyadic.Place(y, 0, scale.Wide.Low, scale.Wide.High);
            }
            int n = Dyadic.ScaleAdd(v, scale.Narrow.Multipliers[c], scale.Narrow.Addends[c], scale.Narrow.Shift);
            narrow[c] = (sbyte)Dyadic.Place(n, scale.Narrow.ZeroPoint, scale.Narrow.Low, scale.Narrow.High);
        }

        static int Sum(short* a, short* b, int c) =>
            b is null ? a[c] : Math.Min(Math.Max(a[c] + b[c], short.MinValue), short.MaxValue);
    }

    public override void Gate(short* input, short* gate, short* multipliers, int zeroPoint, sbyte* output, int count)
    {
        for (int i = 0; i < count; i++)
        {
            output[i] = (sbyte)Dyadic.Place(
                MultiplyHigh16(Gated(input[i], gate), multipliers[i]), zeroPoint, sbyte.MinValue, sbyte.MaxValue);
        }
    }

    /// <summary>x g(x) in the scale of x, before the channel's multiplier.</summary>
    /// <param name="x">The value.</param>
    /// <param name="gate">4096 values of g, Q15, none of them -32768.</param>
    public static int Gated(short x, short* gate) => MultiplyHigh16(x, gate[(x >> 4) + 2048]);

    private static int MultiplyHigh16(int a, int b) => ((a * b) + (1 << 14)) >> 15;

    public override void EmbeddingSum(sbyte* a, int ma, sbyte* b, int mb, sbyte* t, int mt, int shift, int columns, short* output)
    {
        for (int c = 0; c < columns; c++)
        {
            int sum = a[c] * ma + b[c] * mb + (t is null ? 0 : t[c] * mt);
            int y = (sum + (1 << (shift - 1))) >> shift;
            output[c] = (short)Math.Min(Math.Max(y, short.MinValue), short.MaxValue);
        }
    }

    public override void PackKeys(sbyte* rows, nint stride, int count, int inner, sbyte* panels)
    {
        int columns = Panels.Padded(count);
        for (int column = 0; column < columns; column++)
        {
            for (int k = 0; k < inner; k++)
            {
                panels[Panels.Place(k, column, inner)] = column < count ? rows[(column * stride) + k] : (sbyte)0;
            }
        }
    }

    public override void PackValues(sbyte* rows, nint stride, int count, int columns, sbyte* panels)
    {
        int inner = Panels.Padded(count);
        for (int column = 0; column < columns; column++)
        {
            for (int k = 0; k < inner; k++)
            {
                panels[Panels.Place(k, column, inner)] = k < count ? rows[(k * stride) + column] : (sbyte)0;
            }
        }
    }

    private static int Requantize(int x, in ChannelScale scale, int channel) =>
        Dyadic.Place(Dyadic.Scale(x, scale.Multipliers[channel], scale.PreShift, scale.Shift), scale.ZeroPoint, scale.Low, scale.High);
}

/// <summary>
/// The row's part of LayerNorm, shared by every kernel: with d = N x - sum(x) and V = N sum(x^2) - sum(x)^2 + epsilon, the normalized value
/// is d / sqrt(V). One integer square root and one division a row; then <c>v = mulhi(d &lt;&lt; k, R)</c> with 28 - c fraction bits.
/// </summary>
internal readonly struct RowNorm
{
    public RowNorm(in LayerNormScale scale, long sum, long squares)
    {
        // |x| <= 2^15 and N <= 2^15: the variance term is below 2^60, epsilon below 2^61.
        ulong variance = (ulong)(scale.Channels * squares - sum * sum + scale.Epsilon);
        uint sigma = Math.Max(1, IntegerMath.SquareRoot(variance));
        int bits = 32 - BitOperations.LeadingZeroCount(sigma);
        Channels = scale.Channels;
        Sum = (int)sum;
        // In 2^30..2^31-1: 31 significant bits of 1 / sigma.
        Reciprocal = (int)(((1UL << (30 + bits)) - 1) / sigma);
        // |d| <= 2 sqrt(N) sigma < 2^(bits + c), so d << shift stays below 2^30.
        Shift = 30 - bits - scale.HeadRoom;
    }

    /// <summary>N.</summary>
    public int Channels { get; }

    /// <summary>The row's sum, |sum| &lt;= 2^30.</summary>
    public int Sum { get; }

    /// <summary>(2^(30+bits) - 1) / sigma.</summary>
    public int Reciprocal { get; }

    /// <summary>Left shift of d; negative: an arithmetic right shift.</summary>
    public int Shift { get; }

    /// <summary>The normalized value of one x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Normalize(int x)
    {
        int d = Channels * x - Sum;
        return Dyadic.MultiplyHigh(Shift >= 0 ? d << Shift : d >> -Shift, Reciprocal);
    }
}
