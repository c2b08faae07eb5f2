// What is left of an inference when only its matrix products run.
using IBert.Edge.Kernels;

namespace IBert.Edge.Benchmarks;

/// <summary>
/// Element-wise kernels that do nothing. An executor with them makes the same calls of the product kernel as an inference, in the same
/// order, over the model's own panels: what it takes is the products with the loops that drive them, without requantization, softmax,
/// LayerNorm and so on. Its results mean nothing; integer products take the same time whatever they multiply.
/// </summary>
internal sealed unsafe class ProductsAlone : ElementKernel
{
    public override string Name => "none";

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
