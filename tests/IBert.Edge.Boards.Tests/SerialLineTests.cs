// A serial line over a pseudo-terminal: lines as they come, a cable that is pulled out, nothing allocated.
using System.Text;
using IBert.Edge.Boards.Events;
using IBert.Edge.Boards.Serial;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Boards.Tests;

public sealed class SerialLineTests : IDisposable
{
    private readonly PseudoTerminal cable = new();
    private readonly EventLoop loop = new();
    private readonly List<string> lines = [];

    public void Dispose()
    {
        loop.Dispose();
        cable.Dispose();
    }

    [Fact]
    public void Lines_come_as_they_end_whatever_ends_them()
    {
        using SerialLine line = new(cable.Path, new SerialOptions(), Take);
        loop.Add(line);
        cable.Send("one\r\ntwo\nthr"u8);
        WaitFor(2);
        cable.Send("ee\r\r\n\nfo\0ur\n"u8);
        WaitFor(4);
        Assert.Equal(["one", "two", "three", "fo\0ur"], lines);
    }

    [Fact]
    public void A_line_that_is_too_long_is_cut_and_the_next_is_whole()
    {
        bool[] cuts = new bool[2];
        int count = 0;
        using SerialLine line = new(cable.Path, new SerialOptions { MostBytes = 4 }, (bytes, isCut) =>
        {
            Take(bytes, isCut);
            cuts[count++] = isCut;
        });
        loop.Add(line);
        cable.Send("abcdefg\nabcd\n"u8);
        WaitFor(2);
        Assert.Equal(["abcd", "abcd"], lines);
        Assert.Equal([true, false], cuts);
    }

    [Fact]
    public void What_is_written_arrives_as_it_is()
    {
        using SerialLine line = new(cable.Path, new SerialOptions { Baud = 9600 }, Take);
        byte[] all = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        Assert.True(line.Write(all));
        Assert.Equal(all, cable.Receive(256));
        Assert.Equal(9600, line.Baud);
    }

    [Fact]
    public void A_cable_that_is_pulled_out_is_told_once_and_its_port_is_waited_for()
    {
        List<(bool, string)> told = [];
        string link = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            File.CreateSymbolicLink(link, cable.Path);
            using SerialLine line = new(link, new SerialOptions { RetryAfter = TimeSpan.FromMilliseconds(2) }, Take);
            line.Changed += (isBack, what) => told.Add((isBack, what));
            loop.Add(line);
            cable.Send("half of a li"u8);
            cable.Dispose();
            Step(() => told.Count == 1);
            Assert.Equal((false, $"{link} was unplugged: it is waited for"), told[0]);
            Assert.False(line.IsOpen);
            Assert.False(line.Write("x"u8));

            // Many tries later the port is another one.
            long until = EventLoop.Now + (EventLoop.TicksPerSecond / 20);
            Step(() => EventLoop.Now > until);
            Assert.Single(told);
            using PseudoTerminal other = new();
            File.Delete(link);
            File.CreateSymbolicLink(link, other.Path);
            Step(() => told.Count == 2);
            Assert.Equal((true, $"{link} is back"), told[1]);
            other.Send("whole\n"u8);
            WaitFor(1);
            Assert.Equal(["whole"], lines);
        }
        finally
        {
            File.Delete(link);
        }
    }

    [Fact]
    public void A_port_that_is_not_there_yet_may_be_waited_for()
    {
        Assert.Contains(
            "does not exist", Assert.Throws<BoardException>(() => new SerialLine("/dev/no-port", new SerialOptions(), Take)).Message);
        using SerialLine line = new("/dev/no-port", new SerialOptions(), Take, mayBeAbsent: true);
        Assert.False(line.IsOpen);
    }

    [Theory]
    [InlineData("/dev/null", "is no serial port")]
    [InlineData("/", "cannot be opened")]
    public void What_is_no_port_is_refused(string path, string why) =>
        Assert.Contains(why, Assert.Throws<BoardException>(() => new SerialLine(path, new SerialOptions(), Take)).Message);

    [Fact]
    public void Nothing_is_allocated_for_a_line()
    {
        int count = 0;
        using SerialLine line = new(cable.Path, new SerialOptions(), (_, _) => count++);
        loop.Add(line);
        Exchange(50);
        Assert.Equal(0, Allocations.Of(1, _ => Exchange(1000)));
        Assert.True(count >= 1050);

        void Exchange(int times)
        {
            for (int i = 0; i < times; i++)
            {
                int seen = count;
                cable.Send("a charming and often affecting journey\n"u8);
                while (count == seen)
                {
                    loop.Step(wait: true);
                }
                line.Write("positive\n"u8);
            }
        }
    }

    private void Take(ReadOnlySpan<byte> line, bool isCut) => lines.Add(Encoding.UTF8.GetString(line));

    private void WaitFor(int count) => Step(() => lines.Count >= count);

    private void Step(Func<bool> isOver)
    {
        long until = EventLoop.Now + (20 * EventLoop.TicksPerSecond);
        while (!isOver())
        {
            Assert.True(EventLoop.Now < until, "nothing happened for 20 seconds");
            loop.Step(wait: true);
        }
    }
}
