// Where the workers of a text have to wait for one another.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph;

/// <summary>
/// What the records' tensors say of the order of two operations. One may begin in a worker while the other still runs in another worker,
/// unless one of them writes what the other reads or writes: the same tensor, or another one in its place. Of the same tensor each worker
/// may have its own rows.
/// </summary>
internal sealed class Barriers
{
    /// <summary>Operations that may run without a barrier: so many pairs are looked at, and no more.</summary>
    private const int Window = 16;

    /// <summary>What a pair has in common: a tensor, or memory of two tensors.</summary>
    [Flags]
    private enum Conflict : byte
    {
        None = 0,

        /// <summary>The later one reads a tensor that the earlier one writes.</summary>
        ReadsWritten = 1,

        /// <summary>The later one writes a tensor that the earlier one reads.</summary>
        WritesRead = 2,

        /// <summary>Both write a tensor.</summary>
        WritesWritten = 4,

        /// <summary>As the first three, of another tensor in the same place.</summary>
        ReadsOverWritten = 8,

        /// <inheritdoc cref="ReadsOverWritten"/>
        WritesOverRead = 16,

        /// <inheritdoc cref="ReadsOverWritten"/>
        WritesOverWritten = 32,
    }

    private readonly Operation[] operations;

    // Of each operation with the ones before it, the last first.
    private readonly Conflict[] conflicts;

    /// <param name="model">A proven model.</param>
    /// <param name="operations">Its operations.</param>
    public Barriers(ModelContents model, Operation[] operations)
    {
        this.operations = operations;
        conflicts = new Conflict[operations.Length * Window];
        for (int later = 0; later < operations.Length; later++)
        {
            for (int back = 1; back <= Math.Min(Window, later); back++)
            {
                conflicts[(later * Window) + back - 1] = Between(model, model.Operations[later - back], model.Operations[later]);
            }
        }
    }

    /// <summary>Whether all workers must have finished what they share of earlier operations before one may begin this one.</summary>
    /// <param name="operation">The operation that is to begin.</param>
    /// <param name="since">The first operation that may still run.</param>
    /// <param name="sequence">Length of the sequence.</param>
    /// <param name="workers">Number of workers.</param>
    public bool IsNeededBefore(int operation, int since, int sequence, int workers)
    {
        if (operation - since > Window)
        {
            return true;
        }
        for (int earlier = operation - 1; earlier >= since; earlier--)
        {
            if (Collide(
                operations[earlier], operations[operation], conflicts[(operation * Window) + operation - earlier - 1], sequence, workers))
            {
                return true;
            }
        }
        return false;
    }

    private static bool Collide(Operation earlier, Operation later, Conflict conflict, int sequence, int workers)
    {
        // Operations of several phases have barriers within: all have read the inputs before any writes an output.
        if (earlier.Phases(sequence, workers) > 1)
        {
            conflict &= ~(Conflict.WritesRead | Conflict.WritesOverRead);
        }
        if (later.Phases(sequence, workers) > 1)
        {
            conflict &= Conflict.ReadsWritten | Conflict.ReadsOverWritten;
        }
        if (conflict == Conflict.None || (IsOfOne(earlier) && IsOfOne(later)))
        {
            return false;
        }
        Shares? read = earlier.InputRows(sequence, workers), written = earlier.OutputRows(sequence, workers);
        Shares? reads = later.InputRows(sequence, workers), writes = later.OutputRows(sequence, workers);
        return conflict >= Conflict.ReadsOverWritten
            || ((conflict & Conflict.ReadsWritten) != 0 && !AreOwn(written, reads))
            || ((conflict & Conflict.WritesRead) != 0 && !AreOwn(read, writes))
            || ((conflict & Conflict.WritesWritten) != 0 && !AreOwn(written, writes));

        // The first worker does all of it.
        bool IsOfOne(Operation operation) =>
            operation.Phases(sequence, workers) == 1 && operation.SharesOf(0, sequence, workers).Parts == 1;

        // Each worker has the same rows in both.
        static bool AreOwn(Shares? x, Shares? y) => x is not null && x == y;
    }

    private static Conflict Between(ModelContents model, in OperationRecord earlier, in OperationRecord later)
    {
        Conflict found = Conflict.None;
        foreach (ushort output in earlier.Outputs)
        {
            foreach (ushort input in later.Inputs)
            {
                found |= Of(output, input, Conflict.ReadsWritten);
            }
            foreach (ushort other in later.Outputs)
            {
                found |= Of(output, other, Conflict.WritesWritten);
            }
        }
        foreach (ushort input in earlier.Inputs)
        {
            foreach (ushort output in later.Outputs)
            {
                found |= Of(input, output, Conflict.WritesRead);
            }
        }
        return found;

        Conflict Of(ushort x, ushort y, Conflict same)
        {
            if (x == OperationRecord.None || y == OperationRecord.None)
            {
                return Conflict.None;
            }
            bool isApart = model.Tensors[x].IsApartFrom(model.Tensors[y], (int)model.Graph.MaxLength);
            return x == y ? same : isApart ? Conflict.None : (Conflict)((int)same * (int)Conflict.ReadsOverWritten);
        }
    }
}
