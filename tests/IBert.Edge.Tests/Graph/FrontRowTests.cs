// A constant row in front of a sequence: what follows from it is what follows from a token of that row.
using System.Runtime.InteropServices;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.TestSupport;
using IBert.Edge.Tests.Hostile;
using Xunit;

namespace IBert.Edge.Tests.Graph;

public sealed class FrontRowTests
{
    private const int Columns = 40, Tokens = 70, FrontId = 5;

    public static TheoryData<string, bool, int> Cases
    {
        get
        {
            TheoryData<string, bool, int> cases = [];
            foreach (string kernels in KernelSet.Names.Where(name => KernelSet.Create(name) is not null))
            {
                foreach (bool published in (bool[])[false, true])
                {
                    cases.Add(kernels, published, 1);
                    cases.Add(kernels, published, 3);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_counts_as_the_token_whose_row_it_is(string kernels, bool published, int workers)
    {
        using OpenedModel tokens = new(WithToken(published)), front = new(WithFront(published, RowOfToken(published)));
        KernelSet set = KernelSet.Create(kernels)!;
        using Executor expected = new(tokens.Model.Contents, set, Tokens + 1, 1),
            executor = new(front.Model.Contents, set, Tokens, workers);
        Random random = new(1);
        // Lengths of which the rows fill a tile, a block of 16 keys, a block of prepared rows, or are one more.
        foreach (int length in (int[])[1, 2, 3, 7, 15, 16, 17, 31, 47, 48, 63, Tokens])
        {
            int[] ids = [.. Enumerable.Range(0, length).Select(_ => random.Next(8))];
            Assert.Equal(
                expected.Run(new([FrontId, .. ids], new byte[length + 1])).ToArray(),
                executor.Run(new(ids, new byte[length])).ToArray());
        }
    }

    /// <summary>In memory of exactly the sizes that are asked for, with guard pages behind: the row more has its place.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(48)]
    [InlineData(Tokens)]
    public unsafe void Its_place_is_part_of_the_arena_and_of_scratch(int length)
    {
        using OpenedModel front = new(WithFront(published: false, RowOfToken(published: false)));
        foreach (KernelSet set in KernelSet.Names.Select(KernelSet.Create).OfType<KernelSet>())
        {
            long arenaBytes = Executor.ArenaOf(front.Model.Contents, length),
                scratchBytes = Executor.ScratchOf(front.Model.Contents, set, length, 1);
            using GuardedMemory arena = new(arenaBytes), scratch = new(Math.Max(scratchBytes, 64));
            using Executor executor = new(front.Model.Contents, set, length, 1, arena.Take(arenaBytes), scratch.Take(scratchBytes));
            executor.Run(new(new int[length], new byte[length]));
            Assert.True(arena.Intact && scratch.Intact, set.Name);
        }
    }

    private static readonly Dictionary<string, (string Message, Action<Draft> Change)> s_attacks = new()
    {
        ["a row in front without a place for it"] = ("has no place for", d => d.Tensors[Front(d).Outputs[0]].Rows = RowCount.Sequence),
        ["a place without a row for it"] =
            ("has other rows than are computed", d => new AddRecord(in Front(d)).Front = OperationRecord.None),
        ["an embedding with a row in front"] =
            ("has no id for a row in front", d => d.Tensors[Front(d).Inputs[0]].Rows = RowCount.SequenceAndFront),
        ["a norm of fewer rows"] = ("has other rows than are computed", d => d.Tensors[After(d).Outputs[1]].Rows = RowCount.Sequence),
        ["two outputs of different rows"] =
            ("has other rows than are computed", d => d.Tensors[After(d).Outputs[0]].Rows = RowCount.Sequence),
        ["a row beyond the arena"] = ("lies outside the arena", d => d.Graph.ArenaFixed -= 64),
        ["a row of another type"] = ("as another type or layout",
            d => new AddRecord(in Front(d)).Front = new EmbedRecord(in d.First(OperationCode.Embed)).Table(EmbedRecord.Tokens)),
        ["a row with something in its padding"] =
            ("in column 47 of the row in front", d => d.Values<short>(new AddRecord(in Front(d)).Front)[47] = 1),
        ["a row outside the clamp"] = ("in column 0 of the row in front", d =>
        {
            d.Values<short>(new AddRecord(in Front(d)).Front)[0] = 1000;
            Front(d).Stages[0].High = 999;
        }
        ),
    };

    public static TheoryData<string> Attacks => [.. s_attacks.Keys];

    [Theory]
    [MemberData(nameof(Attacks))]
    public void What_does_not_fit_together_is_refused_by_name(string attack)
    {
        Draft draft = new(Sections(published: false, RowOfToken(published: false)));
        s_attacks[attack].Change(draft);
        Assert.Contains(s_attacks[attack].Message, OpenedModel.Refusal(draft.Seal()), StringComparison.Ordinal);
    }

    private static ref OperationRecord Front(Draft draft) => ref draft.First(OperationCode.Add);

    // LayerNorm, which reads it.
    private static ref OperationRecord After(Draft draft) => ref draft.Operations[draft.IndexOfFirst(OperationCode.Add) + 1];

    /// <summary>What the embedding gives of the token that stands first.</summary>
    private static short[] RowOfToken(bool published)
    {
        using OpenedModel opened = new(WithToken(published));
        short[] row = [];
        using Executor executor = new(opened.Model.Contents, KernelSet.Create("scalar")!, Tokens + 1, 1);
        executor.AfterOperation = index => row = index == 0
            ? MemoryMarshal.Cast<byte, short>(
                executor.TensorBytes(opened.Model.Contents.Operations[0].Outputs[0]))[..Panels.Padded(Columns)].ToArray()
            : row;
        executor.Run(new([FrontId], [0]));
        return row;
    }

    private static byte[] WithToken(bool published)
    {
        CostlyModels.Build build = new(SmallModel.WordPiece(), Tokens + 1, Columns);
        return ModelBuilder.Assemble(build.Finish(Rest(build, build.Narrow, published)));
    }

    private static byte[] WithFront(bool published, short[] row) => ModelBuilder.Assemble(Sections(published, row));

    private static IReadOnlyList<ModelSection> Sections(bool published, short[] row)
    {
        CostlyModels.Build build = new(SmallModel.WordPiece(), Tokens, Columns, offset: 1);
        return build.Finish(Rest(build, build.Norm(build.Fronted(build.Wide, row), Columns), published));
    }

    /// <summary>What follows: products, attention of all rows, and of the first one what only attention brought there.</summary>
    private static ushort Rest(CostlyModels.Build build, ushort x, bool published) =>
        build.Attention(
            build.Linear(build.Attention(build.Linear(x, 48, ElementType.Int8), 16, published), 48, ElementType.Int8), 16, published);
}
