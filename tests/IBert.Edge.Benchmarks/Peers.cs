// This runtime beside ONNX Runtime: the same tokens, one thread, in turns, in one process. Prints a Markdown page.
using System.Globalization;
using System.Runtime.InteropServices;
using IBert.Edge.Cli.Inspection;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;

namespace IBert.Edge.Benchmarks;

internal sealed class Peers : IDisposable
{
    // A length is measured for so long; a round runs everything, so that all see the same clock and the same neighbours.
    private const double SecondsPerLength = 12;
    private const int LeastRounds = 15;

    private static readonly int[] s_lengths = [8, 16, 32, 64, 128, 256];

    private readonly Classifier classifier;
    private readonly OperationNames operations;
    private readonly Executor productsAlone;
    private readonly OnnxSession fp32, int8;
    private readonly int ceilingIterations;

    public Peers(string model, string fp32Graph, string int8Graph)
    {
        classifier = Classifier.Open(model);
        operations = new OperationNames(classifier.Model);
        KernelSet kernels = new("products alone", classifier.Kernels.Product, new ProductsAlone());
        productsAlone = new Executor(classifier.Model.Contents, kernels, classifier.MaxLength, 1);
        fp32 = new OnnxSession(fp32Graph);
        int8 = new OnnxSession(int8Graph);
        // Two milliseconds of the ceiling's loop.
        const int trial = 100_000;
        double took = Time(() => classifier.Kernels.Product.Peak(trial));
        ceilingIterations = Math.Max(1, (int)(trial * 2 / took));
    }

    public void Run()
    {
        List<Result> results = [];
        foreach (int length in s_lengths)
        {
            results.Add(Measure(length));
        }
        PrintTimes(results);
        PrintProducts(results);
        PrintOperations(results);
    }

    public void Dispose()
    {
        fp32.Dispose();
        int8.Dispose();
        productsAlone.Dispose();
        classifier.Dispose();
    }

    private Result Measure(int length)
    {
        (_, int[] ids) = ReviewText.OfTokens(classifier, length);
        byte[] types = new byte[length];
        fp32.SetTokens(ids);
        int8.SetTokens(ids);
        Result result = new(length, ProductWork.Macs(classifier.Model, length)) { Label = Best(classifier.Executor.Run(new(ids, types))) };
        result.Fp32Label = fp32.Run();
        result.Int8Label = int8.Run();
        double begun = ProcessClock.Milliseconds;
        for (int round = 0; round < LeastRounds || ProcessClock.Milliseconds - begun < SecondsPerLength * 1e3; round++)
        {
            result.Ours.Add(TimeWarm(() => classifier.Executor.Run(new(ids, types))));
            result.Ceiling.Add(Time(() => result.CeilingMacs = classifier.Kernels.Product.Peak(ceilingIterations)));
            result.Products.Add(TimeWarm(() => productsAlone.Run(new(ids, types))));
            TimeOperations(ids, types, result);
            result.Fp32.Add(TimeWarm(() => fp32.Run()));
            result.Int8.Add(TimeWarm(() => int8.Run()));
        }
        return result;
    }

    /// <summary>Adds the time of each kind of operation in one inference.</summary>
    private void TimeOperations(int[] ids, byte[] types, Result result)
    {
        double[] sums = new double[operations.Names.Count];
        double last = ProcessClock.Milliseconds;
        classifier.Executor.AfterOperation = index =>
        {
            double now = ProcessClock.Milliseconds;
            sums[operations.GroupOf(index)] += now - last;
            last = ProcessClock.Milliseconds;
        };
        classifier.Executor.Run(new(ids, types));
        classifier.Executor.AfterOperation = null;
        for (int i = 0; i < sums.Length; i++)
        {
            result.Operation(i).Add(sums[i]);
        }
    }

    /// <summary>Each has its weights in the caches again before it is timed: the one before has driven them out.</summary>
    private static double TimeWarm(Action action)
    {
        action();
        return Time(action);
    }

    private static double Time(Action action)
    {
        double start = ProcessClock.Milliseconds;
        action();
        return ProcessClock.Milliseconds - start;
    }

    private void PrintTimes(List<Result> results)
    {
        KernelSet kernels = classifier.Kernels;
        Line($"{Cpu.Name()}; IBert.Edge native code ({RuntimeInformation.FrameworkDescription}), products {kernels.Product.Name}, the ",
            $"rest {kernels.Elements.Name};");
        Line($"ONNX Runtime {OnnxSession.Version}; one thread each. Milliseconds of processor time for one inference, tokenizer left ",
            $"out: median of the");
        Line($"rounds (least in brackets). A round runs each once; ratios are medians of the rounds' ratios.");
        Line($"");
        Line($"| tokens | rounds | IBert.Edge | ONNX Runtime FP32 | ONNX Runtime dynamic int8 | FP32 / ours | int8 / ours | labels |");
        Line($"|---|---|---|---|---|---|---|---|");
        foreach (Result r in results)
        {
            bool agree = r.Label == r.Fp32Label && r.Label == r.Int8Label;
            string labels = agree ? classifier.Labels[r.Label] : $"ours {r.Label}, FP32 {r.Fp32Label}, int8 {r.Int8Label}";
            Line($"| {r.Length} | {r.Ours.Count} | {Milliseconds(r.Ours)} | {Milliseconds(r.Fp32)} | {Milliseconds(r.Int8)} | ",
                $"{Ratio(r.Fp32, r.Ours):F2} | {Ratio(r.Int8, r.Ours):F2} | {labels} |");
        }
        Line($"");
    }

    private void PrintProducts(List<Result> results)
    {
        Line($"Products: the calls of an inference over the model's own panels, with nothing done to their results; beside them the ",
            $"operations that");
        Line($"contain them (Linear and Attention: requantization, softmax and packing included). The ceiling is a loop of the same ",
            $"instructions on");
        Line($"registers, in every round. Products left out (last layer: first token alone) do not count.");
        Line($"");
        Line($"| tokens | million products | ms, products | GMAC/s | ceiling | share | share, best of both | share, whole Linear and ",
            $"Attention | whole inference |");
        Line($"|---|---|---|---|---|---|---|---|---|");
        foreach (Result r in results)
        {
            double ceiling = r.CeilingMacs * 1e-6, macs = r.Macs * 1e-6;
            List<double> containing = r.Containing(operations.HasProducts);
            double Share(List<double> times) => Ratio(r.Ceiling, times) * macs / ceiling;
            Line($"| {r.Length} | {macs:F0} | {Milliseconds(r.Products)} | {macs / Median(r.Products):F1} | ",
                $"{ceiling / Median(r.Ceiling):F1} | {Share(r.Products):F3} | {r.Ceiling.Min() / r.Products.Min() * macs / ceiling:F3} | ",
                $"{Share(containing):F3} | {Share(r.Ours):F3} |");
        }
        Line($"");
    }

    private void PrintOperations(List<Result> results)
    {
        Line($"Milliseconds in each kind of operation (median):");
        Line($"");
        Line($"| operation | {string.Join(" | ", results.Select(r => $"{r.Length}"))} |");
        Line($"|---|{string.Concat(results.Select(_ => "---|"))}");
        IReadOnlyList<string> names = operations.Names;
        for (int i = 0; i < names.Count; i++)
        {
            int group = i;
            IEnumerable<string> medians = results.Select(r => FormattableString.Invariant($"{Median(r.Operation(group)):F3}"));
            Line($"| {names[i]} | {string.Join(" | ", medians)} |");
        }
    }

    private static int Best(ReadOnlySpan<int> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static double Ratio(List<double> of, List<double> to) => Median([.. of.Zip(to, (x, y) => x / y)]);

    private static string Milliseconds(List<double> values) =>
        string.Create(CultureInfo.InvariantCulture, $"{Median(values):F2} ({values.Min():F2})");

    private static void Line(params FormattableString[] parts) =>
        Console.WriteLine(string.Concat(parts.Select(FormattableString.Invariant)));

    /// <summary>The rounds of one length, in milliseconds.</summary>
    private sealed class Result(int length, long macs)
    {
        private readonly List<List<double>> operations = [];

        public int Length { get; } = length;

        public long Macs { get; } = macs;

        public int Label { get; init; }

        public int Fp32Label { get; set; }

        public int Int8Label { get; set; }

        public long CeilingMacs { get; set; }

        public List<double> Ours { get; } = [];

        public List<double> Products { get; } = [];

        public List<double> Ceiling { get; } = [];

        public List<double> Fp32 { get; } = [];

        public List<double> Int8 { get; } = [];

        public List<double> Operation(int group)
        {
            while (operations.Count <= group)
            {
                operations.Add([]);
            }
            return operations[group];
        }

        /// <summary>Each round's sum over the groups that are asked for.</summary>
        public List<double> Containing(Func<int, bool> group) =>
            [.. Enumerable.Range(0, Ours.Count).Select(round => operations.Where((_, i) => group(i)).Sum(times => times[round]))];
    }
}
