// How many multiplications a model's products take.
using IBert.Edge.Format;

namespace IBert.Edge.Cli.Inspection;

/// <summary>Multiply-accumulates of products, of the true sizes: padding does not count, rows that are left out do not either.</summary>
internal static class ProductWork
{
    /// <summary>Of one operation on a sequence of that length.</summary>
    public static long Macs(ModelFile model, in OperationRecord operation, int sequence)
    {
        long rows = operation.Rows == RowRange.First ? 1 : sequence;
        switch (operation.Code)
        {
            case OperationCode.Linear:
                ConstantEntry weights = model.Constants[operation.Constants[Slot.LinearWeights]];
                return rows * weights.Rows * weights.Columns;
            case OperationCode.Attention:
                // Queries times keys, exponentials times values.
                long width = (long)operation.Parameters[Slot.AttentionHeads] * operation.Parameters[Slot.AttentionHeadColumns];
                return 2 * rows * sequence * width;
            default:
                return 0;
        }
    }

    /// <summary>Of the whole model.</summary>
    public static long Macs(ModelFile model, int sequence)
    {
        long sum = 0;
        foreach (ref readonly OperationRecord operation in model.Operations)
        {
            sum += Macs(model, operation, sequence);
        }
        return sum;
    }
}
