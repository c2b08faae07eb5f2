// Models of which one operation takes nearly all the time, in the shapes and with the values that cost it most: what the bound on a model's work
// is calibrated with (IBert.Edge.Benchmarks work) and tested with (WorkTests).
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Quantization.Lowering;

namespace IBert.Edge.TestSupport;

/// <summary>A model that is slow for its size.</summary>
/// <param name="Name">What takes the time.</param>
/// <param name="Tokens">The longest text.</param>
/// <param name="File">The file.</param>
internal sealed record CostlyModel(string Name, int Tokens, byte[] File);

internal static class CostlyModels
{
    /// <summary>The one that costs what its multiply-accumulates cost: wide products of many rows. All others are measured by it.</summary>
    public static CostlyModel Products(byte[] tokenizer) => Make("products 1024 x 1024, 384 rows", tokenizer, 384, 1024, 4, (build, x) => build.Linear(x, 1024, ElementType.Int8));

    /// <summary>The others.</summary>
    public static IEnumerable<CostlyModel> All(byte[] tokenizer)
    {
        yield return Make("products 1024 x 1024, one row", tokenizer, 3, 1024, 16, (build, x) => build.Linear(x, 1024, ElementType.Int8, RowRange.First));
        yield return Make("products 1024 x 1024, three rows", tokenizer, 3, 1024, 16, (build, x) => build.Linear(x, 1024, ElementType.Int8));
        yield return Make("products 16 x 16 to int8", tokenizer, 2048, 16, 32, (build, x) => build.Linear(x, 16, ElementType.Int8));
        yield return Make("products 16 x 4096 to int8", tokenizer, 512, 16, 8, (build, x) => build.Linear(x, 4096, ElementType.Int8, input: 0));
        yield return Make("products 16 x 4096 to int16", tokenizer, 512, 16, 8, (build, x) => build.Linear(x, 4096, ElementType.Int16, input: 0));
        yield return Make("products 16 x 4096 to int32", tokenizer, 512, 16, 8, (build, x) => build.Linear(x, 4096, ElementType.Int32, input: 0));
        yield return Make("products 4096 x 16 to int8", tokenizer, 512, 4096, 8, (build, x) => build.Linear(x, 16, ElementType.Int8, input: 0));
        yield return Make("products 16 x 4096, rescaled", tokenizer, 512, 16, 8, (build, x) => build.Linear(x, 4096, ElementType.Int8, rescaled: true, input: 0));
        yield return Make("products 16 x 4096, accumulators", tokenizer, 512, 16, 8, (build, x) => build.Linear(x, 4096, ElementType.Int32, raw: true, input: 0));
        yield return Make("attention of 64 heads of 16", tokenizer, 512, 1024, 2, (build, x) => build.Attention(x, 16, published: false));
        yield return Make("attention of 1 head of 1024", tokenizer, 512, 1024, 4, (build, x) => build.Attention(x, 1024, published: false));
        yield return Make("attention of 8 heads of 16, 2000 tokens", tokenizer, 2000, 128, 1, (build, x) => build.Attention(x, 16, published: false));
        yield return Make("attention of 64 heads of 16, one row", tokenizer, 512, 1024, 16, (build, x) => build.Attention(x, 16, published: false, RowRange.First));
        yield return Make("attention of 4 heads of 256, one row", tokenizer, 512, 1024, 16, (build, x) => build.Attention(x, 256, published: false, RowRange.First));
        yield return Make("published attention of 16 heads of 16", tokenizer, 512, 256, 1, (build, x) => build.Attention(x, 16, published: true));
        yield return Make("published attention, one score above all", tokenizer, 512, 256, 1, (build, x) => build.Attention(x, 16, published: true, x0: -1));
        yield return Make("published attention, all keys -128", tokenizer, 384, 256, 1, (build, x) => build.Attention(build.Lowest(x), 256, published: true));
        yield return Make("published attention, all keys -128, one row", tokenizer, 512, 256, 16, (build, x) => build.Attention(build.Lowest(x), 256, published: true, RowRange.First));
        yield return Make("LayerNorm of 4096", tokenizer, 512, 4096, 8, (build, x) => build.Norm(build.Wide, 4096));
        yield return Make("LayerNorm of 1", tokenizer, 4096, 1, 32, (build, x) => build.Norm(build.Wide, 1));
        yield return Make("published LayerNorm of 4096", tokenizer, 512, 4096, 4, (build, x) => build.PublishedNorm(build.Wide, 4096));
        yield return Make("published LayerNorm of 1", tokenizer, 4096, 1, 32, (build, x) => build.PublishedNorm(build.Wide, 1));
        yield return Make("gate of 4096", tokenizer, 512, 4096, 8, (build, x) => build.Gate(build.Wide, 4096));
        yield return Make("gate of 1", tokenizer, 4096, 1, 32, (build, x) => build.Gate(build.Wide, 1));
        yield return Make("published gate of 4096", tokenizer, 512, 4096, 2, (build, x) => build.PublishedGate(build.Longest(x), 4096));
        yield return Make("published gate of 1", tokenizer, 4096, 1, 32, (build, x) => build.PublishedGate(build.Longest(x), 1));
        yield return Make("add of 4096", tokenizer, 512, 4096, 4, (build, x) => build.Add(build.Longest(x), build.Longest(x), 4096));
        yield return Make("add of 1", tokenizer, 4096, 1, 32, (build, x) => build.Add(build.Longest(x), build.Longest(x), 1));
        yield return Make("embedding of 4096", tokenizer, 512, 4096, 16, (build, _) => build.Embed(4096));
        yield return Make("embedding of 1", tokenizer, 4096, 1, 32, (build, _) => build.Embed(1));
    }

    private static CostlyModel Make(string name, byte[] tokenizer, int tokens, int columns, int times, Func<Build, ushort, ushort> operation)
    {
        Build build = new(tokenizer, tokens, columns);
        ushort current = build.Narrow;
        for (int i = 0; i < times; i++)
        {
            ushort output = operation(build, current);
            // Where it can be, each reads what the one before wrote; constants are the same.
            current = build.IsNarrow(output) ? output : current;
        }
        return new(name, tokens, ModelBuilder.Assemble(build.Finish()));
    }

    /// <summary>A graph from an embedding to a label, with operations between.</summary>
    internal sealed class Build
    {
        private readonly ModelBuilder builder = new();
        private readonly Random random = new(3);
        private readonly byte[] tokenizer;
        private readonly int tokens;
        private readonly List<(ElementType Type, int Columns, RowRange Rows)> tensors = [];

        // Equal operations share their constants, or the reader would find that they are read too often.
        private readonly Dictionary<string, ushort> constants = [];
        private ushort? longest;

        public Build(byte[] tokenizer, int tokens, int columns)
        {
            (this.tokenizer, this.tokens) = (tokenizer, tokens);
            Wide = Embed(columns);
            Narrow = Norm(Wide, columns);
        }

        /// <summary>Random int16 and int8 of the model's width.</summary>
        public ushort Wide { get; }

        /// <inheritdoc cref="Wide"/>
        public ushort Narrow { get; }

        public int Columns(ushort tensor) => tensors[tensor].Columns;

        /// <summary>Whether it is as <see cref="Narrow"/> is.</summary>
        public bool IsNarrow(ushort tensor) => tensors[tensor] == tensors[Narrow];

        public IReadOnlyList<ModelSection> Finish()
        {
            ushort logits = Linear(Narrow, 2, ElementType.Int32, RowRange.First);
            HeadEntry head = new() { Kind = HeadKind.SingleLabel, Tensor = logits, Labels = 2, LogitMultiplier = 1, LogitExponent = 16 };
            return builder.Build(tokens, head, ["a", "b"], tokenizer);
        }

        public ushort Embed(int columns)
        {
            int padded = Padded(columns);
            OperationRecord operation = ModelBuilder.Operation(OperationCode.Embed, RowRange.All, SplitAxis.Rows, 1);
            int[] rows = [BitConverter.ToInt32(tokenizer, 8), tokens, 2];
            for (int i = 0; i < rows.Length; i++)
            {
                int count = rows[i];
                operation.Constants[2 * i] = Shared($"table {i} {columns}", () => builder.Rows<sbyte>(
                    ElementType.Int8, [.. Enumerable.Range(0, count * padded).Select(j => (sbyte)(j % padded < columns ? random.Next(-127, 128) : 0))], count));
                operation.Constants[(2 * i) + 1] = Shared($"row multipliers {i}", () => builder.Rows<int>(ElementType.Int32, Some(count, 500, 1500), 1));
            }
            new EmbedRecord(in operation).Shift = 4;
            return Output(ref operation, 0, ElementType.Int16, columns);
        }

        public ushort Norm(ushort input, int columns)
        {
            OperationRecord operation = ModelBuilder.Operation(OperationCode.LayerNorm, RowRange.All, SplitAxis.Rows, 1);
            operation.Inputs[0] = input;
            operation.Stages[0] = operation.Stages[1] = Stage(49, 8) with { Multipliers = Channels("gamma", columns, 1 << 29, 1 << 30), Addends = Channels("beta", columns, -1 << 18, 1 << 18) };
            (operation.Stages[0].Low, operation.Stages[0].High) = (short.MinValue, short.MaxValue);
            operation.Outputs[0] = Tensor(ElementType.Int16, columns);
            return Output(ref operation, 1, ElementType.Int8, columns);
        }

        public ushort PublishedNorm(ushort input, int columns)
        {
            OperationRecord operation = ModelBuilder.Operation(OperationCode.LayerNorm, RowRange.All, SplitAxis.Rows, 1);
            operation.Inputs[0] = input;
            new LayerNormRecord(in operation).Function = FunctionKind.Published;
            new PublishedLayerNormRecord(in operation).Significand = 0xB504F3;
            new PublishedLayerNormRecord(in operation).Offsets = Longs("offsets", columns, 1L << 55);
            operation.Stages[1] = Stage(52, 8) with { Multipliers = Channels("gamma", columns, 1 << 29, 1 << 30), Rounding = Rounding.HalfEven };
            return Output(ref operation, 1, ElementType.Int8, columns);
        }

        public ushort Linear(
            ushort x, int outputs, ElementType type, RowRange rows = RowRange.All, bool rescaled = false, bool raw = false, ushort? input = null)
        {
            x = input is null ? x : Narrow;
            int inputs = Columns(x);
            string shape = $"{inputs} {outputs}";
            OperationRecord operation = ModelBuilder.Operation(OperationCode.Linear, rows, SplitAxis.Columns, 1);
            operation.Inputs[0] = x;
            new LinearRecord(in operation).Weights = Shared($"weights {shape}", () =>
            {
                sbyte[] weights = [.. Enumerable.Range(0, inputs * outputs).Select(_ => (sbyte)random.Next(-127, 128))];
                constants[$"sums {shape}"] = builder.Channels([.. weights.Chunk(inputs).Select(row => row.Sum(w => w))]);
                return builder.Quads(weights, outputs, inputs);
            });
            new LinearRecord(in operation).ColumnSums = constants[$"sums {shape}"];
            new LinearRecord(in operation).Bias = Channels("bias", outputs, -1000, 1000);
            operation.AccumulatorBound = (1 << 28) - 1;
            if (!raw)
            {
                int bits = type == ElementType.Int8 ? 8 : type == ElementType.Int16 ? 16 : 30;
                operation.Stages[0] = Stage(Math.Max(33, 58 - bits), bits) with { Multipliers = Channels("scale", outputs, 1 << 29, 1 << 30), Low = -(1 << (bits - 1)), High = (1 << (bits - 1)) - 1 };
                if (type == ElementType.Int8)
                {
                    // Attention's inputs.
                    operation.Stages[0].Low = -127;
                }
            }
            if (rescaled)
            {
                new LinearRecord(in operation).Rescale = Stage(30, 8) with { Multiplier = (1 << 30) + 12345, Rounding = Rounding.HalfEven };
            }
            return Output(ref operation, 0, type, outputs);
        }

        public ushort Attention(ushort x, int headColumns, bool published, RowRange rows = RowRange.All, int x0 = -3000)
        {
            int columns = Columns(x);
            OperationRecord operation = ModelBuilder.Operation(OperationCode.Attention, rows, SplitAxis.Heads, 1);
            ushort input = published ? x : Clipped(x);
            (operation.Inputs[0], operation.Inputs[1], operation.Inputs[2]) = (input, input, input);
            ReadOnlySpan<int> parameters =
            [
                columns / headColumns, headColumns, 13, (1 << 20) - 1, (int)(published ? FunctionKind.Published : FunctionKind.Closest), x0, 5856, 17_970_000, 0,
            ];
            for (int i = 0; i < parameters.Length; i++)
            {
                operation.Parameters[i] = parameters[i];
            }
            new AttentionRecord(in operation).Score = published
                ? Stage(71, 8) with { Multiplier = 1 << 30, Rounding = Rounding.HalfEven }
                : Stage(44, 8) with { Multiplier = 1 << 30 };
            operation.Stages[0] = Stage(30, 8) with { Multiplier = 1 << 30 };
            return Output(ref operation, 0, ElementType.Int8, columns);
        }

        public ushort Gate(ushort input, int columns)
        {
            OperationRecord operation = ModelBuilder.Operation(OperationCode.Gate, RowRange.All, SplitAxis.Rows, 1);
            operation.Inputs[0] = input;
            new GateRecord(in operation).Table = Shared("gate", () => builder.Rows<short>(ElementType.Int16, Shorts(GateRecord.Entries), 1));
            new GateRecord(in operation).Multipliers = Shared($"gate multipliers {columns}", () => builder.Rows<short>(ElementType.Int16, Shorts(Padded(columns)), 1));
            (operation.Stages[0].Low, operation.Stages[0].High) = (sbyte.MinValue, sbyte.MaxValue);
            return Output(ref operation, 0, ElementType.Int8, columns);
        }

        public ushort PublishedGate(ushort input, int columns)
        {
            OperationRecord operation = ModelBuilder.Operation(OperationCode.Gate, RowRange.All, SplitAxis.Rows, 1);
            operation.Inputs[0] = input;
            new GateRecord(in operation).Function = FunctionKind.Published;
            new PublishedGateRecord(in operation).B = Channels("b", columns, -1 << 30, -1 << 29);
            new PublishedGateRecord(in operation).C = Longs("c", columns, 1L << 60);
            new PublishedGateRecord(in operation).Shift = Longs("shift", columns, 1L << 60);
            operation.Stages[0] = Stage(100, 8) with { Multipliers = Channels("gate scale", columns, 1 << 29, 1 << 30), Rounding = Rounding.HalfEven };
            return Output(ref operation, 0, ElementType.Int8, columns);
        }

        public ushort Add(ushort a, ushort b, int columns, ElementType type = ElementType.Int32)
        {
            OperationRecord operation = ModelBuilder.Operation(OperationCode.Add, RowRange.All, SplitAxis.Rows, 1);
            (operation.Inputs[0], operation.Inputs[1]) = (a, b);
            int most = type == ElementType.Int8 ? 127 : 1 << 29;
            operation.Stages[0] = Stage(0, 8) with { Low = -most, High = most };
            new AddRecord(in operation).Input(0) = Stage(20, 8) with { Multipliers = Channels("first", columns, 1 << 17, 1 << 20), Rounding = Rounding.HalfEven };
            new AddRecord(in operation).Input(1) = Stage(20, 8) with { Multipliers = Channels("second", columns, 1 << 17, 1 << 20), Rounding = Rounding.HalfEven };
            return Output(ref operation, 0, type, columns);
        }

        /// <summary>Int32 as large as they may be, of the model's width; made once.</summary>
        public ushort Longest(ushort x)
        {
            if (longest is null)
            {
                OperationRecord operation = ModelBuilder.Operation(OperationCode.Add, RowRange.All, SplitAxis.Rows, 1);
                operation.Inputs[0] = x;
                operation.Stages[0] = Stage(0, 8) with { Low = -1 << 29, High = 1 << 29 };
                new AddRecord(in operation).Input(0) = Stage(2, 8) with { Multiplier = 1 << 24 };
                longest = Output(ref operation, 0, ElementType.Int32, Columns(x));
            }
            return longest.Value;
        }

        /// <summary>Int8 that are all -128.</summary>
        public ushort Lowest(ushort x)
        {
            OperationRecord operation = ModelBuilder.Operation(OperationCode.Add, RowRange.All, SplitAxis.Rows, 1);
            operation.Inputs[0] = x;
            operation.Stages[0] = Stage(0, 8) with { High = -128 };
            new AddRecord(in operation).Input(0) = Stage(2, 8) with { Multiplier = 1 };
            return Output(ref operation, 0, ElementType.Int8, Columns(x));
        }

        private ushort Clipped(ushort x)
        {
            OperationRecord operation = ModelBuilder.Operation(OperationCode.Add, RowRange.All, SplitAxis.Rows, 1);
            operation.Inputs[0] = x;
            operation.Stages[0] = Stage(0, 8) with { Low = -127 };
            new AddRecord(in operation).Input(0) = Stage(2, 8) with { Multiplier = 4 };
            return Output(ref operation, 0, ElementType.Int8, Columns(x));
        }

        private static ScaleStage Stage(int exponent, int bits) => new()
        {
            Exponent = (byte)exponent,
            Low = -(1 << (bits - 1)),
            High = (1 << (bits - 1)) - 1,
            Multipliers = OperationRecord.None,
            Addends = OperationRecord.None,
        };

        private ushort Tensor(ElementType type, int columns, RowRange rows = RowRange.All)
        {
            tensors.Add((type, columns, rows));
            return builder.Tensor(type, columns, rows);
        }

        private ushort Output(ref OperationRecord operation, int slot, ElementType type, int columns)
        {
            ushort tensor = Tensor(type, columns, operation.Rows);
            operation.Outputs[slot] = tensor;
            builder.Add(operation);
            return tensor;
        }

        private ushort Shared(string name, Func<ushort> make)
        {
            if (!constants.TryGetValue(name, out ushort index))
            {
                constants[name] = index = make();
            }
            return index;
        }

        private ushort Channels(string name, int count, int least, int most) => Shared($"{name} {count}", () => builder.Channels(Some(count, least, most)));

        private ushort Longs(string name, int count, long most) => Shared(
            $"{name} {count}", () => builder.Rows<long>(ElementType.Int64, [.. Enumerable.Range(0, Padded(count)).Select(i => i < count ? random.NextInt64(-most, most) : 0)], 1));

        private int[] Some(int count, int least, int most) => [.. Enumerable.Range(0, count).Select(_ => random.Next(least, most))];

        private short[] Shorts(int count) => [.. Enumerable.Range(0, count).Select(_ => (short)random.Next(-short.MaxValue, short.MaxValue))];

        private static int Padded(int count) => (count + ProductKernel.PanelColumns - 1) & -ProductKernel.PanelColumns;
    }
}
