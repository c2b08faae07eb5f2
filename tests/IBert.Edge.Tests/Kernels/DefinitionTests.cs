// The scalar definitions against exact arithmetic: rational where it rounds, double precision where a function is approximated.
using System.Numerics;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using Xunit;

namespace IBert.Edge.Tests.Kernels;

public sealed unsafe class DefinitionTests
{
    [Fact]
    public void Requantization_is_the_rational_number_rounded_once_to_nearest_ties_up()
    {
        Random random = KernelSets.Seeded(61, "requantization");
        for (int i = 0; i < 200_000; i++)
        {
            int preShift = i % 2 == 0 ? 0 : random.Next(Dyadic.MaxPreShift + 1), shift = random.Next(Dyadic.MinShift, Dyadic.MaxShift + 1);
            int x = Extreme(random, (1L << (31 - preShift)) - 1), m = Extreme(random, int.MaxValue);
            int e = shift + 32;
            BigInteger exact = ((((BigInteger)x << preShift) * m) + (BigInteger.One << (e - 1))) >> e;
            Assert.True(exact == Dyadic.Scale(x, m, preShift, shift), $"x {x}, m {m}, k {preShift}, s {shift}");
            // The 64-bit form of docs/numerics.md, section 3.
            long wide = (((long)x << preShift) * m) + (1L << (e - 1));
            Assert.Equal((int)(wide >> e), Dyadic.Scale(x, m, preShift, shift));
        }
    }

    [Fact]
    public void An_addend_comes_under_the_same_one_rounding()
    {
        Random random = KernelSets.Seeded(62, "scale and add");
        for (int i = 0; i < 100_000; i++)
        {
            // As LayerNorm uses it: the normalized value has at most 30 bits.
            int x = Extreme(random, (1 << 29) - 1), m = Extreme(random, int.MaxValue), shift = random.Next(1, 31);
            int addend = Extreme(random, (1 << 30) - 1);
            int e = shift + 32;
            BigInteger exact = (((BigInteger)x * m) + ((BigInteger)addend << 32) + (BigInteger.One << (e - 1))) >> e;
            Assert.True(exact == Dyadic.ScaleAdd(x, m, addend, shift), $"x {x}, m {m}, addend {addend}, s {shift}");
        }
    }

    [Fact]
    public void The_square_root_is_the_floor_of_the_real_one_for_every_kind_of_value()
    {
        Random random = KernelSets.Seeded(63, "square root");
        List<ulong> values = [0, 1, 2, 3, ulong.MaxValue, ulong.MaxValue - 1, 1UL << 63, (1UL << 63) - 1];
        for (int i = 0; i < 100_000; i++)
        {
            ulong root = (ulong)random.NextInt64(1L << random.Next(1, 33));
            values.AddRange([root * root, (root * root) + 1, (root * root) - (root > 0 ? 1UL : 0)]);
            values.Add((ulong)random.NextInt64() << random.Next(2));
        }
        foreach (ulong value in values)
        {
            BigInteger root = IntegerMath.SquareRoot(value);
            Assert.True(root * root <= value && (root + 1) * (root + 1) > value, $"the root of {value} is not {root}");
        }
    }

    [Fact]
    public void The_exponential_is_one_at_zero_falls_and_stays_near_the_real_one()
    {
        const int Bits = 14;
        double worst = 0;
        for (int t = 0, before = (1 << Bits) - 1; t <= IntegerMath.ExponentLimit; t++)
        {
            int e = IntegerMath.Exp2Negative(t, Bits);
            // Nested floors may cost a unit between neighbours.
            Assert.True(e <= before + 1, $"rises from {before} to {e} at {t}");
            before = e;
            if (t % 61 == 0)
            {
                worst = Math.Max(worst, Math.Abs((Math.Pow(2, -t / 32768.0) * ((1 << Bits) - 1)) - e));
                for (int bits = 1; bits < Bits; bits++)
                {
                    Assert.Equal(e >> (Bits - bits), IntegerMath.Exp2Negative(t, bits));
                }
            }
        }
        Assert.Equal((1 << Bits) - 1, IntegerMath.Exp2Negative(0, Bits));
        Assert.Equal(0, IntegerMath.Exp2Negative(IntegerMath.ExponentLimit, Bits));
        // The polynomial errs by 1.0e-4 of one, 1.64 units, and half a unit is rounding.
        Assert.True(worst <= 2.2, $"off by {worst:F2} units");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(128)]
    [InlineData(256)]
    [InlineData(512)]
    public void A_flat_row_divides_evenly_and_its_context_is_the_mean(int count)
    {
        ScalarElements kernel = new();
        int padded = Panels.Padded(count);
        using Guarded<int> scores = new Guarded<int>(padded).Fill(_ => 77), tile = new(16), sums = new(1);
        using Guarded<ushort> exponentials = new(padded);
        using Guarded<sbyte> output = new(16);
        SoftmaxScale softmax = new() { Limit = 1 << 20, Multiplier = 1 << 30, Shift = 2, Bits = count > 128 ? 12 : 8 };
        kernel.Softmax(scores.Pointer, 1, 0, count, softmax, exponentials.Pointer, sums.Pointer);
        Assert.Equal(((1 << softmax.Bits) - 1) * count, sums.Span[0]);
        // Values of column c are c - 8 in every row: their weighted sum over the sum of weights is c - 8 again.
        tile.Fill(c => (c - 8) * sums.Span[0]);
        ContextScale context = new() { Multiplier = 1 << 30, Exponent = 30, Low = -128, High = 127 };
        // The verifier bounds e + floor(log2(sum)) - 32 from below: one value alone needs a smaller ratio.
        int power = BitOperations.Log2((uint)sums.Span[0]);
        Assert.InRange(context.Exponent + power - 32, 1, 30);
        kernel.ContextToInt8(tile.Pointer, 1, sums.Pointer, context, output.Pointer, 16);
        Assert.Equal(Enumerable.Range(-8, 16).Select(v => (sbyte)v), output.Span.ToArray());
    }

    [Theory]
    [InlineData(48, 20)]
    [InlineData(384, 300)]
    [InlineData(384, 10_000)]
    [InlineData(1024, 3)]
    public void LayerNorm_is_near_the_real_one(int channels, int spread)
    {
        Random random = KernelSets.Seeded(64, "LayerNorm");
        ScalarElements kernel = new();
        int room = LayerNormScale.HeadRoomOf(channels);
        using Guarded<short> x = new Guarded<short>(channels).Fill(_ => (short)random.Next(-spread, spread + 1));
        using Guarded<short> wide = new(channels);
        using Guarded<sbyte> narrow = new(channels);
        // The normalized value has 28 - c fraction bits: m / 2^(32+s) brings it to 2^-10, beta to the same.
        int shift = 12, multiplier = 1 << 29;
        double unit = Math.Pow(2, -10);
        while ((long)multiplier << (28 - room) != 1L << (32 + shift + 10))
        {
            shift += ((long)multiplier << (28 - room)) > 1L << (32 + shift + 10) ? 1 : -1;
        }
        using Guarded<int> multipliers = new Guarded<int>(channels).Fill(c => c % 3 == 0 ? -multiplier : multiplier);
        using Guarded<int> addends = new Guarded<int>(channels).Fill(c => (c % 5) << shift);
        ChannelScale scale = new()
        {
            Multipliers = multipliers.Pointer,
            Addends = addends.Pointer,
            Shift = shift,
            Low = short.MinValue,
            High = short.MaxValue,
        };
        LayerNormScale norm = new() { Channels = channels, HeadRoom = room, Wide = scale, Narrow = scale };
        norm.Narrow.Low = -128;
        norm.Narrow.High = 127;
        kernel.LayerNorm(x.Pointer, null, norm, wide.Pointer, narrow.Pointer);

        double[] values = [.. x.Span.ToArray().Select(v => (double)v)];
        double mean = values.Average(), deviation = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
        for (int c = 0; c < channels; c++)
        {
            double real = ((values[c] - mean) / deviation / unit * (c % 3 == 0 ? -1 : 1)) + (c % 5);
            // Half a unit of rounding, and what the integer square root cuts off: less than one of N sigma.
            Assert.True(Math.Abs(wide.Span[c] - real) <= 0.51 + (Math.Abs(real) / (channels * deviation)),
                $"channel {c}: {wide.Span[c]}, real {real:F3}");
        }
    }

    [Fact]
    public void LayerNorm_of_a_constant_row_is_beta()
    {
        ScalarElements kernel = new();
        using Guarded<short> x = new Guarded<short>(16).Fill(_ => 5000), wide = new(16);
        using Guarded<sbyte> narrow = new(16);
        using Guarded<int> multipliers = new Guarded<int>(16).Fill(_ => int.MaxValue);
        using Guarded<int> addends = new Guarded<int>(16).Fill(c => (c - 4) << 8);
        ChannelScale scale = new() { Multipliers = multipliers.Pointer, Addends = addends.Pointer, Shift = 8, Low = -128, High = 127 };
        LayerNormScale norm = new() { Channels = 16, HeadRoom = LayerNormScale.HeadRoomOf(16), Wide = scale, Narrow = scale };
        kernel.LayerNorm(x.Pointer, null, norm, wide.Pointer, narrow.Pointer);
        Assert.Equal(Enumerable.Range(-4, 16).Select(v => (short)v), wide.Span.ToArray());
        Assert.Equal(Enumerable.Range(-4, 16).Select(v => (sbyte)v), narrow.Span.ToArray());
    }

    private static int Extreme(Random random, long bound) => (int)(random.Next(6) switch
    {
        0 => bound,
        1 => -bound,
        2 => random.Next(-2, 3) % (bound + 1),
        3 => random.NextInt64(-bound, bound) >> random.Next(24),
        _ => random.NextInt64(-bound, bound),
    });
}
