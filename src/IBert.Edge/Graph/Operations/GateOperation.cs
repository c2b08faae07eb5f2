// Gate: a function f(x) = x g(x) of each value, g by table, with a multiplier for each channel.
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph.Operations;

/// <summary>The fields of a Gate record.</summary>
internal readonly ref struct GateRecord(ref readonly OperationRecord record)
{
    /// <summary>Entries of the table of g.</summary>
    public const int Entries = 4096;

    private readonly ref OperationRecord record = ref System.Runtime.CompilerServices.Unsafe.AsRef(in record);

    /// <summary>g: <see cref="Entries"/> int16 values, Q15.</summary>
    public ref ushort Table => ref record.Constants[0];

    /// <summary>A multiplier for each channel, int16, Q15.</summary>
    public ref ushort Multipliers => ref record.Constants[1];

    /// <summary>Which form is computed.</summary>
    public FunctionKind Function
    {
        get => (FunctionKind)record.Parameters[0];
        set => record.Parameters[0] = (int)value;
    }

    /// <summary>Zero point and clamp.</summary>
    public ref ScaleStage Output => ref record.Stages[0];
}

/// <inheritdoc cref="OperationCode.Gate"/>
internal sealed unsafe class GateOperation(ModelContents model, OperationRecord record) : Operation(model, record)
{
    private ElementKernel elements = null!;
    private TensorPlace input, output;
    private short* table, multipliers;
    private int zeroPoint;

    private GateRecord Fields => new(ref Record);

    public override void Prove(GraphVerifier proof)
    {
        ReadOnlySpan<TensorEntry> tensors = Model.Tensors;
        int input = proof.Input(Record, 0, ElementType.Int16);
        int output = proof.Output(Record, 0, ElementType.Int8);
        proof.Require(Record.Outputs[1] == OperationRecord.None, "has a second output");
        proof.Require(tensors[output].Columns == tensors[input].Columns, "writes a tensor of another width");
        Factors(proof, Fields.Table, GateRecord.Entries);
        Factors(proof, Fields.Multipliers, tensors[input].PaddedColumns);
        ref ScaleStage stage = ref Fields.Output;
        proof.Require(
            stage.ZeroPoint is >= sbyte.MinValue and <= sbyte.MaxValue && stage.Low == sbyte.MinValue && stage.High == sbyte.MaxValue,
            "clamps to something else than int8");
        proof.Write(output, Record.Rows, sbyte.MinValue, sbyte.MaxValue, zeroPadding: false);
    }

    protected override long OwnSteps(int sequence) => 128 * OutputElements(0, sequence);

    public override void Prepare(in Arena arena, KernelSet kernels)
    {
        elements = kernels.Elements;
        input = arena[Record.Inputs[0]];
        output = arena[Record.Outputs[0]];
        table = (short*)Constant(Fields.Table);
        multipliers = (short*)Constant(Fields.Multipliers);
        zeroPoint = Fields.Output.ZeroPoint;
    }

    public override void Run(in Pass pass, int start, int end)
    {
        byte* source = input.At(pass.Length), target = output.At(pass.Length);
        for (int i = start; i < end; i++)
        {
            elements.Gate(
                (short*)(source + ((long)i * input.Stride)), table, multipliers, zeroPoint, (sbyte*)(target + ((long)i * output.Stride)),
                output.PaddedColumns);
        }
    }

    private void Factors(GraphVerifier proof, ushort index, int count)
    {
        ConstantEntry constant = proof.Constant(index, ElementType.Int16, ConstantLayout.Rows);
        proof.Require(constant.Rows == 1 && constant.Columns == count,
            $"reads {count} values from a constant of {constant.Rows} x {constant.Columns}");
        proof.Require(!new ReadOnlySpan<short>((short*)Model.Constant(index), count).Contains(short.MinValue), "has a factor of -2^15");
    }
}
