// Runs a model's operations over one arena.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Memory;

namespace IBert.Edge.Graph;

/// <summary>
/// The loop over the operation records. It owns the arena and the workers' scratch, allocates nothing while it runs, and trusts what
/// <see cref="GraphVerifier"/> proved when the file was opened. Used by one thread at a time.
/// </summary>
internal sealed unsafe class Executor : IDisposable
{
    private readonly ModelContents model;
    private readonly Operation[] operations;
    private readonly byte* arena;
    private readonly Barriers barriers;

    // Two halves that the workers share, then the scratch of each.
    private readonly byte* scratch;
    private readonly long sharedBytes;
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
    public Executor(ModelContents model, KernelSet kernels, int maxLength, int workers)
        : this(model, kernels, maxLength, workers, null, null)
    {
    }

    /// <summary>
    /// On memory that the caller owns: <see cref="ArenaOf"/> and <see cref="ScratchOf(ModelContents, KernelSet, int, int)"/> bytes, 64-byte
    /// aligned.
    /// </summary>
    internal Executor(ModelContents model, KernelSet kernels, int maxLength, int workers, byte* arena, byte* scratch)
    {
        this.model = model;
        Workers = workers;
        MaxLength = maxLength;
        ArenaBytes = ArenaOf(model, maxLength);
        operations = OperationFactory.CreateAll(model);
        barriers = new Barriers(model, operations);
        sharedBytes = workers > 1 ? MostOf(operations, operation => operation.SharedBytes(kernels.Product, maxLength)) : 0;
        ScratchBytes = MostOf(operations, operation => operation.ScratchBytes(kernels.Product, maxLength));
        if (arena is null)
        {
            block = Allocate(ArenaBytes + (2 * sharedBytes) + (workers * ScratchBytes), maxLength);
            arena = block.Pointer;
            scratch = arena + ArenaBytes;
        }
        this.arena = arena;
        this.scratch = scratch;
        Arena places = new(model, arena);
        foreach (Operation operation in operations)
        {
            operation.Prepare(places, kernels);
        }
        team = workers > 1 ? new WorkerTeam(workers, RunAll) : null;
    }

    /// <summary>Longest sequence.</summary>
    public int MaxLength { get; }

    /// <summary>Number of workers that share the work of an operation.</summary>
    public int Workers { get; }

    /// <summary>Bytes of the arena.</summary>
    public long ArenaBytes { get; }

    /// <summary>Bytes of one worker's scratch.</summary>
    public long ScratchBytes { get; }

    /// <summary>Bytes that a sequence of that length really touches: arena and the workers' scratch.</summary>
    public static long MemoryOf(ModelContents model, KernelSet kernels, int sequence, int workers) =>
        ArenaOf(model, sequence) + ScratchOf(model, kernels, sequence, workers);

    /// <summary>Bytes of the arena for sequences up to that length.</summary>
    internal static long ArenaOf(ModelContents model, int sequence) => FileHeader.Aligned(model.ArenaBytes(sequence));

    /// <summary>Bytes of the workers' scratch, together, for sequences up to that length.</summary>
    internal static long ScratchOf(ModelContents model, KernelSet kernels, int sequence, int workers)
    {
        Operation[] operations = OperationFactory.CreateAll(model);
        long shared = workers > 1 ? MostOf(operations, operation => operation.SharedBytes(kernels.Product, sequence)) : 0;
        return (2 * shared) + (workers * MostOf(operations, operation => operation.ScratchBytes(kernels.Product, sequence)));
    }

    /// <summary>
    /// Called with the index of each operation that has run (one worker only), while its inputs and outputs are still in the arena: for
    /// comparisons. Null, as in all inference, for none.
    /// </summary>
    internal Action<int>? AfterOperation { get; set; }

    /// <summary>
    /// Called with each head's number, first query row, and rows of probabilities or exponentials [rows][length padded to 16], which may be
    /// changed: for comparisons. Null, as in all inference, for none.
    /// </summary>
    internal AttentionObserver? AfterSoftmax { get; set; }

    /// <inheritdoc cref="AfterSoftmax"/>
    internal delegate void AttentionObserver(int head, int firstRow, Span<ushort> rows);

    /// <summary>Runs all operations on one sequence.</summary>
    /// <param name="input">Within the bounds that the model was proven for; 1 to <see cref="MaxLength"/> rows.</param>
    /// <returns>The logits: one int32 for each label.</returns>
    /// <exception cref="ModelChangedException">The model's file was written over or cut.</exception>
    public ReadOnlySpan<int> Run(in GraphInput input)
    {
        ArgumentOutOfRangeException.ThrowIfZero(input.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(input.Length, MaxLength);
        model.RequireUnchanged();
        fixed (int* idsPointer = input.Ids)
        fixed (byte* typesPointer = input.Types)
        {
            sequence = input.Length;
            ids = idsPointer;
            types = typesPointer;
            if (team is null)
            {
                RunAll(0);
            }
            else
            {
                team.Run();
            }
            ids = null;
            types = null;
        }
        return new ReadOnlySpan<int>(TensorPointer(model.Head.Tensor), (int)model.Head.Labels);
    }

    /// <summary>
    /// What a tensor holds after an inference (or after an operation, and may then be changed), for tests and for comparisons with other
    /// implementations.
    /// </summary>
    internal Span<byte> TensorBytes(int index)
    {
        TensorEntry tensor = model.Tensors[index];
        return new(TensorPointer(index), tensor.Stride * tensor.RowsOf(sequence));
    }

    public void Dispose()
    {
        team?.Dispose();
        block?.Dispose();
    }

    /// <summary>
    /// One worker's part of a text: its share of each operation's phases. It waits for the others where it has to, and only there.
    /// </summary>
    private void RunAll(int worker)
    {
        Pass pass = new()
        {
            Length = sequence,
            Ids = ids,
            Types = types,
            Workers = Workers,
            Scratch = scratch + (2 * sharedBytes) + (worker * ScratchBytes),
            AfterSoftmax = AfterSoftmax,
        };
        int since = 0, half = 0;
        for (int i = 0; i < operations.Length; i++)
        {
            Operation operation = operations[i];
            int phases = operation.Phases(sequence, Workers);
            for (int phase = 0; phase < phases; phase++)
            {
                // An odd phase reads what the one before it wrote. An even one begins to write into the other half of what is shared: who
                // reads that half has finished since the barrier of the last odd phase, so nobody is waited for.
                if (team is not null && (phase % 2 != 0 || (phase == 0 && barriers.IsNeededBefore(i, since, sequence, Workers))))
                {
                    if (!team.Meet())
                    {
                        return;
                    }
                    since = i;
                }
                (int start, int end) = operation.SharesOf(phase, sequence, Workers)[worker];
                if (start < end)
                {
                    operation.Run(pass with { Phase = phase, Shared = scratch + (half * sharedBytes) }, start, end);
                }
                half ^= phase % 2;
            }
            if (team is null)
            {
                AfterOperation?.Invoke(i);
            }
        }
    }

    private byte* TensorPointer(int index) => new Arena(model, arena)[index].At(sequence);

    private static long MostOf(Operation[] operations, Func<Operation, long> bytes) => operations.Max(bytes);

    private static NativeBlock Allocate(long bytes, int tokens)
    {
        try
        {
            return new NativeBlock(bytes);
        }
        catch (OutOfMemoryException error)
        {
            throw new InsufficientMemoryException(
                $"texts of up to {tokens} tokens take {bytes >> 20} MiB, which this machine has not: take a smaller MaxLength " +
                    "(--max-length), or fewer threads", error);
        }
    }
}
