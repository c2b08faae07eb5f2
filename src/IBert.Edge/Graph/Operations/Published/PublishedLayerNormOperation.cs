// LayerNorm as I-BERT publishes it (Kim et al. 2021, section 3.5), with the roundings of the reference.
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph.Operations;

/// <summary>The fields of a LayerNorm record whose function is the published one, beside those of <see cref="LayerNormRecord"/>.</summary>
internal readonly ref struct PublishedLayerNormRecord(ref readonly OperationRecord record)
{
    private readonly ref OperationRecord record = ref System.Runtime.CompilerServices.Unsafe.AsRef(in record);

    /// <summary>What is added to v * multiplier for each channel, int64.</summary>
    public ref ushort Offsets => ref record.Constants[0];

    /// <summary>How far deviations are shifted before they are squared, 0..30.</summary>
    public ref int Shift => ref record.Parameters[3];

    /// <summary>Significand of the input's scale in float32, 2^23..2^24 - 1.</summary>
    public ref int Significand => ref record.Parameters[4];
}

/// <inheritdoc cref="PublishedElements.LayerNorm"/>
internal sealed unsafe class PublishedLayerNormOperation(ModelContents model, OperationRecord record) : Operation(model, record)
{
    private TensorPlace input, output;
    private long* offsets;
    private PublishedElements.Term term;
    private PublishedElements.Range range;
    private int significand, shift;

    private LayerNormRecord Norm => new(ref Record);

    private PublishedLayerNormRecord Fields => new(ref Record);

    public override void Prove(GraphVerifier proof)
    {
        ReadOnlySpan<TensorEntry> tensors = Model.Tensors;
        proof.Require(Record.Inputs[0] < tensors.Length && tensors[Record.Inputs[0]].Type is ElementType.Int16 or ElementType.Int32,
            "normalizes a tensor of 8 bits");
        int input = proof.Input(Record, 0, tensors[Record.Inputs[0]].Type), columns = (int)tensors[input].Columns;
        proof.Require(Record.Inputs[1] == OperationRecord.None && Norm.Wide == OperationRecord.None, "has two inputs or two outputs");
        proof.Require(columns <= LayerNormRecord.MaxChannels, $"normalizes {columns} channels; {LayerNormRecord.MaxChannels} are the most");
        proof.Require(proof.Known(input) is { Low: > -(1 << 23), High: < 1 << 23 }, "normalizes values of more than 24 bits");
        proof.Require(Fields.Shift is >= 0 and <= 30, $"shifts deviations by {Fields.Shift}");
        proof.Require(Fields.Significand is >= 1 << (PublishedElements.FloatBits - 1) and < 1 << PublishedElements.FloatBits,
            $"has an input scale of significand {Fields.Significand}, which is not of 24 bits: convert the checkpoint again");
        int output = proof.Output(Record, 1, ElementType.Int8);
        proof.Require(tensors[output].Columns == columns, "writes a tensor of another width");
        ref ScaleStage stage = ref Norm.NarrowStage;
        proof.Term(stage, columns, 33, 62);
        proof.Require(stage.Multipliers != OperationRecord.None, "lacks multipliers");
        proof.Longs(Fields.Offsets, Panels.Padded(columns));
        proof.Place(stage, ElementType.Int8);
        proof.Write(output, Record.Rows, stage);
    }

    // 64-bit multiplications and shifts, one value at a time.
    protected override long OwnSteps(int sequence) => 10_240 * OutputElements(1, sequence);

    public override void Prepare(in Arena arena, KernelSet kernels)
    {
        input = arena[Record.Inputs[0]];
        output = arena[Norm.Narrow];
        offsets = (long*)Constant(Fields.Offsets);
        term = Term(Norm.NarrowStage);
        range = Range(Norm.NarrowStage);
        (significand, shift) = (Fields.Significand, Fields.Shift);
    }

    public override void Run(in Pass pass, int start, int end)
    {
        byte* rows = input.At(pass.Length), target = output.At(pass.Length);
        for (int i = start; i < end; i++)
        {
            PublishedElements.LayerNorm(
                rows + ((long)i * input.Stride), input.Type, input.Columns, significand, shift, offsets, term, range,
                (sbyte*)(target + ((long)i * output.Stride)));
        }
    }
}
