// Attacks on what the verifier proves, one by one: each is refused, and the message says what is wrong.
using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests.Hostile;

public sealed class AttackTests
{
    private delegate void Change(Draft draft);

    private static readonly Dictionary<string, (string Expected, Change Change)> s_attacks = new()
    {
        // The graph
        ["input of another kind"] = ("reads inputs of kind 2", d => d.Graph.Input = (InputKind)2),
        ["no tokens"] = ("takes 0 tokens", d => d.Graph.MaxLength = 0),
        ["fewer tokens than special ones"] = ("takes 2 tokens, not 3 to", d => d.Graph.MaxLength = 2),
        ["four billion tokens"] = ("takes 4294967295 tokens", d => d.Graph.MaxLength = uint.MaxValue),
        ["more tokens than positions"] = ("table 1 has 16 rows for 17 values", d => d.Graph.MaxLength = 17),
        ["an arena of more than a gigabyte"] = ("more than 1 GiB", d => d.Graph.ArenaPerToken = 1 << 30),
        ["an arena whose size overflows"] = ("more than 1 GiB", d => (d.Graph.ArenaFixed, d.Graph.ArenaPerToken) = (ulong.MaxValue, 1)),
        ["an arena too small for every length"] = ("lies outside the arena", d => d.Graph.ArenaFixed = 0),
        ["an arena too small for long texts"] = ("lies outside the arena",
            d => (d.Graph.ArenaFixed, d.Graph.ArenaPerToken) = (d.Graph.ArenaFixed + 64, d.Graph.ArenaPerToken - 64)),

        // Tensors
        ["a tensor of no type"] = ("tensor 0 has type 0", d => d.Tensors[0].Type = 0),
        ["a tensor of 64 bits"] = ("tensor 0 has type 4", d => d.Tensors[0].Type = ElementType.Int64),
        ["a tensor without columns"] = ("has 0 columns", d => d.Tensors[0].Columns = 0),
        ["a tensor whose padded columns overflow"] = ("has 4294967295 columns", d => d.Tensors[0].Columns = uint.MaxValue),
        ["rows counted in a reserved way"] = ("counts its rows by 4", d => d.Tensors[0].Rows = (RowCount)4),
        ["no fixed rows"] = ("has 0 fixed rows", d => d.Tensors[0].Rows = RowCount.Fixed),
        ["fixed rows that are a sequence's"] = ("has 7 fixed rows", d => d.Tensors[0].FixedRows = 7),
        ["all rows into one"] =
            ("writes all rows into tensor 0, which has 1", d => (d.Tensors[0].Rows, d.Tensors[0].FixedRows) = (RowCount.Fixed, 1)),
        ["a tensor beyond the arena"] =
            ("lies outside the arena", d => d.Tensors[0].OffsetFixed = d.Graph.ArenaFixed + (16 * d.Graph.ArenaPerToken)),
        ["a tensor beyond the arena for long texts"] =
            ("lies outside the arena", d => d.Tensors[0].OffsetPerToken += d.Graph.ArenaPerToken),
        ["an offset that overflows"] = ("lies outside the arena", d => d.Tensors[0].OffsetPerToken = ulong.MaxValue - 63),
        ["an offset that is not aligned"] = ("is not aligned", d => d.Tensors[0].OffsetFixed += 16),
        ["an output over its input"] =
            ("over its input", d => Over(d, d.First(OperationCode.Linear).Outputs[0], d.First(OperationCode.Linear).Inputs[0])),
        ["an output over its input at one length"] =
            ("over its input", d => Cross(d, d.First(OperationCode.Linear).Outputs[0], d.First(OperationCode.Linear).Inputs[0])),
        ["K written over Q"] = ("was not written or was overwritten",
            d => Over(d, d.First(OperationCode.Attention).Inputs[1], d.First(OperationCode.Attention).Inputs[0])),
        ["a LayerNorm whose outputs overlap"] =
            ("over each other", d => Over(d, d.First(OperationCode.LayerNorm).Outputs[0], d.First(OperationCode.LayerNorm).Outputs[1])),

        // Constants
        ["a constant beyond DATA"] = ("lies outside section DATA", d => d.Constants[3].Offset = (ulong)d[SectionKind.Data].Length),
        ["a constant whose end overflows"] = ("lies outside section DATA", d => d.Constants[3].Offset = ulong.MaxValue - 63),
        ["a constant that is not aligned"] = ("lies outside section DATA", d => d.Constants[3].Offset += 4),
        ["a constant without rows"] = ("has 0 x ", d => d.Constants[3].Rows = 0),
        ["sizes whose product overflows"] = ("has 2147483648 x 2147483648 elements",
            d => (d.Constants[3].Rows, d.Constants[3].Columns, d.Constants[3].Length) = (1u << 31, 1u << 31, 0)),
        ["fewer bytes than elements"] = ("bytes for", d => d.Constants[3].Length -= 64),
        ["weights of 4 bits"] = ("codes, blocks or flags", d => d.Constants[0].Bits = 4),
        ["a codebook"] = ("codes, blocks or flags", d => d.Constants[0].Codebook = 1),
        ["an unknown layout"] = ("has layout 2", d => d.Constants[0].Layout = (ConstantLayout)2),

        // Operations
        ["an unknown operation"] =
            ("has code 99", d => (d.Operations[1].Code, d.Operations[1].Split) = ((OperationCode)99, SplitAxis.Rows)),
        ["an unknown flag"] = ("has flags", d => d.Operations[1].Flags = 1),
        ["scratch for workers"] = ("has flags", d => d.Operations[1].WorkerScratch = 64),
        ["rows counted otherwise"] = ("computes rows 2", d => d.Operations[1].Rows = (RowRange)2),
        ["work cut along another axis"] = ("is cut along 3, not 2", d => d.First(OperationCode.Linear).Split = SplitAxis.Heads),
        ["a tensor that does not exist"] = ("names tensor 4096", d => d.Operations[1].Inputs[0] = 4096),
        ["a constant that does not exist"] = ("names constant 16384", d => d.Operations[1].Constants[9] = 16384),
        ["multipliers that do not exist in a stage without use"] =
            ("names constant 20000", d => new LinearRecord(in d.First(OperationCode.Linear)).Rescale.Multipliers = 20000),
        ["an input left out"] = ("lacks input 0", d => d.Operations[1].Inputs[0] = OperationRecord.None),
        ["weights left out"] = ("lacks a constant", d => new LinearRecord(in d.First(OperationCode.Linear)).Weights = OperationRecord.None),
        ["operations in another order"] = ("was not written", d => d.Rearrange(list => list.Reverse())),
        ["the first operation left out"] = ("was not written", d => d.Rearrange(list => list.RemoveAt(0))),
        ["all rows of what has only its first"] = ("was not written", d => AllRowsOfFirst(d)),

        // Embed
        ["a shift of nothing"] = ("shifts the sum by 0", d => Embed(d).Shift = 0),
        ["a shift of 31"] = ("shifts the sum by 31", d => Embed(d).Shift = 31),
        ["positions before the table"] = ("moves positions by -1", d => Embed(d).PositionOffset = -1),
        ["positions beyond the table"] = ("has 16 rows for 17", d => Embed(d).PositionOffset = 1),
        ["an unplaced id without a row"] = ("gives id 3 the row before", d => Embed(d).UnplacedIdPlusOne = 4),
        ["an unplaced id below all"] = ("gives id -2 the row before", d => Unplaced(d, -1)),
        ["an unplaced id beyond the vocabulary"] = ("gives id 2147483646 the row before", d => Unplaced(d, int.MaxValue)),
        ["fewer word rows than ids"] =
            ("table 0 has 16 rows for", d => (Embed(d).Table(EmbedRecord.Tokens), Embed(d).Multipliers(EmbedRecord.Tokens))
            = (Embed(d).Table(EmbedRecord.Positions), Embed(d).Multipliers(EmbedRecord.Positions))),
        ["a sum beyond 32 bits"] = ("overflow 32 bits", d => d.Values<int>(Embed(d).Multipliers(EmbedRecord.Tokens))[5] = int.MaxValue),
        ["a row multiplier of -2^31"] =
            ("multiplier of -2^31", d => d.Values<int>(Embed(d).Multipliers(EmbedRecord.Tokens))[5] = int.MinValue),
        ["something in the padding of a table"] =
            ("table 0 has padding that is not zero", d => d.Values<sbyte>(Embed(d).Table(EmbedRecord.Tokens))[47] = 1),
        ["no table at all"] = ("has no table", d => ((Span<ushort>)d.First(OperationCode.Embed).Constants).Fill(OperationRecord.None)),

        // LayerNorm
        ["a negative epsilon"] =
            ("has an epsilon", d => new LayerNormRecord(in d.First(OperationCode.LayerNorm)).Epsilon = (long)(-1) << 32),
        ["an epsilon that overflows the variance"] =
            ("has an epsilon", d => new LayerNormRecord(in d.First(OperationCode.LayerNorm)).Epsilon = (long)(1 << 29) << 32),
        ["an unknown function"] =
            ("computes function 2", d => new LayerNormRecord(in d.First(OperationCode.LayerNorm)).Function = (FunctionKind)2),
        ["an addend of 31 bits"] = ("addends of more than 30 bits",
            d => d.Values<int>(new LayerNormRecord(in d.First(OperationCode.LayerNorm)).NarrowStage.Addends)[0] = 1 << 30),
        ["a pre-shift before a sum"] =
            ("after a shift by 1", d => new LayerNormRecord(in d.First(OperationCode.LayerNorm)).NarrowStage.PreShift = 1),
        ["a gamma in the padding"] = ("padding that is not zero",
            d => d.Values<int>(new LayerNormRecord(in d.First(OperationCode.LayerNorm)).WideStage.Multipliers)[40] = 1),
        ["a zero point in the residual stream"] = ("gives the residual stream a zero point",
            d => new LayerNormRecord(in d.First(OperationCode.LayerNorm)).WideStage.ZeroPoint = 1),
        ["a residual stream whose padding is clamped away from zero"] =
            ("sums the padding", d => new LayerNormRecord(in d.First(OperationCode.LayerNorm)).WideStage.Low = 1),
        ["a branch whose padding has a zero point"] =
            ("sums the padding", d => new LinearRecord(in SecondInputOfNorm(d)).Output.ZeroPoint = 5),

        // Linear
        ["a weight of -128"] =
            ("has a weight of -128", d => d.Values<sbyte>(new LinearRecord(in d.First(OperationCode.Linear)).Weights)[0] = -128),
        ["a column sum that is not"] =
            ("column sum that is not", d => d.Values<int>(new LinearRecord(in d.First(OperationCode.Linear)).ColumnSums)[1]++),
        ["a huge bias"] =
            ("above its bound", d => d.Values<int>(new LinearRecord(in d.First(OperationCode.Linear)).Bias)[1] = int.MinValue),
        ["a bias in the padding"] = ("padding that is not zero", d => d.Values<int>(new LinearRecord(in Padded(d)).Bias)[^1] = 1),
        ["weights in the padding"] = ("has weights in its padding", d =>
        {
            d.Values<sbyte>(new LinearRecord(in Padded(d)).Weights)[^1] = 1;
            d.Values<int>(new LinearRecord(in Padded(d)).ColumnSums)[^1] = 1;
        }
        ),
        ["an accumulator that a shift overflows"] = ("before a shift by", d => d.First(OperationCode.Linear).AccumulatorBound = 1u << 31),
        ["a bound of nothing"] = ("above its bound 0", d => d.First(OperationCode.Linear).AccumulatorBound = 0),
        ["a pre-shift of 25"] = ("after a shift by 25", d => new LinearRecord(in d.First(OperationCode.Linear)).Output.PreShift = 25),
        ["an exponent of 32"] = ("scales by 2^-32", d => new LinearRecord(in d.First(OperationCode.Linear)).Output.Exponent = 32),
        ["an exponent of 63"] = ("scales by 2^-63", d => new LinearRecord(in d.First(OperationCode.Linear)).Output.Exponent = 63),
        ["an unknown rounding"] =
            ("rounds by rule 2", d => new LinearRecord(in d.First(OperationCode.Linear)).Output.Rounding = (Rounding)2),
        ["a multiplier of -2^31"] = ("multiplier of -2^31",
            d => d.Values<int>(new LinearRecord(in d.First(OperationCode.Linear)).Output.Multipliers)[0] = int.MinValue),
        ["a clamp beyond int8"] = ("clamps to -129..", d => new LinearRecord(in d.First(OperationCode.Linear)).Output.Low = -129),
        ["a clamp upside down"] = ("clamps to 1..0", d => (new LinearRecord(in d.First(OperationCode.Linear)).Output.Low,
            new LinearRecord(in d.First(OperationCode.Linear)).Output.High) = (1, 0)),
        ["a zero point beyond int8"] =
            ("has zero point 128", d => new LinearRecord(in d.First(OperationCode.Linear)).Output.ZeroPoint = 128),
        ["a second output"] = ("has a second output", d => d.First(OperationCode.Linear).Outputs[1] = 0),
        ["accumulators as they are into int8"] =
            ("into less than 32 bits", d => new LinearRecord(in d.First(OperationCode.Linear)).Output.Exponent = 0),
        ["a rescaled accumulator of 30 bits"] = ("more than 29 bits", d => Rescale(d, 1 << 29)),
        ["a rescaling factor of two and more"] = ("scales by 2^-29", d => Rescale(d, 1 << 20, exponent: 29)),

        // Attention
        ["no heads"] = ("has 0 heads", d => new AttentionRecord(in d.First(OperationCode.Attention)).Heads = 0),
        ["heads of a negative width"] = ("heads of -16", d => new AttentionRecord(in d.First(OperationCode.Attention)).HeadColumns = -16),
        ["heads that are no multiple of 16"] = ("heads of 8", d => (new AttentionRecord(in d.First(OperationCode.Attention)).Heads,
            new AttentionRecord(in d.First(OperationCode.Attention)).HeadColumns) = (8, 8)),
        ["heads whose width overflows"] = ("has 65536 heads of 65536", d => (new AttentionRecord(in d.First(OperationCode.Attention)).Heads,
            new AttentionRecord(in d.First(OperationCode.Attention)).HeadColumns) = (1 << 16, 1 << 16)),
        ["more heads than columns"] =
            ("reads a tensor of 64 columns for 3 heads", d => new AttentionRecord(in d.First(OperationCode.Attention)).Heads = 3),
        ["exponentials of 15 bits"] =
            ("has exponentials of 15 bits", d => new AttentionRecord(in d.First(OperationCode.Attention)).Bits = 15),
        ["a limit of nothing"] = ("score differences up to 0", d => new AttentionRecord(in d.First(OperationCode.Attention)).Limit = 0),
        ["a limit that a shift overflows"] = ("score differences up to",
            d => (new AttentionRecord(in d.First(OperationCode.Attention)).Limit,
                new AttentionRecord(in d.First(OperationCode.Attention)).Score.PreShift) = (1 << 30, 1)),
        ["exponentials that grow with distance"] =
            ("scales scores in a way", d => new AttentionRecord(in d.First(OperationCode.Attention)).Score.Multiplier = -1),
        ["a context ratio of few bits"] =
            ("scales the context in a way", d => new AttentionRecord(in d.First(OperationCode.Attention)).Context.Multiplier = 1),
        ["a context shift below one"] =
            ("scales the context by", d => new AttentionRecord(in d.First(OperationCode.Attention)).Context.Exponent = 1),
        ["a context shift above thirty"] =
            ("scales the context by", d => new AttentionRecord(in d.First(OperationCode.Attention)).Context.Exponent = 60),
        ["K that may be -128"] =
            ("may be -128", d => new LinearRecord(in d.Producer(d.First(OperationCode.Attention).Inputs[1])).Output.Low = -128),

        // Gate
        ["a factor of -2^15"] =
            ("has a factor of -2^15", d => d.Values<short>(new GateRecord(in d.First(OperationCode.Gate)).Table)[4095] = short.MinValue),
        ["a short table"] = ("reads 4096 values from a constant of 1 x",
            d => new GateRecord(in d.First(OperationCode.Gate)).Table = new GateRecord(in d.First(OperationCode.Gate)).Multipliers),
        ["a clamp that the kernel does not know"] =
            ("clamps to something else", d => new GateRecord(in d.First(OperationCode.Gate)).Output.Low = 0),

        // The head
        ["a head of another kind"] = ("head of kind 9", d => d.Head.Kind = (HeadKind)9),
        ["logits that are not int32"] = ("reads logits that no operation wrote", d => d.Head.Tensor = 0),
        ["logits of no tensor"] = ("reads logits that no operation wrote", d => d.Head.Tensor = OperationRecord.None),
        ["logits of another row"] = ("reads logits that no operation wrote", d => d.Head.Row = 1),
        ["more labels than logits"] = ("4 labels", d => d.Head.Labels = 4),
        ["a negative logit scale"] = ("logit scale", d => d.Head.LogitMultiplier = -1),
        ["a logit scale of 2^-63"] = ("logit scale", d => d.Head.LogitExponent = 63),

        // Labels
        ["no labels"] = ("states 0 labels", d => d[SectionKind.Labels][0] = 0),
        ["four billion labels"] = ("states 4294967295 labels", d => d[SectionKind.Labels].AsSpan(0, 4).Fill(0xFF)),
        ["labels that go back"] = ("label 0 lies outside", d => d[SectionKind.Labels][4] = 200),
        ["labels beyond the section"] = ("lies outside the section", d => d[SectionKind.Labels][16] = 200),
        ["labels of 17 MB"] = ("is longer than", d => d[SectionKind.Labels] = [.. d[SectionKind.Labels], .. new byte[17 << 20]]),

        ["a label that ends the line"] =
            ("label 0 has the control character U+000A", d => d[SectionKind.Labels] = LabelSection("a\nb", "c", "d")),
        ["a label that sets a terminal's title"] =
            ("label 1 has the control character U+001B", d => d[SectionKind.Labels] = LabelSection("a", "\e]0;owned\a", "d")),
        ["a label with DEL"] = ("label 2 has the control character U+007F", d => d[SectionKind.Labels] = LabelSection("a", "b", "c\u007F")),
        ["a label with a control of the second range"] =
            ("label 0 has the control character U+009B", d => d[SectionKind.Labels] = LabelSection("\u009B31m", "b", "c")),
        ["a label with a line separator"] =
            ("label 0 has the control character U+2028", d => d[SectionKind.Labels] = LabelSection("a\u2028b", "c", "d")),
        ["a label that turns what follows around"] =
            ("label 0 has the control character U+202E", d => d[SectionKind.Labels] = LabelSection("\u202Eevitagen", "b", "c")),
        ["a label that isolates what follows"] =
            ("label 0 has the control character U+2067", d => d[SectionKind.Labels] = LabelSection("\u2067a", "b", "c")),
        ["a label that is not UTF-8"] = ("the name of label 1 is not UTF-8", d => d[SectionKind.Labels][^5] = 0xFF),
        ["a label without a name"] = ("label 2 has no name", d => d[SectionKind.Labels] = LabelSection("a", "b", "")),
        ["two labels of one name"] = ("labels 0 and 2 have the same name", d => d[SectionKind.Labels] = LabelSection("a", "b", "a")),

        // The tokenizer, which HostileTokenizerTests attacks alone
        ["a tokenizer without special tokens"] =
            ("has no special token", d => d[SectionKind.Tokenizer] = WithoutSpecialTokens(d[SectionKind.Tokenizer])),

        // Time
        ["weights read by thousands of operations"] = ("again and again", d => Repeat(d, OperationCode.Linear)),
        ["attention for weeks"] = ("is more than can be done in a text of 32768 tokens", d => LongestAttention(d)),
    };

    /// <summary>Attacks on the operations that the published I-BERT has and the int8 scheme has not.</summary>
    private static readonly Dictionary<string, (string Expected, Change Change)> s_publishedAttacks = new()
    {
        ["probabilities above one by a negative multiplier"] =
            ("or a negative one", d => new AttentionRecord(in d.First(OperationCode.Attention)).Score.Multiplier = -1),
        ["an exponential with a step of zero"] =
            ("constants of the exponential", d => new PublishedAttentionRecord(in d.First(OperationCode.Attention)).X0 = 0),
        ["an exponential with a positive step"] =
            ("constants of the exponential", d => new PublishedAttentionRecord(in d.First(OperationCode.Attention)).X0 = 1),
        ["an exponential whose constant overflows"] = ("constants of the exponential",
            d => new PublishedAttentionRecord(in d.First(OperationCode.Attention)).C = (long)(int.MaxValue) << 32),
        ["probabilities in eight bits, of which one takes nine"] =
            ("constants of the exponential", d => new AttentionRecord(in d.First(OperationCode.Attention)).Bits = 8),
        ["a score shift beyond 128 bits"] =
            ("scales by 2^-127", d => new AttentionRecord(in d.First(OperationCode.Attention)).Score.Exponent = 127),
        ["a clip above zero"] =
            ("clips to a bound above zero", d => d.Values<int>(new PublishedGateRecord(in d.First(OperationCode.Gate)).B)[0] = 1),
        ["a clip of -2^31"] = ("clips to a bound above zero",
            d => d.Values<int>(new PublishedGateRecord(in d.First(OperationCode.Gate)).B)[0] = int.MinValue),
        ["a polynomial of 62 bits"] =
            ("more than 61 bits", d => d.Values<long>(new PublishedGateRecord(in d.First(OperationCode.Gate)).C)[0] = long.MinValue),
        ["a GELU without multipliers"] = ("lacks multipliers", d =>
        {
            ref ScaleStage stage = ref new GateRecord(in d.First(OperationCode.Gate)).Output;
            (stage.Multipliers, stage.Addends) = (OperationRecord.None, OperationRecord.None);
        }
        ),
        ["a channel's exponent beyond 64 bits"] = (
            "scales a channel by 2^-63", d =>
                d.Values<int>(new LayerNormRecord(in d.First(OperationCode.LayerNorm)).NarrowStage.Addends)[0] = 63),
        ["no exponent in the padding"] =
            ("scales a channel by 2^-0", d => d.Values<int>(new AddRecord(in d.First(OperationCode.Add)).Input(0).Addends)[^1] = 0),
        ["a negative exponent"] =
            ("scales a channel by 2^--1", d => d.Values<int>(new GateRecord(in d.First(OperationCode.Gate)).Output.Addends)[1] = -1),
        ["exponents by channel of one multiplier"] = (
            "one multiplier for all", d => new AddRecord(in d.First(OperationCode.Add)).Input(0).Multipliers = OperationRecord.None),
        ["an offset of 62 bits"] = ("more than 61 bits",
            d => d.Values<long>(new PublishedLayerNormRecord(in d.First(OperationCode.LayerNorm)).Offsets)[0] = 1L << 61),
        ["a shift of deviations by 31"] =
            ("shifts deviations by 31", d => new PublishedLayerNormRecord(in d.First(OperationCode.LayerNorm)).Shift = 31),
        ["an input scale without a significand"] =
            ("which is not of 24 bits", d => new PublishedLayerNormRecord(in d.First(OperationCode.LayerNorm)).Significand = 0),
        ["an input scale whose significand has 23 bits"] =
            ("which is not of 24 bits", d => new PublishedLayerNormRecord(in d.First(OperationCode.LayerNorm)).Significand = (1 << 23) - 1),
        ["an input scale whose significand has 25 bits"] =
            ("which is not of 24 bits", d => new PublishedLayerNormRecord(in d.First(OperationCode.LayerNorm)).Significand = 1 << 24),
        ["a sum of more than 24 bits, normalized"] =
            ("more than 24 bits", d => new AddRecord(in d.First(OperationCode.Add)).Output.High = 1 << 23),
        ["a term without a shift"] = ("scales by 2^-0", d => new AddRecord(in d.First(OperationCode.Add)).Input(0).Exponent = 0),
        ["a sum clamped upside down"] = ("clamps to 1..0", d => (new AddRecord(in d.First(OperationCode.Add)).Output.Low,
            new AddRecord(in d.First(OperationCode.Add)).Output.High) = (1, 0)),
        ["attention in 128 bits for minutes"] = ("is more than can be done in a text of 32768 tokens", d => Longest(d)),
        ["a second term's multipliers that do not exist"] =
            ("names constant 3000", d => new AddRecord(in d.First(OperationCode.Add)).Input(1).Multipliers = 3000),
    };

    public static TheoryData<string> PublishedAttacks => [.. s_publishedAttacks.Keys];

    public static TheoryData<string> Attacks => [.. s_attacks.Keys];

    [Theory]
    [MemberData(nameof(Attacks))]
    public void An_attack_is_refused_by_name(string attack) => Refused(new Draft(), s_attacks[attack]);

    [Theory]
    [MemberData(nameof(PublishedAttacks))]
    public void An_attack_on_published_operations_is_refused_by_name(string attack) =>
        Refused(new Draft(PublishedModel.Sections), s_publishedAttacks[attack]);

    private static void Refused(Draft draft, (string, Change) attack)
    {
        (string expected, Change change) = attack;
        change(draft);

        Stopwatch watch = Stopwatch.StartNew();
        string message = OpenedModel.Refusal(draft.Seal());

        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.StartsWith("the model", message, StringComparison.Ordinal);
        Assert.True(watch.Elapsed.TotalSeconds < 5, $"refused after {watch.Elapsed}");
    }

    [Fact]
    public void The_models_that_the_attacks_change_open()
    {
        using OpenedModel opened = new(new Draft().Seal()), published = new(new Draft(PublishedModel.Sections).Seal());
        Assert.Equal(SmallModel.Labels, opened.Model.Labels);
        Assert.Equal(SmallModel.Labels, published.Model.Labels);
    }

    [Fact]
    public void Labels_in_any_script_with_any_punctuation_are_names()
    {
        string[] names = ["caf\u00E9, \"very\" good", "\u05D8\u05D5\u05D1\u200F \u597D", "\U0001F600\u200D\U0001F525"];
        Draft draft = new();
        draft[SectionKind.Labels] = LabelSection(names);
        using OpenedModel opened = new(draft.Seal());

        Assert.Equal(names, opened.Model.Labels);
    }

    [Fact]
    public void A_head_may_read_the_first_row_of_a_tensor_with_a_row_per_token()
    {
        Draft draft = new();
        using OpenedModel one = new(draft.Seal());
        int logits = draft.Head.Tensor;
        draft.Tensors[logits] = draft.Tensors[logits] with
        {
            Rows = RowCount.Sequence,
            FixedRows = 0,
            OffsetFixed = draft.Graph.ArenaFixed,
            OffsetPerToken = draft.Graph.ArenaPerToken,
        };
        draft.Graph.ArenaPerToken += 64;
        using OpenedModel all = new(draft.Seal());

        Assert.Equal(Logits(one.Model, 7), Logits(all.Model, 7));
    }

    [Fact]
    public void A_first_row_that_is_written_again_leaves_only_the_first_row()
    {
        Draft draft = new();
        // The layer's output norm now computes the first row alone; the next layer's K needs all.
        int norm = Enumerable.Range(0, draft.Operations.Length).Where(i => draft.Operations[i].Code == OperationCode.LayerNorm)
            .ElementAt(2);
        draft.Operations[norm].Rows = RowRange.First;

        Assert.Contains("was not written", OpenedModel.Refusal(draft.Seal()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    public void A_file_shorter_than_its_header_is_refused(int length) =>
        Assert.Contains("is not a model", OpenedModel.Refusal(new Draft().Seal()[..length]), StringComparison.Ordinal);

    private static int[] Logits(ModelFile model, int length)
    {
        using Executor executor = new(model.Contents, KernelSet.Select(), model.MaxLength, 1);
        return executor.Run(new([.. Enumerable.Range(1, length)], new byte[length])).ToArray();
    }

    /// <summary>Puts one tensor where another lies.</summary>
    private static void Over(Draft draft, int tensor, int other) =>
        (draft.Tensors[tensor].OffsetFixed, draft.Tensors[tensor].OffsetPerToken) =
            (draft.Tensors[other].OffsetFixed, draft.Tensors[other].OffsetPerToken);

    /// <summary>Puts a tensor so that it lies before the other for short texts and behind it for long ones.</summary>
    private static void Cross(Draft draft, int tensor, int other)
    {
        ulong size = 1 << 16;
        draft.Graph.ArenaFixed += 4 * size;
        (draft.Tensors[other].OffsetFixed, draft.Tensors[other].OffsetPerToken) = (draft.Graph.ArenaFixed - (2 * size), 0);
        (draft.Tensors[tensor].OffsetFixed, draft.Tensors[tensor].OffsetPerToken) = (draft.Graph.ArenaFixed - (3 * size), size / 8);
        draft.Graph.ArenaPerToken += size / 8;
    }

    private static void AllRowsOfFirst(Draft draft)
    {
        // The last attention computes the first row alone, and what follows it is made to want all.
        int last = draft.Operations.Length - 1;
        while (draft.Operations[last].Code != OperationCode.Attention)
        {
            last--;
        }
        draft.Operations[last + 1].Rows = RowRange.All;
        ref TensorEntry output = ref draft.Tensors[draft.Operations[last + 1].Outputs[0]];
        (output.Rows, output.FixedRows, output.OffsetFixed, output.OffsetPerToken) =
            (RowCount.Sequence, 0, draft.Graph.ArenaFixed, draft.Graph.ArenaPerToken);
        draft.Graph.ArenaPerToken += 1024;
    }

    /// <summary>The operation that writes the branch of a LayerNorm of two inputs.</summary>
    private static ref OperationRecord SecondInputOfNorm(Draft draft)
    {
        int norm = draft.IndexOfFirst(OperationCode.Attention);
        while (draft.Operations[norm].Code != OperationCode.LayerNorm)
        {
            norm++;
        }
        int branch = norm;
        while (draft.Operations[branch].Code != OperationCode.Linear)
        {
            branch--;
        }
        return ref draft.Operations[branch];
    }

    /// <summary>A Linear whose output channels are no multiple of 16.</summary>
    private static EmbedRecord Embed(Draft draft) => new(in draft.First(OperationCode.Embed));

    private static ref OperationRecord Padded(Draft draft) => ref SecondInputOfNorm(draft);

    private static void Unplaced(Draft draft, int parameter) =>
        (new EmbedRecord(in draft.First(OperationCode.Embed)).PositionOffset,
            new EmbedRecord(in draft.First(OperationCode.Embed)).UnplacedIdPlusOne) = (1, parameter);

    private static void Rescale(Draft draft, uint bound, byte exponent = 31)
    {
        ref OperationRecord linear = ref draft.First(OperationCode.Linear);
        linear.AccumulatorBound = bound;
        new LinearRecord(in linear).Output.PreShift = 0;
        new LinearRecord(in linear).Rescale = new ScaleStage
        {
            Exponent = exponent,
            Multiplier = int.MaxValue,
            Multipliers = OperationRecord.None,
            Addends = OperationRecord.None,
        };
    }

    private static void Repeat(Draft draft, OperationCode code)
    {
        OperationRecord record = draft.First(code);
        draft.Rearrange(list => list.InsertRange(list.FindIndex(r => r.Code == code), Enumerable.Repeat(record, 4096 - list.Count)));
    }

    /// <summary>32,768 tokens and thousands of operations of quadratic cost, in a file of two megabytes.</summary>
    private static void LongestAttention(Draft draft)
    {
        Repeat(draft, OperationCode.Attention);
        Longest(draft);
    }

    /// <summary>Texts of 32,768 tokens.</summary>
    private static void Longest(Draft draft)
    {
        const int tokens = 32768;
        OperationRecord embed = draft.First(OperationCode.Embed);
        byte[] data = draft[SectionKind.Data];
        int columns = (int)draft.Constants[new EmbedRecord(in embed).Table(EmbedRecord.Positions)].Columns;
        Move(new EmbedRecord(in embed).Table(EmbedRecord.Positions), tokens, columns, columns);
        Move(new EmbedRecord(in embed).Multipliers(EmbedRecord.Positions), 1, tokens, 4);
        draft.Graph.MaxLength = tokens;
        foreach (ref OperationRecord operation in draft.Operations)
        {
            if (operation.Code == OperationCode.Attention)
            {
                new AttentionRecord(in operation).Bits = 9;
            }
        }

        void Move(int constant, int rows, int rowColumns, int bytes)
        {
            ref ConstantEntry entry = ref draft.Constants[constant];
            (entry.Rows, entry.Columns, entry.Offset, entry.Length) =
                ((uint)rows, (uint)rowColumns, (ulong)draft[SectionKind.Data].Length, (ulong)tokens * (ulong)bytes);
            draft[SectionKind.Data] = [.. draft[SectionKind.Data], .. new byte[tokens * bytes]];
        }
    }

    /// <summary>A section of three labels, whatever their names.</summary>
    private static byte[] LabelSection(params string[] names)
    {
        byte[][] texts = [.. names.Select(Encoding.UTF8.GetBytes)];
        int end = 0;
        IEnumerable<int> offsets = texts.Select(text => end += text.Length).Prepend(0);
        return [.. BitConverter.GetBytes(names.Length), .. offsets.ToArray().SelectMany(BitConverter.GetBytes),
            .. texts.SelectMany(text => text)];
    }

    /// <summary>The template of one text is the text alone.</summary>
    private static byte[] WithoutSpecialTokens(byte[] section)
    {
        // Counts are u32 0..9; the template of one text has three items of eight bytes behind them.
        BinaryPrimitives.WriteInt32LittleEndian(section.AsSpan(32), 1);
        return [.. section[..40], .. section[48..56], .. section[64..]];
    }
}
