// Attention: mirrors Graph/Operations/AttentionOperation.cs and Published/PublishedAttentionOperation.cs.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;

namespace IBert.Edge.Quantization.Lowering.Records;

/// <inheritdoc cref="AttentionRecord"/>
internal record AttentionWriter() : RecordWriter(1)
{
    /// <summary>Q, int8, of heads * head columns.</summary>
    public required ushort Queries { get; init; }

    /// <summary>K, as Q.</summary>
    public required ushort Keys { get; init; }

    /// <summary>V, as Q.</summary>
    public required ushort Values { get; init; }

    /// <inheritdoc cref="AttentionRecord.Heads"/>
    public required int Heads { get; init; }

    /// <inheritdoc cref="AttentionRecord.HeadColumns"/>
    public required int HeadColumns { get; init; }

    /// <inheritdoc cref="AttentionRecord.Bits"/>
    public required int Bits { get; init; }

    /// <inheritdoc cref="AttentionRecord.Limit"/>
    public int Limit { get; init; } = 1;

    /// <inheritdoc cref="AttentionRecord.Score"/>
    public required ScaleStage Score { get; init; }

    /// <inheritdoc cref="AttentionRecord.Context"/>
    public required ScaleStage Context { get; init; }

    /// <inheritdoc cref="OperationRecord.AccumulatorBound"/>
    public long AccumulatorBound { get; init; }

    /// <summary>The context, int8, as wide as Q.</summary>
    public required ushort Output { get; init; }

    public override OperationRecord ToRecord()
    {
        OperationRecord record = Begin(OperationCode.Attention, SplitAxis.Heads, Queries, Keys, Values);
        AttentionRecord fields = new(in record);
        (fields.Heads, fields.HeadColumns, fields.Bits, fields.Limit) = (Heads, HeadColumns, Bits, Limit);
        (fields.Score, fields.Context) = (Score, Context);
        record.AccumulatorBound = (uint)AccumulatorBound;
        record.Outputs[0] = Output;
        return record;
    }
}

/// <inheritdoc cref="PublishedAttentionRecord"/>
internal sealed record PublishedAttentionWriter : AttentionWriter
{
    /// <inheritdoc cref="PublishedAttentionRecord.X0"/>
    public required int X0 { get; init; }

    /// <inheritdoc cref="PublishedAttentionRecord.B"/>
    public required int B { get; init; }

    /// <inheritdoc cref="PublishedAttentionRecord.C"/>
    public required long C { get; init; }

    public override OperationRecord ToRecord()
    {
        OperationRecord record = base.ToRecord();
        AttentionRecord common = new(in record);
        common.Function = FunctionKind.Published;
        PublishedAttentionRecord fields = new(in record);
        (fields.X0, fields.B, fields.C) = (X0, B, C);
        return record;
    }
}
