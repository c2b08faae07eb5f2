// The paper's table of approximation errors (section 3.4), and beside it those of the integers that the runtime computes.
using System.Globalization;
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Paper;

/// <summary>The L2 distance, as a root mean square, and the L-infinity distance of two functions over an interval.</summary>
internal readonly record struct Distance(double RootMeanSquare, double Largest)
{
    /// <summary>Of pairs of an approximation and the truth.</summary>
    public static Distance Of(IEnumerable<(double Found, double Exact)> pairs)
    {
        double squares = 0, largest = 0;
        long count = 0;
        foreach ((double found, double exact) in pairs)
        {
            double error = Math.Abs(found - exact);
            squares += error * error;
            largest = Math.Max(largest, error);
            count++;
        }
        return new(Math.Sqrt(squares / count), largest);
    }
}

/// <summary>A row of the table.</summary>
/// <param name="Name">Of the approximation.</param>
/// <param name="Measured">Its distance.</param>
/// <param name="Printed">What the paper says; null for what is not in the paper, or for a figure that is not.</param>
internal sealed record Approximation(string Name, Distance Measured, (double? RootMeanSquare, double? Largest) Printed = default);

internal static unsafe class Approximations
{
    // GELU's interval, in which the paper measures.
    private const double Bound = 4;

    private const double Ln2 = 0.69314718055994530942;

    private const int GridSteps = 1 << 16;

    // Integers in front of GELU: 16 bits over +-8, and of the published operation accumulators of about the scale that real models have.
    private const double GateStep = 8.0 / short.MaxValue;
    private const float AccumulatorScale = 1f / (1 << 13);

    // Of the published softmax's scores.
    private const float ScoreScale = 1f / (1 << 12);

    /// <summary>The approximations of GELU as real functions, over [-4, 4].</summary>
    public static IReadOnlyList<Approximation> Gelu { get; } =
    [
        new("i-GELU", OverGelu(Functions.IntegerGelu), (8.2e-3, 1.8e-2)),
        new("h-GELU", OverGelu(Functions.HardGelu), (3.1e-2, 6.8e-2)),
        new("x sigma(1.702 x)", OverGelu(Functions.SigmoidGelu), (1.2e-2, 2.0e-2)),
    ];

    /// <summary>i-exp as a real function, over (-ln 2, 0].</summary>
    public static IReadOnlyList<Approximation> Exp { get; } =
    [
        new("i-exp, the reference code's coefficients", OverExp(Functions.IntegerExp), (null, 1.9e-3)),
        new("i-exp, the coefficients as printed", OverExp(Functions.PrintedExp), (null, 1.9e-3)),
    ];

    /// <summary>GELU as the runtime computes it, over every integer that stands for a number in [-4, 4].</summary>
    public static IReadOnlyList<Approximation> IntegerGelu()
    {
        short[] table = GateScale.Table(DeterministicMath.Gelu, GateStep);
        GeluConstants published = PublishedScales.Gelu(AccumulatorScale);
        int most = (int)(Bound / GateStep), mostAccumulator = (int)(Bound / AccumulatorScale);
        // A product's input has 255 steps from GELU's minimum to the largest value; the published one is symmetric.
        double eightBits = (Bound + 0.17) / 255, symmetric = Bound / sbyte.MaxValue;
        return
        [
            new("ours, 16 bits: x times a table of 4,096", Distance.Of(
                Integers(most).Select(x => (Gated((short)x, table) * GateStep, Exact(x * GateStep))))),
            new("ours, with its 8-bit output", GateToInt8(table, most, eightBits)),
            new("for comparison: GELU itself, rounded to those 8 bits",
                Distance.Of(Integers(most).Select(x => (Math.Round(Exact(x * GateStep) / eightBits) * eightBits, Exact(x * GateStep))))),
            new("published i-GELU", Distance.Of(Integers(mostAccumulator)
                .Select(x => ((double)PublishedElements.Gelu(x, published.B, published.C, published.Shift) * published.OutputScale,
                    Exact(x * (double)AccumulatorScale))))),
            new("published i-GELU, with its 8-bit output (symmetric)", PublishedToInt8(published, mostAccumulator, symmetric)),
        ];

        static double Exact(double x) => DeterministicMath.Gelu(x);
    }

    /// <summary>e^x as the runtime computes it: over (-ln 2, 0], and the largest distance over [-16 ln 2, 0].</summary>
    public static IReadOnlyList<(string Name, Distance Octave, double Largest)> IntegerExp()
    {
        SoftmaxConstants constants = PublishedScales.Softmax(ScoreScale);
        PublishedElements.Softmax published = new() { X0 = constants.X0, B = constants.B, C = constants.C };
        double unit = PublishedScales.ExponentialCoefficient * ScoreScale * ScoreScale / (1 << 30);
        const int octave = 1 << IntegerMath.ExponentFraction, scores = (int)(Ln2 / ScoreScale);
        return
        [
            ("ours, 14 bits", Distance.Of(Enumerable.Range(0, octave).Select(Ours)),
                Distance.Of(Enumerable.Range(0, 16 * octave).Select(Ours)).Largest),
            ("published i-exp", Distance.Of(Enumerable.Range(0, scores).Select(Published)),
                Distance.Of(Enumerable.Range(0, 16 * scores).Select(Published)).Largest),
        ];

        static (double, double) Ours(int t) =>
            (IntegerMath.Exp2Negative(t, ProductKernel.WideBits) / (double)((1 << ProductKernel.WideBits) - 1),
                DeterministicMath.Exp(-t * Ln2 / octave));

        (double, double) Published(int distance) =>
            ((double)published.Exponential(-distance) * unit, DeterministicMath.Exp(-distance * (double)ScoreScale));
    }

    /// <summary>Writes the page.</summary>
    public static void Write(string folder)
    {
        Page page = new(folder, "approximations", "Approximations of GELU and of the exponential");
        page.Line($"Of the I-BERT paper (Kim et al. 2021, arXiv:2101.01321), section 3.4. L2 is a root mean square.");
        page.Line();
        page.Line($"## GELU over [-4, 4]");
        page.Line();
        Table(page, Gelu);
        page.Line();
        page.Line($"In integers, over every integer that stands for a number in [-4, 4], by the kernels' own definitions. Ours has ",
            $"16-bit inputs over +-8 and a");
        page.Line($"table of x's factor (operation Gate, function 0); the published one (function 1) has accumulators of the scale ",
            $"2^-13. The 8-bit outputs reach to 4.");
        page.Line();
        page.Head("integers", "L2", "L-infinity");
        foreach (Approximation row in IntegerGelu())
        {
            page.Line($"| {row.Name} | {Figure(row.Measured.RootMeanSquare)} | {Figure(row.Measured.Largest)} |");
        }
        page.Line();
        Axis x = new("x", -4, 4, 1);
        page.Plot("gelu", "GELU and its approximations", SvgCurves.Draw("GELU and its approximations", x, new Axis("f(x)", -1, 8, 0.5),
        [
            Sampled("GELU", DeterministicMath.Gelu), Sampled("h-GELU", Functions.HardGelu),
            Sampled("x sigma(1.702 x)", Functions.SigmoidGelu),
            Sampled("i-GELU", Functions.IntegerGelu),
        ]));
        short[] table = GateScale.Table(DeterministicMath.Gelu, GateStep);
        page.Plot("gelu-error", "Error of the approximations of GELU",
            SvgCurves.Draw("Approximation less GELU", x, new Axis("f(x) - GELU(x)", -4, 4, 0.02),
        [
            Sampled("ours, 16 bits", x => GatedAt(x, table) - DeterministicMath.Gelu(x)), Error("h-GELU", Functions.HardGelu),
            Error("x sigma(1.702 x)", Functions.SigmoidGelu), Error("i-GELU", Functions.IntegerGelu),
        ]));

        page.Line($"## Exponential over (-ln 2, 0]");
        page.Line();
        Table(page, Exp);
        page.Line();
        page.Line($"The paper's 1.9e-3 is that of the coefficients in its code; those that it prints are rounded to four digits.");
        page.Line();
        page.Line($"In integers, by the kernels' own definitions. Ours is 2^-t with t in steps of 2^-15 and a polynomial of third ",
            $"degree; the published one has scores");
        page.Line($"of the scale 2^-12.");
        page.Line();
        page.Head("integers", "L2", "L-infinity", "L-infinity over [-16 ln 2, 0]");
        foreach ((string name, Distance octave, double largest) in IntegerExp())
        {
            page.Line($"| {name} | {Figure(octave.RootMeanSquare)} | {Figure(octave.Largest)} | {Figure(largest)} |");
        }
        page.Line();
        page.Plot("exp-error", "Error of the exponentials", SvgCurves.Draw(
            "Approximation less e^x", new Axis("x", -7, 0, 0.1), new Axis("f(x) - e^x", -5, 5, 0.0005),
            [
                Octave("ours, 14 bits", x => Exp2At(x) - DeterministicMath.Exp(x)),
                Octave("i-exp as printed", x => Functions.PrintedExp(x) - DeterministicMath.Exp(x)),
                Octave("i-exp", x => Functions.IntegerExp(x) - DeterministicMath.Exp(x)),
            ]));
        page.Save();

        static Curve Sampled(string name, Func<double, double> function) =>
            new(name, [.. Enumerable.Range(0, 321).Select(i => -Bound + (i * Bound / 160)).Select(x => (x, function(x)))]);

        static Curve Error(string name, Func<double, double> function) => Sampled(name, x => function(x) - DeterministicMath.Gelu(x));

        static Curve Octave(string name, Func<double, double> function) =>
            new(name, [.. Enumerable.Range(0, 161).Select(i => -Ln2 + (i * Ln2 / 160)).Select(x => (x, function(x)))]);

        static double GatedAt(double x, short[] table)
        {
            short integer = (short)Math.Round(x / GateStep);
            return (Gated(integer, table) * GateStep) + x - (integer * GateStep);
        }

        static double Exp2At(double x) =>
            IntegerMath.Exp2Negative((int)Math.Round(-x / Ln2 * (1 << IntegerMath.ExponentFraction)), ProductKernel.WideBits) / (double)(
                (1 << ProductKernel.WideBits) - 1);
    }

    private static void Table(Page page, IReadOnlyList<Approximation> rows)
    {
        page.Head("approximation", "L2", "printed", "L-infinity", "printed");
        foreach (Approximation row in rows)
        {
            page.Line($"| {row.Name} | {Figure(row.Measured.RootMeanSquare)} | {Printed(row.Printed.RootMeanSquare)} | ",
                $"{Figure(row.Measured.Largest)} | {Printed(row.Printed.Largest)} |");
        }

        static string Printed(double? value) => value is { } figure ? figure.ToString("0.0e-0", CultureInfo.InvariantCulture) : "";
    }

    private static string Figure(double value) => value.ToString("0.00e-0", CultureInfo.InvariantCulture);

    private static Distance OverGelu(Func<double, double> function) => Distance.Of(
        Enumerable.Range(0, GridSteps + 1).Select(i => -Bound + (i * 2 * Bound / GridSteps))
            .Select(x => (function(x), DeterministicMath.Gelu(x))));

    private static Distance OverExp(Func<double, double> function) => Distance.Of(
        Enumerable.Range(0, GridSteps).Select(i => -i * Ln2 / GridSteps).Select(x => (function(x), DeterministicMath.Exp(x))));

    private static IEnumerable<int> Integers(int most) => Enumerable.Range(-most, (2 * most) + 1);

    private static int Gated(short x, short[] table)
    {
        fixed (short* gate = table)
        {
            return ScalarElements.Gated(x, gate);
        }
    }

    /// <summary>The Gate operation to its output, dequantized by the scale that its rounded multiplier stands for.</summary>
    private static Distance GateToInt8(short[] table, int most, double wanted)
    {
        short[] input = [.. Integers(most).Select(x => (short)x)];
        short[] multipliers = [.. Enumerable.Repeat((short)Math.Round(GateStep / wanted * (1 << 15)), input.Length)];
        double scale = GateStep * (1 << 15) / multipliers[0];
        int zeroPoint = (int)Math.Round(sbyte.MaxValue - (Bound / scale));
        sbyte[] output = new sbyte[input.Length];
        fixed (short* from = input, gate = table, factors = multipliers)
        fixed (sbyte* to = output)
        {
            new ScalarElements().Gate(from, gate, factors, zeroPoint, to, input.Length);
        }
        return Distance.Of(input.Zip(output, (x, y) => ((y - zeroPoint) * scale, DeterministicMath.Gelu(x * GateStep))));
    }

    private static Distance PublishedToInt8(in GeluConstants constants, int most, double scale)
    {
        (int multiplier, int exponent) = PublishedScales.Dyadic(constants.OutputScale / scale);
        PublishedElements.Range range = new() { Low = sbyte.MinValue, High = sbyte.MaxValue };
        int[] input = [.. Integers(most)], b = Repeated(constants.B), multipliers = Repeated(multiplier);
        long[] c = Repeated(constants.C), shift = Repeated(constants.Shift);
        sbyte[] output = new sbyte[input.Length];
        fixed (int* from = input, ofB = b, factors = multipliers)
        fixed (long* ofC = c, ofShift = shift)
        fixed (sbyte* to = output)
        {
            PublishedElements.Term term = new() { Multipliers = factors, Exponent = exponent, Rounding = Rounding.HalfEven };
            PublishedElements.Gelu(from, ofB, ofC, ofShift, term, range, to, input.Length);
        }
        return Distance.Of(input.Zip(output, (x, y) => (y * scale, DeterministicMath.Gelu(x * (double)AccumulatorScale))));

        T[] Repeated<T>(T value) => [.. Enumerable.Repeat(value, (2 * most) + 1)];
    }
}
