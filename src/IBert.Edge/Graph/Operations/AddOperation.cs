// Add: the sum of one or two rescaled tensors, each with a rounding of its own.
using IBert.Edge.Format;
using IBert.Edge.Kernels;

namespace IBert.Edge.Graph.Operations;

/// <summary>The fields of an Add record.</summary>
internal readonly ref struct AddRecord(ref readonly OperationRecord record)
{
    private readonly ref OperationRecord record = ref System.Runtime.CompilerServices.Unsafe.AsRef(in record);

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
        for (int i = 0; i < 2; i++)
        {
            if (i == 1 && Record.Inputs[i] == OperationRecord.None)
            {
                continue;
            }
            proof.Require(Record.Inputs[i] < tensors.Length, $"lacks input {i}");
            int input = proof.Input(Record, i, tensors[Record.Inputs[i]].Type);
            proof.Require(tensors[input].Columns == tensors[output].Columns, "adds tensors of different widths");
            zeros &= proof.Known(input).ZeroPadding;
            // |x| <= 2^31 and |m| < 2^31: a term and its rounding stay below 2^63, and two of them, shifted at least once, too.
            proof.Term(Fields.Input(i), (int)tensors[output].Columns, 2, 61);
        }
        ref ScaleStage stage = ref Fields.Output;
        proof.Place(stage, tensors[output].Type);
        proof.Write(output, Record.Rows, stage, zeros && GraphVerifier.KeepsZero(stage));
    }

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
    }

    public override void Run(in Pass pass, int start, int end)
    {
        byte* a = first.At(pass.Length), b = hasSecond ? second.At(pass.Length) : null, target = output.At(pass.Length);
        for (int i = start; i < end; i++)
        {
            PublishedElements.Add(
                a + ((long)i * first.Stride), first.Type, firstTerm, hasSecond ? b + ((long)i * second.Stride) : null, second.Type, secondTerm, range,
                target + ((long)i * output.Stride), output.Type, output.PaddedColumns);
        }
    }
}
