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
        sbyte* tokens = (sbyte*)Optional(operation.Constants[0]), positions = (sbyte*)Optional(operation.Constants[2]), kinds = (sbyte*)Optional(operation.Constants[4]);
        int* tokenScales = (int*)Optional(operation.Constants[1]), positionScales = (int*)Optional(operation.Constants[3]), kindScales = (int*)Optional(operation.Constants[5]);
        int lastKind = kinds is null ? 0 : (int)model.Constants[operation.Constants[4]].Rows - 1;
        int offset = operation.Parameters[Slot.EmbedPositionOffset], shift = operation.Parameters[Slot.EmbedShift];
        int unplaced = operation.Parameters[Slot.EmbedUnplacedId] - 1;
        int next = offset + start - new ReadOnlySpan<int>(ids, start).Count(unplaced);
        for (int i = start; i < end; i++)
        {
            int id = ids[i], position = id == unplaced ? offset - 1 : next++, kind = Math.Min(types[i], lastKind);
            // A table that is absent takes part with its own row's multiplier at zero; one of the three is always there.
            sbyte* token = tokens is null ? null : tokens + ((long)id * columns);
            sbyte* place = positions is null ? null : positions + ((long)position * columns);
            sbyte* type = kinds is null ? null : kinds + ((long)kind * columns);
            sbyte* present = token is not null ? token : place is not null ? place : type;
            kernels.Elements.EmbeddingSum(
                token is null ? present : token, token is null ? 0 : tokenScales[id],
                place is null ? present : place, place is null ? 0 : positionScales[position],
                type, type is null ? 0 : kindScales[kind],
                shift, columns, (short*)(rows + ((long)i * output.Stride)));
        }

        byte* Optional(ushort constant) => constant == OperationRecord.None ? null : model.Constant(constant);
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
        if (operation.Parameters[Slot.NormFunction] == (int)FunctionKind.Published)
        {
            long* offsets = (long*)model.Constant(operation.Constants[Slot.NormOffsets]);
            PublishedElements.Term term = Term(operation.Stages[1]);
            for (int i = start; i < end; i++)
            {
                PublishedElements.LayerNorm(
                    a + ((long)i * input.Stride), input.Type, (int)input.Columns, operation.Parameters[Slot.NormSignificand], operation.Parameters[Slot.NormShift],
                    offsets, term, operation.Stages[1], (sbyte*)(narrowRows + ((long)i * narrowStride)));
            }
            return;
        }
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
        bool rescaled = operation.Stages[Slot.LinearRescaleStage].Exponent != 0;
        // Int32 without a multiplier is the accumulator itself.
        bool raw = operation.Stages[0].Exponent == 0;
        PublishedElements.Term rescale = Term(operation.Stages[Slot.LinearRescaleStage]);
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
                    product.Multiply(left.From(start), end - start, panelWeights, inner, rescaled ? null : bias + column, tile);
                    if (rescaled)
                    {
                        PublishedElements.RescaleAndBias(tile, end - start, rescale, bias + column);
                    }
                    byte* place = target + ((long)(block + start) * output.Stride) + ((long)column * elementBytes);
                    if (raw)
                    {
                        for (int r = 0; r < end - start; r++)
                        {
                            Unsafe.CopyBlock(place + ((long)r * output.Stride), tile + (r * ProductKernel.PanelColumns), ProductKernel.PanelColumns * sizeof(int));
                        }
                        continue;
                    }
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
        bool published = operation.Parameters[Slot.AttentionFunction] == (int)FunctionKind.Published;
        PublishedElements.Softmax publishedSoftmax = new()
        {
            X0 = operation.Parameters[Slot.AttentionX0],
            B = operation.Parameters[Slot.AttentionB],
            C = ((long)operation.Parameters[Slot.AttentionCHigh] << 32) | (uint)operation.Parameters[Slot.AttentionCLow],
            Multiplier = score.Multiplier,
            Exponent = score.Exponent - score.PreShift,
            Rounding = score.Rounding,
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
            bool raised = published && PublishedElements.RaiseLowest(keyPanels, padded * columns);
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
                if (raised)
                {
                    PublishedElements.SubtractRaised(
                        (sbyte*)(keys + offset), stride, sequence, columns, (sbyte*)(queries + ((long)start * stride) + offset), stride, count, scores, padded);
                }
                if (published)
                {
                    for (int r = 0; r < count; r++)
                    {
                        // Probabilities are divided already: one stands for them all.
                        publishedSoftmax.Row(scores + (r * padded), sequence, exponentials + (r * padded));
                        sums[r] = 1 << PublishedElements.ProbabilityBits;
                    }
                }
                else
                {
                    elements.Softmax(scores, count, padded, sequence, softmax, exponentials, sums);
                }
                AfterSoftmax?.Invoke(head, start, new Span<ushort>(exponentials, count * padded));
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
        if (operation.Parameters[Slot.GateFunction] == (int)FunctionKind.Published)
        {
            ScaleStage stage = operation.Stages[0];
            stage.Exponent -= stage.PreShift;
            for (int i = start; i < end; i++)
            {
                PublishedElements.Gelu(
                    (int*)(source + ((long)i * input.Stride)), (int*)model.Constant(operation.Constants[Slot.GateB]), (long*)model.Constant(operation.Constants[Slot.GateC]),
                    (long*)model.Constant(operation.Constants[Slot.GateShift]), (int*)model.Constant(stage.Multipliers), stage,
                    (sbyte*)(target + ((long)i * output.Stride)), output.PaddedColumns);
            }
            return;
        }
        short* gate = (short*)model.Constant(operation.Constants[Slot.GateTable]);
        short* multipliers = (short*)model.Constant(operation.Constants[Slot.GateMultipliers]);
        int zeroPoint = operation.Stages[0].ZeroPoint;
        for (int i = start; i < end; i++)
        {
            kernels.Elements.Gate(
                (short*)(source + ((long)i * input.Stride)), gate, multipliers, zeroPoint, (sbyte*)(target + ((long)i * output.Stride)), output.PaddedColumns);
        }
    }

    private void Add(in OperationRecord operation, int worker, int workers)
    {
        (int start, int end) = Share(RowsOf(operation), worker, workers);
        bool two = operation.Inputs[1] != OperationRecord.None;
        TensorEntry a = model.Tensors[operation.Inputs[0]], b = two ? model.Tensors[operation.Inputs[1]] : default, output = model.Tensors[operation.Outputs[0]];
        byte* first = TensorPointer(operation.Inputs[0]), second = two ? TensorPointer(operation.Inputs[1]) : null, target = TensorPointer(operation.Outputs[0]);
        PublishedElements.Term firstTerm = Term(operation.Stages[Slot.AddFirstStage]), secondTerm = Term(operation.Stages[Slot.AddSecondStage]);
        for (int i = start; i < end; i++)
        {
            PublishedElements.Add(
                first + ((long)i * a.Stride), a.Type, firstTerm, two ? second + ((long)i * b.Stride) : null, b.Type, secondTerm, operation.Stages[0],
                target + ((long)i * output.Stride), output.Type, output.PaddedColumns);
        }
    }
}
