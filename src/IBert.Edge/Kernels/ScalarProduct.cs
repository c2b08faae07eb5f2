// The product's definition: plain loops, the oracle of all the others.
namespace IBert.Edge.Kernels;

/// <summary>The definition of <see cref="ProductKernel"/>; runs everywhere.</summary>
internal sealed unsafe class ScalarProduct : ProductKernel
{
    // Keeps the loop of Peak alive.
    private int peak;

    public override string Name => "scalar";

    public override int TileRows => 4;

    public override int OperandBytes(int inner) => 0;

    public override int WideOperandBytes(int inner) => 0;

    public override Operand Prepare(sbyte* rows, nint stride, int count, int inner, byte* scratch) => new((byte*)rows, stride);

    public override Operand PrepareWide(ushort* rows, nint stride, int count, int inner, byte* scratch) => new((byte*)rows, stride);

    public override void Multiply(Operand left, int rows, in Panels panels, int panel, int* tile)
    {
        sbyte* weights = panels.At(panel);
        int* bias = panels.BiasAt(panel);
        int inner = panels.Inner;
        for (int r = 0; r < rows; r++)
        {
            sbyte* row = (sbyte*)(left.Data + r * left.Stride);
            for (int c = 0; c < Panels.Columns; c++)
            {
                int sum = bias is null ? 0 : bias[c];
                for (int k = 0; k < inner; k++)
                {
                    sum += row[k] * weights[Panels.PlaceInPanel(k, c)];
                }
                tile[r * Panels.Columns + c] = sum;
            }
        }
    }

    public override void MultiplyWide(Operand left, int rows, in Panels panels, int panel, int* tile)
    {
        sbyte* weights = panels.At(panel);
        int inner = panels.Inner;
        for (int r = 0; r < rows; r++)
        {
            ushort* row = (ushort*)(left.Data + r * left.Stride);
            for (int c = 0; c < Panels.Columns; c++)
            {
                int sum = 0;
                for (int k = 0; k < inner; k++)
                {
                    sum += row[k] * weights[Panels.PlaceInPanel(k, c)];
                }
                tile[r * Panels.Columns + c] = sum;
            }
        }
    }

    public override long Peak(int iterations)
    {
        int a = 1, b = 2, c = 3, d = 4;
        for (int i = 0; i < iterations; i++)
        {
            a += a * i;
            b += b * i;
            c += c * i;
            d += d * i;
        }
        peak = a ^ b ^ c ^ d;
        return 4L * iterations;
    }
}
