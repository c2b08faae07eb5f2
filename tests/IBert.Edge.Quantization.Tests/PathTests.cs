// Whatever the paths of a command lead to: nothing that is read is lost, nothing but a file is replaced, and the answer comes before the
// work.
using System.Text;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests;

public sealed class PathTests : PathFolder
{
    [Theory]
    [InlineData("checkpoint/config.json")]
    [InlineData("checkpoint/model.safetensors")]
    [InlineData("checkpoint/vocab.txt")]
    [InlineData("data")]
    public void An_input_that_is_a_pipe_keeps_nobody_waiting(string name)
    {
        File.Delete(At(name));
        SpecialFiles.Pipe(At(name));
        (int status, _, string errors) = Run(At("checkpoint"), "-o", At("out"), "--calibration", At("data"), "--text", "text");
        Assert.Equal(2, status);
        Assert.Matches("\\Aibert-quantize: [^\n]+\n\\z", errors);
    }

    [Theory]
    [InlineData("pipe")]
    [InlineData("socket")]
    [InlineData("link to device")]
    [InlineData("circle")]
    [InlineData("nothing")]
    [InlineData("data")]
    public void A_model_that_is_no_model_ends_with_3_at_once(string name)
    {
        foreach (string[] arguments in (string[][])
            [["dump", At(name), "a", "-o", At("out")], ["compare", At("checkpoint"), At(name), At("data"), "--text", "text"],
                ["compare", At(name), "--golden", At("golden")]])
        {
            (int status, string output, string errors) = Run(arguments);
            Assert.Equal((3, ""), (status, output));
            Assert.Matches("\\Aibert-quantize: [^\n]+\n\\z", errors);
        }
    }

    [Theory]
    [InlineData("", "-o", "OUT")]
    [InlineData("CHECKPOINT", "-o", "")]
    [InlineData("CHECKPOINT", "-o", "OUT", "--calibration", "")]
    [InlineData("CHECKPOINT", "-o", "OUT", "--eval", "")]
    [InlineData("CHECKPOINT", "-o", "OUT", "--report", "")]
    [InlineData("CHECKPOINT", "-o", "OUT", "--tokenizer", "")]
    [InlineData("dump", "", "a", "-o", "OUT")]
    [InlineData("dump", "MODEL", "a", "-o", "")]
    [InlineData("compare", "", "MODEL", "DATA", "--text", "text")]
    [InlineData("compare", "CHECKPOINT", "", "DATA", "--text", "text")]
    [InlineData("compare", "CHECKPOINT", "MODEL", "", "--text", "text")]
    [InlineData("compare", "CHECKPOINT", "MODEL", "DATA", "--text", "text", "--report", "")]
    [InlineData("compare", "MODEL", "--golden", "")]
    public void An_empty_path_ends_with_2(params string[] arguments)
    {
        (int status, string output, string errors) = Run([.. arguments.Select(argument => argument switch
        {
            "CHECKPOINT" => At("checkpoint"), "MODEL" => At("model"), "DATA" => At("data"), "OUT" => At("out"), _ => argument,
        })]);
        Assert.Equal((2, ""), (status, output));
        Assert.Matches("\\Aibert-quantize: [^\n]+ is empty: give a path[^\n]*\n\\z", errors);
    }

    public static TheoryData<string, string> Numbers()
    {
        TheoryData<string, string> table = [];
        foreach (string option in (string[])["--samples", "--max-length", "--threads", "--seed"])
        {
            foreach (string number in (string[])["", "-1", "1.5", "many", "99999999999999999999999"])
            {
                table.Add(option, number);
            }
        }
        table.Add("--samples", "7");
        table.Add("--threads", "0");
        table.Add("--max-length", "0");
        table.Add("--max-length", "2");
        table.Add("--max-length", "65");
        return table;
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_number_that_makes_no_sense_ends_with_2(string option, string number)
    {
        (int status, string output, string errors) = Run(At("checkpoint"), "-o", At("out"), $"{option}={number}");
        Assert.Equal((2, ""), (status, output));
        Assert.Matches("\\Aibert-quantize: [^\n]+\n\\z", errors);
        Assert.DoesNotContain("Parameter", errors);
    }

    [Fact]
    public void More_threads_than_cores_are_told_and_change_nothing()
    {
        string[] arguments = [At("checkpoint"), "--calibration", At("data"), "--text", "text", "--samples", "40", "-o"];
        Assert.Equal(0, Run([.. arguments, At("out")]).Status);
        (int status, _, string errors) = Run([.. arguments, At("again"), "--threads", "1000000000"]);
        Assert.Equal(0, status);
        Assert.Matches("\\Aibert-quantize: --threads 1000000000: [0-9]+ (is|are) used, [^\n]+\n\\z", errors);
        Assert.Equal(File.ReadAllBytes(At("out")), File.ReadAllBytes(At("again")));
    }

    [Fact]
    public void Models_and_reports_may_be_written_again_beside_the_checkpoint_s_files()
    {
        for (int i = 0; i < 2; i++)
        {
            (int status, _, string errors) = Run(
                At("checkpoint"), "-o", At("checkpoint/m.ibert"), "--report", At("checkpoint/report.md"), "--calibration", At("data"),
                "--text", "text", "--samples", "40");
            Assert.Equal((0, ""), (status, errors));
        }
        using ModelFile model = ModelFile.Open(At("checkpoint/m.ibert"));
        Assert.Equal(5, Directory.GetFiles(At("checkpoint"), "report-*.svg").Length);
    }

    [Fact]
    public void Every_output_can_go_to_standard_output()
    {
        string[] common = ["--calibration", At("data"), "--text", "text", "--samples", "40"];
        Assert.Equal(0, Run([At("checkpoint"), "-o", At("m.ibert"), "--report", At("v.md"), .. common]).Status);

        (int status, byte[] bytes, string errors) = RunBytes([At("checkpoint"), "-o", "-", .. common]);
        Assert.Equal(0, status);
        Assert.Equal(File.ReadAllBytes(At("m.ibert")), bytes);
        Assert.Matches("^-: [0-9.]+ MB, 40 calibration texts", errors);

        (status, bytes, _) = RunBytes([At("checkpoint"), "-o", At("n.ibert"), "--report", "-", .. common]);
        Assert.Equal(0, status);
        string[] report =
            [.. File.ReadAllLines(At("v.md")).Where(line => !line.StartsWith("![", StringComparison.Ordinal) && line.Length > 0)];
        Assert.Equal(report, Encoding.UTF8.GetString(bytes).Split('\n').Where(line => line.Length > 0));

        Assert.Equal(0, Run("dump", At("m.ibert"), "a b", "-o", At("d.safetensors")).Status);
        (status, bytes, errors) = RunBytes(["dump", At("m.ibert"), "a b", "-o", "-"]);
        Assert.Equal((0, ""), (status, errors));
        Assert.Equal(File.ReadAllBytes(At("d.safetensors")), bytes);

        (status, bytes, errors) = RunBytes(
            ["compare", At("checkpoint"), At("m.ibert"), At("data"), "--text", "text", "--samples", "8", "--report", "-"]);
        Assert.Equal((0, ""), (status, errors));
        Assert.StartsWith("# m.ibert beside its checkpoint\n", Encoding.UTF8.GetString(bytes));

        (status, string output, errors) = Run([At("checkpoint"), "-o", "-", "--report", "-", .. common]);
        Assert.Equal((2, ""), (status, output));
        Assert.Contains("both -", errors);
    }

    [Fact]
    public void Names_with_what_no_line_holds_are_shown_with_escapes()
    {
        const string nasty = "x\u001B[2J\n|`y\u202E";
        Directory.Move(At("checkpoint"), At(nasty));
        File.Copy(At("data"), At(nasty + ".tsv"));
        (int status, string output, string errors) = Run(
            At(nasty), "-o", At(nasty + ".ibert"), "--report", At(nasty + ".md"), "--calibration", At(nasty + ".tsv"), "--text", "text",
            "--samples", "40",
            "--eval", At(nasty + ".tsv"), "--label", "label");
        Assert.Equal((0, ""), (status, errors));
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal("report: " + Files.Printable.Escape(At(nasty + ".md")), lines[^1]);
        string report = File.ReadAllText(At(nasty + ".md"));
        Assert.Contains("# Quantization of x\\\\u001B\\[2J\\\\n\\|\\`y\\\\u202E\n", report);
        foreach (string text in (string[])[output, report])
        {
            Assert.DoesNotContain(text.EnumerateRunes(), rune => Files.Printable.IsHidden(rune.Value) && rune.Value != '\n');
        }
    }
}
