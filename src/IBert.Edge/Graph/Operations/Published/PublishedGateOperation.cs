// GELU as I-BERT publishes it (Kim et al. 2021, section 3.4.1): a polynomial of accumulators, then int8.
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph.Operations;

/// <summary>The fields of a Gate record whose function is the published one, beside those of <see cref="GateRecord"/>.</summary>
internal readonly ref struct PublishedGateRecord(ref readonly OperationRecord record)
{
    private readonly ref OperationRecord record = ref System.Runtime.CompilerServices.Unsafe.AsRef(in record);

    /// <summary>The polynomial's b for each channel, int32, not above zero.</summary>
    public ref ushort B => ref record.Constants[0];

    /// <summary>The polynomial's c for each channel, int64.</summary>
    public ref ushort C => ref record.Constants[1];

    /// <summary>One for each channel, int64, in units of the polynomial after its shift.</summary>
    public ref ushort Shift => ref record.Constants[2];
}

/// <inheritdoc cref="PublishedElements.Gelu(int*, int*, long*, long*, in PublishedElements.Term, in PublishedElements.Range, sbyte*,
/// int)"/>
internal sealed unsafe class PublishedGateOperation(ModelContents model, OperationRecord record) : Operation(model, record)
{
    private TensorPlace input, output;
    private int* b;
    private long* c, shift;
    private PublishedElements.Term term;
    private PublishedElements.Range range;

    private PublishedGateRecord Fields => new(ref Record);

    public override void Prove(GraphVerifier proof)
    {
        ReadOnlySpan<TensorEntry> tensors = Model.Tensors;
        int input = proof.Input(Record, 0, ElementType.Int32), output = proof.Output(Record, 0, ElementType.Int8);
        proof.Require(Record.Outputs[1] == OperationRecord.None, "has a second output");
        proof.Require(tensors[output].Columns == tensors[input].Columns, "writes a tensor of another width");
        int padded = tensors[input].PaddedColumns;
        foreach (int bound in new ReadOnlySpan<int>(proof.Int32Array(Fields.B, padded), padded))
        {
            proof.Require(bound is <= 0 and > int.MinValue, "clips to a bound above zero");
        }
        proof.Longs(Fields.C, padded);
        proof.Longs(Fields.Shift, padded);
        ref ScaleStage stage = ref new GateRecord(ref Record).Output;
        proof.Term(stage, (int)tensors[input].Columns, 1, 126);
        proof.Require(stage.Multipliers != OperationRecord.None, "lacks multipliers");
        proof.Place(stage, ElementType.Int8);
        proof.Write(output, Record.Rows, stage);
    }

    // 128 bits, one value at a time.
    protected override long OwnSteps(int sequence) => 6144 * OutputElements(0, sequence);

    public override void Prepare(in Arena arena, KernelSet kernels)
    {
        input = arena[Record.Inputs[0]];
        output = arena[Record.Outputs[0]];
        b = (int*)Constant(Fields.B);
        c = (long*)Constant(Fields.C);
        shift = (long*)Constant(Fields.Shift);
        ref ScaleStage stage = ref new GateRecord(ref Record).Output;
        term = Term(stage);
        range = Range(stage);
    }

    public override void Run(in Pass pass, int start, int end)
    {
        byte* source = input.At(pass.Length), target = output.At(pass.Length);
        for (int i = start; i < end; i++)
        {
            PublishedElements.Gelu(
                (int*)(source + ((long)i * input.Stride)), b, c, shift, term, range, (sbyte*)(target + ((long)i * output.Stride)),
                output.PaddedColumns);
        }
    }
}
