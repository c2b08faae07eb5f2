// I-BERT's operations as published, with every rounding of the reference: scalar definitions that all kernel sets run.
using System.Numerics;
using System.Runtime.CompilerServices;
using IBert.Edge.Numerics;

namespace IBert.Edge.Kernels;

/// <summary>
/// Kim et al. 2021 (arXiv:2101.01321) in the arithmetic of Hugging Face's <c>quant_modules</c>: exact integers where the reference has
/// float32 that holds integers. They are for models that were trained with these functions; speed is not their purpose, so there is one
/// form of each.
/// </summary>
internal static unsafe class PublishedElements
{
    /// <summary>Fraction bits of a published probability: 256 stands for one.</summary>
    public const int ProbabilityBits = 8;

    /// <summary>Significant bits of the reference's float32.</summary>
    public const int FloatBits = 24;

    /// <summary>Rounds value / 2^shift.</summary>
    /// <param name="value">|value| &lt; 2^126.</param>
    /// <param name="shift">1..126.</param>
    /// <param name="rounding">The rule.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Int128 Round(Int128 value, int shift, Rounding rounding)
    {
        Int128 half = Int128.One << (shift - 1), result = (value + half) >> shift;
        // A tie went up: to even it goes back where that made it odd.
        return rounding == Rounding.HalfEven && !Int128.IsEvenInteger(result) && (result << shift) - half == value ? result - 1 : result;
    }

    /// <summary>The same in 64 bits: |value| &lt; 2^62, shift 1..62.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Round(long value, int shift, Rounding rounding)
    {
        long half = 1L << (shift - 1), result = (value + half) >> shift;
        return rounding == Rounding.HalfEven && (result & 1) != 0 && (result << shift) - half == value ? result - 1 : result;
    }

    /// <summary>The nearest number of 24 significant bits, ties to even: what float32 holds of an integer. |value| &lt; 2^62.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ToFloatPrecision(long value)
    {
        int drop = 64 - BitOperations.LeadingZeroCount((ulong)Math.Abs(value)) - FloatBits;
        return drop <= 0 ? value : Round(value, drop, Rounding.HalfEven) << drop;
    }

    /// <summary>
    /// x s / s with a product and a quotient of 24 significant bits. The reference hands integers from module to module as real values in
    /// float32, x s, and the next one divides by s: many integers come back a little above or below themselves, and a floor takes those
    /// below one down.
    /// </summary>
    /// <param name="x">|x| &lt; 2^23.</param>
    /// <param name="significand">Of s, 2^23..2^24 - 1: its power of two does not matter. At 2^23 every x comes back as it is.</param>
    /// <param name="fraction">Fraction bits of the result, 1..24.</param>
    public static long Returned(int x, int significand, out int fraction)
    {
        // The quotient has as many integer bits as x: a power of two comes back as it is, and what is between two stays there.
        fraction = FloatBits - (32 - BitOperations.LeadingZeroCount((uint)Math.Abs(x)));
        long product = (long)x * significand;
        // The product is off by at most half a unit of its 24th bit, the quotient then by at most one of its own: no division tells whether
        // it is. Half a unit is a tie, and x << fraction is even.
        long error = (ToFloatPrecision(product) - product) << fraction;
        return ((long)x << fraction) + (2 * Math.Abs(error) > significand ? Math.Sign(error) : 0);
    }

    /// <summary>
    /// Raises -128 to -127 in packed keys, as two products -128 * -128 overflow a kernel's 16-bit lanes; tells whether there was any.
    /// <see cref="SubtractRaised"/> gives the difference back.
    /// </summary>
    public static bool RaiseLowest(sbyte* panels, int count)
    {
        bool any = false;
        for (int index; (index = new ReadOnlySpan<sbyte>(panels, count).IndexOf(sbyte.MinValue)) >= 0; panels += index, count -= index)
        {
            panels[index] = -127;
            any = true;
        }
        return any;
    }

    /// <summary>scores[r, j] -= q[r, c] wherever key j has -128 in channel c.</summary>
    public static void SubtractRaised(
        sbyte* keys, nint keyStride, int count, int columns, sbyte* queries, nint queryStride, int rows, int* scores, int scoreStride)
    {
        for (int j = 0; j < count; j++)
        {
            for (int c = 0; c < columns; c++)
            {
                if (keys[(j * keyStride) + c] != sbyte.MinValue)
                {
                    continue;
                }
                for (int r = 0; r < rows; r++)
                {
                    scores[(r * scoreStride) + j] -= queries[(r * queryStride) + c];
                }
            }
        }
    }

    /// <summary>A factor of a sum: multiplier / 2^Exponent, rounded.</summary>
    public struct Term
    {
        /// <summary>Multipliers by channel, or null.</summary>
        public int* Multipliers;

        /// <summary>The one multiplier where there are none by channel.</summary>
        public int Multiplier;

        /// <summary>Exponents by channel, or null: the reference's ratios keep their 31 bits however far apart they are.</summary>
        public int* Exponents;

        /// <summary>The one exponent where there are none by channel, 1..62; where products have 128 bits, 1..126.</summary>
        public int Exponent;

        public Rounding Rounding;

        /// <summary>A channel's exponent.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly int ExponentOf(int channel) => Exponents is null ? Exponent : Exponents[channel];

        /// <summary>A value's part of the sum; |x| &lt; 2^31.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly long Of(int x, int channel) =>
            Round((long)x * (Multipliers is null ? Multiplier : Multipliers[channel]), ExponentOf(channel), Rounding);
    }

    /// <summary>Where rounded values leave: zero point, then clamp.</summary>
    public struct Range
    {
        /// <summary>Added after the rounding.</summary>
        public int ZeroPoint;

        /// <summary>Clamp, after the zero point.</summary>
        public int Low, High;

        /// <summary>A rounded value's integer in the output.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly int Of(long y) => (int)Math.Clamp(y + ZeroPoint, Low, High);

        /// <inheritdoc cref="Of(long)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly int Of(Int128 y) => (int)Int128.Clamp(y + ZeroPoint, Low, High);
    }

    /// <summary>Reads an element of any type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Read(byte* row, ElementType type, int index) => type switch
    {
        ElementType.Int8 => ((sbyte*)row)[index],
        ElementType.Int16 => ((short*)row)[index],
        _ => ((int*)row)[index],
    };

    /// <summary>Writes an element of any type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* row, ElementType type, int index, int value)
    {
        switch (type)
        {
            case ElementType.Int8:
                ((sbyte*)row)[index] = (sbyte)value;
                break;
            case ElementType.Int16:
                ((short*)row)[index] = (short)value;
                break;
            default:
                ((int*)row)[index] = value;
                break;
        }
    }

    /// <summary>
    /// Adds a bias to accumulators [rows][16] that were rescaled first: the reference's stale input scale (docs/numerics.md, trap 13).
    /// </summary>
    public static void RescaleAndBias(int* tile, int rows, in Term term, int* bias)
    {
        for (int i = 0; i < rows * Panels.Columns; i++)
        {
            tile[i] = (int)term.Of(tile[i], 0) + bias[i % Panels.Columns];
        }
    }

    /// <summary>
    /// LayerNorm with the norm of the deviations in place of their standard deviation (section 3.5): y = x - round(mean),
    /// std = floor(sqrt(sum (y' >> shift)^2)) &lt;&lt; shift, v = floor(y floor(2^31 / std) / 2), then (v m + offset) / 2^e. y' is y as the
    /// reference has it in float32 (<see cref="Returned"/>): a sum of squares that crosses a square moves the factor, which has few bits,
    /// and the whole row with it. A row without deviations gives its offsets, beta.
    /// </summary>
    /// <param name="input">padded values, |x| &lt; 2^23.</param>
    /// <param name="type">int16 or int32.</param>
    /// <param name="channels">N; what lies beyond takes no part.</param>
    /// <param name="significand">Of the input's scale in float32, 2^23..2^24 - 1.</param>
    /// <param name="shift">0..30.</param>
    /// <param name="offsets">beta in units of 2^-e of the output, with the channel's e; below 2^61.</param>
    /// <param name="scale">Multipliers, rounding and exponents (33..62).</param>
    /// <param name="range">Zero point and clamp, within int8.</param>
    /// <param name="output">padded values.</param>
    public static void LayerNorm(
        byte* input, ElementType type, int channels, int significand, int shift, long* offsets, in Term scale, in Range range,
        sbyte* output)
    {
        long sum = 0;
        for (int c = 0; c < channels; c++)
        {
            sum += Read(input, type, c);
        }
        long mean = Math.DivRem(sum, channels, out long rest);
        // To nearest, ties to even.
        long twice = 2 * Math.Abs(rest);
        if (twice > channels || (twice == channels && (mean & 1) != 0))
        {
            mean += Math.Sign(sum);
        }
        ulong squares = 0;
        long mask = (1L << shift) - 1;
        for (int c = 0; c < channels; c++)
        {
            int x = Read(input, type, c);
            long y = x - mean;
            // y' is off by one at most: only next to a multiple of 2^shift can it have another floor.
            if (((y + 1) & mask) <= 1)
            {
                y = ToFloatPrecision(Returned(x, significand, out int fraction) - (mean << fraction)) >> fraction;
            }
            y >>= shift;
            squares += (ulong)(y * y);
        }
        long deviation = (long)IntegerMath.SquareRoot(squares) << shift;
        long factor = deviation == 0 ? 0 : (1L << 31) / deviation;
        int padded = Panels.Padded(channels);
        for (int c = 0; c < padded; c++)
        {
            // In the padding multiplier and offset are zero.
            long v = c < channels ? ((Read(input, type, c) - mean) * factor) >> 1 : 0;
            output[c] = (sbyte)range.Of(Round((v * scale.Multipliers[c]) + offsets[c], scale.ExponentOf(c), scale.Rounding));
        }
    }

    /// <summary>The published softmax's constants, in units of a score.</summary>
    public struct Softmax
    {
        /// <summary>floor(-ln 2 / s), negative; and the polynomial's floor(b / s), floor(c / s^2).</summary>
        public int X0, B;
        public long C;

        /// <summary>Exponential to 16 bits: multiplier / 2^exponent (1..126).</summary>
        public int Multiplier, Exponent;

        public Rounding Rounding;

        // n: exponentials are kept for 30 halvings.
        private const int Halvings = 30;

        /// <summary>Probabilities of one row in units of 1/256 (section 3.4.2); 256 is reached.</summary>
        /// <param name="scores">count scores.</param>
        /// <param name="count">1 or more.</param>
        /// <param name="probabilities">Written up to the next multiple of 16: zeros beyond count.</param>
        public readonly void Row(int* scores, int count, ushort* probabilities)
        {
            int maximum = scores[0];
            for (int i = 1; i < count; i++)
            {
                maximum = Math.Max(maximum, scores[i]);
            }
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                long e = (long)Int128.Min(Round(Exponential(scores[i] - maximum) * Multiplier, Exponent, Rounding), short.MaxValue);
                probabilities[i] = (ushort)e;
                sum += e;
            }
            long factor = sum == 0 ? 0 : (1L << 32) / sum;
            for (int i = 0; i < count; i++)
            {
                // Rounding matters where it goes up to a multiple of 2^24: one score far above all others gets 32767 * floor(2^32 / 32767)
                // = 2^32 - 4, which becomes 256, not 255.
                probabilities[i] = (ushort)(ToFloatPrecision(probabilities[i] * factor) >> (32 - ProbabilityBits));
            }
            int padded = Panels.Padded(count);
            for (int i = count; i < padded; i++)
            {
                probabilities[i] = 0;
            }
        }

        /// <summary>
        /// i-exp: e^(x s) in units of a s^2 / 2^30, where a is the polynomial's leading coefficient and s the scores' scale.
        /// </summary>
        /// <param name="difference">x, 0 or below: a score less the row's maximum.</param>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Int128 Exponential(int difference)
        {
            long x = Math.Max(difference, (long)Halvings * X0);
            int q = (int)(x / X0);
            long r = x - ((long)X0 * q);
            return Int128.Max(((Int128)(r + B) * r) + C, 0) << (Halvings - q);
        }
    }

    /// <summary>
    /// i-GELU of accumulators (section 3.4.1): x (L(x) + 1) with L of second degree, clipped; then to int8 by a signed multiplier.
    /// </summary>
    /// <param name="input">count accumulators.</param>
    /// <param name="b">Per channel floor(-1.769 / s), not above 0.</param>
    /// <param name="c">Per channel floor(-1 / 0.2888 / s^2), |c| &lt; 2^61.</param>
    /// <param name="shift">Per channel one, in units of L after its shift by 14.</param>
    /// <param name="scale">Multipliers per channel, exponents (1..126), rounding.</param>
    /// <param name="range">Zero point and clamp, within int8.</param>
    /// <param name="output">count values.</param>
    /// <param name="count">A multiple of 16.</param>
    public static void Gelu(int* input, int* b, long* c, long* shift, in Term scale, in Range range, sbyte* output, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Int128 y = Gelu(input[i], b[i], c[i], shift[i]) * scale.Multipliers[i];
            output[i] = (sbyte)range.Of(Round(y, scale.ExponentOf(i), scale.Rounding));
        }
    }

    /// <summary>
    /// i-GELU of one accumulator, before its multiplier: in units of s a s^2 2^14 / 4 with s the accumulator's scale and a = -0.2888.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Int128 Gelu(long x, int b, long c, long shift)
    {
        const int drop = 14;
        long clipped = Math.Min(Math.Abs(x), -(long)b) + b;
        long polynomial = Math.Sign(x) * ((clipped * clipped) + c);
        return x * (Int128)((polynomial >> drop) + shift);
    }

    /// <summary>The sum of one or two rescaled rows.</summary>
    public static void Add(
        byte* a, ElementType aType, in Term first, byte* b, ElementType bType, in Term second, in Range range, byte* output,
        ElementType type, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Write(output, type, i, range.Of(first.Of(Read(a, aType, i), i) + (b is null ? 0 : second.Of(Read(b, bType, i), i))));
        }
    }
}
