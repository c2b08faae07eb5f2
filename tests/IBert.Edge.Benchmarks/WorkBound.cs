// What a step of the bound on work takes, operation by operation (build/bench-work.sh): what the weights in Graph/Operations are calibrated
// with.
using System.Diagnostics;
using System.Globalization;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.TestSupport;

namespace IBert.Edge.Benchmarks;

/// <summary>
/// Every kind of operation in the shapes that cost it most, on every kernel set of this machine: picoseconds for a step, and their ratio to
/// a multiply-accumulate of wide products on the same set. Above one, a weight is too small.
/// </summary>
internal static class WorkBound
{
    private const int Runs = 5;

    public static void Run()
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        byte[] tokenizer = SmallTokenizer.Section();
        foreach (KernelSet kernels in KernelSet.Names.Select(KernelSet.Create).OfType<KernelSet>())
        {
            double unit = PicosecondsOfStep(CostlyModels.Products(tokenizer), kernels, out double time);
            Console.WriteLine(string.Create(culture, $"{kernels.Name}: a step of {unit:0.0} ps (wide products, {time:0.0} ms)"));
            foreach (CostlyModel model in CostlyModels.All(tokenizer))
            {
                double step = PicosecondsOfStep(model, kernels, out time);
                Console.WriteLine(string.Create(culture, $"  {model.Name,-45} {time,8:0.0} ms {step,8:0.00} ps {step / unit,6:0.00}"));
            }
        }
    }

    private static double PicosecondsOfStep(CostlyModel model, KernelSet kernels, out double milliseconds)
    {
        using LoadedModel loaded = new(model.File);
        using Executor executor = new(loaded.File.Contents, kernels, model.Tokens, 1);
        int[] ids = new int[model.Tokens];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = (int)(i * 7919L % SmallTokenizer.Vocabulary);
        }
        byte[] types = new byte[model.Tokens];
        executor.Run(new(ids, types));
        long best = long.MaxValue;
        for (int i = 0; i < Runs; i++)
        {
            long begun = Stopwatch.GetTimestamp();
            executor.Run(new(ids, types));
            best = Math.Min(best, Stopwatch.GetTimestamp() - begun);
        }
        milliseconds = 1e3 * best / Stopwatch.Frequency;
        return 1e12 * best / Stopwatch.Frequency / loaded.File.Steps;
    }
}
