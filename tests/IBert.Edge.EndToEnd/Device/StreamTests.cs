// The program in a pipe: answers at once, ends when nobody reads, ends when it is told to.
using System.Diagnostics;
using IBert.Edge.TestSupport;
using Xunit;
using static IBert.Edge.TestSupport.TinyPieces;

namespace IBert.Edge.EndToEnd.Device;

public class StreamTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("classify")]
    [InlineData("tokenize")]
    public async Task Each_line_is_answered_before_the_next_one_is_written(string command)
    {
        using Process process = Ibert.Start([command, "-m", TestModels.Tiny]);
        foreach (string text in (string[])["good film", "bad film", ""])
        {
            process.StandardInput.Write(text + "\n");
            process.StandardInput.Flush();
            string? answer = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask()
                .WaitAsync(s_patience, TestContext.Current.CancellationToken);
            Assert.Contains("\t", answer);
        }
        process.StandardInput.Close();

        Assert.Equal("", await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void A_file_gives_the_same_answers_as_a_pipe()
    {
        string lines = string.Concat(Enumerable.Range(0, 3000).Select(i => $"film number {i}\n"));
        using TemporaryFile file = new(lines);

        Outcome fromFile = Ibert.Shell("ibert classify -m \"$1\" <\"$2\"", TestModels.Tiny, file.Path);

        Assert.Equal(3000, fromFile.Lines.Length);
        Assert.Equal(Ibert.RunTiny(["classify"], lines).Output, fromFile.Output);
    }

    [Fact]
    public void Output_is_appended_where_the_shell_has_its_place_in_the_file()
    {
        using TemporaryFile file = new("");

        Ibert.Shell("(echo before; ibert tokenize -m \"$1\" a; echo after) >\"$2\"", TestModels.Tiny, file.Path);

        Assert.Equal($"before\n{Tokens("[CLS] a [SEP]")}after\n", File.ReadAllText(file.Path));
    }

    [Fact]
    public void A_closed_pipe_ends_it_quietly()
    {
        // Without an end in sight: only the closed pipe can end it.
        Outcome outcome = Ibert.Shell(
            "yes 'a good film' 2>/dev/null | (ibert classify -m \"$1\"; echo \"status $?\" >&2) | head -n 2", TestModels.Tiny);

        Assert.Equal(2, outcome.Lines.Length);
        Assert.Equal("status 0\n", outcome.Error);
    }

    [Fact]
    public async Task Ctrl_C_ends_it_quietly()
    {
        using Process process = Ibert.Start(["classify", "-m", TestModels.Tiny]);
        process.StandardInput.Write("good film\n");
        process.StandardInput.Flush();
        await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask()
            .WaitAsync(s_patience, TestContext.Current.CancellationToken);

        using (Process kill = Process.Start("sh", ["-c", $"kill -INT {process.Id}"]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(s_patience, TestContext.Current.CancellationToken);
        Assert.Equal("", await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal("", await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        // As a shell expects it, so that its loops end too: 128 + SIGINT.
        Assert.Equal(130, process.ExitCode);
    }
}
