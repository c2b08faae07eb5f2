// Multi-head attention from Q, K and V to the context.
using System.Numerics;
using System.Runtime.CompilerServices;
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph.Operations;

/// <summary>The fields of an Attention record.</summary>
internal readonly ref struct AttentionRecord(ref readonly OperationRecord record)
{
    private readonly ref OperationRecord record = ref Unsafe.AsRef(in record);

    /// <summary>Number of heads.</summary>
    public ref int Heads => ref record.Parameters[0];

    /// <summary>Columns of a head, a multiple of 16.</summary>
    public ref int HeadColumns => ref record.Parameters[1];

    /// <summary>Bits of an exponential.</summary>
    public ref int Bits => ref record.Parameters[2];

    /// <summary>Largest score difference that is looked at.</summary>
    public ref int Limit => ref record.Parameters[3];

    /// <summary>Which form of the exponential is computed.</summary>
    public FunctionKind Function
    {
        get => (FunctionKind)record.Parameters[4];
        set => record.Parameters[4] = (int)value;
    }

    /// <summary>Scales the context.</summary>
    public ref ScaleStage Context => ref record.Stages[0];

    /// <summary>Scales score differences to exponents; of the published form exponentials to 16 bits.</summary>
    public ref ScaleStage Score => ref record.Stages[2];
}

/// <summary>What all forms of attention share: heads, products, context. A form of it turns a tile's scores into exponentials.</summary>
internal abstract unsafe class AttentionBase(ModelContents model, OperationRecord record) : Operation(model, record)
{
    // Steps of an element of K and V, which are packed for each head, of an output, and of a product with a key and a value: the
    // exponential has two digits.
    private const long PackSteps = 32, OutputSteps = 256, ProductSteps = 4;

    private ProductKernel product = null!;
    private TensorPlace queries, keys, values, context;
    private ContextScale scale;
    private int columns;

    public override SplitAxis Split => SplitAxis.Heads;

    protected AttentionRecord Fields => new(ref Record);

    protected ElementKernel Elements { get; private set; } = null!;

    /// <summary>Steps of a score: its tile, its exponential.</summary>
    protected abstract long ScoreSteps { get; }

    /// <summary>Steps of a product's part in what <see cref="RaiseKeys"/> makes necessary.</summary>
    protected virtual long CorrectionSteps => 0;

    /// <summary>Least value that Q, K and V may have.</summary>
    protected abstract int LeastInput { get; }

    public override void Prove(GraphVerifier proof)
    {
        ReadOnlySpan<TensorEntry> tensors = Model.Tensors;
        int heads = Fields.Heads, columns = Fields.HeadColumns, bits = Fields.Bits;
        proof.Require(heads is >= 1 and <= 4096 && columns is >= Panels.Columns and <= 4096 && columns % Panels.Columns == 0,
            $"has {heads} heads of {columns} columns");
        proof.Require(bits is >= 1 and <= ProductKernel.WideBits, $"has exponentials of {bits} bits");
        proof.Require(Record.Inputs[1] < tensors.Length, "lacks input 1");
        // Of one query row, keys and values count their rows by themselves.
        Format.RowCount count = Record.Rows == RowRange.All ? proof.RowsWritten(Record) : tensors[Record.Inputs[1]].Rows;
        int most = KeyRows(proof.MaxLength);
        proof.Require(((1L << bits) - 1) * most * 128 <= int.MaxValue, $"has exponentials of {bits} bits, too many for {most} tokens");
        for (int i = 0; i < 3; i++)
        {
            int tensor = proof.Input(Record, i, ElementType.Int8, i == 0 ? Record.Rows : RowRange.All, count);
            proof.Require(tensors[tensor].Columns == heads * columns,
                $"reads a tensor of {tensors[tensor].Columns} columns for {heads} heads of {columns}");
            proof.Require(proof.Known(tensor).Low >= LeastInput, "reads Q, K or V that may be -128");
        }
        (int least, long largestSum) = ProveScores(proof);
        int output = proof.Output(Record, 0, ElementType.Int8);
        proof.Require(Record.Outputs[1] == OperationRecord.None, "has a second output");
        proof.Require(tensors[output].Columns == heads * columns, "writes a tensor of another width");
        ref ScaleStage stage = ref Fields.Context;
        proof.Require(stage.Rounding == Rounding.HalfUp && stage.PreShift == 0 && stage.Multiplier >= 1 << 30,
            "scales the context in a way that this program does not know");
        int mostLog2 = BitOperations.Log2((ulong)largestSum);
        proof.Require(stage.Exponent + least - 32 >= Dyadic.MinShift && stage.Exponent + mostLog2 - 32 <= Dyadic.MaxShift,
            $"scales the context by 2^-{stage.Exponent}");
        proof.Place(stage, tensors[output].Type);
        proof.Write(output, Record.Rows, stage);
    }

    // Queries times keys, exponentials times values.
    public override long Products(int sequence) => 2L * RowCount(sequence) * KeyRows(sequence) * Fields.Heads * Fields.HeadColumns;

    public override long ScratchBytes(ProductKernel product, int sequence) =>
        new Scratch(product, KeyRows(sequence), Fields.HeadColumns).Bytes;

    protected override long OwnSteps(int sequence)
    {
        long rows = RowCount(sequence), keys = KeyRows(sequence), columns = Model.Tensors[Record.Outputs[0]].PaddedColumns;
        return (2 * keys * columns * PackSteps) + (OutputElements(0, sequence) * OutputSteps) + (Fields.Heads * rows * keys * ScoreSteps)
            + (rows * keys * columns * (ProductSteps + CorrectionSteps));
    }

    public override int Items(int sequence) => Fields.Heads;

    public override void Prepare(in Arena arena, KernelSet kernels)
    {
        product = kernels.Product;
        Elements = kernels.Elements;
        queries = arena[Record.Inputs[0]];
        keys = arena[Record.Inputs[1]];
        values = arena[Record.Inputs[2]];
        context = arena[Record.Outputs[0]];
        columns = Fields.HeadColumns;
        ref ScaleStage stage = ref Fields.Context;
        scale = new()
        {
            Multiplier = stage.Multiplier,
            Exponent = stage.Exponent,
            ZeroPoint = stage.ZeroPoint,
            Low = stage.Low,
            High = stage.High,
        };
    }

    [SkipLocalsInit]
    public override void Run(in Pass pass, int start, int end)
    {
        int keyRows = KeyRows(pass.Length), rows = RowCount(pass.Length), padded = Panels.Padded(keyRows), stride = queries.Stride;
        Scratch layout = new(product, keyRows, columns);
        byte* q = queries.At(pass.Length), k = keys.At(pass.Length), v = values.At(pass.Length), output = context.At(pass.Length);
        byte* memory = pass.Scratch;
        Panels keyPanels = new((sbyte*)(memory + layout.Keys), columns), valuePanels = new((sbyte*)(memory + layout.Values), padded);
        int* scores = (int*)(memory + layout.Scores);
        ushort* exponentials = (ushort*)(memory + layout.Exponentials);
        int* tile = stackalloc int[ProductKernel.TileSize];
        int* sums = stackalloc int[ProductKernel.MaxTileRows];
        Shares tiles = product.Tiles(rows);
        for (int head = start; head < end; head++)
        {
            int offset = head * columns;
            sbyte* headKeys = (sbyte*)(k + offset);
            Elements.PackKeys(headKeys, stride, keyRows, columns, keyPanels.Weights);
            Elements.PackValues((sbyte*)(v + offset), stride, keyRows, columns, valuePanels.Weights);
            bool raised = RaiseKeys(keyPanels.Weights, padded * columns);
            for (int t = 0; t < tiles.Parts; t++)
            {
                (int first, int last) = tiles[t];
                int count = last - first;
                sbyte* headQueries = (sbyte*)(q + ((long)first * stride) + offset);
                Operand left = product.Prepare(headQueries, stride, count, columns, memory);
                for (int panel = 0, key = 0; key < padded; panel++, key += Panels.Columns)
                {
                    product.Multiply(left, count, keyPanels, panel, tile);
                    for (int r = 0; r < count; r++)
                    {
                        Unsafe.CopyBlock(scores + (r * padded) + key, tile + (r * Panels.Columns), Panels.Columns * sizeof(int));
                    }
                }
                if (raised)
                {
                    PublishedElements.SubtractRaised(headKeys, stride, keyRows, columns, headQueries, stride, count, scores, padded);
                }
                Exponentials(scores, count, padded, keyRows, exponentials, sums);
                pass.AfterSoftmax?.Invoke(head, first, new Span<ushort>(exponentials, count * padded));
                left = product.PrepareWide(exponentials, padded * sizeof(ushort), count, padded, memory);
                for (int panel = 0, column = 0; column < columns; panel++, column += Panels.Columns)
                {
                    product.MultiplyWide(left, count, valuePanels, panel, tile);
                    sbyte* place = (sbyte*)(output + ((long)first * stride) + offset + column);
                    Elements.ContextToInt8(tile, count, sums, scale, place, stride);
                }
            }
        }
    }

    /// <summary>Rows of keys and values: one more than the sequence where a constant row stands in front.</summary>
    protected int KeyRows(int sequence) => Model.Tensors[Record.Inputs[1]].RowsOf(sequence);

    /// <summary>Proves the scaling of scores; the logarithm of a row's least sum of exponentials, and the largest sum.</summary>
    protected abstract (int LeastLog2, long LargestSum) ProveScores(GraphVerifier proof);

    /// <summary>Makes packed keys fit for the kernels; whether any was changed.</summary>
    protected virtual bool RaiseKeys(sbyte* panels, int count) => false;

    /// <summary>Exponentials of rows of count scores [rows][padded] and their sums; zeros beyond count.</summary>
    protected abstract void Exponentials(int* scores, int rows, int padded, int count, ushort* exponentials, int* sums);

    /// <summary>A worker's scratch: a tile's left side, one head's K and V as panels, a tile of scores and of exponentials.</summary>
    private readonly struct Scratch
    {
        public readonly long Keys, Values, Scores, Exponentials, Bytes;

        public Scratch(ProductKernel product, int keyRows, int columns)
        {
            int padded = Panels.Padded(keyRows);
            long panels = FileHeader.Aligned(Panels.Bytes(columns, keyRows));
            Keys = FileHeader.Aligned(
                ProductKernel.MaxTileRows * (long)Math.Max(product.OperandBytes(columns), product.WideOperandBytes(padded)));
            Values = Keys + panels;
            Scores = Values + panels;
            Exponentials = Scores + FileHeader.Aligned(ProductKernel.MaxTileRows * (long)padded * sizeof(int));
            Bytes = Exponentials + FileHeader.Aligned(ProductKernel.MaxTileRows * (long)padded * sizeof(ushort));
        }
    }
}

/// <inheritdoc cref="OperationCode.Attention"/>
internal sealed unsafe class AttentionOperation(ModelContents model, OperationRecord record) : AttentionBase(model, record)
{
    private SoftmaxScale softmax;

    protected override long ScoreSteps => 384;

    protected override int LeastInput => -127;

    public override void Prepare(in Arena arena, KernelSet kernels)
    {
        base.Prepare(arena, kernels);
        ref ScaleStage score = ref Fields.Score;
        softmax = new()
        {
            Limit = Fields.Limit,
            Multiplier = score.Multiplier,
            PreShift = score.PreShift,
            Shift = score.Exponent - 32,
            Bits = Fields.Bits,
        };
    }

    protected override (int LeastLog2, long LargestSum) ProveScores(GraphVerifier proof)
    {
        ref ScaleStage score = ref Fields.Score;
        proof.Require(score.Rounding == Rounding.HalfUp && score.PreShift <= Dyadic.MaxPreShift && score.Exponent is >= 33 and <= 62
            && score.Multiplier > 0, "scales scores in a way that this program does not know");
        proof.Require(Fields.Limit >= 1 && Fields.Limit < 1L << (31 - score.PreShift), $"looks at score differences up to {Fields.Limit}");
        return (Fields.Bits - 1, ((1L << Fields.Bits) - 1) * KeyRows(proof.MaxLength));
    }

    protected override void Exponentials(int* scores, int rows, int padded, int count, ushort* exponentials, int* sums) =>
        Elements.Softmax(scores, rows, padded, count, softmax, exponentials, sums);
}
