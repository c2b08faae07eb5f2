// The reference's own elementary functions against the C library's and against numbers from tables.
using IBert.Edge.Quantization.Reference;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Reference;

public class DeterministicMathTests
{
    [Fact]
    public void Exp_is_exact_to_two_units_of_the_last_place()
    {
        for (double x = -700; x <= 709; x += 0.1373)
        {
            double expected = Math.Exp(x);
            Assert.InRange(Math.Abs(DeterministicMath.Exp(x) - expected) / expected, 0, 4.5e-16);
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(710, double.PositiveInfinity)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData(-746, 0)]
    [InlineData(double.NegativeInfinity, 0)]
    [InlineData(double.NaN, double.NaN)]
    public void Exp_of_extremes(double x, double expected) => Assert.Equal(expected, DeterministicMath.Exp(x));

    [Fact]
    public void Exp_reaches_the_subnormal_numbers() => Assert.InRange(DeterministicMath.Exp(-745), double.Epsilon, 1e-323);

    [Fact]
    public void Tanh_is_exact_to_1e_15()
    {
        for (double x = -25; x <= 25; x += 0.0137)
        {
            Assert.Equal(Math.Tanh(x), DeterministicMath.Tanh(x), 1e-15);
        }
    }

    // Abramowitz and Stegun, table 7.1; erf(3), erf(5) from Wolfram's tables.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.02, 0.0225645747)]
    [InlineData(0.5, 0.5204998778)]
    [InlineData(1, 0.8427007929)]
    [InlineData(2, 0.9953222650)]
    [InlineData(-1, -0.8427007929)]
    [InlineData(3, 0.9999779095)]
    [InlineData(7, 1)]
    [InlineData(double.PositiveInfinity, 1)]
    [InlineData(double.NaN, double.NaN)]
    public void Erf_of_the_tables(double x, double expected) => Assert.Equal(expected, DeterministicMath.Erf(x), 6e-11);

    [Fact]
    public void Gelu_is_the_integral_of_the_normal_density_to_1e_12()
    {
        for (double x = -8; x <= 8; x += 0.0731)
        {
            Assert.Equal(NaiveModel.Gelu(x), DeterministicMath.Gelu(x), 1e-12);
        }
    }

    [Fact]
    public void Slopes_are_those_of_the_functions()
    {
        const double h = 1e-5;
        for (double x = -8; x <= 8; x += 0.0731)
        {
            Assert.Equal((DeterministicMath.Gelu(x + h) - DeterministicMath.Gelu(x - h)) / (2 * h), DeterministicMath.GeluSlope(x), 1e-9);
            Assert.Equal((DeterministicMath.GeluTanh(x + h) - DeterministicMath.GeluTanh(x - h)) / (2 * h),
                DeterministicMath.GeluTanhSlope(x), 1e-9);
        }
    }

    [Fact]
    public void The_tables_differ_from_the_functions_by_less_than_1e_7()
    {
        for (float x = -10; x <= 10; x += 0.00041f)
        {
            // The result is a float: its own spacing, 5e-7 near 8, comes on top.
            double spacing = Math.Abs(x) * Math.Pow(2, -24);
            Assert.Equal(DeterministicMath.Gelu(x), SmoothTable.Gelu[x], 1e-7 + spacing);
            Assert.Equal(DeterministicMath.GeluTanh(x), SmoothTable.GeluTanh[x], 1e-7 + spacing);
        }
    }

    [Theory]
    [InlineData(8f, 8f)]
    [InlineData(7.9999995f, 7.9999995f)]
    [InlineData(-8f, 0f)]
    [InlineData(0f, 0f)]
    [InlineData(float.MaxValue, float.MaxValue)]
    [InlineData(float.MinValue, 0f)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(float.NaN, float.NaN)]
    public void The_table_at_its_ends(float x, float expected) => Assert.Equal(expected, SmoothTable.Gelu[x], 1e-7f);
}
