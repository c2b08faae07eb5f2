// What is shown to people stays on its line, moves no cursor and hides nothing; letters stay letters.
using System.Buffers;
using System.Globalization;
using System.Text;
using IBert.Edge.Files;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests.Files;

public class PrintableTests
{
    [Theory]
    [InlineData("a\tb\nc\rd", "a\\tb\\nc\\rd")]
    [InlineData("\0\a\b\x1B[2J\x7F", "\\u0000\\u0007\\u0008\\u001B[2J\\u007F")]
    [InlineData("\u0080\u0085\u009B31m\u009F", "\\u0080\\u0085\\u009B31m\\u009F")]
    [InlineData("\u061C\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069",
        "\\u061C\\u200E\\u200F\\u202A\\u202B\\u202C\\u202D\\u202E\\u2066\\u2067\\u2068\\u2069")]
    [InlineData("\u2028\u2029", "\\u2028\\u2029")]
    [InlineData("go\u200Bod\u2060\uFEFF\u00AD\u034F\u3164", "go\\u200Bod\\u2060\\uFEFF\\u00AD\\u034F\\u3164")]
    [InlineData("go\u200Cod\u200D", "go\\u200Cod\\u200D")]
    [InlineData("\U000E0041", "\\U000E0041")]
    [InlineData("\uFFFE\uFDD0", "\\uFFFE\\uFDD0")]
    public void What_has_no_shape_is_written_as_an_escape(string text, string expected) => Assert.Equal(expected, Printable.Escape(text));

    // In code: an attribute cannot hold half of a pair.
    [Fact]
    public void Half_of_a_surrogate_pair_is_written_as_an_escape()
    {
        Assert.Equal("\\uD800", Printable.Escape("\uD800"));
        Assert.Equal("a\\uDC00b", Printable.Escape("a\uDC00b"));
    }

    [Theory]
    [InlineData("naïve café, Größe, ação, źdźbło, ẵ, ѣ, Ω")]
    [InlineData("e\u0301 (combining), 日本語, 한국어, 中文, ქართული, ትግርኛ, ភាសាខ្មែរ")]
    [InlineData("שלום, السلام, می\u200Cخواهم, हिन्\u200Dदी, \u0600\u06DD")]
    [InlineData("👍🏽 👩\u200D💻 ❤\uFE0F 葛\U000E0100 \uFFFD")]
    [InlineData("back\\slash \"quote\" <tag> & `code`")]
    [InlineData("")]
    public void Letters_of_all_languages_stay_as_they_are(string text)
    {
        Assert.Same(text, Printable.Escape(text));
        Assert.Equal(text, Append(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_shown_as_bytes()
    {
        Assert.Equal("a\\xFFb\\xC3(\\xE2\\x82", Append([(byte)'a', 0xFF, (byte)'b', 0xC3, (byte)'(', 0xE2, 0x82]));
        // An escape sequence of one byte, as a terminal with Latin-1 takes it.
        Assert.Equal("\\x9B2J", Append([0x9B, (byte)'2', (byte)'J']));
    }

    [Fact]
    public void All_ways_escape_every_character_alike()
    {
        for (int i = 0; i <= 0x10FFFF; i++)
        {
            if (!Rune.IsValid(i))
            {
                continue;
            }
            foreach (string text in (string[])[$"a{new Rune(i)}", $"ه{new Rune(i)}"])
            {
                string escaped = Printable.Escape(text);
                Assert.Equal(escaped, Append(Encoding.UTF8.GetBytes(text)));
                ArrayBufferWriter<byte> output = new();
                Printable.Append(text.AsSpan(), output);
                Assert.Equal(escaped, Encoding.UTF8.GetString(output.WrittenSpan));
            }
        }
    }

    [Fact]
    public void No_control_gets_through_and_no_letter_is_touched()
    {
        for (int i = 0; i <= 0x10FFFF; i++)
        {
            if (!Rune.IsValid(i))
            {
                continue;
            }
            UnicodeCategory category = Rune.GetUnicodeCategory(new Rune(i));
            if (category is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                Assert.True(Printable.IsHidden(i), $"U+{i:X4}");
            }
            // The two fillers are letters by name only.
            if (category is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.OtherLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.SpacingCombiningMark
                    && i is not (0x3164 or 0xFFA0))
            {
                Assert.True(!Printable.IsHidden(i) || i is 0x3164 or 0xFFA0, $"U+{i:X4}");
            }
        }
    }

    [Fact]
    public void Showing_allocates_nothing()
    {
        byte[] text = Encoding.UTF8.GetBytes("naïve \x1B[2J \u202E 日本語");
        ArrayBufferWriter<byte> output = new(4096);
        Printable.Append(text, output);
        long allocated = Allocations.Of(20, _ =>
        {
            Printable.Append(text, output);
            Printable.Append("naïve \x1B", output);
        });
        Assert.Equal(0, allocated);
    }

    private static string Append(byte[] utf8)
    {
        ArrayBufferWriter<byte> output = new();
        Printable.Append(utf8, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
