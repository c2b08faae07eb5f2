// Kernels that compute the definition, late: for what several workers do together.
using IBert.Edge.Kernels;

namespace IBert.Edge.Tests.Graph;

/// <summary>Kernels that let other threads go first now and then.</summary>
internal static class LateKernels
{
    /// <summary>A set of them.</summary>
    /// <param name="prepares">Whether the left side of a product has a form of its own, as that of AVX2 has.</param>
    public static KernelSet Create(bool prepares) => new("late", prepares ? new CountingProduct() : new LateProduct(), new LateElements());

    /// <summary>Waits: mostly not at all, sometimes until others have run, seldom for longer than an operation takes.</summary>
    public static void Dawdle()
    {
        switch (Random.Shared.Next(512))
        {
            case 0:
                Thread.Sleep(1);
                break;
            case < 96:
                Thread.Yield();
                break;
            case < 160:
                Thread.SpinWait(200);
                break;
        }
    }
}

/// <summary>The definition of the product, late.</summary>
internal unsafe class LateProduct : ProductKernel
{
    private readonly ScalarProduct definition = new();

    public override string Name => "late";

    public override int TileRows => definition.TileRows;

    public override int OperandBytes(int inner) => 0;

    public override int WideOperandBytes(int inner) => 0;

    public override Operand Prepare(sbyte* rows, nint stride, int count, int inner, byte* scratch) =>
        definition.Prepare(rows, stride, count, inner, scratch);

    public override Operand PrepareWide(ushort* rows, nint stride, int count, int inner, byte* scratch) =>
        definition.PrepareWide(rows, stride, count, inner, scratch);

    public override void Multiply(Operand left, int rows, in Panels panels, int panel, int* tile)
    {
        LateKernels.Dawdle();
        definition.Multiply(left, rows, panels, panel, tile);
    }

    public override void MultiplyWide(Operand left, int rows, in Panels panels, int panel, int* tile) =>
        definition.MultiplyWide(left, rows, panels, panel, tile);

    public override long Peak(int iterations) => definition.Peak(iterations);
}

/// <summary>The same with a left side of its own form, a copy; it counts the rows that it copies.</summary>
internal sealed unsafe class CountingProduct : LateProduct
{
    private long prepared;

    /// <summary>Rows prepared, by all workers.</summary>
    public long Rows => prepared;

    public override int OperandBytes(int inner) => inner;

    public override Operand Prepare(sbyte* rows, nint stride, int count, int inner, byte* scratch)
    {
        Interlocked.Add(ref prepared, count);
        for (int r = 0; r < count; r++)
        {
            LateKernels.Dawdle();
            Buffer.MemoryCopy(rows + (r * stride), scratch + (r * inner), inner, inner);
        }
        return new(scratch, inner);
    }
}

/// <summary>The definition of everything else, late.</summary>
internal sealed unsafe class LateElements : ElementKernel
{
    private readonly ScalarElements definition = new();

    public override string Name => "late";

    public override void ToInt8(int* tile, int rows, in ChannelScale scale, int column, sbyte* output, nint stride) =>
        definition.ToInt8(tile, rows, scale, column, output, stride);

    public override void ToInt16(int* tile, int rows, in ChannelScale scale, int column, short* output, nint stride) =>
        definition.ToInt16(tile, rows, scale, column, output, stride);

    public override void ToInt32(int* tile, int rows, in ChannelScale scale, int column, int* output, nint stride) =>
        definition.ToInt32(tile, rows, scale, column, output, stride);

    public override void ContextToInt8(int* tile, int rows, int* sums, in ContextScale scale, sbyte* output, nint stride) =>
        definition.ContextToInt8(tile, rows, sums, scale, output, stride);

    public override void Softmax(int* scores, int rows, int stride, int count, in SoftmaxScale scale, ushort* exponentials, int* sums)
    {
        LateKernels.Dawdle();
        definition.Softmax(scores, rows, stride, count, scale, exponentials, sums);
    }

    public override void LayerNorm(short* a, short* b, in LayerNormScale scale, short* wide, sbyte* narrow)
    {
        LateKernels.Dawdle();
        definition.LayerNorm(a, b, scale, wide, narrow);
    }

    public override void Gate(short* input, short* gate, short* multipliers, int zeroPoint, sbyte* output, int count)
    {
        LateKernels.Dawdle();
        definition.Gate(input, gate, multipliers, zeroPoint, output, count);
    }

    public override void EmbeddingSum(sbyte* a, int ma, sbyte* b, int mb, sbyte* t, int mt, int shift, int columns, short* output)
    {
        LateKernels.Dawdle();
        definition.EmbeddingSum(a, ma, b, mb, t, mt, shift, columns, output);
    }

    public override void PackKeys(sbyte* rows, nint stride, int count, int inner, sbyte* panels)
    {
        LateKernels.Dawdle();
        definition.PackKeys(rows, stride, count, inner, panels);
    }

    public override void PackValues(sbyte* rows, nint stride, int count, int columns, sbyte* panels) =>
        definition.PackValues(rows, stride, count, columns, panels);
}
