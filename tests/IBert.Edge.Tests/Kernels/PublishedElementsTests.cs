// The published I-BERT's operations against the reference's own float32: single operations of C# round as PyTorch's do.
using System.Numerics;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using Xunit;

namespace IBert.Edge.Tests.Kernels;

public sealed unsafe class PublishedElementsTests
{
    // The largest magnitude that LayerNorm takes.
    private const int Largest = (1 << 23) - 1;

    [Fact]
    public void An_integer_comes_back_from_its_scale_as_it_does_in_float32()
    {
        Random random = KernelSets.Seeded(91, "x s / s");
        int below = 0, above = 0;
        for (int i = 0; i < 500_000; i++)
        {
            int x = i switch
            {
                < 48 => (i % 2 == 0 ? 1 : -1) << (i / 2 % 23),
                < 52 => i % 2 == 0 ? Largest : -Largest,
                < 54 => 0,
                _ => random.Next(-Largest, Largest + 1) >> random.Next(23),
            };
            int significand = i % 7 == 0 ? (1 << 24) - 1 - random.Next(4) : random.Next(1 << 23, 1 << 24);
            float scale = MathF.ScaleB(significand, -random.Next(20, 60));

            long returned = PublishedElements.Returned(x, significand, out int fraction);

            float expected = x * scale / scale;
            Assert.InRange(fraction, 1, 24);
            Assert.True(expected == Math.ScaleB((double)returned, -fraction),
                $"x {x}, significand {significand}: {returned} / 2^{fraction}, float32 {expected:R}");
            below += Math.Abs(expected) < Math.Abs(x) ? 1 : 0;
            above += Math.Abs(expected) > Math.Abs(x) ? 1 : 0;
        }
        Assert.True(below > 10_000 && above > 10_000, $"only {below} came back below themselves, {above} above");
    }

    [Fact]
    public void An_integer_comes_back_from_a_power_of_two_as_it_was()
    {
        foreach (int x in (int[])[0, 1, -1, 3, -5, 1_234_567, Largest, -Largest])
        {
            Assert.Equal((long)x << Fraction(x, out long returned), returned);
        }

        static int Fraction(int x, out long returned)
        {
            returned = PublishedElements.Returned(x, 1 << 23, out int fraction);
            return fraction;
        }
    }

    [Fact]
    public void A_number_of_24_bits_is_what_float32_holds()
    {
        Random random = KernelSets.Seeded(92, "24 bits");
        List<long> values = [0, 1, -1, (1L << 62) - 1, 1 - (1L << 62)];
        for (int i = 0; i < 100_000; i++)
        {
            long value = random.NextInt64(-1L << 62, 1L << 62) >> random.Next(62);
            // Ties: half a unit of the 24th bit above an even and an odd number.
            long tie = ((random.NextInt64(1L << 23, 1L << 24) << 1) | 1) << random.Next(37);
            values.AddRange([value, tie, -tie]);
        }
        Assert.All(values, value => Assert.Equal((BigInteger)(float)value, PublishedElements.ToFloatPrecision(value)));
    }

    [Theory]
    [InlineData(48, 1_000, 0, 5)]
    [InlineData(384, 3_000, 3, 5)]
    [InlineData(384, 30_000, 7, 0)]
    public void LayerNorm_floors_the_deviations_of_the_references_float32(int channels, int spread, int shift, int leastOther)
    {
        Random random = KernelSets.Seeded(94, "published LayerNorm");
        int other = 0;
        for (int row = 0; row < 500; row++)
        {
            // Pairs around the mean, at deviations that a shift leaves whole, as there a floor tells what came back below itself; in every
            // other row near them.
            int significand = random.Next(1 << 23, 1 << 24), mean = random.Next(-Largest / 2, Largest / 2) >> random.Next(23);
            int[] deviations = [.. Enumerable.Range(0, channels / 2)
                .Select(_ => (random.Next(spread) << shift) + (row % 2 * random.Next(-2, 3))).SelectMany(d => (int[])[d, -d])];
            int[] values = [.. deviations.Select(d => mean + d)];

            sbyte[] output = Norm(values, significand, shift);

            // The squares are summed exactly: PyTorch sums in the order of its vectors.
            float scale = MathF.ScaleB(significand, -40);
            long squares = values.Sum(v => Square((long)MathF.Floor(((v * scale / scale) - mean) / (1 << shift))));
            Assert.Equal(Expected(deviations, squares, shift), output);
            other += output.AsSpan().SequenceEqual(Expected(deviations, deviations.Sum(d => Square(d >> shift)), shift)) ? 0 : 1;
        }
        // Where the deviations' own squares gave the same rows, this would prove nothing.
        Assert.True(other >= leastOther, $"only {other} rows depend on float32");

        static long Square(long y) => y * y;
    }

    [Fact]
    public void LayerNorm_of_a_constant_row_is_its_offsets()
    {
        sbyte[] output = Norm([.. Enumerable.Repeat(1_234_567, 48)], 0xB504F3, 6);

        Assert.Equal(Enumerable.Range(0, 48).Select(c => (sbyte)Offset(c)), output);
    }

    [Fact]
    public void Every_channel_has_the_exponent_of_its_own_ratio()
    {
        const int channels = 48;
        Random random = KernelSets.Seeded(95, "exponents by channel");
        for (int row = 0; row < 500; row++)
        {
            using Guarded<int> input = new Guarded<int>(channels).Fill(_ => random.Next(int.MinValue + 1, int.MaxValue) >> random.Next(30));
            using Guarded<int> multipliers = new Guarded<int>(channels)
                .Fill(_ => random.Next(2) == 0 ? random.Next(1 << 30, int.MaxValue) : -random.Next(1 << 30, int.MaxValue));
            // Ties too, of 2^30 over a power of two.
            multipliers.Span[0] = 1 << 30;
            using Guarded<int> exponents = new Guarded<int>(channels).Fill(_ => random.Next(31, 62)), output = new(channels),
                b = new Guarded<int>(channels).Fill(_ => -30_000);
            using Guarded<long> c = new Guarded<long>(channels).Fill(_ => -350_000_000),
                shift = new Guarded<long>(channels).Fill(_ => -21_134);
            using Guarded<sbyte> gelu = new(channels);
            PublishedElements.Term term =
                new() { Multipliers = multipliers.Pointer, Exponents = exponents.Pointer, Exponent = 31, Rounding = Rounding.HalfEven };
            PublishedElements.Range range = new() { Low = -1 << 29, High = 1 << 29 },
                narrow = new() { Low = sbyte.MinValue, High = sbyte.MaxValue };

            PublishedElements.Add((byte*)input.Pointer, ElementType.Int32, term, null, ElementType.Int32, default, range,
                (byte*)output.Pointer, ElementType.Int32, channels);
            PublishedElements.Gelu(input.Pointer, b.Pointer, c.Pointer, shift.Pointer, term, narrow, gelu.Pointer, channels);

            for (int i = 0; i < channels; i++)
            {
                int x = input.Span[i], m = multipliers.Span[i], e = exponents.Span[i];
                Assert.Equal((int)BigInteger.Clamp(ToEven((BigInteger)x * m, e), range.Low, range.High), output.Span[i]);
                Assert.Equal((sbyte)BigInteger.Clamp(ToEven((BigInteger)PublishedElements.Gelu(x, -30_000, -350_000_000, -21_134) * m, e),
                    sbyte.MinValue, sbyte.MaxValue), gelu.Span[i]);
            }
        }

        static BigInteger ToEven(BigInteger value, int shift)
        {
            BigInteger twice = value >> (shift - 1), floor = value >> shift;
            bool isTie = !twice.IsEven && twice << (shift - 1) == value;
            return isTie ? floor + (floor.IsEven ? 0 : 1) : (value + (BigInteger.One << (shift - 1))) >> shift;
        }
    }

    // A normalized value has the unit 2^30 / sqrt(N): its standard deviation becomes about fifty.
    private const int Multiplier = (1 << 29) + 12345, Exponent = 49;

    /// <summary>beta of a channel.</summary>
    private static int Offset(int channel) => (channel % 9) - 4;

    private static sbyte[] Norm(int[] values, int significand, int shift)
    {
        // The same ratio in two ways: channels have exponents of their own.
        using Guarded<int> input = new(values.Length), multipliers = new Guarded<int>(values.Length).Fill(c => Multiplier << (c % 2));
        using Guarded<int> exponents = new Guarded<int>(values.Length).Fill(c => Exponent + (c % 2));
        using Guarded<long> offsets = new Guarded<long>(values.Length).Fill(c => (long)Offset(c) << (Exponent + (c % 2)));
        using Guarded<sbyte> output = new(values.Length);
        values.CopyTo(input.Span);
        PublishedElements.Term term =
            new() { Multipliers = multipliers.Pointer, Exponents = exponents.Pointer, Exponent = Exponent, Rounding = Rounding.HalfEven };
        PublishedElements.Range range = new() { Low = sbyte.MinValue, High = sbyte.MaxValue };
        PublishedElements.LayerNorm(
            (byte*)input.Pointer, ElementType.Int32, values.Length, significand, shift, offsets.Pointer, term, range, output.Pointer);
        return output.Span.ToArray();
    }

    private static sbyte[] Expected(int[] deviations, long squares, int shift)
    {
        long root = (long)Math.Sqrt(squares);
        while (root * root > squares)
        {
            root--;
        }
        while ((root + 1) * (root + 1) <= squares)
        {
            root++;
        }
        long factor = (1L << 31) / (root << shift);
        return [.. deviations.Select((d, c) =>
        {
            BigInteger exact = ((BigInteger)((d * factor) >> 1) * Multiplier) + ((BigInteger)Offset(c) << Exponent);
            return (sbyte)BigInteger.Clamp((exact + (BigInteger.One << (Exponent - 1))) >> Exponent, sbyte.MinValue, sbyte.MaxValue);
        })];
    }
}
