// Add: mirrors Graph/Operations/AddOperation.cs.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;

namespace IBert.Edge.Quantization.Lowering.Records;

/// <summary>A tensor and its change of scale.</summary>
internal readonly record struct AddTerm(ushort Tensor, ScaleStage Scale);

/// <inheritdoc cref="AddRecord"/>
internal sealed record AddWriter() : RecordWriter(4)
{
    /// <summary>The first term.</summary>
    public required AddTerm First { get; init; }

    /// <summary>The second term; null for a change of scale alone.</summary>
    public AddTerm? Second { get; init; }

    /// <summary>A row of the output's type that stands in front of the sums; none for none.</summary>
    public ushort Front { get; init; } = OperationRecord.None;

    /// <summary>Least sum.</summary>
    public required int Low { get; init; }

    /// <summary>Largest sum.</summary>
    public required int High { get; init; }

    /// <summary>The sum, of any type.</summary>
    public required ushort Output { get; init; }

    public override OperationRecord ToRecord()
    {
        OperationRecord record = Begin(OperationCode.Add, SplitAxis.Rows, First.Tensor, Second?.Tensor ?? OperationRecord.None);
        AddRecord fields = new(in record);
        fields.Output = Stage.Clamp(Low, High);
        fields.Front = Front;
        fields.Input(0) = First.Scale;
        fields.Input(1) = Second?.Scale ?? Stage.Unused;
        record.Outputs[0] = Output;
        return record;
    }
}
