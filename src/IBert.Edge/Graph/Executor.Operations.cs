// The operations: each walks its rows, panels or heads and calls kernels. A worker computes its share of them.
using System.Runtime.CompilerServices;
using IBert.Edge.Format;
using IBert.Edge.Kernels;

namespace IBert.Edge.Graph;

internal sealed unsafe partial class Executor
{
    private const int TileSize = ProductKernel.MaxTileRows * ProductKernel.PanelColumns;

    private void Embed(in OperationRecord operation, int worker, int workers)
    {
        (int start, int end) = Share(sequence, worker, workers);
        TensorEntry output = model.Tensors[operation.Outputs[0]];
        byte* rows = TensorPointer(operation.Outputs[0]);
        int columns = output.PaddedColumns;
        sbyte* tokens = (sbyte*)model.Constant(operation.Constants[0]), positions = (sbyte*)model.Constant(operation.Constants[2]);
        int* tokenScales = (int*)model.Constant(operation.Constants[1]), positionScales = (int*)model.Constant(operation.Constants[3]);
        bool typed = operation.Constants[4] != OperationRecord.None;
        sbyte* kinds = typed ? (sbyte*)model.Constant(operation.Constants[4]) : null;
        int* kindScales = typed ? (int*)model.Constant(operation.Constants[5]) : null;
        int lastKind = typed ? (int)model.Constants[operation.Constants[4]].Rows - 1 : 0;
        int offset = operation.Parameters[Slot.EmbedPositionOffset], shift = operation.Parameters[Slot.EmbedShift];
        for (int i = start; i < end; i++)
        {
            int id = ids[i], position = i + offset, kind = Math.Min(types[i], lastKind);
            kernels.Elements.EmbeddingSum(
                tokens + ((long)id * columns), tokenScales[id],
                positions + ((long)position * columns), positionScales[position],
                typed ? kinds + ((long)kind * columns) : null, typed ? kindScales[kind] : 0,
                shift, columns, (short*)(rows + ((long)i * output.Stride)));
        }
    }

    private void LayerNorm(in OperationRecord operation, int worker, int workers)
    {
        (int start, int end) = Share(RowsOf(operation), worker, workers);
        bool two = operation.Inputs[1] != OperationRecord.None, wide = operation.Outputs[0] != OperationRecord.None;
        TensorEntry input = model.Tensors[operation.Inputs[0]];
        byte* a = TensorPointer(operation.Inputs[0]);
        byte* b = two ? TensorPointer(operation.Inputs[1]) : null;
        byte* wideRows = wide ? TensorPointer(operation.Outputs[0]) : null;
        byte* narrowRows = TensorPointer(operation.Outputs[1]);
        int narrowStride = model.Tensors[operation.Outputs[1]].Stride;
        LayerNormScale scale = new()
        {
            Channels = (int)input.Columns,
            Epsilon = ((long)operation.Parameters[Slot.NormEpsilonHigh] << 32) | (uint)operation.Parameters[Slot.NormEpsilonLow],
            HeadRoom = LayerNormScale.HeadRoomOf((int)input.Columns),
            Wide = wide ? Channels(operation.Stages[0]) : default,
            Narrow = Channels(operation.Stages[1]),
        };
        for (int i = start; i < end; i++)
        {
            // Inputs and the wide output have the same type and width, so the same stride.
            long row = (long)i * input.Stride;
            kernels.Elements.LayerNorm(
                (short*)(a + row), two ? (short*)(b + row) : null, scale,
                wide ? (short*)(wideRows + row) : null, (sbyte*)(narrowRows + ((long)i * narrowStride)));
        }
    }

    [SkipLocalsInit]
    private void Linear(in OperationRecord operation, int worker, int workers)
    {
        int rows = RowsOf(operation);
        TensorEntry input = model.Tensors[operation.Inputs[0]], output = model.Tensors[operation.Outputs[0]];
        byte* source = TensorPointer(operation.Inputs[0]);
        byte* target = TensorPointer(operation.Outputs[0]);
        int inner = input.PaddedColumns, elementBytes = TensorEntry.ElementBytes(output.Type);
        sbyte* weights = (sbyte*)model.Constant(operation.Constants[Slot.LinearWeights]);
        int* bias = (int*)model.Constant(operation.Constants[Slot.LinearBias]);
        ChannelScale scale = Channels(operation.Stages[0]);
        ProductKernel product = kernels.Product;
        ElementKernel elements = kernels.Elements;
        (int firstPanel, int endPanel) = Share(output.PaddedColumns / ProductKernel.PanelColumns, worker, workers);
        int* tile = stackalloc int[TileSize];
        for (int block = 0; block < rows; block += Scratch.RowBlock)
        {
            int blockRows = Math.Min(Scratch.RowBlock, rows - block);
            Operand left = product.Prepare((sbyte*)(source + ((long)block * input.Stride)), input.Stride, blockRows, inner, ScratchOf(worker));
            // Rows are split evenly: a last tile of one row would cost nearly as much as a full one.
            int tiles = (blockRows + product.TileRows - 1) / product.TileRows;
            for (int panel = firstPanel; panel < endPanel; panel++)
            {
                int column = panel * ProductKernel.PanelColumns;
                sbyte* panelWeights = weights + ((long)column * inner);
                for (int t = 0; t < tiles; t++)
                {
                    (int start, int end) = Share(blockRows, t, tiles);
                    product.Multiply(left.From(start), end - start, panelWeights, inner, bias + column, tile);
                    byte* place = target + ((long)(block + start) * output.Stride) + ((long)column * elementBytes);
                    switch (output.Type)
                    {
                        case ElementType.Int8:
                            elements.ToInt8(tile, end - start, scale, column, (sbyte*)place, output.Stride);
                            break;
                        case ElementType.Int16:
                            elements.ToInt16(tile, end - start, scale, column, (short*)place, output.Stride);
                            break;
                        default:
                            elements.ToInt32(tile, end - start, scale, column, (int*)place, output.Stride);
                            break;
                    }
                }
            }
        }
    }

    [SkipLocalsInit]
    private void Attention(in OperationRecord operation, int worker, int workers)
    {
        int rows = RowsOf(operation), columns = operation.Parameters[Slot.AttentionHeadColumns];
        int padded = (sequence + 15) & ~15;
        byte* queries = TensorPointer(operation.Inputs[0]), keys = TensorPointer(operation.Inputs[1]), values = TensorPointer(operation.Inputs[2]);
        byte* target = TensorPointer(operation.Outputs[0]);
        int stride = model.Tensors[operation.Inputs[0]].Stride;
        ScaleStage score = operation.Stages[Slot.AttentionScoreStage], context = operation.Stages[0];
        SoftmaxScale softmax = new()
        {
            Limit = operation.Parameters[Slot.AttentionLimit],
            Multiplier = score.Multiplier,
            PreShift = score.PreShift,
            Shift = score.Exponent - 32,
            Bits = operation.Parameters[Slot.AttentionBits],
        };
        ContextScale scale = new()
        {
            Multiplier = context.Multiplier,
            Exponent = context.Exponent,
            ZeroPoint = context.ZeroPoint,
            Low = context.Low,
            High = context.High,
        };
        ProductKernel product = kernels.Product;
        ElementKernel elements = kernels.Elements;
        byte* memory = ScratchOf(worker);
        sbyte* keyPanels = (sbyte*)(memory + scratch.Keys), valuePanels = (sbyte*)(memory + scratch.Values);
        int* scores = (int*)(memory + scratch.Scores);
        ushort* exponentials = (ushort*)(memory + scratch.Exponentials);
        int* tile = stackalloc int[TileSize];
        int* sums = stackalloc int[ProductKernel.MaxTileRows];
        int tiles = (rows + product.TileRows - 1) / product.TileRows;
        (int firstHead, int endHead) = Share(operation.Parameters[Slot.AttentionHeads], worker, workers);
        for (int head = firstHead; head < endHead; head++)
        {
            int offset = head * columns;
            elements.PackKeys((sbyte*)(keys + offset), stride, sequence, columns, keyPanels);
            elements.PackValues((sbyte*)(values + offset), stride, sequence, columns, valuePanels);
            for (int t = 0; t < tiles; t++)
            {
                (int start, int end) = Share(rows, t, tiles);
                int count = end - start;
                Operand left = product.Prepare((sbyte*)(queries + ((long)start * stride) + offset), stride, count, columns, memory);
                for (int key = 0; key < padded; key += ProductKernel.PanelColumns)
                {
                    product.Multiply(left, count, keyPanels + (key * columns), columns, null, tile);
                    for (int r = 0; r < count; r++)
                    {
                        Unsafe.CopyBlock(scores + (r * padded) + key, tile + (r * ProductKernel.PanelColumns), ProductKernel.PanelColumns * sizeof(int));
                    }
                }
                elements.Softmax(scores, count, padded, sequence, softmax, exponentials, sums);
                left = product.PrepareWide(exponentials, padded * sizeof(ushort), count, padded, memory);
                for (int column = 0; column < columns; column += ProductKernel.PanelColumns)
                {
                    product.MultiplyWide(left, count, valuePanels + ((long)column * padded), padded, tile);
                    sbyte* place = (sbyte*)(target + ((long)start * stride) + offset + column);
                    elements.ContextToInt8(tile, count, sums, scale, place, stride);
                }
            }
        }
    }

    private void Gate(in OperationRecord operation, int worker, int workers)
    {
        (int start, int end) = Share(RowsOf(operation), worker, workers);
        TensorEntry input = model.Tensors[operation.Inputs[0]], output = model.Tensors[operation.Outputs[0]];
        byte* source = TensorPointer(operation.Inputs[0]);
        byte* target = TensorPointer(operation.Outputs[0]);
        short* gate = (short*)model.Constant(operation.Constants[Slot.GateTable]);
        short* multipliers = (short*)model.Constant(operation.Constants[Slot.GateMultipliers]);
        int zeroPoint = operation.Stages[0].ZeroPoint;
        for (int i = start; i < end; i++)
        {
            kernels.Elements.Gate(
                (short*)(source + ((long)i * input.Stride)), gate, multipliers, zeroPoint, (sbyte*)(target + ((long)i * output.Stride)), output.PaddedColumns);
        }
    }
}
