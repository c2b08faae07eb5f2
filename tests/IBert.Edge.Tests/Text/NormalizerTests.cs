// BERT's normalization with every combination of its options.
using System.Text;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class NormalizerTests
{
    private const BertNormalizerOptions Clean = BertNormalizerOptions.CleanText;
    private const BertNormalizerOptions Chinese = BertNormalizerOptions.HandleChinese;
    private const BertNormalizerOptions Strip = BertNormalizerOptions.StripAccents;
    private const BertNormalizerOptions Lower = BertNormalizerOptions.LowerCase;

    [Theory]
    [InlineData((int)Strip, "\u00C9t\u00E9", "Ete")]
    [InlineData((int)Lower, "\u00C9t\u00E9", "\u00E9t\u00E9")]
    [InlineData((int)(Strip | Lower), "\u00C9t\u00E9", "ete")]
    [InlineData((int)BertNormalizerOptions.None, "\u00C9t\u00E9", "\u00C9t\u00E9")]
    [InlineData((int)Lower, "\u0130I", "i\u0307i")]
    [InlineData((int)Strip, "\u0130I", "II")]
    [InlineData((int)Lower, "\u03A3\u03A3", "\u03C3\u03C3")] // no final sigma: each code point by itself
    [InlineData((int)Strip, "\uAC00\uAC01", "\u1100\u1161\u1100\u1161\u11A8")]
    [InlineData((int)Strip, "\uFB03", "\uFB03")] // compatibility decompositions are not canonical ones
    [InlineData((int)Chinese, "a\u4E2Db", "a \u4E2D b")]
    [InlineData((int)(Chinese | Strip), "\uF900", " \u8C48 ")]
    [InlineData((int)Strip, "\uF900", "\u8C48")]
    [InlineData((int)Clean, "a\u0000\u200Bb\uFFFDc\t\u00A0d\u0085", "abc  d")]
    [InlineData((int)Lower, "A\u0000\u200B\uFFFD\t\u00A0\u0085", "a\u0000\u200B\uFFFD\t\u00A0\u0085")]
    public void Options_act_apart_and_together(int options, string text, string expected) =>
        Assert.Equal(expected, Normalize(new BertNormalizer((BertNormalizerOptions)options, 8), text));

    [Theory]
    [InlineData("a\u302E\U0001D165b", "a\U0001D165\u302Eb")] // 224 after 216
    [InlineData("a\u302E\u0301\U0001D165", "a\U0001D165\u302E")] // a dropped mark that is no starter does not part the run
    [InlineData("a\u302E\u0941\U0001D165", "a\u302E\U0001D165")] // a dropped starter does
    [InlineData("a\u302E\u200B\U0001D165", "a\U0001D165\u302E")] // what cleaning removes is gone before
    [InlineData("\u302E\U0001D16D\U0001D165", "\U0001D165\u302E\U0001D16D")]
    [InlineData("\u302E \U0001D165", "\u302E \U0001D165")]
    [InlineData("\U0001D15F\u302E", "\U0001D158\U0001D165\u302E")]
    public void Marks_that_stripping_keeps_are_in_canonical_order(string text, string expected) =>
        Assert.Equal(expected, Normalize(new BertNormalizer(Strip | Clean, 8), text));

    [Fact]
    public void A_text_gives_the_same_through_a_buffer_of_any_size()
    {
        string text = string.Concat(Enumerable.Repeat("\u00C9t\u00E9 \u4E2D\u302E\U0001D165\uAC01 Caf\u0065\u0301!\u200B", 20));
        var normalizer = new BertNormalizer(BertNormalizerOptions.All, 8);
        string whole = Normalize(normalizer, text);
        for (int size = normalizer.Headroom; size < normalizer.Headroom + 20; size++)
        {
            normalizer.Reset();
            byte[] bytes = Encoding.UTF8.GetBytes(text), buffer = new byte[size];
            using var parts = new MemoryStream();
            for (int position = 0; position < bytes.Length;)
            {
                parts.Write(buffer, 0, normalizer.Fill(bytes, ref position, buffer));
            }
            Assert.Equal(whole, Encoding.UTF8.GetString(parts.ToArray()));
        }
    }

    [Fact]
    public void A_run_of_marks_longer_than_any_word_is_kept_whole()
    {
        string marks = string.Concat(Enumerable.Repeat("\u302E", 1000));
        Assert.Equal("a" + marks + "b", Normalize(new BertNormalizer(Strip, 8), "a" + marks + "b"));
    }

    internal static string Normalize(BertNormalizer normalizer, string text)
    {
        normalizer.Reset();
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var buffer = new byte[16 * bytes.Length + normalizer.Headroom];
        int position = 0;
        return Encoding.UTF8.GetString(buffer, 0, normalizer.Fill(bytes, ref position, buffer));
    }
}
