// Lines of any length, in memory that does not grow beyond the cap.
using System.Text;
using IBert.Edge.Files.Data;
using Xunit;

namespace IBert.Edge.Tests.Files;

public class LineReaderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a", "a")]
    [InlineData("a\n", "a")]
    [InlineData("a\r\n\r\n\nb", "a||\u200B|b")]
    [InlineData("\uFEFFa\nb", "a|b")]
    [InlineData("12345678\n123456789\nabc", "12345678|12345678+|abc")]
    [InlineData("1234567\r\n12345678\r\nabc\n", "1234567|12345678+|abc")]
    [InlineData("123456789", "12345678+")]
    public void Lines_end_at_LF_and_are_cut_at_the_cap(string text, string expected) =>
        Assert.Equal(expected.Replace("\u200B", ""), string.Join('|', Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), 8)));

    [Fact]
    public void Lines_of_all_lengths_in_pieces_of_all_lengths_are_read_and_cut()
    {
        const int most = 200_000;
        Random random = new(7);
        string[] lines = [.. Enumerable.Range(0, 60).Select(i => new string(
            (char)('a' + (i % 26)), random.Next(3) switch { 0 => random.Next(20), 1 => random.Next(70_000), _ => random.Next(2 * most) }))];
        using Stream stream = new Pieces(Encoding.UTF8.GetBytes(string.Join('\n', lines)), random);

        Assert.Equal(lines.Select(line => line.Length > most ? line[..most] + "+" : line), Read(stream, most));
    }

    [Fact]
    public void Memory_does_not_grow_with_a_line()
    {
        const int most = 1 << 20;
        LineReader reader = new(new Endless(500L << 20), most);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(LineState.TooLong, reader.Read(out ReadOnlyMemory<byte> line));
        Assert.Equal(most, line.Length);
        Assert.Equal(LineState.End, reader.Read(out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * most);
    }

    private static List<string> Read(Stream stream, int most)
    {
        List<string> lines = [];
        LineReader reader = new(stream, most);
        for (LineState state; (state = reader.Read(out ReadOnlyMemory<byte> line)) != LineState.End;)
        {
            lines.Add(Encoding.UTF8.GetString(line.Span) + (state == LineState.TooLong ? "+" : ""));
            Assert.Equal(lines.Count, reader.Number);
        }
        return lines;
    }

    private sealed class Pieces(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, 1 + random.Next(100_000)));
    }

    private sealed class Endless(long length) : MemoryStream
    {
        private long left = length;

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = (int)Math.Min(count, left);
            left -= read;
            buffer.AsSpan(offset, read).Fill((byte)'x');
            return read;
        }
    }
}
