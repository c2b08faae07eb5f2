// ibert-quantize as a person types it: what it prints, and what it ends with.
using System.Diagnostics;
using IBert.Edge.Quantization.Tests.Quantizing;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests;

public sealed class ProgramTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Checkpoint_in_model_and_report_out()
    {
        string data = Shared.Require("data", "sst2", "dev.tsv");
        (int status, string output, string errors) = Run(
            TinyData.Checkpoint, "-o", folder["m.ibert"], "--calibration", data, "--text", "sentence", "--samples", "32",
            "--eval", data, "--label", "label", "--report", folder["r.md"]);
        Assert.Equal((0, ""), (status, errors));
        string[] lines = output.TrimEnd().Split('\n');
        Assert.Matches(@"m\.ibert: \d\.\d MB, 32 calibration texts, seed 1, \d+\.\d s$", lines[0]);
        Assert.Matches(@"^accuracy on 872 texts of dev\.tsv: FP32 80\.39 %, integers \d\d\.\d\d %$", lines[1]);
        Assert.StartsWith("f1 on 872 texts", lines[2]);
        Assert.StartsWith("matthews on 872 texts", lines[3]);
        Assert.Matches(@"^same label \d+\.\d\d %, mean logit error 0\.\d+, largest \d\.\d+$", lines[4]);
        Assert.Equal($"report: {folder["r.md"]}", lines[5]);
        Assert.True(File.Exists(folder["r.md"]));
        using ModelFile model = ModelFile.Open(folder["m.ibert"]);
        Assert.NotNull(model.Provenance);
    }

    [Fact]
    public void Without_calibration_texts_a_warning_says_so()
    {
        (int status, _, string errors) = Run(TinyData.Checkpoint, "-o", folder["m.ibert"]);
        Assert.Equal(0, status);
        Assert.Contains("built-in English sentences: accuracy may be lower", errors);
        Assert.Contains("--calibration", errors);
    }

    [Theory]
    [InlineData("Option '--output' is required", "CHECKPOINT")]
    [InlineData("--scheme q8bert is not supported yet: int8 and ibert are", "CHECKPOINT", "-o", "OUT", "--scheme", "q8bert")]
    [InlineData("only a single-label classifier of model_type ibert", "CHECKPOINT", "-o", "OUT", "--scheme", "ibert")]
    [InlineData("--scheme ibert has none of these yet", "IBERT", "-o", "OUT", "--report", "OUT")]
    [InlineData("--bits 4 is not supported yet: 8 is", "CHECKPOINT", "-o", "OUT", "--bits", "4")]
    [InlineData("--samples 3 is too small: 8 or more", "CHECKPOINT", "-o", "OUT", "--samples", "3")]
    [InlineData("--threads 0 is too small: 1 or more", "CHECKPOINT", "-o", "OUT", "--threads", "0")]
    [InlineData("this checkpoint takes 3 to 512", "CHECKPOINT", "-o", "OUT", "--max-length", "1000")]
    [InlineData("Cannot parse argument 'x'", "CHECKPOINT", "-o", "OUT", "--samples", "x")]
    [InlineData("--eval needs --label COLUMN", "CHECKPOINT", "-o", "OUT", "--text", "text", "--eval", "DATA")]
    [InlineData("--eval needs --text COLUMN", "CHECKPOINT", "-o", "OUT", "--eval", "DATA", "--label", "label")]
    [InlineData("give that too", "CHECKPOINT", "-o", "OUT", "--label", "label")]
    [InlineData("--text names a column of the --calibration file", "CHECKPOINT", "-o", "OUT", "--text", "text")]
    [InlineData("there is no such folder", "none", "-o", "OUT")]
    [InlineData("there is no such file", "CHECKPOINT", "-o", "OUT", "--calibration", "none.tsv")]
    [InlineData("has no column 'nope'", "CHECKPOINT", "-o", "OUT", "--calibration", "DATA", "--text", "nope")]
    [InlineData("has 2 texts, calibration needs 8 or more", "CHECKPOINT", "-o", "OUT", "--calibration", "DATA", "--text", "text")]
    [InlineData("good is no label of this model", "CHECKPOINT", "-o", "OUT", "--text", "text", "--eval", "DATA", "--label", "label")]
    [InlineData("there is no folder", "CHECKPOINT", "-o", "none/m.ibert")]
    public void What_cannot_be_done_ends_with_2_and_one_line(string expected, params string[] arguments)
    {
        string data = folder.Write("data.tsv", "text\tlabel\nfine\tgood\nbad\t0\n");
        (int status, string output, string errors) = Run([.. arguments.Select(argument => argument switch
        {
            "CHECKPOINT" => TinyData.Checkpoint,
            "IBERT" => Shared.Require("checkpoints", "ibert-l3-sst2"),
            "OUT" => folder["m.ibert"],
            "DATA" => data,
            _ => argument,
        })]);
        Assert.Equal((2, ""), (status, output));
        Assert.StartsWith("ibert-quantize: ", errors);
        Assert.Contains(expected, errors);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.Equal([data], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Help_has_examples_and_the_version_is_told()
    {
        (int status, string output, _) = Run("--help");
        Assert.Equal(0, status);
        Assert.Contains("ibert-quantize my-checkpoint -o my.ibert --calibration train.tsv --text sentence", output);
        Assert.StartsWith(Quantizer.Version, Run("--version").Output);
    }

    [Fact]
    public void An_integer_trained_checkpoint_keeps_its_own_integers()
    {
        (int status, string output, _) = Run(Shared.Require("checkpoints", "ibert-l3-sst2"), "-o", folder["m.ibert"]);

        Assert.Equal(0, status);
        Assert.Contains("the checkpoint's own integers", output);
        using ModelFile model = ModelFile.Open(folder["m.ibert"]);
        Assert.Contains("\"scheme\":\"ibert\"", model.Provenance);
        Assert.DoesNotContain("calibration", model.Provenance);
    }

    private static (int Status, string Output, string Errors) Run(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "ibert-quantize.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return (child.ExitCode, output, errors.Result);
    }
}
