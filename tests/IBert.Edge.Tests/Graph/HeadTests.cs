// What logits become by the kind of the head: scores of one label of several, scores of labels of their own, a value.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Memory;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests.Graph;

public class HeadTests
{
    private const int Largest = LabelScores.LargestLogit;

    [Theory]
    [InlineData(1, 16)]
    [InlineData(1, 0)]
    [InlineData(int.MaxValue, 46)]
    [InlineData(12345, 62)]
    public void Sigmoid_is_within_a_millionth_of_the_exact_value(int multiplier, int exponent)
    {
        HeadEntry head = Scale(multiplier, exponent);
        int[] logits = [0, 1, -1, 7, -7, 65_536, -65_536, 250_000, -250_000, 1_000_000, -1_000_000, Largest, -Largest, .. Random(200)];
        int[] scores = new int[logits.Length];

        int best = LabelScores.Sigmoid(logits, head, scores);

        Assert.Equal(Array.IndexOf(logits, Largest), best);
        Assert.All(logits.Zip(scores), pair =>
            Assert.Equal(1e6 / (1 + Math.Exp(-Math.ScaleB((double)pair.First * multiplier, -exponent))), pair.Second, tolerance: 1.0));
    }

    [Fact]
    public void Sigmoid_of_a_logit_and_of_its_negative_are_a_whole_and_no_label_changes_another()
    {
        HeadEntry head = Scale(1, 16);
        int[] logits = [.. Random(200)], scores = new int[200], negative = new int[200], alone = new int[1];
        LabelScores.Sigmoid(logits, head, scores);
        LabelScores.Sigmoid([.. logits.Select(logit => -logit)], head, negative);
        for (int i = 0; i < logits.Length; i++)
        {
            Assert.InRange(scores[i] + negative[i], LabelScores.Whole, LabelScores.Whole + 1);
            LabelScores.Sigmoid(logits.AsSpan(i, 1), head, alone);
            Assert.Equal(scores[i], alone[0]);
        }
    }

    [Theory]
    [InlineData(0, 1, 16, 0)]
    [InlineData(65_536, 1, 16, 1_000_000)]
    [InlineData(-65_536, 1, 16, -1_000_000)]
    [InlineData(281_298, 1, 16, 4_292_267)]
    [InlineData(1, 1, 7, 7_813)] // 7812.5: ties go up
    [InlineData(-1, 1, 7, -7_812)]
    [InlineData(Largest, 1, 0, 536_870_912_000_000)]
    [InlineData(Largest, int.MaxValue, 17, 8_796_093_018_112_000_000)]
    public void Values_are_millionths_to_nearest(int logit, int multiplier, int exponent, long expected) =>
        Assert.Equal(expected, LabelScores.Value(logit, Scale(multiplier, exponent)));

    [Fact]
    public void Values_of_any_scale_are_those_of_exact_arithmetic()
    {
        Random random = new(5);
        for (int i = 0; i < 1000; i++)
        {
            HeadEntry head = Scale(random.Next(1, int.MaxValue), random.Next(17, 63));
            int logit = random.Next(-Largest, Largest);
            // floor(x + 1/2) with everything over 2^(e+1).
            BigInteger expected =
                ((BigInteger)logit * head.LogitMultiplier * 2_000_000 + BigInteger.Pow(2, head.LogitExponent)) >> (head.LogitExponent + 1);
            Assert.Equal(expected, LabelScores.Value(logit, head));
        }
    }

    [Fact]
    public unsafe void A_multi_label_model_gives_each_label_a_score_of_its_own()
    {
        using Opened opened = new(SmallModel.File(HeadKind.MultiLabel));
        using Classifier classifier = new(opened.Model);
        Assert.Equal(HeadKind.MultiLabel, opened.Model.HeadKind);

        Prediction prediction = classifier.Classify("a good film");

        int[] expected = new int[3];
        int best = LabelScores.Sigmoid(classifier.Logits, opened.Model.Contents.Head, expected);
        Assert.Equal(expected, classifier.Scores.ToArray());
        Assert.Equal((HeadKind.MultiLabel, best, SmallModel.Labels[best], expected[best], 0),
            (prediction.Kind, prediction.LabelIndex, prediction.Label, prediction.Millionths, prediction.ValueMillionths));
    }

    [Fact]
    public void A_regression_gives_a_value_and_no_scores()
    {
        using Opened opened = new(SmallModel.File(HeadKind.Regression));
        using Classifier classifier = new(opened.Model);

        Prediction prediction = classifier.Classify("a good film", "the best");

        HeadEntry head = opened.Model.Contents.Head;
        Assert.Equal(Math.Round(Math.ScaleB(classifier.Logits[0] * 1e6 * head.LogitMultiplier, -head.LogitExponent)),
            prediction.ValueMillionths, 1.0);
        Assert.Equal((HeadKind.Regression, 0, 0, 0), (prediction.Kind, prediction.LabelIndex, prediction.Millionths, prediction.PerMille));
        Assert.Equal(0, classifier.Scores.Length);
        Assert.Equal($"red {prediction.ValueMillionths}/1000000", prediction.ToString());
        Assert.Equal(prediction, classifier.Classify("a good film", "the best"));
        Assert.NotEqual(prediction, classifier.Classify("bad"));
    }

    [Theory]
    [InlineData(HeadKind.MultiLabel)]
    [InlineData(HeadKind.Regression)]
    public void Nothing_is_allocated(HeadKind kind)
    {
        using Opened opened = new(SmallModel.File(kind));
        using Classifier classifier = new(opened.Model);
        byte[][] texts = [.. new[] { "a good film", "", "bad" }.Select(Encoding.UTF8.GetBytes)];
        for (int i = 0; i < 200; i++)
        {
            classifier.Classify(texts[i % 3], texts[0]);
        }
        Assert.Equal(0, Allocations.Of(200, i => classifier.Classify(texts[i % 3], texts[0])));
    }

    [Theory]
    [InlineData(HeadKind.SingleLabel, (HeadKind)0, 3, "a head of kind 0")]
    [InlineData(HeadKind.SingleLabel, (HeadKind)4, 3, "a head of kind 4")]
    [InlineData(HeadKind.SingleLabel, (HeadKind)0xFFFF, 3, "a head of kind 65535")]
    [InlineData(HeadKind.SingleLabel, HeadKind.Regression, 3, "3 values; a regression has one")]
    [InlineData(HeadKind.MultiLabel, HeadKind.Regression, 3, "3 values; a regression has one")]
    [InlineData(HeadKind.Regression, HeadKind.Regression, 3, "states 3 labels, has 1 logits and names 1")]
    [InlineData(HeadKind.MultiLabel, HeadKind.MultiLabel, 1, "states 1 labels, has 3 logits and names 3")]
    public void A_head_that_does_not_fit_the_logits_is_refused(HeadKind made, HeadKind stated, uint labels, string complaint) =>
        AssertRefused(made, complaint, head => head with { Kind = stated, Labels = labels });

    [Theory]
    [InlineData(int.MaxValue, 0)]
    [InlineData(int.MaxValue, 16)]
    [InlineData(20_000, 0)]
    public void A_value_beyond_64_bits_is_refused(int multiplier, int exponent) =>
        AssertRefused(
            HeadKind.Regression, "do not fit 64 bits", head => head with { LogitMultiplier = multiplier, LogitExponent = exponent });

    [Theory]
    [InlineData(0, 16)]
    [InlineData(-1, 16)]
    [InlineData(1, 63)]
    [InlineData(1, -1)]
    public void A_scale_that_is_none_is_refused_whatever_the_kind(int multiplier, int exponent)
    {
        foreach (HeadKind kind in Enum.GetValues<HeadKind>())
        {
            AssertRefused(kind, "logit scale", head => head with { LogitMultiplier = multiplier, LogitExponent = exponent });
        }
    }

    private static void AssertRefused(HeadKind kind, string complaint, Func<HeadEntry, HeadEntry> change)
    {
        byte[] file = SmallModel.File(kind);
        foreach (ref SectionEntry section in MemoryMarshal.Cast<byte, SectionEntry>(
            file.AsSpan(FileHeader.Size, (int)MemoryMarshal.Read<FileHeader>(file).SectionCount * SectionEntry.Size)))
        {
            if (section.Kind == SectionKind.Head)
            {
                Span<byte> bytes = file.AsSpan((int)section.Offset, Unsafe.SizeOf<HeadEntry>());
                MemoryMarshal.Write(bytes, change(MemoryMarshal.Read<HeadEntry>(bytes)));
                section.Checksum = Checksum.Crc32C(bytes);
            }
        }
        ModelBuilder.Seal(file);
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => new Opened(file).Dispose());
        Assert.Contains(complaint, error.Message);
    }

    private static HeadEntry Scale(int multiplier, int exponent) => new() { LogitMultiplier = multiplier, LogitExponent = exponent };

    private static IEnumerable<int> Random(int count)
    {
        Random random = new(3);
        return Enumerable.Range(0, count).Select(_ => random.Next(-1_000_000, 1_000_000));
    }

    /// <summary>A model in memory.</summary>
    private sealed unsafe class Opened : IDisposable
    {
        private readonly NativeBlock block;

        public Opened(byte[] file)
        {
            block = new NativeBlock(file.Length);
            file.CopyTo(new Span<byte>(block.Pointer, file.Length));
            try
            {
                Model = ModelFile.FromMemory("model", block.Pointer, file.Length);
            }
            catch
            {
                block.Dispose();
                throw;
            }
        }

        public ModelFile Model { get; }

        public void Dispose()
        {
            Model.Dispose();
            block.Dispose();
        }
    }
}
