// Add: the sum of one or two rescaled tensors, each with a rounding of its own.
using System.Runtime.CompilerServices;
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph.Operations;

/// <summary>The fields of an Add record.</summary>
internal readonly ref struct AddRecord(ref readonly OperationRecord record)
{
    private readonly ref OperationRecord record = ref Unsafe.AsRef(in record);

    /// <summary>
    /// A constant row in front, of the output's type and padded as it is; none where there is none. The output then has a row more than the
    /// input.
    /// </summary>
    public ref ushort Front => ref record.Constants[0];

    /// <summary>Zero point and clamp.</summary>
    public ref ScaleStage Output => ref record.Stages[0];

    /// <summary>Scales input i, 0 or 1.</summary>
    public ref ScaleStage Input(int i) => ref record.Stages[2 + i];
}

/// <inheritdoc cref="OperationCode.Add"/>
internal sealed unsafe class AddOperation(ModelContents model, OperationRecord record) : Operation(model, record)
{
    private TensorPlace first, second, output;
    private bool hasSecond;
    private byte* front;
    private PublishedElements.Term firstTerm, secondTerm;
    private PublishedElements.Range range;

    private AddRecord Fields => new(ref Record);

    public override void Prove(GraphVerifier proof)
    {
        ReadOnlySpan<TensorEntry> tensors = Model.Tensors;
        proof.Require(Record.Outputs[0] < tensors.Length, "has no output");
        int output = proof.Output(Record, 0, tensors[Record.Outputs[0]].Type);
        proof.Require(Record.Outputs[1] == OperationRecord.None, "has a second output");
        bool zeros = true;
        Format.RowCount count = tensors[output].Rows;
        if (Fields.Front != OperationRecord.None)
        {
            proof.Require(count == Format.RowCount.SequenceAndFront && Record.Rows == RowRange.All,
                $"has a row in front, which tensor {output} has no place for");
            ProveFront(proof, output);
            count = Format.RowCount.Sequence;
        }
        for (int i = 0; i < 2; i++)
        {
            if (i == 1 && Record.Inputs[i] == OperationRecord.None)
            {
                continue;
            }
            proof.Require(Record.Inputs[i] < tensors.Length, $"lacks input {i}");
            int input = proof.Input(Record, i, tensors[Record.Inputs[i]].Type, Record.Rows, count);
            proof.Require(tensors[input].Columns == tensors[output].Columns, "adds tensors of different widths");
            zeros &= proof.Known(input).ZeroPadding;
            // |x| <= 2^31 and |m| < 2^31: a term and its rounding stay below 2^63, and two of them, shifted at least once, too.
            proof.Term(Fields.Input(i), (int)tensors[output].Columns, 2, 61);
        }
        ref ScaleStage stage = ref Fields.Output;
        proof.Place(stage, tensors[output].Type);
        proof.Write(output, Record.Rows, stage, zeros && GraphVerifier.KeepsZero(stage));
    }

    // Row i of the output comes from row i - 1, which may be another worker's.
    public override Shares? InputRows(int sequence, int workers) =>
        Fields.Front == OperationRecord.None ? base.InputRows(sequence, workers) : null;

    protected override long OwnSteps(int sequence) => 2048 * OutputElements(0, sequence);

    public override void Prepare(in Arena arena, KernelSet kernels)
    {
        first = arena[Record.Inputs[0]];
        hasSecond = Record.Inputs[1] != OperationRecord.None;
        second = hasSecond ? arena[Record.Inputs[1]] : default;
        output = arena[Record.Outputs[0]];
        firstTerm = Term(Fields.Input(0));
        secondTerm = Term(Fields.Input(1));
        range = Range(Fields.Output);
        front = Constant(Fields.Front);
    }

    public override void Run(in Pass pass, int start, int end)
    {
        byte* a = first.At(pass.Length), b = hasSecond ? second.At(pass.Length) : null, target = output.At(pass.Length);
        int before = front is null ? 0 : 1;
        for (int i = start; i < end; i++)
        {
            byte* place = target + ((long)i * output.Stride);
            if (i < before)
            {
                Unsafe.CopyBlock(place, front, (uint)output.Stride);
                continue;
            }
            long row = i - before;
            PublishedElements.Add(
                a + (row * first.Stride), first.Type, firstTerm, hasSecond ? b + (row * second.Stride) : null, second.Type, secondTerm,
                range,
                place, output.Type, output.PaddedColumns);
        }
    }

    /// <summary>
    /// The row is as wide as the output with its padding, where it is zero, and within the clamp, which is what is known of the output.
    /// </summary>
    private void ProveFront(GraphVerifier proof, int output)
    {
        TensorEntry tensor = Model.Tensors[output];
        ConstantEntry row = proof.Constant(Fields.Front, tensor.Type, ConstantLayout.Rows);
        proof.Require(
            row.Rows == 1 && row.Columns == tensor.PaddedColumns, $"has a row of {row.Columns} in front of rows of {tensor.PaddedColumns}");
        byte* values = Model.Constant(Fields.Front);
        for (int c = 0; c < tensor.PaddedColumns; c++)
        {
            int value = PublishedElements.Read(values, tensor.Type, c);
            proof.Require(c < tensor.Columns ? value >= Fields.Output.Low && value <= Fields.Output.High : value == 0,
                $"has {value} in column {c} of the row in front");
        }
    }
}
