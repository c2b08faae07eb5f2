// Linear: mirrors Graph/Operations/LinearOperation.cs.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;

namespace IBert.Edge.Quantization.Lowering.Records;

/// <inheritdoc cref="LinearRecord"/>
internal sealed record LinearWriter() : RecordWriter(4)
{
    /// <summary>The left side, int8.</summary>
    public required ushort Input { get; init; }

    /// <inheritdoc cref="LinearRecord.Weights"/>
    public required ushort Weights { get; init; }

    /// <inheritdoc cref="LinearRecord.Bias"/>
    public required ushort Bias { get; init; }

    /// <inheritdoc cref="LinearRecord.ColumnSums"/>
    public required ushort ColumnSums { get; init; }

    /// <inheritdoc cref="LinearRecord.Rescale"/>
    public ScaleStage Rescale { get; init; } = Stage.Unused;

    /// <inheritdoc cref="LinearRecord.Output"/>
    public ScaleStage Scale { get; init; } = Stage.Unused;

    /// <inheritdoc cref="LinearRecord.AccumulatorBound"/>
    public required long AccumulatorBound { get; init; }

    /// <summary>The result: int8, int16 or int32; accumulators as they are, int32.</summary>
    public required ushort Output { get; init; }

    public override OperationRecord ToRecord()
    {
        OperationRecord record = Begin(OperationCode.Linear, SplitAxis.Columns, Input);
        LinearRecord fields = new(in record);
        (fields.Weights, fields.Bias, fields.ColumnSums) = (Weights, Bias, ColumnSums);
        (fields.Rescale, fields.Output, fields.AccumulatorBound) = (Rescale, Scale, (uint)AccumulatorBound);
        record.Outputs[0] = Output;
        return record;
    }
}
