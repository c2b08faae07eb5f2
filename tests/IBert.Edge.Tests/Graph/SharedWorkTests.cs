// What several workers compute together is what one computes, however late each of them is; and they wait for one another only where they
// must.
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.TestSupport;
using IBert.Edge.Tests.Hostile;
using Xunit;

namespace IBert.Edge.Tests.Graph;

public sealed class SharedWorkTests
{
    public static TheoryData<string, bool, int> Cases
    {
        get
        {
            TheoryData<string, bool, int> cases = [];
            foreach (string model in (string[])["closest", "published", "long"])
            {
                foreach (bool prepares in (bool[])[false, true])
                {
                    cases.Add(model, prepares, 2);
                    cases.Add(model, prepares, 5);
                }
            }
            return cases;
        }
    }

    /// <summary>With kernels that dawdle at random, a barrier that is missing gives other logits sooner or later.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_are_those_of_one_worker_whoever_is_late(string name, bool prepares, int workers)
    {
        using OpenedModel opened = Open(name);
        ModelContents model = opened.Model.Contents;
        KernelSet late = LateKernels.Create(prepares);
        using Executor one = new(model, KernelSet.Select(null), opened.Model.MaxLength, 1),
            many = new(model, late, opened.Model.MaxLength, workers);
        Random random = new(workers);
        // Two blocks of prepared rows, the second of one row, and three.
        int[] lengths = name == "long" ? [49, 97] : [.. Enumerable.Range(0, 60).Select(i => 1 + (i % opened.Model.MaxLength))];
        foreach (int length in lengths)
        {
            int[] ids = [.. Enumerable.Range(0, length).Select(_ => random.Next(8))];
            byte[] types = new byte[length];
            Assert.Equal(one.Run(new(ids, types)).ToArray(), many.Run(new(ids, types)).ToArray());
        }
    }

    [Fact]
    public void Q_K_and_V_follow_one_another_without_a_barrier()
    {
        using OpenedModel opened = Open("closest");
        ModelContents model = opened.Model.Contents;
        Operation[] operations = Prepared(model, KernelSet.Create("scalar")!);
        Barriers barriers = new(model, operations);

        int attention = Array.FindIndex(operations, operation => operation is AttentionOperation);
        int[] needed = [.. Enumerable.Range(attention - 3, 5).Select(i => barriers.IsNeededBefore(i, i - 1, 16, 2) ? 1 : 0)];

        // Q reads what LayerNorm wrote; K and V read the same; attention reads all three; its context is read by the product after it.
        Assert.Equal([1, 0, 0, 1, 1], needed);
        Assert.True(barriers.IsNeededBefore(attention, attention - 3, 16, 2));
    }

    [Fact]
    public void Each_of_a_row_has_no_barrier_before_what_it_computes_of_its_own_rows()
    {
        using OpenedModel opened = Open("closest");
        ModelContents model = opened.Model.Contents;
        Operation[] prepared = Prepared(model, LateKernels.Create(prepares: true)),
            asTheyAre = Prepared(model, LateKernels.Create(prepares: false));
        int product = Array.FindIndex(prepared, operation => operation is LinearOperation);

        Assert.IsType<LayerNormOperation>(prepared[product - 1]);
        Assert.Equal(prepared[product - 1].SharesOf(0, 16, 2), prepared[product].SharesOf(0, 16, 2));
        Assert.False(new Barriers(model, prepared).IsNeededBefore(product, product - 1, 16, 2));
        Assert.Equal(2, prepared[product].Phases(16, 2));
        // Who multiplies reads all rows.
        Assert.True(new Barriers(model, asTheyAre).IsNeededBefore(product, product - 1, 16, 2));
        Assert.Equal(1, asTheyAre[product].Phases(16, 2));
    }

    /// <summary>An error in a kernel comes out of the executor, and what follows is right.</summary>
    [Fact]
    public void An_error_within_an_operation_reaches_the_caller()
    {
        using OpenedModel opened = Open("closest");
        using Executor executor = new(opened.Model.Contents, KernelSet.Create("scalar")!, opened.Model.MaxLength, 3);
        int[] ids = [1, 2, 3, 4, 5, 6, 7];
        int[] expected = executor.Run(new(ids, new byte[7])).ToArray();

        executor.AfterSoftmax = (head, _, _) => throw new InvalidOperationException($"planted in head {head}");
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => executor.Run(new(ids, new byte[7])));
        Assert.Contains("planted in head", error.Message, StringComparison.Ordinal);

        executor.AfterSoftmax = null;
        Assert.Equal(expected, executor.Run(new(ids, new byte[7])).ToArray());
    }

    [Fact]
    public void A_left_side_is_prepared_once_whatever_the_number_of_workers()
    {
        using OpenedModel opened = Open("closest");
        int[] ids = [.. Enumerable.Range(1, 12).Select(i => i % 8)];
        long[] rows = new long[3];
        for (int i = 0; i < rows.Length; i++)
        {
            CountingProduct product = new();
            using Executor executor = new(opened.Model.Contents, new KernelSet("counting", product, new ScalarElements()), 16, i + 1);
            executor.Run(new(ids, new byte[ids.Length]));
            rows[i] = product.Rows;
        }
        // Attention prepares a tile's queries for each head, whoever has the head.
        Assert.True(rows[0] > 0);
        Assert.All(rows, count => Assert.Equal(rows[0], count));
    }

    private static OpenedModel Open(string name)
    {
        if (name == "long")
        {
            // Texts of more rows than are prepared at once.
            return new(File.ReadAllBytes(Path.Combine(Shared.Repository, "models", "intents.ibert")));
        }
        Draft draft = new(name == "published" ? PublishedModel.Sections : SmallModel.Sections);
        foreach (ref OperationRecord record in draft.Operations)
        {
            // Small as they are, they are cut.
            record.Grain = 1;
        }
        return new(draft.Seal());
    }

    private static unsafe Operation[] Prepared(ModelContents model, KernelSet kernels)
    {
        Operation[] operations = OperationFactory.CreateAll(model);
        foreach (Operation operation in operations)
        {
            operation.Prepare(new Arena(model, null), kernels);
        }
        return operations;
    }
}
