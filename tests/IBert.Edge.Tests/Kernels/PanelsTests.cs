// Where packed weights lie, and that kernels are given all that belongs to them.
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;
using IBert.Edge.TestSupport;
using IBert.Edge.Tests.Hostile;
using Xunit;

namespace IBert.Edge.Tests.Kernels;

public sealed unsafe class PanelsTests
{
    [Fact]
    public void Every_weight_has_a_place_of_its_own_and_panels_follow_one_another_without_gaps()
    {
        const int Inner = 48, Columns = 32;

        IEnumerable<long> places = from column in Enumerable.Range(0, Columns)
                                   from k in Enumerable.Range(0, Inner)
                                   select Panels.Place(k, column, Inner);

        Assert.Equal(Enumerable.Range(0, (int)Panels.Bytes(Inner, Columns)).Select(i => (long)i), places.Order());
    }

    /// <summary>FORMAT.md: [N/16][K/4][16][4].</summary>
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(3, 0, 3)]
    [InlineData(4, 0, 64)]
    [InlineData(0, 1, 4)]
    [InlineData(47, 15, (11 * 64) + 63)]
    [InlineData(5, 17, (48 * 16) + 64 + 4 + 1)]
    public void A_weight_lies_where_the_format_says(int k, int column, long place)
    {
        Assert.Equal(place, Panels.Place(k, column, 48));
        Assert.Equal(place, (long)(new Panels(null, 48).At(column / 16) + Panels.PlaceInPanel(k, column % 16)));
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(16, 16)]
    [InlineData(17, 32)]
    [InlineData(384, 384)]
    public void Counts_are_padded_to_whole_panels(int count, int padded) => Assert.Equal(padded, Panels.Padded(count));

    [Fact]
    public void Panels_far_into_a_large_matrix_are_found()
    {
        Panels panels = new(null, 65_536);
        Assert.Equal(4095L * 16 * 65_536, (long)panels.At(4095));
        Assert.Equal(4095L * 16 * 65_536, Panels.Place(0, 65_520, 65_536));
    }

    /// <summary>
    /// A kernel whose instructions multiply unsigned by signed offsets its left side and takes the offset's part from the column sums
    /// (VNNI). With one, every kind of operation gives what the definition gives.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_kernel_that_needs_the_column_sums_is_given_them(bool published)
    {
        using OpenedModel opened = new(new Draft(published ? PublishedModel.Sections : SmallModel.Sections).Seal());
        ModelContents model = opened.Model.Contents;
        OffsetProduct product = new();
        KernelSet scalar = KernelSet.Create("scalar")!;
        using Executor expected = new(model, scalar, opened.Model.MaxLength, 1);
        using Executor actual = new(model, new KernelSet("offset", product, scalar.Elements), opened.Model.MaxLength, 1);
        foreach (int length in (int[])[1, opened.Model.MaxLength])
        {
            int[] ids = [.. Enumerable.Range(0, length).Select(i => i % 8)];
            Assert.Equal(expected.Run(new(ids, new byte[length])).ToArray(), actual.Run(new(ids, new byte[length])).ToArray());
        }
        Assert.True(product.Given > 0);
    }

    /// <summary>The definition, by way of u8 x s8: sum (x + 128) w - 128 sum w.</summary>
    private sealed class OffsetProduct : ProductKernel
    {
        private const int Offset = 128;

        private readonly ScalarProduct definition = new();

        /// <summary>Products of panels that came with their column sums.</summary>
        public int Given { get; private set; }

        public override string Name => "offset";

        public override int TileRows => 3;

        public override int OperandBytes(int inner) => inner;

        public override int WideOperandBytes(int inner) => 0;

        public override Operand Prepare(sbyte* rows, nint stride, int count, int inner, byte* scratch)
        {
            for (int r = 0; r < count; r++)
            {
                for (int k = 0; k < inner; k++)
                {
                    scratch[(r * inner) + k] = (byte)(rows[(r * stride) + k] + Offset);
                }
            }
            return new(scratch, inner);
        }

        public override Operand PrepareWide(ushort* rows, nint stride, int count, int inner, byte* scratch) =>
            definition.PrepareWide(rows, stride, count, inner, scratch);

        public override void Multiply(Operand left, int rows, in Panels panels, int panel, int* tile)
        {
            sbyte* weights = panels.At(panel);
            int* bias = panels.BiasAt(panel);
            Given += panels.ColumnSums is null ? 0 : 1;
            for (int c = 0; c < Panels.Columns; c++)
            {
                int sum = panels.ColumnSums is null ? SumOf(weights, c, panels.Inner) : panels.ColumnSums[(panel * Panels.Columns) + c];
                for (int r = 0; r < rows; r++)
                {
                    int product = (bias is null ? 0 : bias[c]) - (Offset * sum);
                    for (int k = 0; k < panels.Inner; k++)
                    {
                        product += left.From(r).Data[k] * weights[Panels.PlaceInPanel(k, c)];
                    }
                    tile[(r * Panels.Columns) + c] = product;
                }
            }
        }

        public override void MultiplyWide(Operand left, int rows, in Panels panels, int panel, int* tile) =>
            definition.MultiplyWide(left, rows, panels, panel, tile);

        public override long Peak(int iterations) => definition.Peak(iterations);

        private static int SumOf(sbyte* weights, int column, int inner)
        {
            int sum = 0;
            for (int k = 0; k < inner; k++)
            {
                sum += weights[Panels.PlaceInPanel(k, column)];
            }
            return sum;
        }
    }
}
