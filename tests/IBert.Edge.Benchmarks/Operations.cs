// Marks for instruction counts (build/bench-arm.sh): an inference as a whole and operation by operation.
using IBert.Edge.Cli.Inspection;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;

namespace IBert.Edge.Benchmarks;

/// <summary>
/// The emulator prints, at each mark, its label and what has been executed since the one before. What the s_labels mean goes to standard
/// output: <c>label TAB tokens TAB what</c>. Label 0 means nothing. A mark itself takes a few dozen instructions.
/// </summary>
internal static class Operations
{
    private static readonly int[] s_lengths = [8, 16, 32, 64, 128];

    private static int s_labels;

    public static void Run(string modelPath)
    {
        using Classifier classifier = Classifier.Open(modelPath);
        KernelSet alone = new("products alone", classifier.Kernels.Product, new ProductsAlone());
        using Executor productsAlone = new(classifier.Model.Contents, alone, classifier.MaxLength, 1);
        OperationNames names = new(classifier.Model);
        Console.WriteLine($"0\t0\t{classifier.Kernels.Product.Name}");
        foreach (int length in s_lengths)
        {
            (byte[] text, int[] ids) = ReviewText.OfTokens(classifier, length);
            byte[] types = new byte[length];
            Count("from bytes to label", length, () => classifier.Classify(text));
            Count("tokenizer", length, () => classifier.Tokenize(text, out _));
            Count("inference", length, () => classifier.Executor.Run(new(ids, types)));
            Count("inference, products alone", length, () => productsAlone.Run(new(ids, types)));
            CountOperations("", names, classifier.Executor, ids, types);
            CountOperations("products of ", names, productsAlone, ids, types);
        }
    }

    private static void Count(string what, int length, Action run)
    {
        // What happens once, such as a page's first use, is no part of what is counted.
        run();
        int label = NewLabel(length, what);
        InstructionMark.Set(0);
        run();
        InstructionMark.Set(label);
    }

    private static void CountOperations(string prefix, OperationNames names, Executor executor, int[] ids, byte[] types)
    {
        int[] label = [.. names.Names.Select(name => NewLabel(ids.Length, prefix + name))];
        executor.AfterOperation = index => InstructionMark.Set(label[names.GroupOf(index)]);
        InstructionMark.Set(0);
        executor.Run(new(ids, types));
        executor.AfterOperation = null;
    }

    private static int NewLabel(int length, string what)
    {
        Console.WriteLine($"{++s_labels}\t{length}\t{what}");
        return s_labels;
    }
}
