// How a worker's scratch is laid out.
using IBert.Edge.Format;
using IBert.Edge.Kernels;

namespace IBert.Edge.Graph;

/// <summary>
/// A worker's scratch, the largest that any operation needs at one length. A product needs its left side in the kernel's form, in blocks of
/// <see cref="RowBlock"/> rows; attention needs one head's K and V as panels and one tile of score rows.
/// </summary>
internal readonly struct Scratch
{
    /// <summary>
    /// Rows whose left side is prepared at once: few enough that a block of BERT-base's widest input (3,072 values of 16 bits) stays in a
    /// second-level cache beside the weights, many enough that a panel is read once for each block.
    /// </summary>
    public const int RowBlock = 48;

    public Scratch(ModelFile model, ProductKernel product, int sequence)
    {
        int padded = (sequence + 15) & ~15;
        long operand = 0, keys = 0;
        foreach (ref readonly OperationRecord operation in model.Operations)
        {
            if (operation.Code == OperationCode.Linear)
            {
                int inner = model.Tensors[operation.Inputs[0]].PaddedColumns;
                operand = Math.Max(operand, (long)Math.Min(RowBlock, sequence) * product.OperandBytes(inner));
            }
            else if (operation.Code == OperationCode.Attention)
            {
                int columns = operation.Parameters[Slot.AttentionHeadColumns];
                keys = Math.Max(keys, (long)padded * columns);
                operand = Math.Max(operand, ProductKernel.MaxTileRows * (long)Math.Max(product.OperandBytes(columns), product.WideOperandBytes(padded)));
            }
        }
        Keys = Aligned(operand);
        Values = Keys + Aligned(keys);
        Scores = Values + Aligned(keys);
        Exponentials = Scores + Aligned(keys == 0 ? 0 : ProductKernel.MaxTileRows * padded * sizeof(int));
        Bytes = Exponentials + Aligned(keys == 0 ? 0 : ProductKernel.MaxTileRows * padded * sizeof(ushort));
    }

    /// <summary>Offsets; the operand lies at 0.</summary>
    public long Keys { get; }

    public long Values { get; }

    public long Scores { get; }

    public long Exponentials { get; }

    /// <summary>Size in all.</summary>
    public long Bytes { get; }

    private static long Aligned(long bytes) => (bytes + FileHeader.Alignment - 1) & -FileHeader.Alignment;
}
