// Models of which one operation takes nearly all the time, in the shapes and with the values that cost it most: what the bound on a model's
// work is calibrated with (IBert.Edge.Benchmarks work) and tested with (WorkTests).
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Lowering.Records;

namespace IBert.Edge.TestSupport;

/// <summary>A model that is slow for its size.</summary>
/// <param name="Name">What takes the time.</param>
/// <param name="Tokens">The longest text.</param>
/// <param name="File">The file.</param>
internal sealed record CostlyModel(string Name, int Tokens, byte[] File);

internal static class CostlyModels
{
    /// <summary>The one that costs what its multiply-accumulates cost: wide products of many rows. All others are measured by it.</summary>
    public static CostlyModel Products(byte[] tokenizer) =>
        Make("products 1024 x 1024, 384 rows", tokenizer, 384, 1024, 4, (build, x) => build.Linear(x, 1024, ElementType.Int8));

    /// <summary>The others.</summary>
    public static IEnumerable<CostlyModel> All(byte[] tokenizer)
    {
        yield return Make(
            "products 1024 x 1024, one row", tokenizer, 3, 1024, 16, (build, x) => build.Linear(x, 1024, ElementType.Int8, RowRange.First));
        yield return Make(
            "products 1024 x 1024, three rows", tokenizer, 3, 1024, 16, (build, x) => build.Linear(x, 1024, ElementType.Int8));
        yield return Make("products 16 x 16 to int8", tokenizer, 2048, 16, 32, (build, x) => build.Linear(x, 16, ElementType.Int8));
        yield return Make(
            "products 16 x 4096 to int8", tokenizer, 512, 16, 8, (build, x) => build.Linear(x, 4096, ElementType.Int8, input: 0));
        yield return Make(
            "products 16 x 4096 to int16", tokenizer, 512, 16, 8, (build, x) => build.Linear(x, 4096, ElementType.Int16, input: 0));
        yield return Make(
            "products 16 x 4096 to int32", tokenizer, 512, 16, 8, (build, x) => build.Linear(x, 4096, ElementType.Int32, input: 0));
        yield return Make(
            "products 4096 x 16 to int8", tokenizer, 512, 4096, 8, (build, x) => build.Linear(x, 16, ElementType.Int8, input: 0));
        yield return Make("products 16 x 4096, rescaled", tokenizer, 512, 16, 8,
            (build, x) => build.Linear(x, 4096, ElementType.Int8, rescaled: true, input: 0));
        yield return Make("products 16 x 4096, accumulators", tokenizer, 512, 16, 8,
            (build, x) => build.Linear(x, 4096, ElementType.Int32, raw: true, input: 0));
        yield return Make("attention of 64 heads of 16", tokenizer, 512, 1024, 2, (build, x) => build.Attention(x, 16, published: false));
        yield return Make("attention of 1 head of 1024", tokenizer, 512, 1024, 4, (build, x) => build.Attention(x, 1024, published: false));
        yield return Make(
            "attention of 8 heads of 16, 2000 tokens", tokenizer, 2000, 128, 1, (build, x) => build.Attention(x, 16, published: false));
        yield return Make("attention of 64 heads of 16, one row", tokenizer, 512, 1024, 16,
            (build, x) => build.Attention(x, 16, published: false, RowRange.First));
        yield return Make("attention of 4 heads of 256, one row", tokenizer, 512, 1024, 16,
            (build, x) => build.Attention(x, 256, published: false, RowRange.First));
        yield return Make(
            "published attention of 16 heads of 16", tokenizer, 512, 256, 1, (build, x) => build.Attention(x, 16, published: true));
        yield return Make("published attention, one score above all", tokenizer, 512, 256, 1,
            (build, x) => build.Attention(x, 16, published: true, x0: -1));
        yield return Make("published attention, all keys -128", tokenizer, 384, 256, 1,
            (build, x) => build.Attention(build.Lowest(x), 256, published: true));
        yield return Make("published attention, all keys -128, one row", tokenizer, 512, 256, 16,
            (build, x) => build.Attention(build.Lowest(x), 256, published: true, RowRange.First));
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

    private static CostlyModel Make(
        string name, byte[] tokenizer, int tokens, int columns, int times, Func<Build, ushort, ushort> operation)
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
        private readonly int tokens, offset;
        private readonly List<(ElementType Type, int Columns, RowRange Rows)> tensors = [];

        // Equal operations share their constants, or the reader would find that they are read too often.
        private readonly Dictionary<string, ushort> constants = [];
        private ushort? longest;

        // Tensors with a row in front.
        private readonly HashSet<ushort> fronted = [];

        /// <param name="tokenizer">Section of the tokenizer.</param>
        /// <param name="tokens">The longest text.</param>
        /// <param name="columns">Width of the model.</param>
        /// <param name="offset">Added to positions.</param>
        public Build(byte[] tokenizer, int tokens, int columns, int offset = 0)
        {
            (this.tokenizer, this.tokens, this.offset) = (tokenizer, tokens, offset);
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

        public IReadOnlyList<ModelSection> Finish() => Finish(Narrow);

        public IReadOnlyList<ModelSection> Finish(ushort last)
        {
            ushort logits = Linear(last, 2, ElementType.Int32, RowRange.First);
            HeadEntry head = new() { Kind = HeadKind.SingleLabel, Tensor = logits, Labels = 2, LogitMultiplier = 1, LogitExponent = 16 };
            return builder.Build(tokens, head, ["a", "b"], tokenizer);
        }

        public ushort Embed(int columns)
        {
            int padded = Panels.Padded(columns);
            EmbedTable[] tables = [.. new[] { BitConverter.ToInt32(tokenizer, 8), tokens + offset, 2 }.Select((rows, i) => new EmbedTable(
                Shared($"table {i} {columns}", () => builder.Rows<sbyte>(
                    ElementType.Int8,
                    [.. Enumerable.Range(0, rows * padded).Select(j => (sbyte)(j % padded < columns ? random.Next(-127, 128) : 0))], rows)),
                Shared($"row multipliers {i}", () => builder.Rows<int>(ElementType.Int32, Some(rows, 500, 1500), 1))))];
            ushort output = Tensor(ElementType.Int16, columns);
            return Add(new EmbedWriter
            {
                Tokens = tables[0],
                Positions = tables[1],
                Types = tables[2],
                Shift = 4,
                PositionOffset = offset,
                Output = output,
            }, output);
        }

        public ushort Norm(ushort input, int columns)
        {
            ScaleStage stage = Stage.Each(Channels("gamma", columns, 1 << 29, 1 << 30), 49) with
            {
                Addends = Channels("beta", columns, -1 << 18, 1 << 18),
            };
            ushort wide = Like(input, ElementType.Int16, columns), narrow = Like(input, ElementType.Int8, columns);
            return Add(
                new LayerNormWriter
                {
                    Input = input,
                    Wide = wide,
                    WideStage = stage.To(short.MinValue, short.MaxValue),
                    Narrow = narrow,
                    NarrowStage = stage.To(sbyte.MinValue, sbyte.MaxValue),
                },
                narrow);
        }

        public ushort PublishedNorm(ushort input, int columns)
        {
            ushort output = Tensor(ElementType.Int8, columns);
            return Add(
                new PublishedLayerNormWriter
                {
                    Input = input,
                    Significand = 0xB504F3,
                    Offsets = Longs("offsets", columns, 1L << 55),
                    Scale = Even(Stage.Each(Channels("gamma", columns, 1 << 29, 1 << 30), Exponents(52, columns), 52))
                        .To(sbyte.MinValue, sbyte.MaxValue),
                    Output = output,
                },
                output);
        }

        public ushort Linear(
            ushort x, int outputs, ElementType type, RowRange rows = RowRange.All, bool rescaled = false, bool raw = false,
            ushort? input = null)
        {
            x = input is null ? x : Narrow;
            int inputs = Columns(x), bits = type == ElementType.Int8 ? 8 : type == ElementType.Int16 ? 16 : 30,
                most = (1 << (bits - 1)) - 1;
            string shape = $"{inputs} {outputs}";
            ushort output = Like(x, type, outputs, rows);
            return Add(
                new LinearWriter
                {
                    Rows = rows,
                    Input = x,
                    Weights = Shared($"weights {shape}", () =>
                    {
                        sbyte[] weights = [.. Enumerable.Range(0, inputs * outputs).Select(_ => (sbyte)random.Next(-127, 128))];
                        constants[$"sums {shape}"] = builder.Channels([.. weights.Chunk(inputs).Select(row => row.Sum(w => w))]);
                        return builder.Quads(weights, outputs, inputs);
                    }),
                    ColumnSums = constants[$"sums {shape}"],
                    Bias = Channels("bias", outputs, -1000, 1000),
                    AccumulatorBound = (1 << 28) - 1,
                    // Attention's inputs are not -128.
                    Scale = raw ? Stage.Unused : Stage.Each(Channels("scale", outputs, 1 << 29, 1 << 30), Math.Max(33, 58 - bits))
                        .To(bits == 8 ? -most : -most - 1, most),
                    Rescale = rescaled ? Even(Stage.One((1 << 30) + 12345, 30)).To(sbyte.MinValue, sbyte.MaxValue) : Stage.Unused,
                    Output = output,
                },
                output);
        }

        public ushort Attention(ushort x, int headColumns, bool published, RowRange rows = RowRange.All, int x0 = -3000)
        {
            int columns = Columns(x);
            ushort input = published ? x : Clipped(x), output = Like(input, ElementType.Int8, columns, rows);
            ScaleStage context = Stage.One(1 << 30, 30).To(sbyte.MinValue, sbyte.MaxValue);
            return Add(
                published
                    ? new PublishedAttentionWriter
                    {
                        Rows = rows,
                        Queries = input,
                        Keys = input,
                        Values = input,
                        Heads = columns / headColumns,
                        HeadColumns = headColumns,
                        Bits = 13,
                        X0 = x0,
                        B = 5856,
                        C = 17_970_000,
                        Score = Even(Stage.One(1 << 30, 71)),
                        Context = context,
                        Output = output,
                    }
                    : new AttentionWriter
                    {
                        Rows = rows,
                        Queries = input,
                        Keys = input,
                        Values = input,
                        Heads = columns / headColumns,
                        HeadColumns = headColumns,
                        Bits = 13,
                        Limit = (1 << 20) - 1,
                        Score = Stage.One(1 << 30, 44),
                        Context = context,
                        Output = output,
                    },
                output);
        }

        public ushort Gate(ushort input, int columns)
        {
            ushort output = Like(input, ElementType.Int8, columns);
            return Add(
                new GateWriter
                {
                    Input = input,
                    Table = Shared("gate", () => builder.Rows<short>(ElementType.Int16, Shorts(GateRecord.Entries), 1)),
                    Multipliers = Shared(
                        $"gate multipliers {columns}", () => builder.Rows<short>(ElementType.Int16, Shorts(Panels.Padded(columns)), 1)),
                    Output = output,
                },
                output);
        }

        public ushort PublishedGate(ushort input, int columns)
        {
            ushort output = Like(input, ElementType.Int8, columns);
            return Add(
                new PublishedGateWriter
                {
                    Input = input,
                    B = Channels("b", columns, -1 << 30, -1 << 29),
                    C = Longs("c", columns, 1L << 60),
                    Shift = Longs("shift", columns, 1L << 60),
                    Scale = Even(Stage.Each(Channels("gate scale", columns, 1 << 29, 1 << 30), Exponents(100, columns), 100))
                        .To(sbyte.MinValue, sbyte.MaxValue),
                    Output = output,
                },
                output);
        }

        public ushort Add(ushort a, ushort b, int columns, ElementType type = ElementType.Int32)
        {
            int most = type == ElementType.Int8 ? 127 : 1 << 29;
            ushort output = Like(a, type, columns);
            return Add(
                new AddWriter
                {
                    First = new(a, Even(Stage.Each(Channels("first", columns, 1 << 17, 1 << 20), Exponents(20, columns), 20))),
                    Second = new(b, Even(Stage.Each(Channels("second", columns, 1 << 17, 1 << 20), Exponents(20, columns), 20))),
                    Low = -most,
                    High = most,
                    Output = output,
                },
                output);
        }

        /// <summary>Int32 as large as they may be, of the model's width; made once.</summary>
        public ushort Longest(ushort x) => longest ??= Rescaled(x, Stage.One(1 << 24, 2), ElementType.Int32, -1 << 29, 1 << 29);

        /// <summary>Int8 that are all -128.</summary>
        public ushort Lowest(ushort x) => Rescaled(x, Stage.One(1, 2), ElementType.Int8, sbyte.MinValue, sbyte.MinValue);

        private ushort Clipped(ushort x) => Rescaled(x, Stage.One(4, 2), ElementType.Int8, -sbyte.MaxValue, sbyte.MaxValue);

        private ushort Rescaled(ushort x, ScaleStage scale, ElementType type, int low, int high)
        {
            ushort output = Like(x, type, Columns(x));
            return Add(new AddWriter { First = new(x, scale), Low = low, High = high, Output = output }, output);
        }

        private static ScaleStage Even(ScaleStage stage) => stage with { Rounding = Rounding.HalfEven };

        /// <summary>The same int16 with a constant row in front.</summary>
        public ushort Fronted(ushort x, ReadOnlySpan<short> row)
        {
            ushort output = Tensor(ElementType.Int16, Columns(x), hasFront: true);
            return Add(
                new AddWriter
                {
                    First = new(x, Stage.One(4, 2)),
                    Front = builder.Rows(ElementType.Int16, row, 1),
                    Low = short.MinValue,
                    High = short.MaxValue,
                    Output = output,
                },
                output);
        }

        /// <summary>Adds an operation of which every row, panel and head is worth a worker's start.</summary>
        private ushort Add(RecordWriter operation, ushort output)
        {
            builder.Add(operation with { Grain = 1 });
            return output;
        }

        private ushort Tensor(ElementType type, int columns, RowRange rows = RowRange.All, bool hasFront = false)
        {
            tensors.Add((type, columns, rows));
            ushort tensor = builder.Tensor(type, columns, rows, hasFront);
            if (hasFront)
            {
                fronted.Add(tensor);
            }
            return tensor;
        }

        /// <summary>A tensor of as many rows as an operation's input, or of its first.</summary>
        private ushort Like(ushort input, ElementType type, int columns, RowRange rows = RowRange.All) =>
            Tensor(type, columns, rows, hasFront: rows == RowRange.All && fronted.Contains(input));

        private ushort Shared(string name, Func<ushort> make)
        {
            if (!constants.TryGetValue(name, out ushort index))
            {
                constants[name] = index = make();
            }
            return index;
        }

        private ushort Channels(string name, int count, int least, int most) =>
            Shared($"{name} {count}", () => builder.Channels(Some(count, least, most)));

        private ushort Exponents(int least, int count) =>
            Shared($"exponents {least} {count}", () => builder.Channels(Some(Panels.Padded(count), least, least + 2)));

        private ushort Longs(string name, int count, long most) => Shared(
            $"{name} {count}", () => builder.Rows<long>(ElementType.Int64,
                [.. Enumerable.Range(0, Panels.Padded(count)).Select(i => i < count ? random.NextInt64(-most, most) : 0)], 1));

        private int[] Some(int count, int least, int most) => [.. Enumerable.Range(0, count).Select(_ => random.Next(least, most))];

        private short[] Shorts(int count) =>
            [.. Enumerable.Range(0, count).Select(_ => (short)random.Next(-short.MaxValue, short.MaxValue))];

    }
}
