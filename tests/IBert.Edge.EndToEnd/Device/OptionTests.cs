// Numbers of any size for every option that takes one; what the model cannot do ends with 2 and one line.
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

public class OptionTests
{
    private static readonly string[] s_numbers =
        ["", "0", "-1", "-2147483648", "2147483648", "99999999999999999999", "1.5", "1e9", "many", "0x10", "NaN", "\u0663"];

    public static TheoryData<string, string, string> Wrong()
    {
        TheoryData<string, string, string> table = [];
        foreach (string number in s_numbers)
        {
            table.Add("classify", "--max-length", number);
            table.Add("classify", "--threads", number);
            table.Add("classify", "--top", number);
            table.Add("tokenize", "--max-length", number);
            table.Add("bench", "--threads", number);
            table.Add("bench", "--lengths", number);
            table.Add("selftest", "--classifications", number);
        }
        // Below what the template of the model needs, and beyond its positions.
        foreach (string length in (string[])["1", "2", "3", "17", "1000000000", "2147483647"])
        {
            table.Add("classify", "--max-length", length);
            table.Add("tokenize", "--max-length", length);
            table.Add("bench", "--lengths", length);
            table.Add("bench", "--lengths", $"8,{length}");
        }
        return table;
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_number_that_makes_no_sense_ends_with_2_and_one_line(string command, string option, string number)
    {
        Outcome outcome = Ibert.Run([command, "-m", ProgramModels.BytePair, $"{option}={number}",
            .. command is "classify" or "tokenize" ? (string[])["a film"] : []]);
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.Matches("\\Aibert: [^\n]+\n\\z", outcome.Error);
    }

    [Theory]
    [InlineData("classify", "--max-length", "4")]
    [InlineData("classify", "--max-length", "16")]
    [InlineData("classify", "--top", "2147483647")]
    [InlineData("tokenize", "--max-length", "4")]
    [InlineData("bench", "--lengths", "4, 16")]
    public void A_number_at_the_bounds_of_the_model_is_followed(string command, string option, string number)
    {
        Outcome outcome = Ibert.Run(
            [command, "-m", ProgramModels.BytePair, option, number, .. command is "classify" or "tokenize" ? (string[])["a film"] : []]);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
    }

    [Theory]
    [InlineData("classify")]
    [InlineData("bench", "--lengths", "8")]
    public void More_threads_than_cores_are_told_and_not_taken(params string[] arguments)
    {
        string[] rest = [.. arguments[1..], "-m", ProgramModels.Plain, .. arguments[0] == "classify" ? (string[])["a film"] : []];
        Outcome outcome = Ibert.Run([arguments[0], "--threads", "1000000000", .. rest]);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Matches("\\Aibert: --threads 1000000000: [0-9]+ (is|are) used, [^\n]+\n\\z", outcome.Error);
        if (arguments[0] == "classify")
        {
            Assert.Equal(Ibert.Run([arguments[0], .. rest]).Output, outcome.Output);
        }
    }
}
