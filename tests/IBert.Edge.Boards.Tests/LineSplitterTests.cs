// However the bytes come, the lines are the same.
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using IBert.Edge.Boards.Serial;
using Xunit;

namespace IBert.Edge.Boards.Tests;

public sealed class LineSplitterTests
{
    [Fact]
    public void Lines_do_not_depend_on_how_the_bytes_are_parted() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<byte[]>().MapFilter(bytes => [.. bytes.Select(value => (byte)"ab\n\r"[value % 4])], _ => true),
            ArbMap.Default.ArbFor<PositiveInt>(),
            (bytes, size) =>
            {
                string[] expected =
                [
                    .. Encoding.ASCII.GetString(bytes).Split('\n', '\r').Where(line => line.Length > 0)
                    .Select(line => line.Length > 3 ? line[..3] + "!" : line),
                ];
                LineSplitter splitter = new(3);
                List<string> lines = [];
                foreach (byte[] part in bytes.Chunk(size.Get % 7 + 1))
                {
                    splitter.Add(part, Take);
                }
                splitter.End(Take);
                Assert.Equal(expected, lines);

                void Take(ReadOnlySpan<byte> line, bool isCut) => lines.Add(Encoding.ASCII.GetString(line) + (isCut ? "!" : ""));
            }).QuickCheckThrowOnFailure();
}
