// The trust boundary: proves, once, everything that the executor and the kernels assume.
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.Intrinsics;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Text;

namespace IBert.Edge.Format;

/// <summary>
/// Walks the operations in order, as the executor will, and keeps for each tensor what is known of it: whether its rows were written and not
/// overwritten since, and the range of its values. An operation is accepted when all that its kernel assumes follows from that.
/// </summary>
internal sealed unsafe class GraphVerifier(ModelFile model, NativeSpan<byte> data)
{
    /// <summary>Largest sequence length and widest row: far above any BERT, small enough that no size below overflows.</summary>
    public const int MaxSequence = 32768, MaxColumns = 65536, MaxTableRows = 1 << 24;

    /// <summary>Largest arena.</summary>
    public const long MaxArena = 1L << 30;

    /// <summary>Most steps (<see cref="Work"/>) for the longest text: a third is BERT-large at 4,096 tokens, two thirds the published I-BERT of that size at 1,024.</summary>
    public const long MaxWork = 1L << 44;

    /// <summary>
    /// How often the operations may read all of DATA, so that the proof takes time proportional to the file. Layers may share weights (ALBERT's
    /// do), but not thousands of them.
    /// </summary>
    private const int MostReads = 64;

    private struct Knowledge
    {
        /// <summary>Rows that hold what was last written: none, row 0, or all.</summary>
        public Written Written;
        public int Low, High;

        /// <summary>Whether the columns beyond the true ones are zero: LayerNorm sums whole rows.</summary>
        public bool ZeroPadding;
    }

    private enum Written : byte
    {
        Nothing,
        First,
        All,
    }

    private readonly Knowledge[] known = new Knowledge[model.Tensors.Length];
    private int current = -1;
    private long readable = (long)MostReads * data.Length;

    /// <summary>Steps of the longest text, as far as operations are proven.</summary>
    public long Steps { get; private set; }

    private ReadOnlySpan<TensorEntry> Tensors => model.Tensors;

    private int MaxLength => (int)model.Graph.MaxLength;

    /// <summary>Proves the model or throws.</summary>
    /// <param name="tokenizer">What its input comes from: below the vocabulary's size, and never shorter than the special tokens.</param>
    /// <exception cref="ModelFormatException">Something does not follow.</exception>
    public void Verify(Tokenizer tokenizer)
    {
        GraphHeader graph = model.Graph;
        Require(graph.Input == InputKind.TokenIds, $"reads inputs of kind {(uint)graph.Input}, which this program does not know: update the program");
        Require(graph.MaxLength >= tokenizer.LeastLength && graph.MaxLength <= MaxSequence, $"takes {graph.MaxLength} tokens, not {tokenizer.LeastLength} to {MaxSequence}");
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
            VerifyOperation(model.Operations[current], tokenizer.VocabularySize);
            Steps += Work.Of(model, model.Operations[current], MaxLength);
            Require(Steps <= MaxWork, $"is more than can be done in a text of {MaxLength} tokens: {Steps} steps so far, and {MaxWork} are the most");
        }
        current = -1;
        VerifyHead();
    }

    private void VerifyTensor(int index)
    {
        TensorEntry tensor = Tensors[index];
        Require(tensor.Type is ElementType.Int8 or ElementType.Int16 or ElementType.Int32, $"tensor {index} has type {(int)tensor.Type}");
        Require(tensor.Columns is >= 1 and <= MaxColumns, $"tensor {index} has {tensor.Columns} columns");
        Require(tensor.Rows is RowCount.Sequence or RowCount.Fixed, $"tensor {index} counts its rows by {(int)tensor.Rows}, which this program does not know");
        Require(tensor.Rows == RowCount.Fixed ? tensor.FixedRows is >= 1 and <= MaxSequence : tensor.FixedRows == 0, $"tensor {index} has {tensor.FixedRows} fixed rows");
        Require(tensor.OffsetFixed <= MaxArena && tensor.OffsetPerToken <= MaxArena, $"tensor {index} lies outside the arena");
        Require(tensor.OffsetFixed % FileHeader.Alignment == 0 && tensor.OffsetPerToken % FileHeader.Alignment == 0, $"tensor {index} is not aligned to 64 bytes");
        // Both ends are linear in S: what holds for the shortest and the longest sequence holds for all.
        foreach (int s in (ReadOnlySpan<int>)[1, MaxLength])
        {
            Require(End(tensor, s) <= (ulong)model.ArenaBytes(s), $"tensor {index} lies outside the arena");
        }
    }

    private void VerifyConstant(int index)
    {
        ConstantEntry constant = model.Constants[index];
        Require(constant.Type is ElementType.Int8 or ElementType.Int16 or ElementType.Int32 or ElementType.Int64, $"constant {index} has type {(int)constant.Type}");
        Require(constant.Bits == 8 * TensorEntry.ElementBytes(constant.Type) && constant.BlockSize == 0 && constant.Flags == 0
            && constant.BlockMultipliers == OperationRecord.None && constant.Codebook == OperationRecord.None,
            $"constant {index} has codes, blocks or flags that this program does not know: update the program");
        Require(constant.Rows is >= 1 and <= MaxTableRows && constant.Columns is >= 1 and <= MaxTableRows, $"constant {index} has {constant.Rows} x {constant.Columns} elements");
        ulong elements;
        switch (constant.Layout)
        {
            case ConstantLayout.Rows:
                elements = (ulong)constant.Rows * constant.Columns;
                break;
            case ConstantLayout.Quads:
                Require(constant.Type == ElementType.Int8 && constant.Rows <= MaxColumns && constant.Columns <= MaxColumns, $"constant {index} is packed but not int8, or too large");
                elements = (ulong)Padded((int)constant.Rows) * (ulong)Padded((int)constant.Columns);
                break;
            default:
                throw Bad($"constant {index} has layout {(int)constant.Layout}, which this program does not know: update the program");
        }
        Require(constant.Length == elements * (ulong)TensorEntry.ElementBytes(constant.Type), $"constant {index} has {constant.Length} bytes for {elements} elements");
        Require(constant.Offset % FileHeader.Alignment == 0 && constant.Offset <= (ulong)data.Length && constant.Length <= (ulong)data.Length - constant.Offset,
            $"constant {index} lies outside section DATA");
    }

    private void VerifyOperation(in OperationRecord operation, int vocabulary)
    {
        Require(operation.Flags == 0 && operation.WorkerScratch == 0, "has flags that this program does not know: update the program");
        Require(operation.Rows is RowRange.All or RowRange.First, $"computes rows {(int)operation.Rows}, which this program does not know");
        SplitAxis axis = operation.Code switch
        {
            OperationCode.Linear => SplitAxis.Columns,
            OperationCode.Attention => SplitAxis.Heads,
            _ => SplitAxis.Rows,
        };
        Require(operation.Split == axis, $"is cut along {(int)operation.Split}, not {(int)axis}");
        VerifyIndexes(operation);
        switch (operation.Code)
        {
            case OperationCode.Embed:
                VerifyEmbed(operation, vocabulary);
                break;
            case OperationCode.LayerNorm:
                VerifyLayerNorm(operation);
                break;
            case OperationCode.Linear:
                VerifyLinear(operation);
                break;
            case OperationCode.Attention:
                VerifyAttention(operation);
                break;
            case OperationCode.Gate:
                VerifyGate(operation);
                break;
            case OperationCode.Add:
                VerifyAdd(operation);
                break;
            default:
                throw Bad($"has code {(int)operation.Code}, which this program does not know: update the program");
        }
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

        void Exists(ushort index, int count, string what) => Require(index == OperationRecord.None || index < count, $"names {what} {index} of {count}");
    }

    private void VerifyEmbed(in OperationRecord operation, int vocabulary)
    {
        int shift = operation.Parameters[Slot.EmbedShift], offset = operation.Parameters[Slot.EmbedPositionOffset];
        Require(shift is >= Dyadic.MinShift and <= Dyadic.MaxShift, $"shifts the sum by {shift}");
        Require(offset is >= 0 and <= MaxSequence, $"moves positions by {offset}");
        int unplaced = operation.Parameters[Slot.EmbedUnplacedId];
        Require(unplaced == 0 || (unplaced > 0 && unplaced <= vocabulary && offset > 0), $"gives id {unplaced - 1L} the row before the first position");
        Require(operation.Rows == RowRange.All, "must compute all rows");
        int output = Output(operation, 0, ElementType.Int16);
        Require(operation.Outputs[1] == OperationRecord.None, "has a second output");
        ReadOnlySpan<int> rows = [vocabulary, MaxLength + offset, 1];
        long bound = 1L << (shift - 1);
        int tables = 0;
        for (int i = 0; i < Slot.EmbedTables; i++)
        {
            if (operation.Constants[2 * i] == OperationRecord.None)
            {
                Require(operation.Constants[(2 * i) + 1] == OperationRecord.None, $"has multipliers without table {i}");
                continue;
            }
            tables++;
            ConstantEntry table = Constant(operation.Constants[2 * i], ElementType.Int8, ConstantLayout.Rows);
            Require(table.Columns == Tensors[output].PaddedColumns, $"table {i} has {table.Columns} columns");
            Require(table.Rows >= rows[i], $"table {i} has {table.Rows} rows for {rows[i]} values");
            Require(PaddedWithZeros((sbyte*)model.Constant(operation.Constants[2 * i]), table, (int)Tensors[output].Columns), $"table {i} has padding that is not zero");
            bound += 128 * LargestMagnitude(Int32Array(operation.Constants[(2 * i) + 1], (int)table.Rows), (int)table.Rows);
        }
        Require(tables > 0, "has no table");
        Require(bound <= int.MaxValue, "multipliers let the sum overflow 32 bits");
        Write(output, operation.Rows, short.MinValue, short.MaxValue, zeroPadding: true);
    }

    private void VerifyLayerNorm(in OperationRecord operation)
    {
        if (Function(operation.Parameters[Slot.NormFunction]) == FunctionKind.Published)
        {
            VerifyPublishedLayerNorm(operation);
            return;
        }
        int a = Input(operation, 0, ElementType.Int16);
        int columns = (int)Tensors[a].Columns;
        Require(columns <= 16384, $"normalizes {columns} channels; 16384 are the most");
        Require(known[a].ZeroPadding, $"sums the padding of tensor {a}, which may not be zero");
        if (operation.Inputs[1] != OperationRecord.None)
        {
            int b = Input(operation, 1, ElementType.Int16);
            Require(Tensors[b].Columns == columns, "adds tensors of different widths");
            Require(known[b].ZeroPadding, $"sums the padding of tensor {b}, which may not be zero");
        }
        Require(operation.Parameters[Slot.NormEpsilonHigh] is >= 0 and < 1 << 29, "has an epsilon that is negative or too large");
        int narrow = Output(operation, 1, ElementType.Int8);
        VerifyOutputStage(operation.Stages[1], narrow, columns, addends: true);
        Require(Tensors[narrow].Columns == columns, "writes a tensor of another width");
        if (operation.Outputs[0] != OperationRecord.None)
        {
            int wide = Output(operation, 0, ElementType.Int16);
            Require(Tensors[wide].Columns == columns, "writes a tensor of another width");
            Require(operation.Stages[0].ZeroPoint == 0, "gives the residual stream a zero point");
            VerifyOutputStage(operation.Stages[0], wide, columns, addends: true);
            Write(wide, operation.Rows, operation.Stages[0], KeepsZero(operation.Stages[0]));
        }
        Write(narrow, operation.Rows, operation.Stages[1]);
        Require(operation.Outputs[0] == OperationRecord.None || known[operation.Outputs[0]].Written != Written.Nothing, "writes two outputs over each other");
    }

    private void VerifyPublishedLayerNorm(in OperationRecord operation)
    {
        Require(operation.Inputs[0] < Tensors.Length && Tensors[operation.Inputs[0]].Type is ElementType.Int16 or ElementType.Int32, "normalizes a tensor of 8 bits");
        int input = Input(operation, 0, Tensors[operation.Inputs[0]].Type), columns = (int)Tensors[input].Columns;
        Require(operation.Inputs[1] == OperationRecord.None && operation.Outputs[0] == OperationRecord.None, "has two inputs or two outputs");
        Require(columns <= 16384, $"normalizes {columns} channels; 16384 are the most");
        Require(known[input] is { Low: > -(1 << 23), High: < 1 << 23 }, "normalizes values of more than 24 bits");
        Require(operation.Parameters[Slot.NormShift] is >= 0 and <= 30, $"shifts deviations by {operation.Parameters[Slot.NormShift]}");
        Require(operation.Parameters[Slot.NormSignificand] is >= 1 << (PublishedElements.FloatBits - 1) and < 1 << PublishedElements.FloatBits,
            $"has an input scale of significand {operation.Parameters[Slot.NormSignificand]}, which is not of 24 bits: convert the checkpoint again");
        int output = Output(operation, 1, ElementType.Int8);
        Require(Tensors[output].Columns == columns, "writes a tensor of another width");
        ScaleStage stage = operation.Stages[1];
        VerifyTerm(stage, columns, 33, 62);
        Require(stage.Multipliers != OperationRecord.None, "lacks multipliers");
        VerifyLongs(operation.Constants[Slot.NormOffsets], Padded(columns));
        VerifyPlace(stage, ElementType.Int8);
        Write(output, operation.Rows, stage);
    }

    /// <summary>A stage of an operation that computes in 64 or 128 bits.</summary>
    private void VerifyTerm(in ScaleStage stage, int channels, int least, int most)
    {
        Require(stage.Rounding is Rounding.HalfUp or Rounding.HalfEven, $"rounds by rule {(int)stage.Rounding}, which this program does not know");
        int exponent = stage.Exponent - stage.PreShift;
        Require(stage.PreShift <= Dyadic.MaxPreShift && exponent >= least && exponent <= most, $"scales by 2^-{exponent}");
        Require(stage.Addends == OperationRecord.None && stage.Multiplier != int.MinValue, "has addends, or a multiplier of -2^31");
        if (stage.Multipliers != OperationRecord.None)
        {
            LargestMagnitude(ChannelArray(stage.Multipliers, channels), channels);
        }
    }

    /// <summary>64-bit values below 2^61.</summary>
    private void VerifyLongs(ushort index, int count)
    {
        ConstantEntry constant = Constant(index, ElementType.Int64, ConstantLayout.Rows);
        Require(constant.Rows == 1 && constant.Columns == count, $"reads {count} values from constant {index}, which has {constant.Rows} x {constant.Columns}");
        foreach (long value in new ReadOnlySpan<long>((long*)model.Constant(index), count))
        {
            Require(value is > -(1L << 61) and < 1L << 61, $"has a value of more than 61 bits in constant {index}");
        }
    }

    private FunctionKind Function(int parameter)
    {
        Require(parameter is (int)FunctionKind.Closest or (int)FunctionKind.Published, $"computes function {parameter}, which this program does not know: update the program");
        return (FunctionKind)parameter;
    }

    private void VerifyAdd(in OperationRecord operation)
    {
        Require(operation.Outputs[0] < Tensors.Length, "has no output");
        int output = Output(operation, 0, Tensors[operation.Outputs[0]].Type);
        Require(operation.Outputs[1] == OperationRecord.None, "has a second output");
        bool zeros = true;
        for (int i = 0; i < 2; i++)
        {
            if (i == 1 && operation.Inputs[i] == OperationRecord.None)
            {
                continue;
            }
            Require(operation.Inputs[i] < Tensors.Length, $"lacks input {i}");
            int input = Input(operation, i, Tensors[operation.Inputs[i]].Type);
            Require(Tensors[input].Columns == Tensors[output].Columns, "adds tensors of different widths");
            zeros &= known[input].ZeroPadding;
            // |x| <= 2^31 and |m| < 2^31: a term and its rounding stay below 2^63, and two of them, shifted at least once, too.
            VerifyTerm(operation.Stages[i == 0 ? Slot.AddFirstStage : Slot.AddSecondStage], (int)Tensors[output].Columns, 2, 61);
        }
        ScaleStage stage = operation.Stages[0];
        VerifyPlace(stage, Tensors[output].Type);
        Write(output, operation.Rows, stage, zeros && KeepsZero(stage));
    }

    private void VerifyLinear(in OperationRecord operation)
    {
        int input = Input(operation, 0, ElementType.Int8);
        ushort index = operation.Constants[Slot.LinearWeights];
        ConstantEntry weights = Constant(index, ElementType.Int8, ConstantLayout.Quads);
        Require(weights.Columns == Tensors[input].Columns, $"multiplies {Tensors[input].Columns} inputs with weights for {weights.Columns}");
        Require(operation.Outputs[0] < Tensors.Length, "has no output");
        int output = Output(operation, 0, Tensors[operation.Outputs[0]].Type);
        Require(operation.Outputs[1] == OperationRecord.None, "has a second output");
        Require(Tensors[output].Columns == weights.Rows, $"writes {weights.Rows} channels into a tensor of {Tensors[output].Columns}");
        int padded = Padded((int)weights.Rows);
        int* bias = ChannelArray(operation.Constants[Slot.LinearBias], (int)weights.Rows);
        int* sums = Int32Array(operation.Constants[Slot.LinearColumnSums], padded);
        ScaleStage stage = operation.Stages[0], rescale = operation.Stages[Slot.LinearRescaleStage];
        bool raw = stage.Exponent == 0;
        if (raw)
        {
            Require(Tensors[output].Type == ElementType.Int32 && stage.PreShift == 0 && stage.Rounding == Rounding.HalfUp, "writes accumulators as they are into less than 32 bits");
        }
        else
        {
            VerifyOutputStage(stage, output, (int)weights.Rows, addends: false);
        }
        if (rescale.Exponent != 0)
        {
            // A factor below two keeps the rescaled accumulator within twice its bound; the bias is part of it.
            VerifyTerm(rescale, 1, 30, 62);
            Require(rescale.Multipliers == OperationRecord.None && operation.AccumulatorBound < 1 << 29, "rescales accumulators of more than 29 bits");
        }
        Require(stage.PreShift <= Dyadic.MaxPreShift && operation.AccumulatorBound < 1u << ((rescale.Exponent == 0 ? 31 : 30) - stage.PreShift), $"lets accumulators reach {operation.AccumulatorBound} before a shift by {stage.PreShift}");
        int largestInput = Math.Max(Math.Abs(known[input].Low), Math.Abs(known[input].High));
        VerifyAccumulators((sbyte*)model.Constant(index), weights, bias, sums, largestInput, operation.AccumulatorBound);
        if (raw)
        {
            int bound = (int)operation.AccumulatorBound * (rescale.Exponent == 0 ? 1 : 2);
            Write(output, operation.Rows, -bound, bound, zeroPadding: true);
            return;
        }
        Write(output, operation.Rows, stage, KeepsZero(stage));
    }

    /// <summary>
    /// For every channel: no weight is -128, the column sum is as stated, |bias| + largest input * sum |w| is within the bound. Channels of
    /// the padding have no weights.
    /// </summary>
    private void VerifyAccumulators(sbyte* weights, in ConstantEntry shape, int* bias, int* sums, int largestInput, uint bound)
    {
        int channels = Padded((int)shape.Rows), inner = Padded((int)shape.Columns);
        Vector128<sbyte> least = Vector128.Create(sbyte.MinValue);
        Vector128<short> ones = Vector128<short>.One;
        for (int channel = 0; channel < channels; channel += ProductKernel.PanelColumns)
        {
            for (int four = 0; four < ProductKernel.PanelColumns; four += 4)
            {
                sbyte* quads = weights + (long)channel * inner + four * 4;
                Vector128<sbyte> smallest = Vector128<sbyte>.Zero;
                Vector128<int> sum = Vector128<int>.Zero, magnitude = Vector128<int>.Zero;
                for (int k = 0; k < inner; k += 4, quads += ProductKernel.PanelColumns * 4)
                {
                    Vector128<sbyte> quad = Vector128.Load(quads);
                    smallest = Vector128.Min(smallest, quad);
                    sum += Quad(quad);
                    magnitude += Quad(Vector128.Abs(quad));
                }
                Require(!Vector128.EqualsAny(smallest, least), "has a weight of -128");
                for (int c = 0; c < 4; c++)
                {
                    int column = channel + four + c;
                    Require(sums[column] == sum[c], $"states a column sum that is not the sum of channel {column}");
                    long worst = Math.Abs((long)bias[column]) + (long)largestInput * magnitude[c];
                    Require(worst <= bound, $"channel {column} can reach {worst}, above its bound {bound}");
                    Require(column < shape.Rows || magnitude[c] == 0, "has weights in its padding");
                }
            }
        }

        // Sums of the four bytes of each column; -128 may wrap in Abs, but is refused anyway.
        static Vector128<int> Quad(Vector128<sbyte> q)
        {
            Vector128<short> shorts = q.AsInt16();
            Vector128<short> pairs = Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(shorts, 8), 8) + Vector128.ShiftRightArithmetic(shorts, 8);
            Vector128<int> ints = pairs.AsInt32();
            return Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(ints, 16), 16) + Vector128.ShiftRightArithmetic(ints, 16);
        }
    }

    private void VerifyAttention(in OperationRecord operation)
    {
        int heads = operation.Parameters[Slot.AttentionHeads], columns = operation.Parameters[Slot.AttentionHeadColumns];
        int bits = operation.Parameters[Slot.AttentionBits], limit = operation.Parameters[Slot.AttentionLimit];
        Require(heads is >= 1 and <= 4096 && columns is >= 16 and <= 4096 && columns % 16 == 0, $"has {heads} heads of {columns} columns");
        Require(bits is >= 1 and <= ProductKernel.WideBits, $"has exponentials of {bits} bits");
        bool published = Function(operation.Parameters[Slot.AttentionFunction]) == FunctionKind.Published;
        long largestSum = ((1L << bits) - 1) * MaxLength;
        Require(largestSum * 128 <= int.MaxValue, $"has exponentials of {bits} bits, too many for {MaxLength} tokens");
        for (int i = 0; i < 3; i++)
        {
            int tensor = Input(operation, i, ElementType.Int8, i == 0 ? operation.Rows : RowRange.All);
            Require(Tensors[tensor].Columns == heads * columns, $"reads a tensor of {Tensors[tensor].Columns} columns for {heads} heads of {columns}");
            Require(published || known[tensor] is { Low: >= -127 }, "reads Q, K or V that may be -128");
        }
        ScaleStage score = operation.Stages[Slot.AttentionScoreStage];
        if (published)
        {
            long c = ((long)operation.Parameters[Slot.AttentionCHigh] << 32) | (uint)operation.Parameters[Slot.AttentionCLow];
            Require(operation.Parameters[Slot.AttentionX0] is < 0 and > -(1 << 24) && Math.Abs((long)operation.Parameters[Slot.AttentionB]) < 1 << 30
                && c is > -(1L << 61) and < 1L << 61 && bits >= PublishedElements.ProbabilityBits + 1, "has constants of the exponential that are out of range");
            VerifyTerm(score, 1, 1, 126);
            Require(score.Multipliers == OperationRecord.None && score.Multiplier >= 0, "has a multiplier for each score, or a negative one");
            largestSum = 1 << PublishedElements.ProbabilityBits;
        }
        else
        {
            VerifyScores(score, limit);
        }
        int output = Output(operation, 0, ElementType.Int8);
        Require(operation.Outputs[1] == OperationRecord.None, "has a second output");
        Require(Tensors[output].Columns == heads * columns, "writes a tensor of another width");
        ScaleStage context = operation.Stages[0];
        Require(context.Rounding == Rounding.HalfUp && context.PreShift == 0 && context.Multiplier >= 1 << 30, "scales the context in a way that this program does not know");
        int least = published ? PublishedElements.ProbabilityBits : bits - 1, most = BitOperations.Log2((ulong)largestSum);
        Require(context.Exponent + least - 32 >= Dyadic.MinShift && context.Exponent + most - 32 <= Dyadic.MaxShift, $"scales the context by 2^-{context.Exponent}");
        VerifyPlace(context, Tensors[output].Type);
        Write(output, operation.Rows, context);
    }

    private void VerifyScores(in ScaleStage score, int limit)
    {
        Require(score.Rounding == Rounding.HalfUp && score.PreShift <= Dyadic.MaxPreShift && score.Exponent is >= 33 and <= 62 && score.Multiplier > 0, "scales scores in a way that this program does not know");
        Require(limit >= 1 && limit < 1L << (31 - score.PreShift), $"looks at score differences up to {limit}");
    }

    private void VerifyGate(in OperationRecord operation)
    {
        if (Function(operation.Parameters[Slot.GateFunction]) == FunctionKind.Published)
        {
            VerifyPublishedGate(operation);
            return;
        }
        int input = Input(operation, 0, ElementType.Int16);
        int output = Output(operation, 0, ElementType.Int8);
        Require(operation.Outputs[1] == OperationRecord.None, "has a second output");
        Require(Tensors[output].Columns == Tensors[input].Columns, "writes a tensor of another width");
        ReadOnlySpan<int> counts = [Slot.GateEntries, Tensors[input].PaddedColumns];
        for (int i = 0; i < counts.Length; i++)
        {
            ConstantEntry constant = Constant(operation.Constants[i], ElementType.Int16, ConstantLayout.Rows);
            Require(constant.Rows == 1 && constant.Columns == counts[i], $"reads {counts[i]} values from a constant of {constant.Rows} x {constant.Columns}");
            ReadOnlySpan<short> values = new((short*)model.Constant(operation.Constants[i]), counts[i]);
            Require(!values.Contains(short.MinValue), "has a factor of -2^15");
        }
        ScaleStage stage = operation.Stages[0];
        Require(stage.ZeroPoint is >= sbyte.MinValue and <= sbyte.MaxValue && stage.Low == sbyte.MinValue && stage.High == sbyte.MaxValue, "clamps to something else than int8");
        Write(output, operation.Rows, sbyte.MinValue, sbyte.MaxValue, zeroPadding: false);
    }

    private void VerifyPublishedGate(in OperationRecord operation)
    {
        int input = Input(operation, 0, ElementType.Int32), output = Output(operation, 0, ElementType.Int8);
        Require(operation.Outputs[1] == OperationRecord.None, "has a second output");
        Require(Tensors[output].Columns == Tensors[input].Columns, "writes a tensor of another width");
        int padded = Tensors[input].PaddedColumns;
        foreach (int b in new ReadOnlySpan<int>(Int32Array(operation.Constants[Slot.GateB], padded), padded))
        {
            Require(b is <= 0 and > int.MinValue, "clips to a bound above zero");
        }
        VerifyLongs(operation.Constants[Slot.GateC], padded);
        VerifyLongs(operation.Constants[Slot.GateShift], padded);
        ScaleStage stage = operation.Stages[0];
        VerifyTerm(stage, (int)Tensors[input].Columns, 1, 126);
        Require(stage.Multipliers != OperationRecord.None, "lacks multipliers");
        VerifyPlace(stage, ElementType.Int8);
        Write(output, operation.Rows, stage);
    }

    private void VerifyHead()
    {
        HeadEntry head = model.Head;
        Require(head.Kind is HeadKind.SingleLabel or HeadKind.MultiLabel or HeadKind.Regression, $"has a head of kind {(int)head.Kind}, which this program does not know: update the program");
        Require(head.Tensor < Tensors.Length && Tensors[head.Tensor].Type == ElementType.Int32 && known[head.Tensor].Written != Written.Nothing
            && head.Row == 0, "reads logits that no operation wrote");
        Require(head.Labels == Tensors[head.Tensor].Columns && head.Labels == model.Labels.Count, 
            $"states {head.Labels} labels, has {Tensors[head.Tensor].Columns} logits and names {model.Labels.Count}");
        Require(head.LogitMultiplier > 0 && head.LogitExponent is >= 0 and <= 62, "has a logit scale that is not positive");
        Require(known[head.Tensor] is { Low: >= -LabelScores.LargestLogit, High: <= LabelScores.LargestLogit }, "has logits of more than 30 bits");
        Require(head.Kind != HeadKind.Regression || head.Labels == 1, $"has {head.Labels} values; a regression has one");
        Require(head.Kind != HeadKind.Regression || LabelScores.FitsValue(head), "has values that do not fit 64 bits in millionths");
    }

    private int Input(in OperationRecord operation, int slot, ElementType type) => Input(operation, slot, type, operation.Rows);

    private int Input(in OperationRecord operation, int slot, ElementType type, RowRange rows)
    {
        int index = operation.Inputs[slot];
        Require(index < Tensors.Length, $"lacks input {slot}");
        Require(Tensors[index].Type == type, $"reads tensor {index} as another type");
        Require(known[index].Written == Written.All || (rows == RowRange.First && known[index].Written == Written.First),
            $"reads tensor {index}, which was not written or was overwritten");
        return index;
    }

    private int Output(in OperationRecord operation, int slot, ElementType type)
    {
        int index = operation.Outputs[slot];
        Require(index < Tensors.Length, $"lacks output {slot}");
        Require(Tensors[index].Type == type, $"writes tensor {index} as another type");
        Require(operation.Rows == RowRange.First || Tensors[index].Rows == RowCount.Sequence, $"writes all rows into tensor {index}, which has {Tensors[index].FixedRows}");
        for (int i = 0; i < 4; i++)
        {
            int input = operation.Inputs[i];
            Require(input >= Tensors.Length || Apart(Tensors[input], Tensors[index]), $"writes tensor {index} over its input {input}");
        }
        return index;
    }

    private void Write(int output, RowRange rows, in ScaleStage stage, bool zeroPadding = false) => Write(output, rows, stage.Low, stage.High, zeroPadding);

    private void Write(int output, RowRange rows, int low, int high, bool zeroPadding)
    {
        for (int i = 0; i < known.Length; i++)
        {
            if (i != output && !Apart(Tensors[i], Tensors[output]))
            {
                known[i].Written = Written.Nothing;
            }
        }
        known[output] = new Knowledge { Written = rows == RowRange.All ? Written.All : Written.First, Low = low, High = high, ZeroPadding = zeroPadding || Tensors[output].Columns % 16 == 0 };
    }

    /// <summary>Whether a stage makes zero of zero; accumulators of the padding are zero, as it has no weights, no bias and no addend.</summary>
    private static bool KeepsZero(in ScaleStage stage) => stage.ZeroPoint == 0 && stage.Low <= 0 && stage.High >= 0;

    /// <summary>Whether one tensor ends before the other begins, in the same order at every length.</summary>
    private bool Apart(in TensorEntry x, in TensorEntry y) => Before(x, y) || Before(y, x);

    private bool Before(in TensorEntry x, in TensorEntry y) =>
        End(x, 1) <= Start(y, 1) && End(x, MaxLength) <= Start(y, MaxLength);

    private static ulong Start(in TensorEntry tensor, int s) => tensor.OffsetFixed + (tensor.OffsetPerToken * (ulong)s);

    private static ulong End(in TensorEntry tensor, int s) =>
        Start(tensor, s) + ((ulong)tensor.Stride * (tensor.Rows == RowCount.Sequence ? (ulong)s : tensor.FixedRows));

    private void VerifyOutputStage(in ScaleStage stage, int tensor, int channels, bool addends)
    {
        Require(stage.Rounding == Rounding.HalfUp, $"rounds by rule {(int)stage.Rounding}, which this program does not know");
        Require(stage.PreShift <= (addends ? 0 : Dyadic.MaxPreShift) && stage.Exponent is >= 33 and <= 62, $"scales by 2^-{stage.Exponent} after a shift by {stage.PreShift}");
        LargestMagnitude(ChannelArray(stage.Multipliers, channels), channels);
        Require(addends
            ? LargestMagnitude(ChannelArray(stage.Addends, channels), channels) < 1 << 30
            : stage.Addends == OperationRecord.None, "has addends of more than 30 bits, or where there are none");
        VerifyPlace(stage, Tensors[tensor].Type);
    }

    private void VerifyPlace(in ScaleStage stage, ElementType type)
    {
        (int low, int high) = type switch
        {
            ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
            ElementType.Int16 => (short.MinValue, short.MaxValue),
            _ => (-(1 << 29), 1 << 29),
        };
        Require(stage.Low >= low && stage.High <= high && stage.Low <= stage.High, $"clamps to {stage.Low}..{stage.High}");
        // An int8 zero point lies within int8: kernels saturate to 16 bits before they add it.
        Require(type == ElementType.Int8 ? stage.ZeroPoint is >= sbyte.MinValue and <= sbyte.MaxValue : stage.ZeroPoint is >= short.MinValue and <= short.MaxValue,
            $"has zero point {stage.ZeroPoint}");
    }

    private ConstantEntry Constant(ushort index, ElementType type, ConstantLayout layout)
    {
        Require(index < model.Constants.Length, "lacks a constant");
        ConstantEntry constant = model.Constants[index];
        Require(constant.Type == type && constant.Layout == layout, $"reads constant {index} as another type or layout");
        readable -= (long)constant.Length;
        Require(readable >= 0, $"reads its constants again and again: all operations together read {MostReads} times as much as there is");
        return constant;
    }

    private int* Int32Array(ushort index, int count)
    {
        ConstantEntry constant = Constant(index, ElementType.Int32, ConstantLayout.Rows);
        Require(constant.Rows == 1 && constant.Columns == count, $"reads {count} values from constant {index}, which has {constant.Rows} x {constant.Columns}");
        return (int*)model.Constant(index);
    }

    /// <summary>A value for each channel, zeros in the padding.</summary>
    private int* ChannelArray(ushort index, int channels)
    {
        int* values = Int32Array(index, Padded(channels));
        Require(!new ReadOnlySpan<int>(values + channels, Padded(channels) - channels).ContainsAnyExcept(0), $"constant {index} has padding that is not zero");
        return values;
    }

    private static bool PaddedWithZeros(sbyte* rows, in ConstantEntry table, int columns)
    {
        int padding = (int)table.Columns - columns;
        for (long row = 0; padding > 0 && row < table.Rows; row++)
        {
            if (new ReadOnlySpan<sbyte>(rows + (row * table.Columns) + columns, padding).ContainsAnyExcept((sbyte)0))
            {
                return false;
            }
        }
        return true;
    }

    private long LargestMagnitude(int* values, int count)
    {
        long largest = 0;
        for (int i = 0; i < count; i++)
        {
            largest = Math.Max(largest, Math.Abs((long)values[i]));
        }
        Require(largest <= int.MaxValue, "has a multiplier of -2^31");
        return largest;
    }

    private static int Padded(int count) => (count + 15) & ~15;

    private void Require([DoesNotReturnIf(false)] bool condition, [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument("condition")] ref Complaint what)
    {
        if (!condition)
        {
            throw Bad(what.Text);
        }
    }

    private void Require([DoesNotReturnIf(false)] bool condition, string what)
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
    private ref struct Complaint
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
