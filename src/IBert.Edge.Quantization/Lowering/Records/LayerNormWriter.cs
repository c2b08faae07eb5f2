// LayerNorm: mirrors Graph/Operations/LayerNormOperation.cs and Published/PublishedLayerNormOperation.cs.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;

namespace IBert.Edge.Quantization.Lowering.Records;

/// <inheritdoc cref="LayerNormRecord"/>
internal sealed record LayerNormWriter() : RecordWriter(4)
{
    /// <summary>What is normalized, int16.</summary>
    public required ushort Input { get; init; }

    /// <summary>What is added to it before; none for nothing.</summary>
    public ushort Branch { get; init; } = OperationRecord.None;

    /// <inheritdoc cref="LayerNormRecord.Epsilon"/>
    public long Epsilon { get; init; }

    /// <inheritdoc cref="LayerNormRecord.Wide"/>
    public ushort Wide { get; init; } = OperationRecord.None;

    /// <inheritdoc cref="LayerNormRecord.WideStage"/>
    public ScaleStage WideStage { get; init; } = Stage.Unused;

    /// <inheritdoc cref="LayerNormRecord.Narrow"/>
    public required ushort Narrow { get; init; }

    /// <inheritdoc cref="LayerNormRecord.WideStage"/>
    public required ScaleStage NarrowStage { get; init; }

    public override OperationRecord ToRecord()
    {
        OperationRecord record = Begin(OperationCode.LayerNorm, SplitAxis.Rows, Input, Branch);
        LayerNormRecord fields = new(in record);
        fields.Epsilon = Epsilon;
        (fields.Wide, fields.WideStage) = (Wide, WideStage);
        (fields.Narrow, fields.NarrowStage) = (Narrow, NarrowStage);
        return record;
    }
}

/// <inheritdoc cref="PublishedLayerNormRecord"/>
internal sealed record PublishedLayerNormWriter() : RecordWriter(4)
{
    /// <summary>What is normalized, int16 or int32 of at most 24 bits.</summary>
    public required ushort Input { get; init; }

    /// <inheritdoc cref="PublishedLayerNormRecord.Significand"/>
    public required int Significand { get; init; }

    /// <inheritdoc cref="PublishedLayerNormRecord.Shift"/>
    public int Shift { get; init; }

    /// <inheritdoc cref="PublishedLayerNormRecord.Offsets"/>
    public required ushort Offsets { get; init; }

    /// <summary>From deviations to the output, with multipliers.</summary>
    public required ScaleStage Scale { get; init; }

    /// <summary>The result, int8.</summary>
    public required ushort Output { get; init; }

    public override OperationRecord ToRecord()
    {
        OperationRecord record = Begin(OperationCode.LayerNorm, SplitAxis.Rows, Input);
        LayerNormRecord common = new(in record);
        common.Function = FunctionKind.Published;
        (common.Narrow, common.NarrowStage) = (Output, Scale);
        PublishedLayerNormRecord fields = new(in record);
        (fields.Offsets, fields.Shift, fields.Significand) = (Offsets, Shift, Significand);
        return record;
    }
}
