// Whatever goes wrong ends in a status and one line.
using System.CommandLine;
using IBert.Edge.CommandLine;
using IBert.Edge.Files;
using Xunit;

namespace IBert.Edge.Tests.CommandLine;

public class CommandProgramTests
{
    public static TheoryData<Exception, int, string> Ends => new()
    {
        { CommandException.Usage("this"), 2, "this" },
        { CommandException.Model("that"), 3, "that" },
        { new UnwritableFileException("full"), 2, "full" },
        { new UnauthorizedAccessException("not yours"), 2, "not yours" },
        { new KeyNotFoundException("known"), 3, "known" },
        { new OutOfMemoryException(), 70, "out of memory; " },
        { new AggregateException(new OutOfMemoryException()), 70, "out of memory; " },
        { new AggregateException(new AggregateException(new KeyNotFoundException("known"))), 3, "known" },
        { new TypeInitializationException("T", new IOException("disk")), 2, "disk" },
        { new InvalidOperationException("x"), 70, "a fault of this program (InvalidOperationException: x)" },
        { new IndexOutOfRangeException("x"), 70, "a fault of this program (IndexOutOfRangeException: x)" },
        { new AggregateException(), 70, "a fault of this program (AggregateException" },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void Every_exception_has_a_status_and_a_line(Exception error, int status, string message)
    {
        CommandException end = CommandProgram.Explain(
            error, known => known is KeyNotFoundException ? CommandException.Model(known.Message) : null);
        Assert.Equal(status, end.Status);
        Assert.StartsWith(message, end.Message);
    }

    [Theory]
    [InlineData("3", 3, null)]
    [InlineData("8", 8, null)]
    [InlineData("2", null, "--n 2 is too small: 3 or more")]
    [InlineData("-1", null, "--n -1 is too small: 3 or more")]
    [InlineData("-99999999999999999999999", null, "--n -99999999999999999999999 is too small: 3 or more")]
    [InlineData("2147483648", null, "--n 2147483648 is too large: at most 2147483647")]
    [InlineData("99999999999999999999999", null, "--n 99999999999999999999999 is too large: at most 2147483647")]
    [InlineData("", null, "--n : not a whole number")]
    [InlineData("1.5", null, "--n 1.5: not a whole number")]
    [InlineData("1e3", null, "--n 1e3: not a whole number")]
    [InlineData("0x10", null, "--n 0x10: not a whole number")]
    [InlineData("many", null, "--n many: not a whole number")]
    public void Numbers_are_whole_and_within_bounds(string text, int? expected, string? complaint)
    {
        Option<int?> option = NumberOption.Create("--n", "", least: 3);
        RootCommand root = new() { option };
        ParseResult parsed = root.Parse(["--n", text]);
        Assert.Equal(complaint, parsed.Errors.SingleOrDefault()?.Message);
        if (complaint is null)
        {
            Assert.Equal(expected, parsed.GetValue(option));
        }
    }

    [Fact]
    public void Seeds_have_64_bits()
    {
        Option<ulong?> option = NumberOption.CreateSeed("");
        RootCommand root = new() { option };
        Assert.Equal(ulong.MaxValue, root.Parse(["--seed", "18446744073709551615"]).GetValue(option));
        Assert.Single(root.Parse(["--seed", "-1"]).Errors);
        Assert.Single(root.Parse(["--seed", "18446744073709551616"]).Errors);
    }

    [Fact]
    public void Paths_are_not_empty()
    {
        Option<string?> option = PathOption.Create("--report", "FILE", "");
        Argument<string[]> argument = PathOption.Argument<string[]>("FILES", "");
        RootCommand root = new() { option, argument };
        Assert.Equal("--report is empty: give a path", Assert.Single(root.Parse(["--report", "", "a"]).Errors).Message);
        Assert.Equal("FILES is empty: give a path", Assert.Single(root.Parse(["--report", "r", "a", ""]).Errors).Message);
        Assert.Empty(root.Parse(["--report", "r", "a"]).Errors);
    }

    [Theory]
    [InlineData(null, 1, 1)]
    [InlineData(1, 1, 1)]
    [InlineData(1_000_000_000, 1, int.MaxValue)]
    public void Threads_are_never_more_than_cores(int? asked, int otherwise, int expected) =>
        Assert.Equal(Math.Min(expected, Environment.ProcessorCount), ThreadsOption.Read(asked, otherwise));
}
