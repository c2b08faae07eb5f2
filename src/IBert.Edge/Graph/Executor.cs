// Runs a model's operations over one arena.
using IBert.Edge.Format;
using IBert.Edge.Kernels;

namespace IBert.Edge.Graph;

/// <summary>
/// The loop over the operation records. It owns the arena and the workers' scratch, allocates nothing while it runs, and trusts what
/// <see cref="GraphVerifier"/> proved when the file was opened. Used by one thread at a time.
/// </summary>
internal sealed unsafe partial class Executor : IDisposable
{
    private readonly ModelFile model;
    private readonly KernelSet kernels;
    private readonly Scratch scratch;
    private readonly byte* arena;
    private readonly byte* scratchStart;
    private readonly NativeBlock? block;
    private readonly WorkerTeam? team;

    // What the running inference reads; set by Run.
    private int sequence;
    private int* ids;
    private byte* types;

    /// <param name="model">A proven model.</param>
    /// <param name="kernels">The kernels to run.</param>
    /// <param name="maxLength">Longest sequence that will be run, at most the model's.</param>
    /// <param name="workers">Number of workers that share the work of an operation.</param>
    public Executor(ModelFile model, KernelSet kernels, int maxLength, int workers)
        : this(model, kernels, maxLength, workers, null)
    {
        block = Allocate(ArenaBytes + (Workers * scratch.Bytes), maxLength);
        arena = block.Pointer;
        scratchStart = arena + ArenaBytes;
        team = workers > 1 ? new WorkerTeam(workers, RunAll) : null;
    }

    /// <summary>On memory that the caller owns: <see cref="ArenaBytes"/> and <see cref="ScratchBytes"/>, 64-byte aligned.</summary>
    internal Executor(ModelFile model, KernelSet kernels, int maxLength, byte* arena, byte* scratchStart)
        : this(model, kernels, maxLength, 1, null)
    {
        this.arena = arena;
        this.scratchStart = scratchStart;
    }

    private Executor(ModelFile model, KernelSet kernels, int maxLength, int workers, NativeBlock? block)
    {
        this.model = model;
        this.kernels = kernels;
        this.block = block;
        Workers = workers;
        MaxLength = maxLength;
        ArenaBytes = Aligned(model.ArenaBytes(maxLength));
        scratch = new Scratch(model, kernels.Product, maxLength);
    }

    /// <summary>Longest sequence.</summary>
    public int MaxLength { get; }

    /// <summary>Number of workers that share the work of an operation.</summary>
    public int Workers { get; }

    /// <summary>Bytes of the arena.</summary>
    public long ArenaBytes { get; }

    /// <summary>Bytes of one worker's scratch.</summary>
    public long ScratchBytes => scratch.Bytes;

    /// <summary>Bytes that a sequence of that length really touches: arena and the workers' scratch.</summary>
    public static long MemoryOf(ModelFile model, KernelSet kernels, int sequence, int workers) =>
        Aligned(model.ArenaBytes(sequence)) + (workers * new Scratch(model, kernels.Product, sequence).Bytes);

    /// <summary>
    /// Called with the index of each operation that has run (one worker only), while its inputs and outputs are still in the arena: for comparisons. Null, as
    /// in all inference, for none.
    /// </summary>
    internal Action<int>? AfterOperation { get; set; }

    /// <summary>
    /// Called with each head's number, first query row, and rows of probabilities or exponentials [rows][length padded to 16], which may be changed:
    /// for comparisons.
    /// Null, as in all inference, for none.
    /// </summary>
    internal AttentionObserver? AfterSoftmax { get; set; }

    /// <inheritdoc cref="AfterSoftmax"/>
    internal delegate void AttentionObserver(int head, int firstRow, Span<ushort> rows);

    /// <summary>Runs all operations on one sequence.</summary>
    /// <param name="ids">Token ids, within the vocabulary; 1 to <see cref="MaxLength"/>.</param>
    /// <param name="types">As many type ids, 0 or 1.</param>
    /// <returns>The logits: one int32 for each label.</returns>
    /// <exception cref="ModelChangedException">The model's file was written over or cut.</exception>
    public ReadOnlySpan<int> Run(ReadOnlySpan<int> ids, ReadOnlySpan<byte> types)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(types.Length, ids.Length);
        ArgumentOutOfRangeException.ThrowIfZero(ids.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ids.Length, MaxLength);
        model.RequireUnchanged();
        fixed (int* idsPointer = ids)
        fixed (byte* typesPointer = types)
        {
            sequence = ids.Length;
            this.ids = idsPointer;
            this.types = typesPointer;
            if (team is null)
            {
                RunAll(0);
            }
            else
            {
                team.Run();
            }
            this.ids = null;
            this.types = null;
        }
        return new ReadOnlySpan<int>(TensorPointer(model.Head.Tensor), (int)model.Head.Labels);
    }

    /// <summary>
    /// What a tensor holds after an inference (or after an operation, and may then be changed), for tests and for comparisons with other implementations.
    /// </summary>
    internal Span<byte> TensorBytes(int index)
    {
        TensorEntry tensor = model.Tensors[index];
        return new(TensorPointer(index), tensor.Stride * (tensor.Rows == RowCount.Sequence ? sequence : (int)tensor.FixedRows));
    }

    public void Dispose()
    {
        team?.Dispose();
        block?.Dispose();
    }

    /// <summary>One worker's part of a text: its share of each operation, which begins when all have finished the one before.</summary>
    private void RunAll(int worker)
    {
        ReadOnlySpan<OperationRecord> operations = model.Operations;
        for (int i = 0; i < operations.Length; i++)
        {
            ref readonly OperationRecord operation = ref operations[i];
            int parts = PartsOf(operation);
            if (worker < parts)
            {
                RunPart(operation, worker, parts);
            }
            team?.Meet();
            AfterOperation?.Invoke(i);
        }
    }

    /// <summary>How many workers share an operation: as many as there are, unless each would get less than the record's grain.</summary>
    private int PartsOf(in OperationRecord operation)
    {
        int items = operation.Split switch
        {
            SplitAxis.Columns => model.Tensors[operation.Outputs[0]].PaddedColumns / ProductKernel.PanelColumns,
            SplitAxis.Heads => operation.Parameters[Slot.AttentionHeads],
            _ => RowsOf(operation),
        };
        return Math.Clamp(items / Math.Max((int)operation.Grain, 1), 1, Workers);
    }

    /// <summary>One worker's part of one operation.</summary>
    private void RunPart(in OperationRecord operation, int worker, int workers)
    {
        switch (operation.Code)
        {
            case OperationCode.Embed:
                Embed(operation, worker, workers);
                break;
            case OperationCode.LayerNorm:
                LayerNorm(operation, worker, workers);
                break;
            case OperationCode.Linear:
                Linear(operation, worker, workers);
                break;
            case OperationCode.Attention:
                Attention(operation, worker, workers);
                break;
            case OperationCode.Gate:
                Gate(operation, worker, workers);
                break;
            case OperationCode.Add:
                Add(operation, worker, workers);
                break;
        }
    }

    private int RowsOf(in OperationRecord operation) => operation.Rows == RowRange.First ? 1 : sequence;

    private byte* TensorPointer(int index)
    {
        TensorEntry tensor = model.Tensors[index];
        return arena + (long)tensor.OffsetFixed + ((long)tensor.OffsetPerToken * sequence);
    }

    private byte* ScratchOf(int worker) => scratchStart + (worker * scratch.Bytes);

    /// <summary>A worker's share of count items: [Start, End).</summary>
    private static (int Start, int End) Share(int count, int worker, int workers) =>
        ((int)((long)count * worker / workers), (int)((long)count * (worker + 1) / workers));

    private static long Aligned(long bytes) => (bytes + FileHeader.Alignment - 1) & -FileHeader.Alignment;

    private static NativeBlock Allocate(long bytes, int tokens)
    {
        try
        {
            return new NativeBlock(bytes);
        }
        catch (OutOfMemoryException error)
        {
            throw new InsufficientMemoryException(
                $"texts of up to {tokens} tokens take {bytes >> 20} MiB, which this machine has not: take a smaller MaxLength (--max-length), or fewer threads", error);
        }
    }

    /// <summary>A stage as the published operations take it.</summary>
    private PublishedElements.Term Term(in ScaleStage stage) => new()
    {
        Multipliers = stage.Multipliers == OperationRecord.None ? null : (int*)model.Constant(stage.Multipliers),
        Multiplier = stage.Multiplier,
        Exponent = stage.Exponent - stage.PreShift,
        Rounding = stage.Rounding,
    };

    private ChannelScale Channels(in ScaleStage stage) => new()
    {
        Multipliers = stage.Multipliers == OperationRecord.None ? null : (int*)model.Constant(stage.Multipliers),
        Addends = stage.Addends == OperationRecord.None ? null : (int*)model.Constant(stage.Addends),
        PreShift = stage.PreShift,
        Shift = stage.Exponent - 32,
        ZeroPoint = stage.ZeroPoint,
        Low = stage.Low,
        High = stage.High,
    };
}
