// A tokenizer's tables are opened once and shared; what a text leaves behind is not.
using System.Text;
using IBert.Edge.Memory;
using IBert.Edge.Tests.Hostile;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class SharedTablesTests
{
    private static readonly string[] s_texts =
        ["", "a good film", "the  baddest FILM, again and again.", "[M] good [M]film", "caf\u00E9 \u0301\u0301 \U0001F600",
            string.Concat(Enumerable.Repeat("good ", 40)), new('x', 900)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_tokenizer_has_the_same_answers_and_a_state_of_its_own(bool bytePair)
    {
        using OpenedTokenizer opened = new(bytePair ? SmallModel.BytePair() : SmallModel.WordPiece());
        Tokenizer first = opened.Tokenizer, second = first.Another(), third = second.Another();
        Assert.Equal(first.GetType(), third.GetType());
        Assert.Equal(
            (first.VocabularySize, first.SpecialTokens, first.PairSpecialTokens, first.LeastLength, first.CutsStart),
            (third.VocabularySize, third.SpecialTokens, third.PairSpecialTokens, third.LeastLength, third.CutsStart));
        foreach (string text in s_texts)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(text);
            (int[] Ids, bool Cut, long Steps) expected = Encode(first, utf8);
            Assert.Equal(0, third.Steps);

            (int[] Ids, bool Cut, long Steps) found = Encode(second, utf8);

            Assert.Equal(expected.Ids, found.Ids);
            Assert.Equal((expected.Cut, expected.Steps), (found.Cut, found.Steps));
            Assert.All(expected.Ids, id => Assert.Equal(first.Piece(id).ToArray(), second.Piece(id).ToArray()));
        }

        static (int[] Ids, bool Cut, long Steps) Encode(Tokenizer tokenizer, byte[] utf8)
        {
            int[] ids = new int[64];
            long before = tokenizer.Steps;
            int count = tokenizer.Encode(utf8, ids, out bool cut);
            return (ids[..count], cut, tokenizer.Steps - before);
        }
    }

    /// <summary>Each on a thread of its own, at once.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tokenizers_over_the_same_tables_do_not_disturb_one_another(bool bytePair)
    {
        using OpenedTokenizer opened = new(bytePair ? SmallModel.BytePair() : SmallModel.WordPiece());
        int[][] expected = [.. s_texts.Select(text => opened.Encode(text))];
        Parallel.For(0, 4, _ =>
        {
            Tokenizer own = opened.Tokenizer.Another();
            int[] ids = new int[512];
            for (int i = 0; i < 200; i++)
            {
                int text = i % s_texts.Length;
                Assert.Equal(expected[text], ids[..own.Encode(Encoding.UTF8.GetBytes(s_texts[text]), ids, out bool _)]);
            }
        });
    }

    /// <summary>What tells a tokenizer's kind is looked at when the model is opened, and never again.</summary>
    [Fact]
    public unsafe void Classifiers_of_a_model_open_its_tokenizer_no_more()
    {
        using OpenedModel opened = new(SmallModel.File());
        using Classifier before = new(opened.Model);
        Prediction expected = before.Classify("a good film");
        NativeSpan<byte> section = opened.Model.Contents.TokenizerSection;
        *(int*)section.Pointer = 99;
        Assert.Throws<ModelFormatException>(() => Tokenizer.Open(section));

        using Classifier after = new(opened.Model);

        Assert.Equal(expected, after.Classify("a good film"));
    }
}
