// A very small model of the published I-BERT's operations, written by hand: what the quantizer's int8 scheme never uses.
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Lowering.Records;

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
            HeadEntry head = new()
            {
                Kind = HeadKind.SingleLabel,
                Tensor = logits,
                Labels = (uint)SmallModel.Labels.Length,
                LogitMultiplier = 1,
                LogitExponent = 6,
            };
            return builder.Build(SmallModel.MaxLength, head, SmallModel.Labels, tokenizer.Bytes);
        }

        private ushort Embed(int vocabulary)
        {
            int[] rows = [vocabulary, SmallModel.MaxLength, 2];
            EmbedTable[] tables = new EmbedTable[rows.Length];
            for (int i = 0; i < rows.Length; i++)
            {
                sbyte[] table = new sbyte[rows[i] * 48];
                for (int j = 0; j < table.Length; j++)
                {
                    table[j] = (sbyte)(j % 48 < Hidden ? random.Next(-127, 128) : 0);
                }
                tables[i] = new(builder.Rows<sbyte>(ElementType.Int8, table, rows[i]), builder.Rows<int>(
                    ElementType.Int32, Some(rows[i], 500, 1500), 1));
            }
            ushort output = builder.Tensor(ElementType.Int16, Hidden, RowRange.All);
            return Add(
                new EmbedWriter { Tokens = tables[0], Positions = tables[1], Types = tables[2], Shift = 4, Output = output }, output);
        }

        private ushort PublishedNorm(ushort input)
        {
            ushort output = builder.Tensor(ElementType.Int8, Hidden, RowRange.All);
            return Add(
                new PublishedLayerNormWriter
                {
                    Input = input,
                    Shift = 3,
                    Significand = 0xB504F3,
                    Offsets = Longs(48, Hidden, _ => random.NextInt64(-1L << 55, 1L << 55)),
                    Scale = (Even(Own(52, Hidden, 1 << 29, 1 << 30)) with { Multiplier = 1 << 30 }).To(-128, 127),
                    Output = output,
                },
                output);
        }

        private ushort Norm(ushort input)
        {
            ushort output = builder.Tensor(ElementType.Int8, Hidden, RowRange.First);
            ScaleStage scale = Each(49, Hidden, 1 << 29, 1 << 30) with { Addends = builder.Channels(Some(Hidden, -1 << 18, 1 << 18)) };
            return Add(new LayerNormWriter { Rows = RowRange.First, Input = input, Narrow = output, NarrowStage = scale.To(-128, 127, 3) },
                output);
        }

        /// <summary>Q, K or V with the reference's stale input scale, rescaled to even.</summary>
        private ushort Rescaled(ushort input) => Linear(input, Hidden, Context, ElementType.Int8, linear => linear with
        {
            Scale = Each(39, Context, 1 << 29, 1 << 30).To(-127, 127),
            Rescale = Even(Stage.One((1 << 30) + (1 << 28) + 1, 30)),
        });

        private ushort Accumulators(ushort input, int inputs, int outputs) =>
            Linear(input, inputs, outputs, ElementType.Int32, linear => linear);

        private ushort Attention(ushort[] heads)
        {
            ushort output = builder.Tensor(ElementType.Int8, Context, RowRange.All);
            return Add(
                new PublishedAttentionWriter
                {
                    Queries = heads[0],
                    Keys = heads[1],
                    Values = heads[2],
                    Heads = SmallModel.Heads,
                    HeadColumns = HeadColumns,
                    Bits = ProductKernel.WideBits,
                    X0 = -3000,
                    B = 5856,
                    C = 17_970_000,
                    Score = Even(Stage.One(1 << 30, 71)),
                    Context = Stage.One(1 << 30, 30).To(-128, 127),
                    Output = output,
                },
                output);
        }

        private ushort Add(ElementType type, int most, params ushort[] inputs)
        {
            ushort output = builder.Tensor(type, Hidden, RowRange.All);
            return Add(
                new AddWriter
                {
                    First = new(inputs[0], Even(Own(20, Hidden, 1 << 17, 1 << 20))),
                    Second = inputs.Length > 1 ? new(inputs[1], Stage.One(1 << 28, 20)) : null,
                    Low = -most,
                    High = most,
                    Output = output,
                },
                output);
        }

        private ushort Gelu(ushort input)
        {
            const int columns = SmallModel.FeedForward, padded = 64;
            ushort output = builder.Tensor(ElementType.Int8, columns, RowRange.All);
            return Add(
                new PublishedGateWriter
                {
                    Input = input,
                    B = builder.Channels(Some(columns, -30_000, -20_000)),
                    C = Longs(padded, columns, _ => random.NextInt64(-360_000_000, -330_000_000)),
                    Shift = Longs(padded, columns, _ => -21_134),
                    Scale = Even(Own(54, columns, -1 << 30, -1 << 29)).To(-128, 127),
                    Output = output,
                },
                output);
        }

        private ushort Logits(ushort input) => Linear(input, Hidden, SmallModel.Labels.Length, ElementType.Int32, linear => linear with
        {
            Rows = RowRange.First,
            Scale = Each(40, SmallModel.Labels.Length, 1 << 29, 1 << 30).To(-1 << 29, 1 << 29),
        });

        /// <summary>A product whose accumulators go out as they are, unless a scale is given.</summary>
        private ushort Linear(ushort input, int inputs, int outputs, ElementType type, Func<LinearWriter, LinearWriter> change)
        {
            sbyte[] weights = [.. Enumerable.Range(0, inputs * outputs).Select(_ => (sbyte)random.Next(-127, 128))];
            LinearWriter linear = change(new LinearWriter
            {
                Input = input,
                Weights = builder.Quads(weights, outputs, inputs),
                Bias = builder.Channels(Some(outputs, -1000, 1000)),
                ColumnSums = builder.Channels([.. weights.Chunk(inputs).Select(row => row.Sum(w => w))]),
                AccumulatorBound = 1 << 21,
                Output = OperationRecord.None,
            });
            ushort output = builder.Tensor(type, outputs, linear.Rows);
            return Add(linear with { Output = output }, output);
        }

        /// <summary>Adds an operation of which every row, panel and head is worth a worker's start.</summary>
        private ushort Add(RecordWriter operation, ushort output)
        {
            builder.Add(operation with { Grain = 1 });
            return output;
        }

        private static ScaleStage Even(ScaleStage stage) => stage with { Rounding = Rounding.HalfEven };

        private ScaleStage Each(int exponent, int channels, int least, int most) =>
            Stage.Each(builder.Channels(Some(channels, least, most)), exponent);

        /// <summary>Channels with exponents of their own.</summary>
        private ScaleStage Own(int exponent, int channels, int least, int most) => Stage.Each(
            builder.Channels(Some(channels, least, most)), builder.Channels(Some(Panels.Padded(channels), exponent, exponent + 3)),
            exponent);

        private int[] Some(int count, int least, int most) => [.. Enumerable.Range(0, count).Select(_ => random.Next(least, most))];

        private ushort Longs(int padded, int count, Func<int, long> value) =>
            builder.Rows<long>(ElementType.Int64, [.. Enumerable.Range(0, padded).Select(i => i < count ? value(i) : 0)], 1);
    }
}
