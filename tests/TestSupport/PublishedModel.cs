// A very small model of the published I-BERT's operations, written by hand: what the quantizer's int8 scheme never uses.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Quantization.Lowering;

namespace IBert.Edge.TestSupport;

/// <summary>
/// One layer with random weights and the tokenizer of <see cref="SmallModel"/>: published LayerNorm, softmax and GELU, sums of rescaled
/// tensors, accumulators as they are, rescaled accumulators, rounding to even. Its constants are of the size that a real model's are.
/// </summary>
internal static class PublishedModel
{
    private const int Hidden = SmallModel.Hidden, HeadColumns = 32, Context = SmallModel.Heads * HeadColumns;

    private static readonly Lazy<IReadOnlyList<ModelSection>> s_sections = new(() => new Build().Sections());

    /// <summary>The required sections, in the order of the file.</summary>
    public static IReadOnlyList<ModelSection> Sections => s_sections.Value;

    private sealed class Build
    {
        private readonly ModelBuilder builder = new();
        private readonly Random random = new(2);

        public IReadOnlyList<ModelSection> Sections()
        {
            ModelSection tokenizer = SmallModel.Sections.First(section => section.Kind == SectionKind.Tokenizer);
            int vocabulary = BitConverter.ToInt32(tokenizer.Bytes, 8);
            ushort embedded = Embed(vocabulary);
            ushort input = PublishedNorm(embedded);
            ushort[] heads = [.. Enumerable.Range(0, 3).Select(_ => Rescaled(input))];
            ushort context = Attention(heads);
            ushort sum = Add(ElementType.Int32, 1 << 22, Accumulators(context, Context, Hidden), input);
            ushort middle = PublishedNorm(sum);
            ushort gated = Gelu(Accumulators(middle, Hidden, SmallModel.FeedForward));
            ushort branch = Add(ElementType.Int16, short.MaxValue, Accumulators(gated, SmallModel.FeedForward, Hidden));
            ushort logits = Logits(Norm(branch));
            HeadEntry head = new() { Kind = HeadKind.SingleLabel, Tensor = logits, Labels = (uint)SmallModel.Labels.Length, LogitMultiplier = 1, LogitExponent = 6 };
            return builder.Build(SmallModel.MaxLength, head, SmallModel.Labels, tokenizer.Bytes);
        }

        private ushort Embed(int vocabulary)
        {
            OperationRecord operation = Operation(OperationCode.Embed, SplitAxis.Rows);
            int[] rows = [vocabulary, SmallModel.MaxLength, 2];
            for (int i = 0; i < rows.Length; i++)
            {
                sbyte[] table = new sbyte[rows[i] * 48];
                for (int j = 0; j < table.Length; j++)
                {
                    table[j] = (sbyte)(j % 48 < Hidden ? random.Next(-127, 128) : 0);
                }
                operation.Constants[2 * i] = builder.Rows<sbyte>(ElementType.Int8, table, rows[i]);
                operation.Constants[(2 * i) + 1] = builder.Rows<int>(ElementType.Int32, Some(rows[i], 500, 1500), 1);
            }
            new EmbedRecord(in operation).Shift = 4;
            return Output(ref operation, 0, ElementType.Int16, Hidden);
        }

        private ushort PublishedNorm(ushort input)
        {
            OperationRecord operation = Operation(OperationCode.LayerNorm, SplitAxis.Rows, input);
            new LayerNormRecord(in operation).Function = FunctionKind.Published;
            new PublishedLayerNormRecord(in operation).Shift = 3;
            new PublishedLayerNormRecord(in operation).Significand = 0xB504F3;
            new PublishedLayerNormRecord(in operation).Offsets = Longs(48, Hidden, _ => random.NextInt64(-1L << 55, 1L << 55));
            operation.Stages[1] = Stage(1 << 30, 52, -128, 127) with
            {
                Multipliers = builder.Channels(Some(Hidden, 1 << 29, 1 << 30)),
                Rounding = Rounding.HalfEven,
            };
            return Output(ref operation, 1, ElementType.Int8, Hidden);
        }

        private ushort Norm(ushort input)
        {
            OperationRecord operation = Operation(OperationCode.LayerNorm, SplitAxis.Rows, input);
            operation.Stages[1] = Stage(0, 49, -128, 127) with
            {
                Multipliers = builder.Channels(Some(Hidden, 1 << 29, 1 << 30)),
                Addends = builder.Channels(Some(Hidden, -1 << 18, 1 << 18)),
                ZeroPoint = 3,
            };
            operation.Rows = RowRange.First;
            return Output(ref operation, 1, ElementType.Int8, Hidden);
        }

        /// <summary>Q, K or V with the reference's stale input scale, rescaled to even.</summary>
        private ushort Rescaled(ushort input)
        {
            OperationRecord operation = Linear(input, Hidden, Context);
            operation.Stages[0] = Stage(0, 39, -127, 127) with { Multipliers = builder.Channels(Some(Context, 1 << 29, 1 << 30)) };
            new LinearRecord(in operation).Rescale = Stage((1 << 30) + (1 << 28) + 1, 30, 0, 0) with { Rounding = Rounding.HalfEven };
            return Output(ref operation, 0, ElementType.Int8, Context);
        }

        private ushort Accumulators(ushort input, int inputs, int outputs)
        {
            OperationRecord operation = Linear(input, inputs, outputs);
            return Output(ref operation, 0, ElementType.Int32, outputs);
        }

        private ushort Attention(ushort[] heads)
        {
            OperationRecord operation = Operation(OperationCode.Attention, SplitAxis.Heads, heads);
            ReadOnlySpan<int> parameters = [SmallModel.Heads, HeadColumns, ProductKernel.WideBits, 1, (int)FunctionKind.Published, -3000, 5856, 17_970_000, 0];
            for (int i = 0; i < parameters.Length; i++)
            {
                operation.Parameters[i] = parameters[i];
            }
            new AttentionRecord(in operation).Score = Stage(1 << 30, 71, 0, 0) with { Rounding = Rounding.HalfEven };
            operation.Stages[0] = Stage(1 << 30, 30, -128, 127);
            return Output(ref operation, 0, ElementType.Int8, Context);
        }

        private ushort Add(ElementType type, int most, params ushort[] inputs)
        {
            OperationRecord operation = Operation(OperationCode.Add, SplitAxis.Rows, inputs);
            operation.Stages[0] = Stage(0, 0, -most, most);
            new AddRecord(in operation).Input(0) = Stage(0, 20, 0, 0) with { Multipliers = builder.Channels(Some(Hidden, 1 << 17, 1 << 20)), Rounding = Rounding.HalfEven };
            if (inputs.Length > 1)
            {
                new AddRecord(in operation).Input(1) = Stage(1 << 28, 20, 0, 0);
            }
            return Output(ref operation, 0, type, Hidden);
        }

        private ushort Gelu(ushort input)
        {
            const int columns = SmallModel.FeedForward, padded = 64;
            OperationRecord operation = Operation(OperationCode.Gate, SplitAxis.Rows, input);
            new GateRecord(in operation).Function = FunctionKind.Published;
            new PublishedGateRecord(in operation).B = builder.Channels(Some(columns, -30_000, -20_000));
            new PublishedGateRecord(in operation).C = Longs(padded, columns, _ => random.NextInt64(-360_000_000, -330_000_000));
            new PublishedGateRecord(in operation).Shift = Longs(padded, columns, _ => -21_134);
            operation.Stages[0] = Stage(0, 54, -128, 127) with { Multipliers = builder.Channels(Some(columns, -1 << 30, -1 << 29)), Rounding = Rounding.HalfEven };
            return Output(ref operation, 0, ElementType.Int8, columns);
        }

        private ushort Logits(ushort input)
        {
            OperationRecord operation = Linear(input, Hidden, SmallModel.Labels.Length);
            operation.Rows = RowRange.First;
            operation.Stages[0] = Stage(0, 40, -1 << 29, 1 << 29) with { Multipliers = builder.Channels(Some(SmallModel.Labels.Length, 1 << 29, 1 << 30)) };
            return Output(ref operation, 0, ElementType.Int32, SmallModel.Labels.Length);
        }

        /// <summary>A product whose accumulators go out as they are, unless stage 0 is set.</summary>
        private OperationRecord Linear(ushort input, int inputs, int outputs)
        {
            OperationRecord operation = Operation(OperationCode.Linear, SplitAxis.Columns, input);
            sbyte[] weights = [.. Enumerable.Range(0, inputs * outputs).Select(_ => (sbyte)random.Next(-127, 128))];
            new LinearRecord(in operation).Weights = builder.Quads(weights, outputs, inputs);
            new LinearRecord(in operation).Bias = builder.Channels(Some(outputs, -1000, 1000));
            new LinearRecord(in operation).ColumnSums = builder.Channels([.. weights.Chunk(inputs).Select(row => row.Sum(w => w))]);
            operation.AccumulatorBound = 1 << 21;
            return operation;
        }

        private static OperationRecord Operation(OperationCode code, SplitAxis split, params ReadOnlySpan<ushort> inputs)
        {
            OperationRecord operation = ModelBuilder.Operation(code, RowRange.All, split, 1);
            inputs.CopyTo(operation.Inputs);
            return operation;
        }

        private static ScaleStage Stage(int multiplier, byte exponent, int low, int high) => new()
        {
            Multiplier = multiplier,
            Exponent = exponent,
            Low = low,
            High = high,
            Multipliers = OperationRecord.None,
            Addends = OperationRecord.None,
        };

        private ushort Output(ref OperationRecord operation, int slot, ElementType type, int columns)
        {
            ushort tensor = builder.Tensor(type, columns, operation.Rows);
            operation.Outputs[slot] = tensor;
            builder.Add(operation);
            return tensor;
        }

        private int[] Some(int count, int least, int most) => [.. Enumerable.Range(0, count).Select(_ => random.Next(least, most))];

        private ushort Longs(int padded, int count, Func<int, long> value) =>
            builder.Rows<long>(ElementType.Int64, [.. Enumerable.Range(0, padded).Select(i => i < count ? value(i) : 0)], 1);
    }
}
