// What an operation costs, in steps: the bound on a model's time.
using IBert.Edge.Graph;
using IBert.Edge.Kernels;

namespace IBert.Edge.Format;

/// <summary>
/// Steps of operations on a sequence. A step is the time of one multiply-accumulate where that is fastest, in wide products of many rows; everything
/// else is counted by what it takes beside that on the fastest kernels, twice what was measured. So a text takes no longer than so many
/// multiply-accumulates, whatever a model is made of. Weights are from <c>build/bench-work.sh</c>; WorkTests holds every kind of operation to them.
/// </summary>
internal static class Work
{
    /// <summary>An operation's start and its barrier, in each text.</summary>
    private const long Start = 1 << 14;

    /// <summary>A row's part of an operation: calls, and rows that are not in any cache yet.</summary>
    private const long Row = 1 << 12;

    /// <summary>Elements of operations that vector instructions compute.</summary>
    private const long Embedded = 64, Normalized = 256, Gated = 128;

    /// <summary>Elements of the published operations, which compute in 64 and 128 bits.</summary>
    private const long PublishedNormalized = 10_240, PublishedGated = 6144, Added = 2048;

    /// <summary>A product's weight, which is brought in once for each block of rows, and its input, which is brought into the kernel's form.</summary>
    private const long Weight = 16, Input = 32;

    /// <summary>A product's output: a tile of one row costs nearly what a full one does, and each accumulator leaves for its scale.</summary>
    private const long Output = 256, Rescaled = 2048;

    /// <summary>An element of K and V, which are packed for each head.</summary>
    private const long Packed = 32;

    /// <summary>A score: its tile, its exponential; and the published one's, in 128 bits with a division.</summary>
    private const long Score = 384, PublishedScore = 4096;

    /// <summary>Products of a score with a key and a value (the exponential has two digits), and of keys of -128, which are corrected one by one.</summary>
    private const long Attended = 4, Corrected = 384;

    /// <summary>Steps of one operation, whose shapes are proven.</summary>
    public static long Of(ModelFile model, in OperationRecord operation, int sequence)
    {
        long rows = operation.Rows == RowRange.First ? 1 : sequence;
        long columns = Columns(operation.Outputs[operation.Code == OperationCode.LayerNorm ? 1 : 0]);
        long elements = rows * columns;
        return Start + (rows * Row) + operation.Code switch
        {
            OperationCode.Embed => elements * Embedded,
            OperationCode.LayerNorm => elements * (Published(operation, Slot.NormFunction) ? PublishedNormalized : Normalized),
            OperationCode.Linear => Linear(operation),
            OperationCode.Attention => Attention(operation),
            OperationCode.Gate => elements * (Published(operation, Slot.GateFunction) ? PublishedGated : Gated),
            _ => elements * Added,
        };

        long Linear(in OperationRecord operation)
        {
            long inner = Columns(operation.Inputs[0]), blocks = (rows + Scratch.RowBlock - 1) / Scratch.RowBlock;
            long output = operation.Stages[Slot.LinearRescaleStage].Exponent == 0 ? Output : Output + Rescaled;
            return (elements * inner) + (blocks * inner * columns * Weight) + (rows * inner * Input) + (elements * output);
        }

        long Attention(in OperationRecord operation)
        {
            bool published = Published(operation, Slot.AttentionFunction);
            long scores = operation.Parameters[Slot.AttentionHeads] * rows * sequence;
            return (2 * sequence * columns * Packed) + (elements * Output) + (scores * (published ? PublishedScore : Score))
                + (rows * sequence * columns * (published ? Attended + Corrected : Attended));
        }

        long Columns(ushort tensor) => model.Tensors[tensor].PaddedColumns;
    }

    private static bool Published(in OperationRecord operation, int slot) => operation.Parameters[slot] == (int)FunctionKind.Published;
}
