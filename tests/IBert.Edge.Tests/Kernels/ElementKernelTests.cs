// Every element-wise kernel equals the scalar definition, whatever the shape and the values, and writes nothing beside its output.
using IBert.Edge.Kernels;
using Xunit;

namespace IBert.Edge.Tests.Kernels;

public sealed unsafe class ElementKernelTests
{
    private const int Columns = Panels.Columns;

    private static readonly ScalarElements Definition = new();

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void Requantization_equals_the_definition(string name)
    {
        ElementKernel kernel = KernelSets.Get(name).Elements;
        Random random = KernelSets.Seeded(51, name);
        for (int attempt = 0; attempt < 300; attempt++)
        {
            int rows = random.Next(1, ProductKernel.MaxTileRows + 1), column = 16 * random.Next(3), stride = 16 * random.Next(1, 5);
            int preShift = attempt % 3 == 0 ? random.Next(25) : 0, shift = random.Next(1, 31);
            long bound = (1L << (31 - preShift)) - 1;
            using Guarded<int> multipliers = new Guarded<int>(column + 16).Fill(_ => Extreme(random, int.MaxValue));
            using Guarded<int> tile = new Guarded<int>(rows * Columns).Fill(_ => Extreme(random, bound));
            foreach ((int low, int high) in ((int, int)[])[(-128, 127), (-127, 127), (-128, 40), (-1, 0)])
            {
                ChannelScale scale = new()
                {
                    Multipliers = multipliers.Pointer,
                    PreShift = preShift,
                    Shift = shift,
                    ZeroPoint = random.Next(-128, 128),
                    Low = low,
                    High = high,
                };
                string what = $"{name}, attempt {attempt}, {rows} rows, k {preShift}, s {shift}, clamp {low}..{high}, zero point {scale.ZeroPoint}";
                Same<sbyte>(rows * stride * 4, what, (k, output) => k.ToInt8(tile.Pointer, rows, scale, column, output, stride), kernel);
                scale.Low *= 200;
                scale.High *= 200;
                scale.ZeroPoint *= 100;
                Same<short>(rows * stride * 4, what, (k, output) => k.ToInt16(tile.Pointer, rows, scale, column, output, stride * 2), kernel);
                scale.Low *= 80_000;
                scale.High *= 80_000;
                Same<int>(rows * stride * 4, what, (k, output) => k.ToInt32(tile.Pointer, rows, scale, column, output, stride * 4), kernel);
            }
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void A_dead_channel_gives_its_zero_point(string name)
    {
        ElementKernel kernel = KernelSets.Get(name).Elements;
        using Guarded<int> multipliers = new Guarded<int>(Columns).Fill(_ => 0);
        using Guarded<int> tile = new Guarded<int>(Columns).Fill(c => c % 2 == 0 ? int.MaxValue : -int.MaxValue);
        using Guarded<sbyte> output = new(Columns);
        ChannelScale scale = new() { Multipliers = multipliers.Pointer, Shift = 1, ZeroPoint = -7, Low = -128, High = 127 };
        kernel.ToInt8(tile.Pointer, 1, scale, 0, output.Pointer, Columns);
        Assert.Equal(Enumerable.Repeat((sbyte)-7, Columns), output.Span.ToArray());
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void Context_rows_divided_by_their_sums_equal_the_definition(string name)
    {
        ElementKernel kernel = KernelSets.Get(name).Elements;
        Random random = KernelSets.Seeded(52, name);
        for (int attempt = 0; attempt < 300; attempt++)
        {
            int rows = random.Next(1, ProductKernel.MaxTileRows + 1), stride = 16 * random.Next(1, 5), power = random.Next(24);
            using Guarded<int> sums = new Guarded<int>(rows).Fill(r => r == 0 ? 1 << power : random.Next(1 << power, (2 << power) - 1));
            using Guarded<int> tile = new Guarded<int>(rows * Columns).Fill(_ => Extreme(random, int.MaxValue));
            ContextScale scale = new()
            {
                Multiplier = attempt % 5 == 0 ? int.MaxValue : random.Next(1 << 30, int.MaxValue),
                Exponent = random.Next(33, 63) - power,
                ZeroPoint = random.Next(-128, 128),
                Low = -128,
                High = attempt % 2 == 0 ? 127 : 100,
            };
            Same<sbyte>(
                rows * stride, $"{name}, attempt {attempt}, {rows} rows, sums from 2^{power}, exponent {scale.Exponent}",
                (k, output) => k.ContextToInt8(tile.Pointer, rows, sums.Pointer, scale, output, stride), kernel);
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void Softmax_equals_the_definition(string name)
    {
        ElementKernel kernel = KernelSets.Get(name).Elements;
        Random random = KernelSets.Seeded(53, name);
        int[] counts = [.. Enumerable.Range(1, 40), 127, 128, 129, 256, 511, 512];
        foreach (int count in counts)
        {
            for (int attempt = 0; attempt < 12; attempt++)
            {
                int preShift = attempt % 4 == 0 ? random.Next(8) : 0;
                SoftmaxScale scale = new()
                {
                    Limit = (int)((1L << (31 - preShift)) - 1) >> random.Next(12),
                    Multiplier = random.Next(1, int.MaxValue),
                    PreShift = preShift,
                    Shift = random.Next(1, 16),
                    Bits = attempt < 2 ? 14 : random.Next(1, 15),
                };
                int spread = 1 << random.Next(4, 30);
                int rows = random.Next(1, 4), stride = Panels.Padded(count) + (16 * random.Next(2));
                // What is read beyond a row must not matter.
                using Guarded<int> scores = new Guarded<int>(rows * stride).Fill(
                    i => i % stride >= count ? Extreme(random, int.MaxValue) : random.Next(-spread, spread) % (1 << 30));
                using Guarded<int> sums = new(rows), expected = new(rows);
                Same<ushort>(
                    rows * stride, $"{name}, {rows} rows of {count}, attempt {attempt}, {scale.Bits} bits, k {preShift}, s {scale.Shift}, spread {spread}",
                    (k, output) => k.Softmax(scores.Pointer, rows, stride, count, scale, output, k == kernel ? sums.Pointer : expected.Pointer), kernel);
                Assert.Equal(expected.Span, sums.Span);
                sums.AssertGuards();
            }
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void Flat_rows_give_equal_exponentials_of_one(string name)
    {
        ElementKernel kernel = KernelSets.Get(name).Elements;
        SoftmaxScale scale = new() { Limit = 1 << 20, Multiplier = 1 << 30, Shift = 4, Bits = 8 };
        foreach (int count in (int[])[1, 128, 256, 512])
        {
            foreach (int score in (int[])[0, (1 << 30) - 1, 1 - (1 << 30)])
            {
                using Guarded<int> scores = new Guarded<int>(Panels.Padded(count)).Fill(i => i < count ? score : 0);
                using Guarded<ushort> exponentials = new(Panels.Padded(count));
                int sum = 0;
                kernel.Softmax(scores.Pointer, 1, 0, count, scale, exponentials.Pointer, &sum);
                Assert.Equal(255 * count, sum);
                Assert.True(exponentials.Span[..count].IndexOfAnyExcept((ushort)255) < 0);
                Assert.True(exponentials.Span[count..].IndexOfAnyExcept((ushort)0) < 0);
            }
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void LayerNorm_equals_the_definition(string name)
    {
        ElementKernel kernel = KernelSets.Get(name).Elements;
        Random random = KernelSets.Seeded(54, name);
        foreach (int channels in (int[])[1, 2, 15, 16, 17, 64, 128, 160, 312, 384, 1024, 16384])
        {
            int padded = Panels.Padded(channels);
            for (int attempt = 0; attempt < (channels > 1024 ? 6 : 30); attempt++)
            {
                int spread = 1 << random.Next(16);
                short Value(int c) => (short)(c >= channels ? 0
                    : (attempt % 6) switch
                    {
                        // A flat row, extremes that saturate in the sum, one outlier, anything.
                        0 => 1234,
                        1 => random.Next(2) == 0 ? short.MinValue : short.MaxValue,
                        2 => c == 0 ? short.MaxValue : 0,
                        _ => random.Next(-spread, spread),
                    });
                using Guarded<short> a = new Guarded<short>(padded).Fill(Value), b = new Guarded<short>(padded).Fill(Value);
                using Guarded<int> wideMultipliers = new Guarded<int>(padded).Fill(_ => Extreme(random, int.MaxValue));
                using Guarded<int> wideAddends = new Guarded<int>(padded).Fill(_ => Extreme(random, (1 << 30) - 1));
                using Guarded<int> narrowMultipliers = new Guarded<int>(padded).Fill(_ => Extreme(random, int.MaxValue));
                using Guarded<int> narrowAddends = new Guarded<int>(padded).Fill(_ => Extreme(random, (1 << 30) - 1));
                LayerNormScale scale = new()
                {
                    Channels = channels,
                    Epsilon = attempt % 3 == 0 ? 0 : random.NextInt64(1L << random.Next(61)),
                    HeadRoom = LayerNormScale.HeadRoomOf(channels),
                    Wide = new() { Multipliers = wideMultipliers.Pointer, Addends = wideAddends.Pointer, Shift = random.Next(1, 31), Low = -32768, High = 32767 },
                    Narrow = new()
                    {
                        Multipliers = narrowMultipliers.Pointer,
                        Addends = narrowAddends.Pointer,
                        Shift = random.Next(1, 31),
                        ZeroPoint = random.Next(-128, 128),
                        Low = -128,
                        High = 127,
                    },
                };
                foreach (bool two in (bool[])[true, false])
                {
                    short* second = two ? b.Pointer : null;
                    string what = $"{name}, {channels} channels, attempt {attempt}, two inputs {two}";
                    using Guarded<sbyte> narrow = new(padded);
                    Same<short>(padded, what, (k, output) => k.LayerNorm(a.Pointer, second, scale, output, narrow.Pointer), kernel);
                    Same<sbyte>(padded, what, (k, output) => k.LayerNorm(a.Pointer, second, scale, null, output), kernel);
                    narrow.AssertGuards();
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void LayerNorm_may_write_over_its_inputs(string name)
    {
        ElementKernel kernel = KernelSets.Get(name).Elements;
        Random random = KernelSets.Seeded(55, name);
        const int Channels = 48;
        using Guarded<short> a = new Guarded<short>(Channels).Fill(_ => (short)random.Next(-3000, 3000));
        using Guarded<short> b = new Guarded<short>(Channels).Fill(_ => (short)random.Next(-3000, 3000));
        using Guarded<int> multipliers = new Guarded<int>(Channels).Fill(_ => Extreme(random, int.MaxValue));
        using Guarded<int> addends = new Guarded<int>(Channels).Fill(_ => random.Next(1 << 20));
        using Guarded<short> wide = new(Channels);
        using Guarded<sbyte> expected = new(Channels), narrow = new(Channels);
        ChannelScale channels = new() { Multipliers = multipliers.Pointer, Addends = addends.Pointer, Shift = 12, Low = -128, High = 127 };
        LayerNormScale scale = new() { Channels = Channels, HeadRoom = LayerNormScale.HeadRoomOf(Channels), Wide = channels, Narrow = channels };
        scale.Wide.Low = short.MinValue;
        scale.Wide.High = short.MaxValue;
        Definition.LayerNorm(a.Pointer, b.Pointer, scale, wide.Pointer, expected.Pointer);
        foreach (bool first in (bool[])[true, false])
        {
            using Guarded<short> x = new Guarded<short>(Channels).Fill(c => a.Pointer[c]), y = new Guarded<short>(Channels).Fill(c => b.Pointer[c]);
            Guarded<short> target = first ? x : y;
            kernel.LayerNorm(x.Pointer, y.Pointer, scale, target.Pointer, narrow.Pointer);
            Assert.Equal(wide.Span, target.Span);
            Assert.Equal(expected.Span, narrow.Span);
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void A_gated_function_equals_the_definition(string name)
    {
        ElementKernel kernel = KernelSets.Get(name).Elements;
        Random random = KernelSets.Seeded(56, name);
        using Guarded<short> gate = new Guarded<short>(4096).Fill(i => i % 64 == 0 ? short.MaxValue : (short)random.Next(-32767, 32768));
        foreach (int count in (int[])[16, 32, 48, 1536])
        {
            foreach (int zeroPoint in (int[])[-128, 0, 127])
            {
                using Guarded<short> input = new Guarded<short>(count).Fill(i => i % 16 == 3 ? short.MinValue : i % 16 == 5 ? short.MaxValue : (short)random.Next(-32768, 32768));
                using Guarded<short> multipliers = new Guarded<short>(count).Fill(i => i % 7 == 0 ? short.MaxValue : (short)random.Next(-32767, 32768));
                Same<sbyte>(count, $"{name}, {count}, {zeroPoint}", (k, output) => k.Gate(input.Pointer, gate.Pointer, multipliers.Pointer, zeroPoint, output, count), kernel);
            }
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void The_embedding_sum_equals_the_definition(string name)
    {
        ElementKernel kernel = KernelSets.Get(name).Elements;
        Random random = KernelSets.Seeded(57, name);
        for (int attempt = 0; attempt < 60; attempt++)
        {
            int columns = 16 * random.Next(1, 30), shift = random.Next(1, 25);
            // 128 (ma + mb + mt) + 2^(s-1) stays below 2^31.
            int largest = (int)(((1L << 31) - (1L << (shift - 1)) - 1) / 128 / 3) - 1;
            using Guarded<sbyte> a = new Guarded<sbyte>(columns).Fill(_ => (sbyte)Extreme(random, 128));
            using Guarded<sbyte> b = new Guarded<sbyte>(columns).Fill(_ => (sbyte)Extreme(random, 128));
            using Guarded<sbyte> t = new Guarded<sbyte>(columns).Fill(_ => (sbyte)Extreme(random, 128));
            int ma = random.Next(largest), mb = attempt % 4 == 0 ? largest : random.Next(largest), mt = random.Next(largest);
            foreach (bool three in (bool[])[true, false])
            {
                sbyte* third = three ? t.Pointer : null;
                Same<short>(
                    columns, $"{name}, attempt {attempt}, {columns} columns, s {shift}, three tables {three}",
                    (k, output) => k.EmbeddingSum(a.Pointer, ma, b.Pointer, mb, third, three ? mt : 0, shift, columns, output), kernel);
            }
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void Keys_and_values_are_packed_as_the_definition_packs_them(string name)
    {
        ElementKernel kernel = KernelSets.Get(name).Elements;
        Random random = KernelSets.Seeded(58, name);
        foreach (int columns in (int[])[16, 32, 64, 80])
        {
            for (int count = 1; count <= 50; count++)
            {
                // Beyond the last row nothing may be read: there the memory ends.
                int stride = columns + (16 * random.Next(3)), padded = Panels.Padded(count);
                using Guarded<sbyte> rows = new Guarded<sbyte>(((count - 1) * stride) + columns).Fill(_ => (sbyte)random.Next(-127, 128));
                string what = $"{name}, {count} rows of {columns}, stride {stride}";
                Same<sbyte>(padded * columns, what, (k, output) => k.PackKeys(rows.Pointer, stride, count, columns, output), kernel);
                Same<sbyte>(padded * columns, what, (k, output) => k.PackValues(rows.Pointer, stride, count, columns, output), kernel);
            }
        }
    }

    private delegate void Run<T>(ElementKernel kernel, T* output)
        where T : unmanaged;

    /// <summary>Runs the definition and the kernel on blocks of the same size: outputs, gaps and guards are the same.</summary>
    private static void Same<T>(int length, string what, Run<T> run, ElementKernel kernel)
        where T : unmanaged, IEquatable<T>
    {
        using Guarded<T> expected = new(length), actual = new(length);
        run(Definition, expected.Pointer);
        run(kernel, actual.Pointer);
        int at = expected.Span.CommonPrefixLength(actual.Span);
        Assert.True(at == length, at == length ? what : $"{what}: {actual.Span[at]} at {at}, expected {expected.Span[at]}");
        actual.AssertGuards();
    }

    /// <summary>A value within the bound, often at it, near zero, or small.</summary>
    private static int Extreme(Random random, long bound) => (int)(random.Next(8) switch
    {
        0 => bound == 128 ? 127 : bound,
        1 => -bound,
        2 => 0,
        3 => random.Next(-2, 3),
        4 => random.NextInt64(-bound, bound) >> random.Next(24),
        _ => random.NextInt64(-bound, bound),
    });
}
