// Every kernel gives the definition's bytes in every case that the device's self-test walks, and the comparison finds what differs.
using IBert.Edge.Cli.Inspection;
using IBert.Edge.Kernels;
using Xunit;

namespace IBert.Edge.Tests.Kernels;

public sealed unsafe class KernelCaseTests
{
    private static readonly KernelSet s_definition = KernelSets.Get("scalar");

    public static TheoryData<string, string> MethodsOfAvailable
    {
        get
        {
            TheoryData<string, string> rows = [];
            foreach (string name in KernelSets.Available.Select(row => row.Data))
            {
                foreach (string method in KernelCases.Methods)
                {
                    rows.Add(name, method);
                }
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(MethodsOfAvailable))]
    public void Results_are_those_of_the_definition_and_nothing_beside_them_is_written(string name, string method)
    {
        using KernelCheck check = new(s_definition, KernelSets.Get(name));

        Assert.Null(check.FirstDifference(method)?.ToString());
    }

    [Fact]
    public void Every_method_that_computes_has_cases()
    {
        IEnumerable<string> computing = from type in (Type[])[typeof(ProductKernel), typeof(ElementKernel)]
                                        from method in type.GetMethods()
                                        where method.IsAbstract && method.ReturnType == typeof(void)
                                        select method.Name;

        Assert.Equal(computing.Order(), KernelCases.Methods.Order());
    }

    [Fact]
    public void Cases_are_the_same_whenever_they_are_asked_for()
    {
        using KernelCases one = new(), other = new();
        foreach (string method in KernelCases.Methods)
        {
            // A list that was left half way does not move the next one.
            _ = other.Of(method).First();
            Assert.Equal(one.Of(method).Select(Described), other.Of(method).Select(Described));
        }

        static string Described(KernelCase one) => $"{one}, {one.OutputBytes} bytes";
    }

    [Fact]
    public void All_methods_of_kernels_that_compute_nothing_are_found()
    {
        using KernelCheck check = new(s_definition, new KernelSet("idle", new IdleProduct(), new IdleElements()));

        Assert.Equal(KernelCases.Methods, check.Run().Select(found => found.Method));
    }

    [Fact]
    public void A_byte_behind_the_output_or_the_scratch_is_found()
    {
        using KernelCheck check = new(s_definition, new KernelSet("overstepping", new OversteppingProduct(), s_definition.Elements));

        Assert.Equal([nameof(ProductKernel.Multiply), nameof(ProductKernel.MultiplyWide)], check.Run().Select(found => found.Method));
    }

    private class IdleProduct : ProductKernel
    {
        private readonly ScalarProduct definition = new();

        public override string Name => "idle";

        public override int TileRows => definition.TileRows;

        public override int OperandBytes(int inner) => 16;

        public override int WideOperandBytes(int inner) => 16;

        public override Operand Prepare(sbyte* rows, nint stride, int count, int inner, byte* scratch) =>
            definition.Prepare(rows, stride, count, inner, scratch);

        public override Operand PrepareWide(ushort* rows, nint stride, int count, int inner, byte* scratch) =>
            definition.PrepareWide(rows, stride, count, inner, scratch);

        public override void Multiply(Operand left, int rows, in Panels panels, int panel, int* tile)
        {
        }

        public override void MultiplyWide(Operand left, int rows, in Panels panels, int panel, int* tile)
        {
        }

        public override long Peak(int iterations) => definition.Peak(iterations);
    }

    /// <summary>Right results, and one byte more: of narrow products behind the tile, of wide ones behind the scratch.</summary>
    private sealed class OversteppingProduct : IdleProduct
    {
        private readonly ScalarProduct definition = new();

        public override Operand PrepareWide(ushort* rows, nint stride, int count, int inner, byte* scratch)
        {
            scratch[count * WideOperandBytes(inner)] = 0;
            return definition.PrepareWide(rows, stride, count, inner, scratch);
        }

        public override void Multiply(Operand left, int rows, in Panels panels, int panel, int* tile)
        {
            definition.Multiply(left, rows, panels, panel, tile);
            *(byte*)(tile + (rows * Panels.Columns)) = 0;
        }

        public override void MultiplyWide(Operand left, int rows, in Panels panels, int panel, int* tile) =>
            definition.MultiplyWide(left, rows, panels, panel, tile);
    }

    private sealed class IdleElements : ElementKernel
    {
        public override string Name => "idle";

        public override void ToInt8(int* tile, int rows, in ChannelScale scale, int column, sbyte* output, nint stride)
        {
        }

        public override void ToInt16(int* tile, int rows, in ChannelScale scale, int column, short* output, nint stride)
        {
        }

        public override void ToInt32(int* tile, int rows, in ChannelScale scale, int column, int* output, nint stride)
        {
        }

        public override void ContextToInt8(int* tile, int rows, int* sums, in ContextScale scale, sbyte* output, nint stride)
        {
        }

        public override void Softmax(int* scores, int rows, int stride, int count, in SoftmaxScale scale, ushort* exponentials, int* sums)
        {
        }

        public override void LayerNorm(short* a, short* b, in LayerNormScale scale, short* wide, sbyte* narrow)
        {
        }

        public override void Gate(short* input, short* gate, short* multipliers, int zeroPoint, sbyte* output, int count)
        {
        }

        public override void EmbeddingSum(sbyte* a, int ma, sbyte* b, int mb, sbyte* t, int mt, int shift, int columns, short* output)
        {
        }

        public override void PackKeys(sbyte* rows, nint stride, int count, int inner, sbyte* panels)
        {
        }

        public override void PackValues(sbyte* rows, nint stride, int count, int columns, sbyte* panels)
        {
        }
    }
}
