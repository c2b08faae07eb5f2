// Linear: the product with constant weights, the bias, and the way to the next tensor's integers.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph.Operations;

/// <summary>The fields of a Linear record.</summary>
internal readonly ref struct LinearRecord(ref readonly OperationRecord record)
{
    private readonly ref OperationRecord record = ref Unsafe.AsRef(in record);

    /// <summary>The packed weights.</summary>
    public ref ushort Weights => ref record.Constants[0];

    /// <summary>The bias, int32.</summary>
    public ref ushort Bias => ref record.Constants[1];

    /// <summary>The sums of each channel's weights, int32.</summary>
    public ref ushort ColumnSums => ref record.Constants[2];

    /// <summary>From accumulators to the output; exponent 0: accumulators go out as they are.</summary>
    public ref ScaleStage Output => ref record.Stages[0];

    /// <summary>Rescales accumulators before the bias is added; not used where its exponent is 0.</summary>
    public ref ScaleStage Rescale => ref record.Stages[2];

    /// <summary>Largest |accumulator|.</summary>
    public ref uint AccumulatorBound => ref record.AccumulatorBound;
}

/// <inheritdoc cref="OperationCode.Linear"/>
internal sealed unsafe class LinearOperation(ModelContents model, OperationRecord record) : Operation(model, record)
{
    /// <summary>
    /// Rows whose left side is prepared at once: few enough that a block of BERT-base's widest input (3,072 values of 16 bits) stays in a
    /// second-level cache beside the weights, many enough that a panel is read once for each block.
    /// </summary>
    private const int RowBlock = 48;

    /// <summary>Fewest rows that are worth a worker's part in preparing them.</summary>
    private const int RowGrain = 4;

    // Steps of a weight, which is brought in once for each block of rows, of an input, which is brought into the kernel's form, and of an
    // output: a tile of one row costs nearly what a full one does, and each accumulator leaves for its scale.
    private const long WeightSteps = 16, InputSteps = 32, OutputSteps = 256, RescaleSteps = 2048;

    private ProductKernel product = null!;
    private ElementKernel elements = null!;
    private TensorPlace input, output;
    private Panels weights;
    private int* bias;
    private ChannelScale scale;
    private PublishedElements.Term rescale;
    private bool rescaled, raw;

    public override SplitAxis Split => SplitAxis.Columns;

    private LinearRecord Fields => new(ref Record);

    public override void Prove(GraphVerifier proof)
    {
        ReadOnlySpan<TensorEntry> tensors = Model.Tensors;
        int input = proof.Input(Record, 0, ElementType.Int8);
        ConstantEntry weights = proof.Constant(Fields.Weights, ElementType.Int8, ConstantLayout.Quads);
        proof.Require(
            weights.Columns == tensors[input].Columns, $"multiplies {tensors[input].Columns} inputs with weights for {weights.Columns}");
        proof.Require(Record.Outputs[0] < tensors.Length, "has no output");
        int output = proof.Output(Record, 0, tensors[Record.Outputs[0]].Type);
        proof.Require(Record.Outputs[1] == OperationRecord.None, "has a second output");
        proof.Require(
            tensors[output].Columns == weights.Rows, $"writes {weights.Rows} channels into a tensor of {tensors[output].Columns}");
        int* bias = proof.ChannelArray(Fields.Bias, (int)weights.Rows);
        int* sums = proof.Int32Array(Fields.ColumnSums, Panels.Padded((int)weights.Rows));
        ref ScaleStage stage = ref Fields.Output, rescale = ref Fields.Rescale;
        uint bound = Fields.AccumulatorBound;
        bool raw = stage.Exponent == 0;
        if (raw)
        {
            proof.Require(tensors[output].Type == ElementType.Int32 && stage.PreShift == 0 && stage.Rounding == Rounding.HalfUp,
                "writes accumulators as they are into less than 32 bits");
        }
        else
        {
            proof.OutputStage(stage, output, (int)weights.Rows, addends: false);
        }
        if (rescale.Exponent != 0)
        {
            // A factor below two keeps the rescaled accumulator within twice its bound; the bias is part of it.
            proof.Term(rescale, 1, 30, 62);
            proof.Require(rescale.Multipliers == OperationRecord.None && bound < 1 << 29, "rescales accumulators of more than 29 bits");
        }
        proof.Require(stage.PreShift <= Dyadic.MaxPreShift && bound < 1u << ((rescale.Exponent == 0 ? 31 : 30) - stage.PreShift),
            $"lets accumulators reach {bound} before a shift by {stage.PreShift}");
        int largestInput = Math.Max(Math.Abs(proof.Known(input).Low), Math.Abs(proof.Known(input).High));
        ProveAccumulators(proof, PanelsOf(weights, bias, sums), (int)weights.Rows, largestInput, bound);
        if (raw)
        {
            int most = (int)bound * (rescale.Exponent == 0 ? 1 : 2);
            proof.Write(output, Record.Rows, -most, most, zeroPadding: true);
            return;
        }
        proof.Write(output, Record.Rows, stage, GraphVerifier.KeepsZero(stage));
    }

    public override long Products(int sequence)
    {
        ConstantEntry weights = Model.Constants[Fields.Weights];
        return (long)RowCount(sequence) * weights.Rows * weights.Columns;
    }

    public override long ScratchBytes(ProductKernel product, int sequence) =>
        FileHeader.Aligned(
            (long)Math.Min(RowBlock, RowCount(sequence)) * product.OperandBytes(Model.Tensors[Record.Inputs[0]].PaddedColumns));

    public override long SharedBytes(ProductKernel product, int sequence) => ScratchBytes(product, sequence);

    protected override long OwnSteps(int sequence)
    {
        long rows = RowCount(sequence), blocks = Blocks(sequence), elements = OutputElements(0, sequence);
        long inner = Model.Tensors[Record.Inputs[0]].PaddedColumns, columns = Model.Tensors[Record.Outputs[0]].PaddedColumns;
        long output = Fields.Rescale.Exponent == 0 ? OutputSteps : OutputSteps + RescaleSteps;
        return (elements * inner) + (blocks * inner * columns * WeightSteps) + (rows * inner * InputSteps) + (elements * output);
    }

    public override int Items(int sequence) => Model.Tensors[Record.Outputs[0]].PaddedColumns / Panels.Columns;

    public override void Prepare(in Arena arena, KernelSet kernels)
    {
        product = kernels.Product;
        elements = kernels.Elements;
        input = arena[Record.Inputs[0]];
        output = arena[Record.Outputs[0]];
        bias = (int*)Constant(Fields.Bias);
        scale = Channels(Fields.Output);
        // Int32 without a multiplier is the accumulator itself.
        raw = Fields.Output.Exponent == 0;
        rescaled = Fields.Rescale.Exponent != 0;
        // What is rescaled has its bias added after that.
        weights = PanelsOf(Model.Constants[Fields.Weights], rescaled ? null : bias, (int*)Constant(Fields.ColumnSums));
        rescale = Term(Fields.Rescale);
    }

    // Of each block of rows, workers first prepare some of them each, then multiply all of them by their panels.
    public override int Phases(int sequence, int workers) => IsPreparedTogether(sequence, workers) ? 2 * Blocks(sequence) : 1;

    public override Shares SharesOf(int phase, int sequence, int workers)
    {
        if (!IsPreparedTogether(sequence, workers) || phase % 2 != 0)
        {
            return base.SharesOf(phase, sequence, workers);
        }
        int rows = BlockRows(phase / 2, sequence);
        return new(rows, Math.Clamp(rows / RowGrain, 1, workers));
    }

    // What is prepared in one go is read by rows; what is multiplied is read wholly by everyone.
    public override Shares? InputRows(int sequence, int workers) =>
        IsPreparedTogether(sequence, workers) && Blocks(sequence) == 1 ? SharesOf(0, sequence, workers) : null;

    public override void Run(in Pass pass, int start, int end)
    {
        int inner = input.PaddedColumns;
        if (!IsPreparedTogether(pass.Length, pass.Workers))
        {
            for (int block = 0; block < Blocks(pass.Length); block++)
            {
                Multiply(pass, Prepare(pass, block, 0, BlockRows(block, pass.Length), pass.Scratch), block, start, end);
            }
        }
        else if (pass.Phase % 2 == 0)
        {
            Prepare(pass, pass.Phase / 2, start, end, pass.Shared + ((long)start * product.OperandBytes(inner)));
        }
        else
        {
            Multiply(pass, product.Prepared(pass.Shared, inner), pass.Phase / 2, start, end);
        }
    }

    private int Blocks(int sequence) => (RowCount(sequence) + RowBlock - 1) / RowBlock;

    private int BlockRows(int block, int sequence) => Math.Min(RowBlock, RowCount(sequence) - (block * RowBlock));

    /// <summary>Whether the left side takes preparing, and more than one worker would have to do it.</summary>
    private bool IsPreparedTogether(int sequence, int workers) =>
        workers > 1 && product.OperandBytes(input.PaddedColumns) != 0 && base.SharesOf(0, sequence, workers).Parts > 1;

    /// <summary>Brings rows of a block into the kernel's form.</summary>
    private Operand Prepare(in Pass pass, int block, int start, int end, byte* scratch)
    {
        sbyte* rows = (sbyte*)(input.At(pass.Length) + (((long)block * RowBlock + start) * input.Stride));
        return product.Prepare(rows, input.Stride, end - start, input.PaddedColumns, scratch);
    }

    /// <summary>Multiplies a block's rows by some panels.</summary>
    [SkipLocalsInit]
    private void Multiply(in Pass pass, Operand left, int block, int start, int end)
    {
        int elementBytes = output.Type.Bytes();
        byte* target = output.At(pass.Length) + ((long)block * RowBlock * output.Stride);
        int* tile = stackalloc int[ProductKernel.TileSize];
        Shares tiles = product.Tiles(BlockRows(block, pass.Length));
        for (int panel = start; panel < end; panel++)
        {
            int column = panel * Panels.Columns;
            for (int t = 0; t < tiles.Parts; t++)
            {
                (int first, int last) = tiles[t];
                product.Multiply(left.From(first), last - first, weights, panel, tile);
                if (rescaled)
                {
                    PublishedElements.RescaleAndBias(tile, last - first, rescale, bias + column);
                }
                Store(tile, last - first, column, target + ((long)first * output.Stride) + ((long)column * elementBytes));
            }
        }
    }

    /// <summary>Takes a tile's accumulators to the output's type.</summary>
    private void Store(int* tile, int rows, int column, byte* place)
    {
        if (raw)
        {
            for (int r = 0; r < rows; r++)
            {
                Unsafe.CopyBlock(place + ((long)r * output.Stride), tile + (r * Panels.Columns), Panels.Columns * sizeof(int));
            }
            return;
        }
        switch (output.Type)
        {
            case ElementType.Int8:
                elements.ToInt8(tile, rows, scale, column, (sbyte*)place, output.Stride);
                break;
            case ElementType.Int16:
                elements.ToInt16(tile, rows, scale, column, (short*)place, output.Stride);
                break;
            default:
                elements.ToInt32(tile, rows, scale, column, (int*)place, output.Stride);
                break;
        }
    }

    /// <summary>The weights' panels, with what belongs to their columns.</summary>
    private Panels PanelsOf(in ConstantEntry weights, int* bias, int* sums)
    {
        return new((sbyte*)Constant(Fields.Weights), Panels.Padded((int)weights.Columns))
        {
            Layout = weights.Layout,
            Bits = weights.Bits,
            Scales = Constant(weights.BlockMultipliers),
            Bias = bias,
            ColumnSums = sums,
        };
    }

    /// <summary>
    /// For every channel: no weight is -128, the column sum is as stated, |bias| + largest input * sum |w| is within the bound. Channels of
    /// the padding have no weights.
    /// </summary>
    private static void ProveAccumulators(GraphVerifier proof, in Panels weights, int channels, int largestInput, uint bound)
    {
        Vector128<sbyte> least = Vector128.Create(sbyte.MinValue);
        for (int first = 0; first < channels; first += Panels.Columns)
        {
            for (int four = 0; four < Panels.Columns; four += 4)
            {
                sbyte* quads = weights.Weights + Panels.Place(0, first + four, weights.Inner);
                Vector128<sbyte> smallest = Vector128<sbyte>.Zero;
                Vector128<int> sum = Vector128<int>.Zero, magnitude = Vector128<int>.Zero;
                for (int k = 0; k < weights.Inner; k += Panels.Quad, quads += Panels.QuadStride)
                {
                    Vector128<sbyte> quad = Vector128.Load(quads);
                    smallest = Vector128.Min(smallest, quad);
                    sum += Quad(quad);
                    magnitude += Quad(Vector128.Abs(quad));
                }
                proof.Require(!Vector128.EqualsAny(smallest, least), "has a weight of -128");
                for (int c = 0; c < 4; c++)
                {
                    int column = first + four + c;
                    proof.Require(weights.ColumnSums[column] == sum[c], $"states a column sum that is not the sum of channel {column}");
                    long worst = Math.Abs((long)weights.Bias[column]) + (long)largestInput * magnitude[c];
                    proof.Require(worst <= bound, $"channel {column} can reach {worst}, above its bound {bound}");
                    proof.Require(column < channels || magnitude[c] == 0, "has weights in its padding");
                }
            }
        }

        // Sums of the four bytes of each column; -128 may wrap in Abs, but is refused anyway.
        static Vector128<int> Quad(Vector128<sbyte> q)
        {
            Vector128<short> shorts = q.AsInt16();
            Vector128<short> pairs =
                Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(shorts, 8), 8) + Vector128.ShiftRightArithmetic(shorts, 8);
            Vector128<int> ints = pairs.AsInt32();
            return Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(ints, 16), 16) + Vector128.ShiftRightArithmetic(ints, 16);
        }
    }
}
