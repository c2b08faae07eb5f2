// Gate: mirrors Graph/Operations/GateOperation.cs and Published/PublishedGateOperation.cs.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;

namespace IBert.Edge.Quantization.Lowering.Records;

/// <inheritdoc cref="GateRecord"/>
internal sealed record GateWriter() : RecordWriter(4)
{
    /// <summary>x, int16.</summary>
    public required ushort Input { get; init; }

    /// <inheritdoc cref="GateRecord.Table"/>
    public required ushort Table { get; init; }

    /// <inheritdoc cref="GateRecord.Multipliers"/>
    public required ushort Multipliers { get; init; }

    /// <summary>Added to the result, which is clamped to int8.</summary>
    public int ZeroPoint { get; init; }

    /// <summary>f(x), int8.</summary>
    public required ushort Output { get; init; }

    public override OperationRecord ToRecord()
    {
        OperationRecord record = Begin(OperationCode.Gate, SplitAxis.Rows, Input);
        GateRecord fields = new(in record);
        (fields.Table, fields.Multipliers) = (Table, Multipliers);
        fields.Output = Stage.Clamp(sbyte.MinValue, sbyte.MaxValue, ZeroPoint);
        record.Outputs[0] = Output;
        return record;
    }
}

/// <inheritdoc cref="PublishedGateRecord"/>
internal sealed record PublishedGateWriter() : RecordWriter(4)
{
    /// <summary>Accumulators, int32.</summary>
    public required ushort Input { get; init; }

    /// <inheritdoc cref="PublishedGateRecord.B"/>
    public required ushort B { get; init; }

    /// <inheritdoc cref="PublishedGateRecord.C"/>
    public required ushort C { get; init; }

    /// <inheritdoc cref="PublishedGateRecord.Shift"/>
    public required ushort Shift { get; init; }

    /// <summary>From the polynomial's results to the output, with multipliers.</summary>
    public required ScaleStage Scale { get; init; }

    /// <summary>GELU, int8.</summary>
    public required ushort Output { get; init; }

    public override OperationRecord ToRecord()
    {
        OperationRecord record = Begin(OperationCode.Gate, SplitAxis.Rows, Input);
        GateRecord common = new(in record);
        (common.Function, common.Output) = (FunctionKind.Published, Scale);
        PublishedGateRecord fields = new(in record);
        (fields.B, fields.C, fields.Shift) = (B, C, Shift);
        record.Outputs[0] = Output;
        return record;
    }
}
