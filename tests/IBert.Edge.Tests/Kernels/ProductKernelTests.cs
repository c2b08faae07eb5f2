// Every product kernel equals the scalar definition, whatever the shape and the values.
using IBert.Edge.Kernels;
using Xunit;

namespace IBert.Edge.Tests.Kernels;

public sealed unsafe class ProductKernelTests
{
    private const int Columns = Panels.Columns;

    private static readonly int[] InnerLengths = [16, 32, 48, 64, 80, 112, 160, 384, 512, 1536];

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void Products_equal_the_definition_for_every_row_count_and_length(string name)
    {
        ProductKernel kernel = KernelSets.Get(name).Product;
        Random random = KernelSets.Seeded(41, name);
        foreach (int inner in InnerLengths)
        {
            for (int rows = 1; rows <= kernel.TileRows; rows++)
            {
                Check(kernel, rows, inner, _ => (sbyte)random.Next(-128, 128), _ => (sbyte)random.Next(-127, 128), random);
            }
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void Products_of_the_largest_values_do_not_saturate(string name)
    {
        ProductKernel kernel = KernelSets.Get(name).Product;
        Random random = KernelSets.Seeded(42, name);
        sbyte[] lefts = [-128, 127], rights = [-127, 127];
        foreach (sbyte left in lefts)
        {
            foreach (sbyte right in rights)
            {
                Check(kernel, kernel.TileRows, 384, _ => left, _ => right, random);
            }
        }
        Check(kernel, kernel.TileRows, 384, _ => lefts[random.Next(2)], _ => rights[random.Next(2)], random);
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void Wide_products_equal_the_definition_for_every_row_count_and_length(string name)
    {
        ProductKernel kernel = KernelSets.Get(name).Product;
        Random random = KernelSets.Seeded(43, name);
        foreach (int inner in InnerLengths)
        {
            for (int rows = 1; rows <= kernel.TileRows; rows++)
            {
                CheckWide(kernel, rows, inner, _ => (ushort)random.Next(1 << ProductKernel.WideBits), _ => (sbyte)random.Next(-127, 128));
            }
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void Wide_products_of_the_largest_values_do_not_saturate(string name)
    {
        ProductKernel kernel = KernelSets.Get(name).Product;
        const ushort Largest = (1 << ProductKernel.WideBits) - 1;
        CheckWide(kernel, kernel.TileRows, 512, _ => Largest, _ => 127);
        CheckWide(kernel, kernel.TileRows, 512, _ => Largest, _ => -127);
        CheckWide(kernel, kernel.TileRows, 512, k => (ushort)(k % 2 * Largest), k => (sbyte)(k % 3 == 0 ? 127 : -127));
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void A_later_row_of_a_strided_operand_is_where_From_says(string name)
    {
        ProductKernel kernel = KernelSets.Get(name).Product;
        Random random = KernelSets.Seeded(44, name);
        const int Inner = 48, Stride = 80, Count = 13;
        using Guarded<sbyte> left = new Guarded<sbyte>(Stride * Count).Fill(_ => (sbyte)random.Next(-128, 128));
        using Guarded<sbyte> panel = new Guarded<sbyte>(Inner * Columns).Fill(_ => (sbyte)random.Next(-127, 128));
        using Guarded<byte> scratch = new(kernel.OperandBytes(Inner) * Count);
        using Guarded<int> tile = new(Columns), expected = new(Columns);
        Operand operand = kernel.Prepare(left.Pointer, Stride, Count, Inner, scratch.Pointer);
        scratch.AssertGuards();
        for (int row = 0; row < Count; row++)
        {
            kernel.Multiply(operand.From(row), 1, new(panel.Pointer, Inner), 0, tile.Pointer);
            new ScalarProduct().Multiply(new((byte*)left.Pointer + row * Stride, Stride), 1, new(panel.Pointer, Inner), 0, expected.Pointer);
            Assert.Equal(expected.Span, tile.Span);
        }
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void The_ceiling_counts_the_work_that_it_does(string name)
    {
        ProductKernel kernel = KernelSets.Get(name).Product;
        Assert.True(kernel.Peak(1) > 0);
        Assert.Equal(1000 * kernel.Peak(1), kernel.Peak(1000));
    }

    private static void Check(ProductKernel kernel, int rows, int inner, Func<int, sbyte> left, Func<int, sbyte> right, Random random)
    {
        using Guarded<sbyte> a = new Guarded<sbyte>(rows * inner).Fill(left);
        using Guarded<sbyte> b = new Guarded<sbyte>(inner * Columns).Fill(right);
        using Guarded<int> bias = new Guarded<int>(Columns).Fill(_ => random.Next(int.MinValue, int.MaxValue));
        using Guarded<byte> scratch = new(rows * kernel.OperandBytes(inner));
        using Guarded<int> tile = new(rows * Columns), expected = new(rows * Columns);

        Operand operand = kernel.Prepare(a.Pointer, inner, rows, inner, scratch.Pointer);
        foreach (bool biased in (bool[])[true, false])
        {
            Panels panels = new(b.Pointer, inner) { Bias = biased ? bias.Pointer : null };
            kernel.Multiply(operand, rows, panels, 0, tile.Pointer);
            new ScalarProduct().Multiply(new((byte*)a.Pointer, inner), rows, panels, 0, expected.Pointer);
            AssertSame(expected, tile, $"{kernel.Name}, {rows} rows, inner {inner}, bias {biased}");
        }
        scratch.AssertGuards();
    }

    private static void CheckWide(ProductKernel kernel, int rows, int inner, Func<int, ushort> left, Func<int, sbyte> right)
    {
        using Guarded<ushort> a = new Guarded<ushort>(rows * inner).Fill(left);
        using Guarded<sbyte> b = new Guarded<sbyte>(inner * Columns).Fill(right);
        using Guarded<byte> scratch = new(rows * kernel.WideOperandBytes(inner));
        using Guarded<int> tile = new(rows * Columns), expected = new(rows * Columns);

        Operand operand = kernel.PrepareWide(a.Pointer, inner * sizeof(ushort), rows, inner, scratch.Pointer);
        kernel.MultiplyWide(operand, rows, new(b.Pointer, inner), 0, tile.Pointer);
        new ScalarProduct().MultiplyWide(new((byte*)a.Pointer, inner * sizeof(ushort)), rows, new(b.Pointer, inner), 0, expected.Pointer);
        AssertSame(expected, tile, $"{kernel.Name}, wide, {rows} rows, inner {inner}");
        scratch.AssertGuards();
    }

    private static void AssertSame(Guarded<int> expected, Guarded<int> actual, string what)
    {
        int at = expected.Span.CommonPrefixLength(actual.Span);
        Assert.True(at == expected.Length, $"{what}: differs at {at}");
        actual.AssertGuards();
    }
}
