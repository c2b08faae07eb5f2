// Texts are cut where no model reads on, at a whole character.
using System.Text;
using IBert.Edge.CommandLine;
using Xunit;

namespace IBert.Edge.Tests.CommandLine;

public class TextInputTests
{
    [Theory]
    [InlineData("12345678", "12345678", false)]
    [InlineData("123456789", "12345678", true)]
    [InlineData("1234567é", "1234567", true)]
    [InlineData("123456é", "123456é", false)]
    [InlineData("12345€€", "12345€", true)]
    [InlineData("1234567😀", "1234567", true)]
    [InlineData("1234😀5", "1234😀", true)]
    public void A_text_is_cut_at_a_whole_character(string text, string kept, bool cut)
    {
        TextInput input = new([text], pairs: false, json: false, most: 8);
        Assert.True(input.Next());
        Assert.Equal((kept, cut), (Encoding.UTF8.GetString(input.Text), input.IsCut));
        Assert.False(input.Next());
    }

    [Fact]
    public void Both_texts_of_a_pair_are_cut_and_the_next_one_is_not()
    {
        TextInput input = new(["123456789\tabc", "abc\t123456789", "a\tb"], pairs: true, json: false, most: 8);
        foreach ((string text, string pair, bool cut) in ((string, string, bool)[])[("12345678", "abc", true), ("abc", "12345678", true),
            ("a", "b", false)])
        {
            Assert.True(input.Next());
            Assert.Equal((text, pair, cut), (Encoding.UTF8.GetString(input.Text), Encoding.UTF8.GetString(input.Pair), input.IsCut));
        }
    }
}
