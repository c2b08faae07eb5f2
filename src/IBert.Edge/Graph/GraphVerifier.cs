// The trust boundary: proves, once, everything that the executor and the kernels assume.
using System.Diagnostics.CodeAnalysis;
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph;

/// <summary>
/// Walks the operations in order, as the executor will, and keeps for each tensor what is known of it: whether its rows were written and
/// not overwritten since, and the range of its values. An operation is accepted when all that its kernel assumes follows from that: each
/// proves itself (<see cref="Operation.Prove"/>), with what is here.
/// </summary>
internal sealed unsafe class GraphVerifier(ModelContents model)
{
    /// <summary>Largest sequence length and widest row: far above any BERT, small enough that no size below overflows.</summary>
    public const int MaxSequence = 32768, MaxColumns = 65536, MaxTableRows = 1 << 24;

    /// <summary>Largest arena.</summary>
    public const long MaxArena = 1L << 30;

    /// <summary>
    /// Most steps (<see cref="Operation.Steps"/>) for the longest text: a third is BERT-large at 4,096 tokens, two thirds the published
    /// I-BERT of that size at 1,024.
    /// </summary>
    public const long MaxWork = 1L << 44;

    /// <summary>
    /// How often the operations may read all of DATA, so that the proof takes time proportional to the file. Layers may share weights
    /// (ALBERT's do), but not thousands of them.
    /// </summary>
    private const int MostReads = 64;

    private readonly Knowledge[] known = new Knowledge[model.Tensors.Length];
    private int current = -1;
    private long readable = (long)MostReads * model.Data.Length;
    private int vocabulary;

    private ReadOnlySpan<TensorEntry> Tensors => model.Tensors;

    /// <summary>Steps of the longest text, as far as operations are proven.</summary>
    public long Steps { get; private set; }

    /// <summary>Longest sequence.</summary>
    public int MaxLength => (int)model.Graph.MaxLength;

    /// <summary>Number of token ids.</summary>
    public int Vocabulary => vocabulary;

    /// <summary>What is known of a tensor.</summary>
    public Knowledge Known(int tensor) => known[tensor];

    /// <summary>Proves the model or throws.</summary>
    /// <param name="input">What holds of every input, by the front end that writes it.</param>
    /// <exception cref="ModelFormatException">Something does not follow.</exception>
    public void Verify(in InputBounds input)
    {
        GraphHeader graph = model.Graph;
        vocabulary = input.Vocabulary;
        Require(
            graph.Input == input.Kind, $"reads inputs of kind {(uint)graph.Input}, which this program does not know: update the program");
        int greatest = Math.Min(input.GreatestLength, MaxSequence);
        Require(graph.MaxLength >= input.LeastLength && graph.MaxLength <= greatest,
            $"takes {graph.MaxLength} tokens, not {input.LeastLength} to {greatest}");
        Require(graph.ArenaFixed <= MaxArena && graph.ArenaPerToken <= MaxArena
            && graph.ArenaFixed + graph.ArenaPerToken * graph.MaxLength <= MaxArena, "needs an arena of more than 1 GiB");
        for (int i = 0; i < Tensors.Length; i++)
        {
            VerifyTensor(i);
        }
        for (int i = 0; i < model.Constants.Length; i++)
        {
            VerifyConstant(i);
        }
        for (current = 0; current < model.Operations.Length; current++)
        {
            VerifyOperation(model.Operations[current]);
            Require(Steps <= MaxWork,
                $"is more than can be done in a text of {MaxLength} tokens: {Steps} steps so far, and {MaxWork} are the most");
        }
        current = -1;
        VerifyHead();
    }

    private void VerifyTensor(int index)
    {
        TensorEntry tensor = Tensors[index];
        Require(tensor.Type is ElementType.Int8 or ElementType.Int16 or ElementType.Int32, $"tensor {index} has type {(int)tensor.Type}");
        Require(tensor.Columns is >= 1 and <= MaxColumns, $"tensor {index} has {tensor.Columns} columns");
        Require(tensor.Rows is RowCount.Sequence or RowCount.SequenceAndFront or RowCount.Fixed,
            $"tensor {index} counts its rows by {(int)tensor.Rows}, which this program does not know");
        Require(tensor.Rows == RowCount.Fixed ? tensor.FixedRows is >= 1 and <= MaxSequence : tensor.FixedRows == 0,
            $"tensor {index} has {tensor.FixedRows} fixed rows");
        Require(tensor.OffsetFixed <= MaxArena && tensor.OffsetPerToken <= MaxArena, $"tensor {index} lies outside the arena");
        Require(tensor.OffsetFixed % FileHeader.Alignment == 0 && tensor.OffsetPerToken % FileHeader.Alignment == 0,
            $"tensor {index} is not aligned to 64 bytes");
        // Both ends are linear in S: what holds for the shortest and the longest sequence holds for all.
        foreach (int s in (ReadOnlySpan<int>)[1, MaxLength])
        {
            Require(tensor.End(s) <= (ulong)model.ArenaBytes(s), $"tensor {index} lies outside the arena");
        }
    }

    private void VerifyConstant(int index)
    {
        ConstantEntry constant = model.Constants[index];
        Require(constant.Type is ElementType.Int8 or ElementType.Int16 or ElementType.Int32 or ElementType.Int64,
            $"constant {index} has type {(int)constant.Type}");
        Require(constant.Bits == 8 * constant.Type.Bytes() && constant.BlockSize == 0 && constant.Flags == 0
            && constant.BlockMultipliers == OperationRecord.None && constant.Codebook == OperationRecord.None,
            $"constant {index} has codes, blocks or flags that this program does not know: update the program");
        Require(constant.Rows is >= 1 and <= MaxTableRows && constant.Columns is >= 1 and <= MaxTableRows,
            $"constant {index} has {constant.Rows} x {constant.Columns} elements");
        ulong elements;
        switch (constant.Layout)
        {
            case ConstantLayout.Rows:
                elements = (ulong)constant.Rows * constant.Columns;
                break;
            case ConstantLayout.Quads:
                Require(constant.Type == ElementType.Int8 && constant.Rows <= MaxColumns && constant.Columns <= MaxColumns,
                    $"constant {index} is packed but not int8, or too large");
                elements = (ulong)Panels.Bytes((int)constant.Columns, (int)constant.Rows);
                break;
            default:
                throw Bad($"constant {index} has layout {(int)constant.Layout}, which this program does not know: update the program");
        }
        Require(constant.Length == elements * (ulong)constant.Type.Bytes(),
            $"constant {index} has {constant.Length} bytes for {elements} elements");
        Require(constant.Offset % FileHeader.Alignment == 0 && constant.Offset <= (ulong)model.Data.Length
            && constant.Length <= (ulong)model.Data.Length - constant.Offset,
            $"constant {index} lies outside section DATA");
    }

    private void VerifyOperation(in OperationRecord record)
    {
        Require(record.Flags == 0 && record.WorkerScratch == 0, "has flags that this program does not know: update the program");
        Require(record.Rows is RowRange.All or RowRange.First, $"computes rows {(int)record.Rows}, which this program does not know");
        VerifyIndexes(record);
        Operation? operation = OperationFactory.Create(model, record);
        FunctionKind function = OperationFactory.FunctionOf(record);
        Require(function is FunctionKind.Closest or FunctionKind.Published,
            $"computes function {(int)function}, which this program does not know: update the program");
        Require(operation is not null, $"has code {(int)record.Code}, which this program does not know: update the program");
        Require(record.Split == operation.Split, $"is cut along {(int)record.Split}, not {(int)operation.Split}");
        operation.Prove(this);
        Steps += operation.Steps(MaxLength);
    }

    /// <summary>Every index is none or one of the tables', also where the operation has no use for it.</summary>
    private void VerifyIndexes(in OperationRecord operation)
    {
        foreach (ushort constant in operation.Constants)
        {
            Exists(constant, model.Constants.Length, "constant");
        }
        foreach (ScaleStage stage in operation.Stages)
        {
            Exists(stage.Multipliers, model.Constants.Length, "constant");
            Exists(stage.Addends, model.Constants.Length, "constant");
        }
        foreach (ushort tensor in operation.Inputs)
        {
            Exists(tensor, Tensors.Length, "tensor");
        }
        foreach (ushort tensor in operation.Outputs)
        {
            Exists(tensor, Tensors.Length, "tensor");
        }

        void Exists(ushort index, int count, string what) =>
            Require(index == OperationRecord.None || index < count, $"names {what} {index} of {count}");
    }

    /// <summary>A stage of an operation that computes in 64 or 128 bits.</summary>
    public void Term(in ScaleStage stage, int channels, int least, int most)
    {
        Require(stage.Rounding is Rounding.HalfUp or Rounding.HalfEven,
            $"rounds by rule {(int)stage.Rounding}, which this program does not know");
        int exponent = stage.Exponent - stage.PreShift;
        Require(stage.PreShift <= Dyadic.MaxPreShift && exponent >= least && exponent <= most, $"scales by 2^-{exponent}");
        Require(stage.Multiplier != int.MinValue, "has a multiplier of -2^31");
        if (stage.Multipliers != OperationRecord.None)
        {
            LargestMagnitude(ChannelArray(stage.Multipliers, channels), channels);
        }
        if (stage.Addends != OperationRecord.None)
        {
            Require(stage.Multipliers != OperationRecord.None, "has exponents by channel, and one multiplier for all");
            int padded = Panels.Padded(channels);
            foreach (int own in new ReadOnlySpan<int>(Int32Array(stage.Addends, padded), padded))
            {
                Require(own >= least && own <= most, $"scales a channel by 2^-{own}");
            }
        }
    }

    /// <summary>64-bit values below 2^61.</summary>
    public void Longs(ushort index, int count)
    {
        ConstantEntry constant = Constant(index, ElementType.Int64, ConstantLayout.Rows);
        Require(constant.Rows == 1 && constant.Columns == count,
            $"reads {count} values from constant {index}, which has {constant.Rows} x {constant.Columns}");
        foreach (long value in new ReadOnlySpan<long>((long*)model.Constant(index), count))
        {
            Require(value is > -(1L << 61) and < 1L << 61, $"has a value of more than 61 bits in constant {index}");
        }
    }

    private void VerifyHead()
    {
        HeadEntry head = model.Head;
        Require(head.Kind is HeadKind.SingleLabel or HeadKind.MultiLabel or HeadKind.Regression,
            $"has a head of kind {(int)head.Kind}, which this program does not know: update the program");
        Require(
            head.Tensor < Tensors.Length && Tensors[head.Tensor].Type == ElementType.Int32 && known[head.Tensor].Written != Written.Nothing
            && head.Row == 0, "reads logits that no operation wrote");
        Require(head.Labels == Tensors[head.Tensor].Columns && head.Labels == model.Labels.Count,
            $"states {head.Labels} labels, has {Tensors[head.Tensor].Columns} logits and names {model.Labels.Count}");
        Require(head.LogitMultiplier > 0 && head.LogitExponent is >= 0 and <= 62, "has a logit scale that is not positive");
        Require(known[head.Tensor] is { Low: >= -LabelScores.LargestLogit, High: <= LabelScores.LargestLogit },
            "has logits of more than 30 bits");
        Require(head.Kind != HeadKind.Regression || head.Labels == 1, $"has {head.Labels} values; a regression has one");
        Require(head.Kind != HeadKind.Regression || LabelScores.FitsValue(head), "has values that do not fit 64 bits in millionths");
    }

    /// <summary>An input tensor of that type, whose rows were written and hold.</summary>
    public int Input(in OperationRecord operation, int slot, ElementType type) =>
        Input(operation, slot, type, operation.Rows, RowsWritten(operation));

    /// <summary>An input tensor of that type, of which all rows, and as many as that, or the first one were written and hold.</summary>
    public int Input(in OperationRecord operation, int slot, ElementType type, RowRange rows, RowCount count)
    {
        int index = operation.Inputs[slot];
        Require(index < Tensors.Length, $"lacks input {slot}");
        Require(Tensors[index].Type == type, $"reads tensor {index} as another type");
        Require(known[index].Written == Written.All || (rows == RowRange.First && known[index].Written == Written.First),
            $"reads tensor {index}, which was not written or was overwritten");
        Require(rows == RowRange.First || Tensors[index].Rows == count, $"reads tensor {index}, which has other rows than are computed");
        return index;
    }

    /// <summary>An output tensor of that type, apart from all inputs.</summary>
    public int Output(in OperationRecord operation, int slot, ElementType type)
    {
        int index = operation.Outputs[slot];
        Require(index < Tensors.Length, $"lacks output {slot}");
        Require(Tensors[index].Type == type, $"writes tensor {index} as another type");
        Require(operation.Rows == RowRange.First || Tensors[index].Rows != RowCount.Fixed,
            $"writes all rows into tensor {index}, which has {Tensors[index].FixedRows}");
        Require(operation.Rows == RowRange.First || Tensors[index].Rows == RowsWritten(operation),
            $"writes tensor {index}, which has other rows than are computed");
        for (int i = 0; i < 4; i++)
        {
            int input = operation.Inputs[i];
            Require(input >= Tensors.Length || Apart(Tensors[input], Tensors[index]), $"writes tensor {index} over its input {input}");
        }
        return index;
    }

    /// <summary>How an operation on all rows counts them: as its outputs do.</summary>
    public RowCount RowsWritten(in OperationRecord operation)
    {
        ushort output = operation.Outputs[0] != OperationRecord.None ? operation.Outputs[0] : operation.Outputs[1];
        Require(output < Tensors.Length, "has no output");
        return Tensors[output].Rows;
    }

    /// <summary>Notes that a tensor was written, and with it what lies in its place is gone.</summary>
    public void Write(int output, RowRange rows, in ScaleStage stage, bool zeroPadding = false) =>
        Write(output, rows, stage.Low, stage.High, zeroPadding);

    /// <summary>Notes that a tensor was written, and with it what lies in its place is gone.</summary>
    public void Write(int output, RowRange rows, int low, int high, bool zeroPadding)
    {
        for (int i = 0; i < known.Length; i++)
        {
            if (i != output && !Apart(Tensors[i], Tensors[output]))
            {
                known[i].Written = Written.Nothing;
            }
        }
        known[output] = new Knowledge
        {
            Written = rows == RowRange.All ? Written.All : Written.First,
            Low = low,
            High = high,
            ZeroPadding = zeroPadding || Tensors[output].Columns == Tensors[output].PaddedColumns,
        };
    }

    /// <summary>
    /// Whether a stage makes zero of zero; accumulators of the padding are zero, as it has no weights, no bias and no addend.
    /// </summary>
    public static bool KeepsZero(in ScaleStage stage) => stage.ZeroPoint == 0 && stage.Low <= 0 && stage.High >= 0;

    private bool Apart(in TensorEntry x, in TensorEntry y) => x.IsApartFrom(y, MaxLength);

    /// <summary>A stage that takes accumulators, or normalized values with addends, to an output.</summary>
    public void OutputStage(in ScaleStage stage, int tensor, int channels, bool addends)
    {
        Require(stage.Rounding == Rounding.HalfUp, $"rounds by rule {(int)stage.Rounding}, which this program does not know");
        Require(stage.PreShift <= (addends ? 0 : Dyadic.MaxPreShift) && stage.Exponent is >= 33 and <= 62,
            $"scales by 2^-{stage.Exponent} after a shift by {stage.PreShift}");
        LargestMagnitude(ChannelArray(stage.Multipliers, channels), channels);
        Require(addends
            ? LargestMagnitude(ChannelArray(stage.Addends, channels), channels) < 1 << 30
            : stage.Addends == OperationRecord.None, "has addends of more than 30 bits, or where there are none");
        Place(stage, Tensors[tensor].Type);
    }

    /// <summary>A stage's zero point and clamp lie within its output's type.</summary>
    public void Place(in ScaleStage stage, ElementType type)
    {
        (int low, int high) = type switch
        {
            ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
            ElementType.Int16 => (short.MinValue, short.MaxValue),
            _ => (-(1 << 29), 1 << 29),
        };
        Require(stage.Low >= low && stage.High <= high && stage.Low <= stage.High, $"clamps to {stage.Low}..{stage.High}");
        // An int8 zero point lies within int8: kernels saturate to 16 bits before they add it.
        Require(type == ElementType.Int8
            ? stage.ZeroPoint is >= sbyte.MinValue and <= sbyte.MaxValue
            : stage.ZeroPoint is >= short.MinValue and <= short.MaxValue,
            $"has zero point {stage.ZeroPoint}");
    }

    /// <summary>A constant of that type and layout. What it costs to read is counted.</summary>
    public ConstantEntry Constant(ushort index, ElementType type, ConstantLayout layout)
    {
        Require(index < model.Constants.Length, "lacks a constant");
        ConstantEntry constant = model.Constants[index];
        Require(constant.Type == type && constant.Layout == layout, $"reads constant {index} as another type or layout");
        readable -= (long)constant.Length;
        Require(readable >= 0, $"reads its constants again and again: all operations together read {MostReads} times as much as there is");
        return constant;
    }

    /// <summary>An array of int32.</summary>
    public int* Int32Array(ushort index, int count)
    {
        ConstantEntry constant = Constant(index, ElementType.Int32, ConstantLayout.Rows);
        Require(constant.Rows == 1 && constant.Columns == count,
            $"reads {count} values from constant {index}, which has {constant.Rows} x {constant.Columns}");
        return (int*)model.Constant(index);
    }

    /// <summary>A value for each channel, zeros in the padding.</summary>
    public int* ChannelArray(ushort index, int channels)
    {
        int* values = Int32Array(index, Panels.Padded(channels));
        Require(!new ReadOnlySpan<int>(values + channels, Panels.Padded(channels) - channels).ContainsAnyExcept(0),
            $"constant {index} has padding that is not zero");
        return values;
    }

    /// <summary>The largest of their magnitudes; none may be 2^31.</summary>
    public long LargestMagnitude(int* values, int count)
    {
        long largest = 0;
        for (int i = 0; i < count; i++)
        {
            largest = Math.Max(largest, Math.Abs((long)values[i]));
        }
        Require(largest <= int.MaxValue, "has a multiplier of -2^31");
        return largest;
    }

    /// <summary>Refuses the model where a condition does not hold; what it does or is, in words that follow the operation's name.</summary>
    public void Require([DoesNotReturnIf(false)] bool condition,
        [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument("condition")] ref Complaint what)
    {
        if (!condition)
        {
            throw Bad(what.Text);
        }
    }

    /// <inheritdoc cref="Require(bool, ref Complaint)"/>
    public void Require([DoesNotReturnIf(false)] bool condition, string what)
    {
        if (!condition)
        {
            throw Bad(what);
        }
    }

    private ModelFormatException Bad(string what) =>
        new(current < 0 ? $"{model.Name} {what}" : $"{model.Name}: operation {current} ({model.Operations[current].Code}) {what}");

    /// <summary>Formats a message only when it is needed: thousands of checks pass at every start.</summary>
    [System.Runtime.CompilerServices.InterpolatedStringHandler]
    public ref struct Complaint
    {
        private System.Runtime.CompilerServices.DefaultInterpolatedStringHandler text;

        public Complaint(int literal, int formatted, bool condition, out bool wanted)
        {
            wanted = !condition;
            text = condition ? default : new(literal, formatted);
        }

        public readonly string Text => text.ToString();

        public void AppendLiteral(string value) => text.AppendLiteral(value);

        public void AppendFormatted<T>(T value) => text.AppendFormatted(value);
    }
}

/// <summary>What is known of a tensor at a point of the graph.</summary>
internal struct Knowledge
{
    /// <summary>Rows that hold what was last written: none, row 0, or all.</summary>
    public Written Written;

    /// <summary>Range of its values.</summary>
    public int Low, High;

    /// <summary>Whether the columns beyond the true ones are zero: LayerNorm sums whole rows.</summary>
    public bool ZeroPadding;
}

/// <summary>Rows of a tensor that hold.</summary>
internal enum Written : byte
{
    Nothing,
    First,
    All,
}
