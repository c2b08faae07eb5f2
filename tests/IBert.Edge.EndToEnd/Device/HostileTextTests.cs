// What comes from a file or a person stays on its line and moves no cursor, wherever it is printed.
using System.Buffers;
using System.Text;
using System.Text.Json;
using IBert.Edge.Files;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

public sealed class HostileTextTests : IDisposable
{
    private const string Nasty = "\u001B[2J\u009B31m\n\r\u202E\u2028\u200B\u007F";

    private readonly string folder = Directory.CreateTempSubdirectory("ibert-hostile-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("tokenize", 1)]
    [InlineData("tokenize --json", 1)]
    [InlineData("classify", 1)]
    [InlineData("classify --all", 1)]
    [InlineData("classify --all --json", 1)]
    [InlineData("classify --top 2", 1)]
    public void One_line_in_is_one_line_out(string command, int lines)
    {
        byte[] input = [.. Encoding.UTF8.GetBytes("a e f \u001B[2J\u202Eg\u0085 c\td"), 0xFF, 0x9B, (byte)'\n'];
        Outcome outcome = Ibert.Run([.. command.Split(' '), "-m", ProgramModels.Hostile], input);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        AssertHarmless(outcome.Output);
        Assert.Equal(lines, outcome.Lines.Length);
        if (command.EndsWith("--json", StringComparison.Ordinal))
        {
            JsonDocument.Parse(outcome.Output).Dispose();
        }
    }

    [Fact]
    public void Pieces_are_shown_with_escapes_and_keep_their_number()
    {
        foreach (string piece in ProgramModels.HostilePieces)
        {
            Outcome outcome = Ibert.Run(["tokenize", "-m", ProgramModels.Hostile, piece]);
            string[] fields = outcome.Lines.Single().Split('\t');
            Assert.Equal($"[CLS] {Printable.Escape(piece).Replace(" ", "\\u0020")} [SEP]", fields[0]);
            Assert.Equal(3, fields[1].Split(' ').Length);
        }
    }

    [Fact]
    public void Labels_are_shown_with_escapes()
    {
        Outcome outcome = Ibert.Run(["classify", "-m", ProgramModels.Hostile, "--all", "a film"]);
        Assert.Contains("g\\u200Bn\t0.", outcome.Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Inspect_shows_labels_and_provenance_with_escapes(bool json)
    {
        foreach (string model in (string[])[ProgramModels.Hostile, ProgramModels.HostileText])
        {
            Outcome outcome = Ibert.Run(["inspect", "--graph", "-m", model, .. json ? (string[])["--json"] : []]);
            Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
            AssertHarmless(outcome.Output);
            if (json)
            {
                JsonDocument.Parse(outcome.Output).Dispose();
            }
        }
    }

    [Theory]
    [InlineData("classify", "-m", "NASTY", "x")]
    [InlineData("inspect", "-m", "NASTY")]
    [InlineData("eval", "NASTY", "--text", "t", "--label", "l")]
    [InlineData("eval", "DATA", "--text", "NASTY", "--label", "l")]
    [InlineData("eval", "DATA", "--label", "NASTY", "--text", "t")]
    [InlineData("eval", "DATA", "--text", "t", "--label", "l")]
    [InlineData("eval", "DATA", "--text", "t")]
    [InlineData("eval", "DATA", "--text", "t", "--label", "l", "--predictions", "NASTY/x")]
    [InlineData("classify", "--top", "NASTY")]
    [InlineData("classify", "--NASTY")]
    [InlineData("NASTY")]
    [InlineData("bench", "--lengths", "NASTY")]
    public void Messages_are_one_line_and_harmless(params string[] arguments)
    {
        string data = Path.Combine(folder, "data.tsv");
        File.WriteAllText(data, $"t\tl\t{Nasty.Replace("\n", "").Replace("\r", "")}\na\t{Nasty.Replace("\n", "").Replace("\r", "")}\tx\n");
        Outcome outcome = Ibert.Run(
            [.. arguments.Select(argument => argument.Replace("NASTY", Nasty).Replace("DATA", data))], null,
            ("IBERT_MODEL", ProgramModels.Hostile));
        Assert.Contains(outcome.ExitCode, (int[])[2, 3]);
        AssertHarmless(outcome.Error);
        Assert.Equal(1, outcome.Error.Count(character => character == '\n'));
        Assert.Equal("", outcome.Output);
    }

    [Fact]
    public void A_model_of_a_nasty_name_is_shown_with_escapes()
    {
        string path = Path.Combine(folder, $"m{Nasty}.ibert");
        File.Copy(ProgramModels.Plain, path);
        foreach (string[] command in (string[][])[["inspect"], ["inspect", "--json"], ["selftest", "--classifications", "1"]])
        {
            Outcome outcome = Ibert.Run([.. command, "-m", path]);
            Assert.Equal(0, outcome.ExitCode);
            AssertHarmless(outcome.Output + outcome.Error);
        }
    }

    private static void AssertHarmless(string text)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            Assert.False(
                Printable.IsHidden(rune.Value) && rune.Value is not ('\n' or '\t'), $"U+{rune.Value:X4} in {Printable.Escape(text)}");
        }
        Assert.DoesNotContain("\n\n\n", text);
    }
}
