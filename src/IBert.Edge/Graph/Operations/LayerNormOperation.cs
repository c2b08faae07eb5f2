// LayerNorm of one tensor or of the sum of two, with an int16 output for the residual stream and an int8 one for the products.
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph.Operations;

/// <summary>The fields of a LayerNorm record.</summary>
internal readonly ref struct LayerNormRecord(ref readonly OperationRecord record)
{
    /// <summary>Most channels, whichever function: sums of their squares stay within 64 bits.</summary>
    public const int MaxChannels = 16384;

    private readonly ref OperationRecord record = ref System.Runtime.CompilerServices.Unsafe.AsRef(in record);

    /// <summary>N^2 eps in units of the input's square.</summary>
    public long Epsilon
    {
        get => ((long)record.Parameters[1] << 32) | (uint)record.Parameters[0];
        set => (record.Parameters[0], record.Parameters[1]) = ((int)value, (int)(value >> 32));
    }

    /// <summary>Which form is computed.</summary>
    public FunctionKind Function
    {
        get => (FunctionKind)record.Parameters[2];
        set => record.Parameters[2] = (int)value;
    }

    /// <summary>The residual stream, int16; none where nothing reads it.</summary>
    public ref ushort Wide => ref record.Outputs[0];

    /// <summary>The products' input, int8.</summary>
    public ref ushort Narrow => ref record.Outputs[1];

    /// <summary>Multipliers and addends (gamma, beta) of each output.</summary>
    public ref ScaleStage WideStage => ref record.Stages[0];

    /// <inheritdoc cref="WideStage"/>
    public ref ScaleStage NarrowStage => ref record.Stages[1];
}

/// <inheritdoc cref="OperationCode.LayerNorm"/>
internal sealed unsafe class LayerNormOperation(ModelContents model, OperationRecord record) : Operation(model, record)
{
    private ElementKernel elements = null!;
    private TensorPlace first, second, wide, narrow;
    private bool hasSecond, hasWide;
    private LayerNormScale scale;

    private LayerNormRecord Fields => new(ref Record);

    public override void Prove(GraphVerifier proof)
    {
        int a = proof.Input(Record, 0, ElementType.Int16);
        int columns = (int)Model.Tensors[a].Columns;
        proof.Require(columns <= LayerNormRecord.MaxChannels, $"normalizes {columns} channels; {LayerNormRecord.MaxChannels} are the most");
        proof.Require(proof.Known(a).ZeroPadding, $"sums the padding of tensor {a}, which may not be zero");
        if (Record.Inputs[1] != OperationRecord.None)
        {
            int b = proof.Input(Record, 1, ElementType.Int16);
            proof.Require(Model.Tensors[b].Columns == columns, "adds tensors of different widths");
            proof.Require(proof.Known(b).ZeroPadding, $"sums the padding of tensor {b}, which may not be zero");
        }
        proof.Require(Fields.Epsilon is >= 0 and < 1L << 61, "has an epsilon that is negative or too large");
        int narrow = proof.Output(Record, 1, ElementType.Int8);
        proof.OutputStage(Fields.NarrowStage, narrow, columns, addends: true);
        proof.Require(Model.Tensors[narrow].Columns == columns, "writes a tensor of another width");
        if (Fields.Wide != OperationRecord.None)
        {
            int wide = proof.Output(Record, 0, ElementType.Int16);
            proof.Require(Model.Tensors[wide].Columns == columns, "writes a tensor of another width");
            proof.Require(Fields.WideStage.ZeroPoint == 0, "gives the residual stream a zero point");
            proof.OutputStage(Fields.WideStage, wide, columns, addends: true);
            proof.Write(wide, Record.Rows, Fields.WideStage, GraphVerifier.KeepsZero(Fields.WideStage));
        }
        proof.Write(narrow, Record.Rows, Fields.NarrowStage);
        proof.Require(Fields.Wide == OperationRecord.None || proof.Known(Fields.Wide).Written != Written.Nothing,
            "writes two outputs over each other");
    }

    protected override long OwnSteps(int sequence) => 256 * OutputElements(1, sequence);

    public override void Prepare(in Arena arena, KernelSet kernels)
    {
        elements = kernels.Elements;
        first = arena[Record.Inputs[0]];
        hasSecond = Record.Inputs[1] != OperationRecord.None;
        second = hasSecond ? arena[Record.Inputs[1]] : default;
        hasWide = Fields.Wide != OperationRecord.None;
        wide = hasWide ? arena[Fields.Wide] : default;
        narrow = arena[Fields.Narrow];
        scale = new()
        {
            Channels = first.Columns,
            Epsilon = Fields.Epsilon,
            HeadRoom = LayerNormScale.HeadRoomOf(first.Columns),
            Wide = hasWide ? Channels(Fields.WideStage) : default,
            Narrow = Channels(Fields.NarrowStage),
        };
    }

    public override void Run(in Pass pass, int start, int end)
    {
        byte* a = first.At(pass.Length);
        byte* b = hasSecond ? second.At(pass.Length) : null;
        byte* wideRows = hasWide ? wide.At(pass.Length) : null;
        byte* narrowRows = narrow.At(pass.Length);
        for (int i = start; i < end; i++)
        {
            // Inputs and the wide output have the same type and width, so the same stride.
            long row = (long)i * first.Stride;
            elements.LayerNorm(
                (short*)(a + row), hasSecond ? (short*)(b + row) : null, scale,
                hasWide ? (short*)(wideRows + row) : null, (sbyte*)(narrowRows + ((long)i * narrow.Stride)));
        }
    }
}
