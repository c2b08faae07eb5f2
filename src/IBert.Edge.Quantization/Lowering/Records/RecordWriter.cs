// Records of operations to be written, one type for each: a file beside this one mirrors that of Graph/Operations which reads them.
using IBert.Edge.Format;

namespace IBert.Edge.Quantization.Lowering.Records;

/// <summary>An operation's fields by name; tensors and constants are indexes that the model's builder gave.</summary>
/// <param name="Grain">Fewest rows, panels or heads that are worth a worker's start, where nothing else is said.</param>
internal abstract record RecordWriter(int Grain)
{
    /// <summary>Which rows are computed.</summary>
    public RowRange Rows { get; init; } = RowRange.All;

    /// <summary>The record, as it lies in the file.</summary>
    public abstract OperationRecord ToRecord();

    /// <summary>A record with all that is not given at none.</summary>
    protected OperationRecord Begin(OperationCode code, SplitAxis split, params ReadOnlySpan<ushort> inputs)
    {
        OperationRecord record = new() { Code = code, Rows = Rows, Split = split, Grain = (ushort)Grain };
        ((Span<ushort>)record.Inputs).Fill(OperationRecord.None);
        ((Span<ushort>)record.Outputs).Fill(OperationRecord.None);
        ((Span<ushort>)record.Constants).Fill(OperationRecord.None);
        ((Span<ScaleStage>)record.Stages).Fill(Stage.Unused);
        inputs.CopyTo(record.Inputs);
        return record;
    }
}

/// <summary>Changes of scale to be written.</summary>
internal static class Stage
{
    /// <summary>One that is not used.</summary>
    public static ScaleStage Unused => new() { Multipliers = OperationRecord.None, Addends = OperationRecord.None };

    /// <summary>A zero point and a clamp.</summary>
    public static ScaleStage Clamp(int low, int high, int zeroPoint = 0) => Unused with { ZeroPoint = zeroPoint, Low = low, High = high };

    /// <summary>One multiplier for all channels: multiplier / 2^exponent.</summary>
    public static ScaleStage One(int multiplier, int exponent) => Unused with { Multiplier = multiplier, Exponent = (byte)exponent };

    /// <summary>A multiplier for each channel, over 2^exponent.</summary>
    /// <param name="multipliers">The constant that has them.</param>
    /// <param name="exponent">e.</param>
    public static ScaleStage Each(ushort multipliers, int exponent) => Unused with { Multipliers = multipliers, Exponent = (byte)exponent };

    /// <summary>A multiplier and an exponent for each channel, as terms and the published functions take them.</summary>
    /// <param name="multipliers">The constant that has the multipliers.</param>
    /// <param name="exponents">The constant that has the exponents.</param>
    /// <param name="least">The least of them.</param>
    public static ScaleStage Each(ushort multipliers, ushort exponents, int least) => Each(multipliers, least) with { Addends = exponents };

    /// <summary>The same with a zero point and a clamp.</summary>
    public static ScaleStage To(this ScaleStage stage, int low, int high, int zeroPoint = 0) =>
        stage with { ZeroPoint = zeroPoint, Low = low, High = high };
}
