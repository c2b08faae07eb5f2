// Embed: mirrors Graph/Operations/EmbedOperation.cs.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;

namespace IBert.Edge.Quantization.Lowering.Records;

/// <summary>A table of rows and the constant with a multiplier for each of them.</summary>
internal readonly record struct EmbedTable(ushort Rows, ushort Multipliers);

/// <inheritdoc cref="EmbedRecord"/>
internal sealed record EmbedWriter() : RecordWriter(8)
{
    /// <summary>Rows by token; null where there is no such table. One of the three must be there.</summary>
    public EmbedTable? Tokens { get; init; }

    /// <summary>Rows by position.</summary>
    public EmbedTable? Positions { get; init; }

    /// <summary>Rows by token type.</summary>
    public EmbedTable? Types { get; init; }

    /// <inheritdoc cref="EmbedRecord.Shift"/>
    public required int Shift { get; init; }

    /// <inheritdoc cref="EmbedRecord.PositionOffset"/>
    public int PositionOffset { get; init; }

    /// <summary>The id of the tokens that take no position of their own; null where there is none.</summary>
    public int? UnplacedId { get; init; }

    /// <inheritdoc cref="OperationRecord.AccumulatorBound"/>
    public uint AccumulatorBound { get; init; }

    /// <summary>The sum, int16.</summary>
    public required ushort Output { get; init; }

    public override OperationRecord ToRecord()
    {
        OperationRecord record = Begin(OperationCode.Embed, SplitAxis.Rows);
        EmbedRecord fields = new(in record);
        ReadOnlySpan<EmbedTable?> tables = [Tokens, Positions, Types];
        for (int i = 0; i < tables.Length; i++)
        {
            (fields.Table(i), fields.Multipliers(i)) =
                tables[i] is { } table ? (table.Rows, table.Multipliers) : (OperationRecord.None, OperationRecord.None);
        }
        (fields.Shift, fields.PositionOffset, fields.UnplacedIdPlusOne) = (Shift, PositionOffset, UnplacedId + 1 ?? 0);
        record.AccumulatorBound = AccumulatorBound;
        record.Outputs[0] = Output;
        return record;
    }
}
