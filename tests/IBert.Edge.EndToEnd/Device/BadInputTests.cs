// Whatever comes in, a clear answer and the right exit status come out.
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using IBert.Edge.TestSupport;
using Xunit;
using static IBert.Edge.TestSupport.TinyPieces;

namespace IBert.Edge.EndToEnd.Device;

public class BadInputTests
{
    [Fact]
    public void An_empty_text_is_a_text()
    {
        Assert.Matches("^(positive|negative)\t0\\.[0-9]{3}\n$", Ibert.RunTiny(["classify", ""]).Output);
        Assert.Equal(Tokens("[CLS] [SEP]"), Ibert.RunTiny(["tokenize"], "\n").Output);
    }

    [Fact]
    public void No_lines_give_no_lines()
    {
        Outcome outcome = Ibert.RunTiny(["classify"]);

        Assert.Equal((0, "", ""), (outcome.ExitCode, outcome.Output, outcome.Error));
    }

    [Theory]
    [InlineData("word ", 512, true)]
    [InlineData("x", 3, false)]
    public void A_text_of_a_megabyte_is_classified(string repeated, int tokens, bool truncated)
    {
        // One word of a megabyte is one unknown piece.
        string text = string.Concat(Enumerable.Repeat(repeated, (1 << 20) / repeated.Length));
        Outcome outcome = Ibert.RunTiny(["classify", "--json"], text + "\nshort\n");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(2, outcome.Lines.Length);
        using JsonDocument json = JsonDocument.Parse(outcome.Lines[0]);
        Assert.Equal(tokens, json.RootElement.GetProperty("tokens").GetInt32());
        Assert.Equal(truncated, json.RootElement.GetProperty("truncated").GetBoolean());
    }

    [Fact]
    public void Binary_garbage_is_answered_line_for_line()
    {
        byte[] garbage = new byte[100_000];
        new Random(5).NextBytes(garbage);
        int lines = garbage.Count(b => b == '\n') + (garbage[^1] == '\n' ? 0 : 1);

        Outcome plain = Ibert.Run(["classify", "-m", TestModels.Tiny], garbage);
        Outcome json = Ibert.Run(["classify", "-m", TestModels.Tiny, "--json"], garbage);

        Assert.Equal([0, 0], [plain.ExitCode, json.ExitCode]);
        Assert.Equal([lines, lines], [plain.Lines.Length, json.Lines.Length]);
        Assert.All(json.Lines, line => JsonDocument.Parse(line).Dispose());
    }

    [Fact]
    public void Invalid_UTF8_is_shown_as_the_replacement_character()
    {
        Outcome outcome = Ibert.Run(["classify", "-m", TestModels.Tiny, "--json"], [(byte)'a', 0xFF, (byte)'b', (byte)'\n']);

        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal("a\uFFFDb", json.RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public void A_missing_model_ends_with_3_and_one_line()
    {
        AssertError(3, "/nowhere/model.ibert: no such file", Ibert.Run(["classify", "-m", "/nowhere/model.ibert", "x"]));
    }

    [Fact]
    public void A_folder_as_model_ends_with_3()
    {
        AssertError(3, "folder", Ibert.Run(["inspect", "-m", Path.GetTempPath()]));
    }

    [Theory]
    [InlineData("", "0 bytes")]
    [InlineData("not a model, just text\n", "not a model")]
    public void A_text_file_as_model_ends_with_3(string content, string complaint)
    {
        using TemporaryFile file = new(Encoding.UTF8.GetBytes(content));
        AssertError(3, complaint, Ibert.Run(["classify", "-m", file.Path, "x"]));

        using TemporaryFile longer = new(Encoding.UTF8.GetBytes(content + new string('x', 1000)));
        AssertError(3, "not a model", Ibert.Run(["classify", "-m", longer.Path, "x"]));
    }

    [Fact]
    public void A_model_that_was_cut_or_changed_ends_with_3()
    {
        byte[] model = File.ReadAllBytes(TestModels.Tiny);
        using TemporaryFile cut = new(model[..(model.Length / 2)]);
        model[model.Length / 2] ^= 1;
        using TemporaryFile changed = new(model);

        AssertError(3, "copy it again", Ibert.Run(["classify", "-m", cut.Path, "x"]));
        AssertError(3, "damaged", Ibert.Run(["selftest", "-m", changed.Path]), output: true);
    }

    [Theory]
    [InlineData("neon", "not a kernel set")]
    [InlineData(null, "lacks")]
    public void Kernels_that_are_unknown_or_that_this_CPU_lacks_end_with_2(string? name, string complaint)
    {
        name ??= RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "avx2" : "advsimd";
        AssertError(2, complaint, Ibert.Run(["classify", "-m", TestModels.Tiny, "x"], null, ("IBERT_KERNELS", name)));
    }

    [Theory]
    [InlineData("no-such-command")]
    [InlineData("classify", "--no-such-option")]
    [InlineData("classify", "--top", "0")]
    [InlineData("classify", "--top", "many")]
    [InlineData("classify", "--max-length", "2", "x")]
    [InlineData("classify", "--max-length", "513", "x")]
    [InlineData("classify", "--threads", "0", "x")]
    [InlineData("classify", "--json-input", "x")]
    [InlineData("classify", "--pair", "alone")]
    [InlineData("bench", "--lengths", "16,,32")]
    [InlineData("bench", "--lengths", "513")]
    [InlineData("eval")]
    [InlineData("eval", "/nowhere.tsv")]
    [InlineData("selftest", "--classifications", "0")]
    public void Wrong_usage_ends_with_2_and_one_line(params string[] arguments)
    {
        AssertError(2, "", Ibert.Run(arguments, null, ("IBERT_MODEL", TestModels.Tiny)));
    }

    [Fact]
    public void Standard_streams_that_are_closed_or_a_folder_end_with_2()
    {
        AssertError(2, "standard input", Ibert.Shell("ibert classify -m \"$1\" <&-", TestModels.Tiny));
        AssertError(2, "standard output", Ibert.Shell("ibert classify -m \"$1\" text >&-", TestModels.Tiny));
        AssertError(2, "standard input", Ibert.Shell("ibert classify -m \"$1\" </", TestModels.Tiny));
    }

    [Fact]
    public void Results_that_cannot_be_written_end_with_2()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "/dev/full is missing");
        AssertError(2, "No space left", Ibert.Shell("ibert classify -m \"$1\" text >/dev/full", TestModels.Tiny));
    }

    private static void AssertError(int status, string complaint, Outcome outcome, bool output = false)
    {
        Assert.Equal(status, outcome.ExitCode);
        Assert.StartsWith("ibert: ", outcome.Error);
        Assert.Contains(complaint, outcome.Error);
        Assert.Single(outcome.Error.TrimEnd('\n').Split('\n'));
        if (!output)
        {
            Assert.Equal("", outcome.Output);
        }
    }
}
