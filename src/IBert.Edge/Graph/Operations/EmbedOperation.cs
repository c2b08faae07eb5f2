// Embed: the sum of table rows chosen by token, position and type.
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph.Operations;

/// <summary>The fields of an Embed record.</summary>
internal readonly ref struct EmbedRecord(ref readonly OperationRecord record)
{
    /// <summary>The tables by what their rows are chosen by, and how many there are.</summary>
    public const int Tokens = 0, Positions = 1, Types = 2, Tables = 3;

    private readonly ref OperationRecord record = ref System.Runtime.CompilerServices.Unsafe.AsRef(in record);

    /// <summary>Table i (<see cref="Tokens"/> and so on), int8; none where there is none.</summary>
    public ref ushort Table(int i) => ref record.Constants[2 * i];

    /// <summary>A multiplier for each row of table i.</summary>
    public ref ushort Multipliers(int i) => ref record.Constants[(2 * i) + 1];

    /// <summary>s, the shift of the sum, 1..30.</summary>
    public ref int Shift => ref record.Parameters[0];

    /// <summary>Added to a position before its row is read.</summary>
    public ref int PositionOffset => ref record.Parameters[1];

    /// <summary>
    /// The id of the tokens that take no position of their own but have the row before the first, plus one; 0: there is none.
    /// </summary>
    public ref int UnplacedIdPlusOne => ref record.Parameters[2];
}

/// <inheritdoc cref="OperationCode.Embed"/>
internal sealed unsafe class EmbedOperation(ModelContents model, OperationRecord record) : Operation(model, record)
{
    private ElementKernel elements = null!;
    private TensorPlace output;
    private sbyte* tokens, positions, types;
    private int* tokenScales, positionScales, typeScales;
    private int lastType, offset, shift, unplaced;

    private EmbedRecord Fields => new(ref Record);

    public override void Prove(GraphVerifier proof)
    {
        int shift = Fields.Shift, offset = Fields.PositionOffset, unplaced = Fields.UnplacedIdPlusOne;
        proof.Require(shift is >= Dyadic.MinShift and <= Dyadic.MaxShift, $"shifts the sum by {shift}");
        proof.Require(offset is >= 0 and <= GraphVerifier.MaxSequence, $"moves positions by {offset}");
        proof.Require(unplaced == 0 || (unplaced > 0 && unplaced <= proof.Vocabulary && offset > 0),
            $"gives id {unplaced - 1L} the row before the first position");
        proof.Require(Record.Rows == RowRange.All, "must compute all rows");
        int output = proof.Output(Record, 0, ElementType.Int16);
        proof.Require(Model.Tensors[output].Rows == Format.RowCount.Sequence, "has no id for a row in front");
        proof.Require(Record.Outputs[1] == OperationRecord.None, "has a second output");
        TensorEntry tensor = Model.Tensors[output];
        ReadOnlySpan<int> rows = [proof.Vocabulary, proof.MaxLength + offset, 1];
        long bound = 1L << (shift - 1);
        int tables = 0;
        for (int i = 0; i < EmbedRecord.Tables; i++)
        {
            ushort index = Fields.Table(i);
            if (index == OperationRecord.None)
            {
                proof.Require(Fields.Multipliers(i) == OperationRecord.None, $"has multipliers without table {i}");
                continue;
            }
            tables++;
            ConstantEntry table = proof.Constant(index, ElementType.Int8, ConstantLayout.Rows);
            proof.Require(table.Columns == tensor.PaddedColumns, $"table {i} has {table.Columns} columns");
            proof.Require(table.Rows >= rows[i], $"table {i} has {table.Rows} rows for {rows[i]} values");
            proof.Require(
                PaddedWithZeros((sbyte*)Model.Constant(index), table, (int)tensor.Columns), $"table {i} has padding that is not zero");
            bound += 128 * proof.LargestMagnitude(proof.Int32Array(Fields.Multipliers(i), (int)table.Rows), (int)table.Rows);
        }
        proof.Require(tables > 0, "has no table");
        proof.Require(bound <= int.MaxValue, "multipliers let the sum overflow 32 bits");
        proof.Write(output, Record.Rows, short.MinValue, short.MaxValue, zeroPadding: true);
    }

    protected override long OwnSteps(int sequence) => 64 * OutputElements(0, sequence);

    public override void Prepare(in Arena arena, KernelSet kernels)
    {
        elements = kernels.Elements;
        output = arena[Record.Outputs[0]];
        tokens = (sbyte*)Constant(Fields.Table(EmbedRecord.Tokens));
        tokenScales = (int*)Constant(Fields.Multipliers(EmbedRecord.Tokens));
        positions = (sbyte*)Constant(Fields.Table(EmbedRecord.Positions));
        positionScales = (int*)Constant(Fields.Multipliers(EmbedRecord.Positions));
        types = (sbyte*)Constant(Fields.Table(EmbedRecord.Types));
        typeScales = (int*)Constant(Fields.Multipliers(EmbedRecord.Types));
        lastType = types is null ? 0 : (int)Model.Constants[Fields.Table(EmbedRecord.Types)].Rows - 1;
        (offset, shift, unplaced) = (Fields.PositionOffset, Fields.Shift, Fields.UnplacedIdPlusOne - 1);
    }

    public override void Run(in Pass pass, int start, int end)
    {
        byte* rows = output.At(pass.Length);
        int columns = output.PaddedColumns;
        int next = offset + start - new ReadOnlySpan<int>(pass.Ids, start).Count(unplaced);
        for (int i = start; i < end; i++)
        {
            int id = pass.Ids[i], position = id == unplaced ? offset - 1 : next++, kind = Math.Min(pass.Types[i], lastType);
            // A table that is absent takes part with its own row's multiplier at zero; one of the three is always there.
            sbyte* token = tokens is null ? null : tokens + ((long)id * columns);
            sbyte* place = positions is null ? null : positions + ((long)position * columns);
            sbyte* type = types is null ? null : types + ((long)kind * columns);
            sbyte* present = token is not null ? token : place is not null ? place : type;
            elements.EmbeddingSum(
                token is null ? present : token, token is null ? 0 : tokenScales[id],
                place is null ? present : place, place is null ? 0 : positionScales[position],
                type, type is null ? 0 : typeScales[kind],
                shift, columns, (short*)(rows + ((long)i * output.Stride)));
        }
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
}
