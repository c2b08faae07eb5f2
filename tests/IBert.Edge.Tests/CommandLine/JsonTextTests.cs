// JSON reads back as what was written, and shows nothing that a terminal obeys.
using System.Buffers;
using System.Text;
using System.Text.Json;
using IBert.Edge.CommandLine;
using IBert.Edge.Files;
using Xunit;

namespace IBert.Edge.Tests.CommandLine;

public class JsonTextTests
{
    [Fact]
    public void Every_character_reads_back_and_hidden_ones_are_escaped()
    {
        for (int start = 0; start <= 0x10FFFF; start += 0x100)
        {
            string text = string.Concat(Enumerable.Range(start, 0x100).Where(Rune.IsValid).Select(value => new Rune(value).ToString()));
            foreach (string json in (string[])[Write(writer => writer.WriteStringValue(text)),
                Write(writer => writer.WriteStringValue(Encoding.UTF8.GetBytes(text)))])
            {
                Assert.DoesNotContain(json.EnumerateRunes(), rune => Printable.IsHidden(rune.Value));
                using JsonDocument document = JsonDocument.Parse(json);
                Assert.Equal(text, document.RootElement.GetString());
            }
        }
    }

    [Theory]
    [InlineData("naïve <b> & 'it' 日本語 👍", "\"naïve <b> & 'it' 日本語 👍\"")]
    [InlineData("a\"b\\c\u001B\u202E\u009B\u2028", "\"a\\\"b\\\\c\\u001B\\u202E\\u009B\\u2028\"")]
    public void What_can_be_read_stays_readable(string text, string expected) =>
        Assert.Equal(expected, Write(writer => writer.WriteStringValue(text)));

    private static string Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter writer = new(output, new JsonWriterOptions { Encoder = JsonText.Encoder }))
        {
            write(writer);
        }
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
