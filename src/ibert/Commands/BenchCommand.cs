// ibert bench: how long an inference takes at each length, and how far that is from what the CPU could do.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using IBert.Edge.Cli.Inspection;
using IBert.Edge.CommandLine;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;

namespace IBert.Edge.Cli.Commands;

internal static class BenchCommand
{
    private const int LeastSamples = 15, MostSamples = 2000;

    public static Command Create()
    {
        Option<string?> model = ModelAccess.Option();
        Option<string> lengths =
            new("--lengths") { Description = "Lengths in tokens", HelpName = "N,N,...", DefaultValueFactory = _ => "16,32,64,128" };
        Option<int?> threads = ModelAccess.Threads();
        Option<bool> isPrivate = ModelAccess.PrivateOption();
        Option<bool> json = new("--json") { Description = "One JSON object" };
        Command command = new CommandWithExamples(
            "bench",
            "Measures inference (the tokenizer is left out): milliseconds, products per second (GMAC/s, of those really done), and their " +
                "share of what the CPU reaches with the same instructions on registers alone.",
            [
                "ibert bench -m models/sentiment.ibert",
                "ibert bench -m models/sentiment.ibert --lengths 32 --json",
                "IBERT_KERNELS=scalar ibert bench -m models/sentiment.ibert --lengths 16",
            ])
        {
            model, lengths, threads, json, isPrivate,
        };
        command.SetAction(parsed =>
        {
            using ModelFile opened = ModelAccess.Open(parsed.GetValue(model), parsed.GetValue(isPrivate));
            int[] asked = ReadLengths(parsed.GetValue(lengths) ?? "", opened);
            int workers = ModelAccess.ReadThreads(parsed.GetValue(threads));
            using Classifier classifier = ModelAccess.Classifier(opened, Math.Max(opened.LeastLength, asked.Max()), workers);
            List<Result> results = [];
            double peak = 0;
            using (ProgressBar progress = new())
            {
                for (int i = 0; i < asked.Length; i++)
                {
                    // The ceiling belongs to the clock rate of the moment, so it is looked for beside every length; the highest counts.
                    peak = Math.Max(peak, workers * Ceiling.MacsPerSecond(classifier.Kernels.Product));
                    results.Add(Measure(classifier, asked[i]));
                    progress.Report(i + 1, asked.Length);
                }
            }
            Print(classifier.Kernels, workers, peak, results, parsed.GetValue(json));
            return ExitStatus.Done;
        });
        return command;
    }

    private static int[] ReadLengths(string text, ModelFile model) => Array.ConvertAll(text.Split(','), word =>
    {
        if (!int.TryParse(
            word, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int length))
        {
            throw CommandException.Usage($"--lengths {text}: not a list of numbers of tokens such as 16,32,64");
        }
        ModelAccess.RequireLength(model, length, $"--lengths {text}");
        return length;
    });

    private static Result Measure(Classifier classifier, int length)
    {
        Executor executor = classifier.Executor;
        int[] ids = new int[length];
        byte[] types = new byte[length];
        int vocabulary = classifier.Tokenizer.VocabularySize;
        for (int i = 0; i < length; i++)
        {
            // Spread over the embedding table, as a text's tokens are.
            ids[i] = (int)(i * 7919L % vocabulary);
        }
        // The first inferences touch pages and, where code is compiled while it runs, compile it.
        long begun = Stopwatch.GetTimestamp(), warm = Stopwatch.Frequency / 4;
        do
        {
            executor.Run(new(ids, types));
        }
        while (Stopwatch.GetTimestamp() - begun < warm);
        if (InstructionMark.Wanted)
        {
            InstructionMark.Set(0);
            executor.Run(new(ids, types));
            InstructionMark.Set(length);
        }
        Samples samples = new();
        begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < LeastSamples || (i < MostSamples && Stopwatch.GetTimestamp() - begun < Stopwatch.Frequency); i++)
        {
            long start = Stopwatch.GetTimestamp();
            executor.Run(new(ids, types));
            samples.Add(Stopwatch.GetTimestamp() - start);
        }
        double macs = ProductWork.Macs(classifier.Model, length) / (samples.Micros(0.5) * 1e-6);
        return new Result(length, samples.Micros(0.5) / 1000, samples.Micros(0.95) / 1000, macs);
    }

    private static void Print(KernelSet kernels, int threads, double peak, List<Result> results, bool json)
    {
        using ResultWriter output = new();
        if (json)
        {
            output.Json.WriteStartObject();
            output.Json.WriteString("cpu"u8, Cpu.Name());
            output.Json.WriteString("kernels"u8, kernels.Name);
            output.Json.WriteNumber("threads"u8, threads);
            output.Json.WriteStartArray("results"u8);
            foreach (Result result in results)
            {
                output.Json.WriteStartObject();
                output.Json.WriteNumber("length"u8, result.Length);
                output.Json.WriteNumber("ms_median"u8, Math.Round(result.Median, 4));
                output.Json.WriteNumber("ms_p95"u8, Math.Round(result.P95, 4));
                output.Json.WriteNumber("gmacs"u8, Math.Round(result.Macs / 1e9, 3));
                output.Json.WriteNumber("of_peak"u8, Math.Round(result.Macs / peak, 4));
                output.Json.WriteEndObject();
            }
            output.Json.WriteEndArray();
            output.Json.WriteEndObject();
            output.EndJson();
        }
        else
        {
            CultureInfo culture = CultureInfo.InvariantCulture;
            output.Line($"{Cpu.Name()}, {kernels.Name} kernels (products {kernels.Product.Name}, the rest {kernels.Elements.Name}), " +
                $"{threads} thread{(threads == 1 ? "" : "s")}");
            output.Line("length  ms median     ms p95     GMAC/s    of peak");
            foreach (Result result in results)
            {
                output.Line(string.Create(culture, $"{result.Length,6}  {result.Median,9:0.000}  {result.P95,9:0.000}  " +
                    $"{result.Macs / 1e9,9:0.00}  {result.Macs / peak,8:0.0%}"));
            }
        }
        output.Flush();
    }

    private sealed record Result(int Length, double Median, double P95, double Macs);
}
