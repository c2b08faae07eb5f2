// What the graph asks of an operation. Each file of this folder is one: its record's fields, its proof, its costs, its preparation, its
// run.
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph.Operations;

/// <summary>
/// One operation of a model, made from its record by <see cref="OperationFactory"/>. It is proven once, when the file is opened; a
/// classifier makes operations of its own from the proven records, prepares them once, and runs them for every text, each worker its share.
/// </summary>
internal abstract unsafe class Operation(ModelContents model, OperationRecord record)
{
    // An operation's start with its barrier; a row's part of it: calls, and rows that are not in any cache yet.
    private const long StartSteps = 1 << 14, RowSteps = 1 << 12;

    // Not readonly: the views of its fields are references into it.
    private OperationRecord record = record;

    /// <summary>The model, whose constants and tensors the record names.</summary>
    protected ModelContents Model { get; } = model;

    /// <summary>The record, as it lies in the file.</summary>
    protected ref OperationRecord Record => ref record;

    /// <summary>What of its work is cut between workers; the record has to say the same.</summary>
    public virtual SplitAxis Split => SplitAxis.Rows;

    /// <summary>Proves all that preparing and running assume, and states what is known of the tensors it writes.</summary>
    /// <exception cref="ModelFormatException">Something does not follow.</exception>
    public abstract void Prove(GraphVerifier proof);

    /// <summary>Multiply-accumulates of its products on a sequence of that length, of the true sizes: padding does not count.</summary>
    public virtual long Products(int sequence) => 0;

    /// <summary>
    /// Steps on a sequence. A step is the time of one multiply-accumulate where that is fastest, in wide products of many rows; everything
    /// else is counted by what it takes beside that on the fastest kernels, twice what was measured. So a text takes no longer than so many
    /// multiply-accumulates, whatever a model is made of. Weights are from <c>build/bench-work.sh</c>; WorkTests holds every kind of
    /// operation to them.
    /// </summary>
    public long Steps(int sequence) => StartSteps + (RowCount(sequence) * RowSteps) + OwnSteps(sequence);

    /// <summary>Bytes of scratch that a worker needs for sequences up to that length.</summary>
    public virtual long ScratchBytes(ProductKernel product, int sequence) => 0;

    /// <summary>Bytes of scratch that several workers need together: what one phase writes there the next one reads.</summary>
    public virtual long SharedBytes(ProductKernel product, int sequence) => 0;

    /// <summary>Resolves kernels, places and constants. Called once, for a proven record.</summary>
    public abstract void Prepare(in Arena arena, KernelSet kernels);

    /// <summary>
    /// Phases for a text: each worker computes its share of one, and begins the next when all have finished it. Workers share a phase's
    /// items evenly.
    /// </summary>
    public virtual int Phases(int sequence, int workers) => 1;

    /// <summary>Rows, panels or heads: what <see cref="Split"/> cuts.</summary>
    public virtual int Items(int sequence) => RowCount(sequence);

    /// <summary>What workers share of a phase.</summary>
    public virtual Shares SharesOf(int phase, int sequence, int workers) =>
        // As many as there are, unless each would get less than the record's grain.
        new(Items(sequence), Math.Clamp(Items(sequence) / Math.Max((int)record.Grain, 1), 1, workers));

    /// <summary>How workers share the rows of the inputs, where each reads only its own: of all else none.</summary>
    public virtual Shares? InputRows(int sequence, int workers) => Split == SplitAxis.Rows ? SharesOf(0, sequence, workers) : null;

    /// <summary>How workers share the rows of the outputs, where each writes whole rows.</summary>
    public Shares? OutputRows(int sequence, int workers) => Split == SplitAxis.Rows ? SharesOf(0, sequence, workers) : null;

    /// <summary>Computes the items of a phase (<see cref="Pass.Phase"/>) from start up to end, which no other worker computes.</summary>
    public abstract void Run(in Pass pass, int start, int end);

    /// <summary>Its part of <see cref="Steps"/> beside its start and its rows'.</summary>
    protected abstract long OwnSteps(int sequence);

    /// <summary>Elements of an output's rows, padding included.</summary>
    protected long OutputElements(int slot, int sequence) => (long)RowCount(sequence) * Model.Tensors[record.Outputs[slot]].PaddedColumns;

    /// <summary>Rows that it computes.</summary>
    protected int RowCount(int sequence) => record.Rows == RowRange.First ? 1 : Model.Tensors[AnyOutput].RowsOf(sequence);

    // All outputs have the same rows.
    private int AnyOutput => record.Outputs[0] != OperationRecord.None ? record.Outputs[0] : record.Outputs[1];

    /// <summary>A constant's first byte; null where the record names none.</summary>
    protected byte* Constant(ushort index) => index == OperationRecord.None ? null : Model.Constant(index);

    /// <summary>A stage as kernels take it that scale by channel.</summary>
    protected ChannelScale Channels(in ScaleStage stage) => new()
    {
        Multipliers = (int*)Constant(stage.Multipliers),
        Addends = (int*)Constant(stage.Addends),
        PreShift = stage.PreShift,
        Shift = stage.Exponent - 32,
        ZeroPoint = stage.ZeroPoint,
        Low = stage.Low,
        High = stage.High,
    };

    /// <summary>A stage as the published operations take it.</summary>
    protected PublishedElements.Term Term(in ScaleStage stage) => new()
    {
        Multipliers = (int*)Constant(stage.Multipliers),
        Multiplier = stage.Multiplier,
        Exponents = (int*)Constant(stage.Addends),
        Exponent = stage.Exponent - stage.PreShift,
        Rounding = stage.Rounding,
    };

    /// <summary>Where values leave, as the published operations take it.</summary>
    protected static PublishedElements.Range Range(in ScaleStage stage) =>
        new() { ZeroPoint = stage.ZeroPoint, Low = stage.Low, High = stage.High };
}

/// <summary>One text on its way through the operations, as one worker sees it.</summary>
internal readonly unsafe struct Pass
{
    /// <summary>Length of the sequence.</summary>
    public int Length { get; init; }

    /// <summary>Token ids, one for each row.</summary>
    public int* Ids { get; init; }

    /// <summary>Type ids, one for each row.</summary>
    public byte* Types { get; init; }

    /// <summary>Number of workers that share it.</summary>
    public int Workers { get; init; }

    /// <summary>The worker's own scratch.</summary>
    public byte* Scratch { get; init; }

    /// <summary>What the workers share of scratch, for this phase and the one before or after it.</summary>
    public byte* Shared { get; init; }

    /// <summary>The operation's phase.</summary>
    public int Phase { get; init; }

    /// <inheritdoc cref="Executor.AfterSoftmax"/>
    public Executor.AttentionObserver? AfterSoftmax { get; init; }
}
