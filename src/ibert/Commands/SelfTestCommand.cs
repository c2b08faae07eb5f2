// ibert selftest: whether this program, this CPU and this model do together what they promise.
using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using IBert.Edge.Cli.Inspection;
using IBert.Edge.CommandLine;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;

namespace IBert.Edge.Cli.Commands;

internal static class SelfTestCommand
{
    private const string Scalar = "scalar";

    // What a board's health check can wait for, and what a release is to pass.
    private const int QuickClassifications = 100, FullClassifications = 10_000;

    // One text in so many fills the model; of the others one in so many is a pair.
    private const int LongEvery = 100, PairEvery = 5;

    public static Command Create()
    {
        Option<string?> model = ModelAccess.Option();
        Option<bool> full = new("--full")
        {
            Description = "Every text of the test on every kernel set, and 10000 classifications: a minute or more with a large model",
        };
        Option<int?> classifications = NumberOption.Create(
            "--classifications", "Classifications that the allocation test counts, one in a hundred as long as the model takes (default: " +
                "100, with --full 10000)");
        Option<bool> isPrivate = ModelAccess.PrivateOption();
        Command command = new CommandWithExamples(
            "selftest",
            "Tests the kernels of this CPU against their scalar definition, the checksums of the model, its results, and that " +
                "classifying allocates nothing.",
            [
                "ibert selftest",
                "ibert selftest --full -m models/intents.ibert",
            ])
        {
            model, full, classifications, isPrivate,
        };
        command.SetAction(parsed =>
        {
            bool everything = parsed.GetValue(full);
            int count = parsed.GetValue(classifications) ?? (everything ? FullClassifications : QuickClassifications);
            ModelAccess.Kernels();
            using ResultWriter output = new(flushEachLine: true);
            bool holds = TestKernels(output);
            if (ModelAccess.Find(parsed.GetValue(model)) is null)
            {
                output.Line("model        none found: checksums, results and allocations were not tested; name one with -m or " +
                    $"{ModelAccess.Variable}");
            }
            else
            {
                using ModelFile opened = ModelAccess.Open(parsed.GetValue(model), parsed.GetValue(isPrivate));
                output.Line($"checksums    {opened.Name}: header and {opened.Contents.Sections.Count} sections are as written");
                holds &= TestResults(opened, everything ? TestTexts.All : TestTexts.Few, output);
                holds &= TestAllocations(opened, count, output);
            }
            output.Line(holds ? "self-test    holds" : "self-test    DOES NOT HOLD: do not use this program on this " +
                "machine; report the lines above");
            return holds ? ExitStatus.Done : ExitStatus.Failure;
        });
        return command;
    }

    /// <summary>The kernel sets that this CPU has.</summary>
    private static IEnumerable<KernelSet> Available => KernelSet.Names.Select(KernelSet.Create).OfType<KernelSet>();

    private static bool TestKernels(ResultWriter output)
    {
        bool all = true;
        KernelSet scalar = KernelSet.Create(Scalar)!;
        foreach (KernelSet set in Available)
        {
            using KernelCheck check = new(scalar, set);
            IReadOnlyList<KernelCase> failed = check.Run();
            output.Line($"kernels      {set.Name} (products {set.Product.Name}, the rest {set.Elements.Name}): "
                + (failed.Count == 0 ? "equal to the definition" : $"DIFFERENT in {string.Join("; ", failed)} (seed {KernelCases.Seed})"));
            all &= failed.Count == 0;
        }
        return all;
    }

    /// <summary>
    /// Logits of texts on every kernel set. Their checksum is the same on every machine: it can be compared with a board's.
    /// </summary>
    private static bool TestResults(ModelFile model, IEnumerable<byte[]> texts, ResultWriter output)
    {
        bool all = true;
        using Classifier tokenizing = new(model);
        // The definition is slow: it runs once, and is the result of its own set.
        int[][] expected = Logits(KernelSet.Create(Scalar)!);
        foreach (KernelSet set in Available)
        {
            int[][] logits = set.Name == Scalar ? expected : Logits(set);
            int equal = logits.Zip(expected).Count(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
            uint checksum = logits.Aggregate(0u, (crc, values) => Checksum.Crc32C(MemoryMarshal.AsBytes<int>(values), crc));
            output.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"results      {set.Name}: logits of {equal} of {logits.Length} texts equal to scalar, checksum {checksum:x8}"));
            all &= equal == logits.Length;
        }
        return all;

        int[][] Logits(KernelSet set)
        {
            using Executor executor = new(model.Contents, set, model.MaxLength, 1);
            return [.. texts.Select(text =>
            {
                tokenizing.Tokenize(text, out _);
                return executor.Run(new(tokenizing.TokenIds, tokenizing.TypeIds)).ToArray();
            })];
        }
    }

    private static bool TestAllocations(ModelFile model, int count, ResultWriter output)
    {
        using Classifier classifier = new(model);
        using ProgressBar progress = new();
        // Warm-up: every text once, the longest and pairs among them, so that whatever is made on first use is made.
        foreach (byte[] text in TestTexts.All)
        {
            classifier.Classify(text);
            progress.Report(0, count);
        }
        ClassifyOne(classifier, PairEvery - 1);
        // The just-in-time compiler allocates on the thread whose loop it replaces, now and then: there a count is taken again, as what the
        // program itself allocates would be there every time. The native program has no such excuse.
        int attempts = RuntimeFeature.IsDynamicCodeCompiled ? 10 : 1;
        long bytes;
        int collections;
        do
        {
            collections = GC.CollectionCount(0);
            bytes = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < count; i++)
            {
                ClassifyOne(classifier, i);
                progress.Report(i, count);
            }
            bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
            collections = GC.CollectionCount(0) - collections;
        }
        while (bytes != 0 && --attempts > 0);
        progress.Dispose();
        output.Line(string.Create(CultureInfo.InvariantCulture,
            $"allocations  {count} classifications ({classifier.KernelName}): {bytes} bytes, {collections} collections"));
        return bytes == 0 && collections == 0;
    }

    private static void ClassifyOne(Classifier classifier, int index)
    {
        if (index % LongEvery == LongEvery - 1)
        {
            classifier.Classify(TestTexts.LongOne(index / LongEvery));
        }
        else if (index % PairEvery == PairEvery - 1)
        {
            classifier.Classify(TestTexts.ShortOne(index), TestTexts.ShortOne(index / PairEvery));
        }
        else
        {
            classifier.Classify(TestTexts.ShortOne(index));
        }
    }
}
