// The matrix product equals its definition to the bit: a sequential sum over k, each product rounded before it is added.
using IBert.Edge.Quantization.Reference;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Reference;

public class MatrixProductTests
{
    [Fact]
    public void Awkward_shapes_equal_the_definition_to_the_bit()
    {
        var random = new Random(3);
        foreach (int rows in (int[])[1, 2, 3, 4, 5, 9])
        {
            foreach (int depth in (int[])[1, 2, 26, 65])
            {
                foreach (int columns in (int[])[1, 2, 7, 8, 15, 16, 17, 33])
                {
                    foreach (bool biased in (bool[])[true, false])
                    {
                        // Strides wider than the rows: what lies between them must stay as it is.
                        (int xStride, int yStride) = (depth + 3, columns + 5);
                        float[] x = Values(random, rows * xStride), b = Values(random, depth * columns),
                            bias = biased ? Values(random, columns) : [];
                        float[] y = [.. Enumerable.Repeat(7f, rows * yStride)];
                        var packed = new float[MatrixProduct.PackedLength(depth, columns)];
                        MatrixProduct.Pack(b, columns, 1, depth, columns, packed);
                        MatrixProduct.Multiply(x, xStride, rows, packed, depth, columns, bias, y, yStride);
                        for (int i = 0; i < y.Length; i++)
                        {
                            (int row, int column) = (i / yStride, i % yStride);
                            float expected = column < columns ? Definition(x.AsSpan(row * xStride), b, depth, columns, column, bias) : 7f;
                            Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(y[i]));
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void Packing_of_the_transposed_is_the_same()
    {
        const int depth = 5, columns = 19;
        float[] b = Values(new Random(4), depth * columns);
        float[] transposed = [.. Enumerable.Range(0, depth * columns).Select(i => b[i % depth * columns + i / depth])];
        float[] straight = new float[MatrixProduct.PackedLength(depth, columns)], turned = new float[straight.Length];
        MatrixProduct.Pack(b, columns, 1, depth, columns, straight);
        MatrixProduct.Pack(transposed, 1, depth, depth, columns, turned);
        Assert.Equal(straight, turned);
    }

    [Fact]
    public void Operands_that_are_too_short_are_refused()
    {
        var packed = new float[MatrixProduct.PackedLength(4, 4)];
        Assert.Throws<ArgumentOutOfRangeException>(() => MatrixProduct.Multiply(new float[7], 4, 2, packed, 4, 4, [], new float[8], 4));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => MatrixProduct.Multiply(new float[8], 4, 2, packed.AsSpan(1), 4, 4, [], new float[8], 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => MatrixProduct.Multiply(new float[8], 4, 2, packed, 4, 4, [], new float[7], 4));
    }

    private static float Definition(ReadOnlySpan<float> x, float[] b, int depth, int columns, int column, float[] bias)
    {
        float sum = 0;
        for (int k = 0; k < depth; k++)
        {
            float product = b[k * columns + column] * x[k];
            sum += product;
        }
        return bias.Length > 0 ? sum + bias[column] : sum;
    }

    private static float[] Values(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
}
