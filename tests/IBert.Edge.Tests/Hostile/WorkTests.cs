// The bound on a model's time counts what operations take: no kind of them makes a step longer than that of the products it is measured by.
using System.Diagnostics;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests.Hostile;

/// <summary>
/// Times here are compared with a time of the same process, and may be eight times what the weights say: a machine with other work passes,
/// an operation that is not counted (128-bit arithmetic as one step: two thousand times) does not. The exact ratios are
/// build/bench-work.sh's.
/// </summary>
public sealed class WorkTests(ITestOutputHelper output)
{
    private const int Generous = 8;

    private static readonly Lazy<IReadOnlyList<CostlyModel>> s_models = new(() => [.. CostlyModels.All(SmallTokenizer.Section())]);

    // Several times: first runs are of code that was compiled in haste.
    private static readonly Lazy<long> s_unit =
        new(() => Enumerable.Range(0, 6).Min(_ => FemtosecondsOfStep(CostlyModels.Products(SmallTokenizer.Section()))));

    public static TheoryData<string> Costly => [.. s_models.Value.Select(model => model.Name)];

    [Theory]
    [MemberData(nameof(Costly))]
    public void No_operation_takes_longer_than_its_steps(string name)
    {
        CostlyModel model = s_models.Value.Single(model => model.Name == name);

        long step = FemtosecondsOfStep(model);
        // What else runs on the machine may have come between.
        for (int i = 0; i < 3 && step > Generous * s_unit.Value; i++)
        {
            step = Math.Min(step, FemtosecondsOfStep(model));
        }

        output.WriteLine($"{name}: a step of {step} fs, {100 * step / s_unit.Value} % of that of products ({s_unit.Value} fs)");
        Assert.True(step <= Generous * s_unit.Value,
            $"a step takes {step} fs, one of wide products {s_unit.Value} fs: weigh it anew with build/bench-work.sh");
    }

    [Fact]
    public void Steps_are_counted_for_every_operation_and_grow_with_the_text()
    {
        foreach (CostlyModel costly in s_models.Value)
        {
            using OpenedModel opened = new(costly.File);
            ModelFile model = opened.Model;
            long sum = 0;
            foreach (ref readonly OperationRecord operation in model.Contents.Operations)
            {
                long steps = OperationFactory.Create(model.Contents, operation)!.Steps(costly.Tokens);
                Assert.True(steps > OperationFactory.Create(model.Contents, operation)!.Steps(1)
                    || (operation.Rows == RowRange.First && operation.Code != OperationCode.Attention));
                Assert.True(steps > 0);
                sum += steps;
            }
            Assert.Equal(sum, model.Steps);
        }
    }

    [Fact]
    public void A_step_is_at_least_every_multiply_accumulate()
    {
        foreach (CostlyModel costly in s_models.Value)
        {
            using OpenedModel opened = new(costly.File);
            foreach (ref readonly OperationRecord operation in opened.Model.Contents.Operations)
            {
                long rows = operation.Rows == RowRange.First ? 1 : costly.Tokens, columns = operation.Code == OperationCode.LayerNorm
                    ? 0
                    : opened.Model.Contents.Tensors[operation.Outputs[0]].PaddedColumns;
                long macs = operation.Code switch
                {
                    OperationCode.Linear => rows * columns * opened.Model.Contents.Tensors[operation.Inputs[0]].PaddedColumns,
                    OperationCode.Attention => 2 * rows * columns * costly.Tokens,
                    _ => 0,
                };
                Assert.True(OperationFactory.Create(opened.Model.Contents, operation)!.Steps(costly.Tokens) >= macs, costly.Name);
            }
        }
    }

    [Theory]
    [InlineData("sentiment")]
    [InlineData("intents")]
    public void Models_that_people_use_are_far_below_the_bound(string name)
    {
        using ModelFile model = ModelFile.Open(Path.Combine(Shared.Repository, "models", $"{name}.ibert"));

        output.WriteLine($"{name}: {model.Steps} steps at {model.MaxLength} tokens");
        Assert.InRange(model.Steps, 1, GraphVerifier.MaxWork / 256);
    }

    private static long FemtosecondsOfStep(CostlyModel costly)
    {
        using OpenedModel opened = new(costly.File);
        using Executor executor = new(opened.Model.Contents, KernelSet.Select(), costly.Tokens, 1);
        int[] ids = [.. Enumerable.Range(0, costly.Tokens).Select(i => (int)(i * 7919L % SmallTokenizer.Vocabulary))];
        byte[] types = new byte[costly.Tokens];
        executor.Run(new(ids, types));
        long best = long.MaxValue, begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < 20 && (i < 2 || Stopwatch.GetElapsedTime(begun).TotalSeconds < 0.3); i++)
        {
            long start = Stopwatch.GetTimestamp();
            executor.Run(new(ids, types));
            best = Math.Min(best, Stopwatch.GetTimestamp() - start);
        }
        return (long)((Int128)best * 1_000_000_000_000_000 / Stopwatch.Frequency / opened.Model.Steps);
    }
}
