// What element-wise kernels do in cases that are known in advance; that they equal the definition is in KernelCaseTests.
using IBert.Edge.Kernels;
using Xunit;

namespace IBert.Edge.Tests.Kernels;

public sealed unsafe class ElementKernelTests
{
    private const int Columns = Panels.Columns;

    private static readonly ScalarElements s_definition = new();

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
        LayerNormScale scale =
            new() { Channels = Channels, HeadRoom = LayerNormScale.HeadRoomOf(Channels), Wide = channels, Narrow = channels };
        scale.Wide.Low = short.MinValue;
        scale.Wide.High = short.MaxValue;
        s_definition.LayerNorm(a.Pointer, b.Pointer, scale, wide.Pointer, expected.Pointer);
        foreach (bool first in (bool[])[true, false])
        {
            using Guarded<short> x = new Guarded<short>(Channels).Fill(c => a.Pointer[c]),
                y = new Guarded<short>(Channels).Fill(c => b.Pointer[c]);
            Guarded<short> target = first ? x : y;
            kernel.LayerNorm(x.Pointer, y.Pointer, scale, target.Pointer, narrow.Pointer);
            Assert.Equal(wide.Span, target.Span);
            Assert.Equal(expected.Span, narrow.Span);
        }
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
