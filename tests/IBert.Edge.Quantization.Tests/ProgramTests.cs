// ibert-quantize as a person types it: what it prints, and what it ends with.
using System.Diagnostics;
using System.Text.Json.Nodes;
using IBert.Edge.Checkpoints;
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
        string data = Given.Texts("reviews.dev.tsv");
        (int status, string output, string errors) = Run(
            TinyData.Checkpoint, "-o", folder["m.ibert"], "--calibration", data, "--text", "sentence", "--samples", "32",
            "--eval", data, "--label", "label", "--report", folder["r.md"]);
        Assert.Equal((0, ""), (status, errors));
        string[] lines = output.TrimEnd().Split('\n');
        Assert.Matches(@"m\.ibert: \d\.\d MB, 32 calibration texts, seed 1, \d+\.\d s$", lines[0]);
        Assert.Matches(@"^accuracy on 200 texts of reviews\.dev\.tsv: FP32 94\.00 %, integers \d\d\.\d\d %$", lines[1]);
        Assert.StartsWith("f1 on 200 texts", lines[2]);
        Assert.StartsWith("matthews on 200 texts", lines[3]);
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
    [InlineData("the three are needed", "compare", "CHECKPOINT", "DATA")]
    [InlineData("the three are needed", "compare", "CHECKPOINT", "TINY", "DATA", "--text", "text", "--all")]
    [InlineData("--text is not for it", "compare", "TINY", "--golden", "CHECKPOINT", "--text", "text")]
    [InlineData("2 files are given", "compare", "CHECKPOINT", "TINY", "--golden", "CHECKPOINT")]
    [InlineData("only a model that was converted with --scheme ibert", "compare", "TINY", "--golden", "GOLDEN")]
    [InlineData("has no column 'nope'", "compare", "CHECKPOINT", "TINY", "DATA", "--text", "nope")]
    [InlineData("was not made from the weights", "compare", "IBERT", "TINY", "DATA", "--text", "text")]
    [InlineData("--samples 0 is too small: 1 or more", "compare", "CHECKPOINT", "TINY", "DATA", "--text", "text", "--samples", "0")]
    [InlineData("there is no folder", "compare", "CHECKPOINT", "TINY", "DATA", "--text", "text", "--report", "none/r.md")]
    [InlineData("Option '--output' is required", "dump", "TINY", "a text")]
    [InlineData("there is no folder", "dump", "TINY", "a text", "-o", "none/d.safetensors")]
    [InlineData("would be replaced by what is written", "dump", "DATA", "a text", "-o", "DATA")]
    [InlineData("would be replaced by what is written", "compare", "CHECKPOINT", "TINY", "DATA", "--text", "text", "--report", "DATA")]
    [InlineData("would be replaced by what is written", "CHECKPOINT", "-o", "DATA", "--calibration", "DATA")]
    [InlineData("is a folder, and stands where a model file is expected", "compare", "TINY", "CHECKPOINT", "DATA", "--text", "text")]
    [InlineData("see ibert-quantize dump --help", "dump", "TINY")]
    [InlineData("--bits 4 is not supported yet: 8 is", "CHECKPOINT", "-o", "OUT", "--bits", "4")]
    [InlineData("--samples 3 is too small: 8 or more", "CHECKPOINT", "-o", "OUT", "--samples", "3")]
    [InlineData("--threads 0 is too small: 1 or more", "CHECKPOINT", "-o", "OUT", "--threads", "0")]
    [InlineData("this checkpoint takes 3 to 512", "CHECKPOINT", "-o", "OUT", "--max-length", "1000")]
    [InlineData("--samples x: not a whole number", "CHECKPOINT", "-o", "OUT", "--samples", "x")]
    [InlineData("--eval needs --label COLUMN", "CHECKPOINT", "-o", "OUT", "--text", "text", "--eval", "DATA")]
    [InlineData("--eval needs --text COLUMN", "CHECKPOINT", "-o", "OUT", "--eval", "DATA", "--label", "label")]
    [InlineData("give that too", "CHECKPOINT", "-o", "OUT", "--label", "label")]
    [InlineData("--text names a column of the --calibration file", "CHECKPOINT", "-o", "OUT", "--text", "text")]
    [InlineData("there is no such folder", "none", "-o", "OUT")]
    [InlineData("there is no such file", "CHECKPOINT", "-o", "OUT", "--calibration", "none.tsv")]
    [InlineData("has no column 'nope'", "CHECKPOINT", "-o", "OUT", "--calibration", "DATA", "--text", "nope")]
    [InlineData("has 2 texts, calibration needs 8 or more", "CHECKPOINT", "-o", "OUT", "--calibration", "DATA", "--text", "text")]
    [InlineData("'good' is no label of this model", "CHECKPOINT", "-o", "OUT", "--text", "text", "--eval", "DATA", "--label", "label")]
    [InlineData("there is no folder", "CHECKPOINT", "-o", "none/m.ibert")]
    public void What_cannot_be_done_ends_with_2_and_one_line(string expected, params string[] arguments) =>
        EndsWith(2, expected, arguments);

    [Theory]
    [InlineData("is not a model", "compare", "CHECKPOINT", "DATA", "DATA", "--text", "text")]
    [InlineData("is not a model", "dump", "DATA", "a text", "-o", "OUT")]
    [InlineData("there is no such file", "dump", "none.ibert", "a text", "-o", "OUT")]
    [InlineData("there is no such file", "compare", "none.ibert", "--golden", "GOLDEN")]
    public void What_is_no_model_ends_with_3_and_one_line(string expected, params string[] arguments) => EndsWith(3, expected, arguments);

    private void EndsWith(int expectedStatus, string expected, string[] arguments)
    {
        string data = folder.Write("data.tsv", "text\tlabel\nfine\tgood\nbad\t0\n");
        (int status, string output, string errors) = Run([.. arguments.Select(argument => argument switch
        {
            "CHECKPOINT" => TinyData.Checkpoint,
            "IBERT" => Given.Checkpoint("ibert"),
            "GOLDEN" => Given.Golden("ibert"),
            "TINY" => TestModels.Tiny,
            "OUT" => folder["m.ibert"],
            "DATA" => data,
            _ => argument,
        })]);
        Assert.Equal((expectedStatus, ""), (status, output));
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

    [Theory]
    [InlineData("compare", "ibert-quantize compare <FILES>... [options]", "ibert-quantize compare my.ibert --golden")]
    [InlineData("dump", "ibert-quantize dump <MODEL.ibert> <TEXT> [options]", "ibert-quantize dump my.ibert \"a charming")]
    public void Every_command_has_a_help_of_its_own_with_examples(string command, string usage, string example)
    {
        (int status, string output, _) = Run(command, "--help");
        Assert.Equal(0, status);
        Assert.Contains(usage, output);
        Assert.Contains(example, output);
    }

    [Fact]
    public void Compare_prints_where_the_error_comes_from_and_every_tensor()
    {
        (int status, string output, string errors) = Run(
            "compare", TinyData.Checkpoint, TestModels.Tiny, Given.Texts("reviews.dev.tsv"), "--text", "sentence", "--samples", "10",
            "--report", folder["r.md"]);
        Assert.Equal((0, ""), (status, errors));
        Assert.StartsWith("10 texts of reviews.dev.tsv, seed 1; 6 dB are one bit\nwhere the error comes from, worst first", output);
        string[] layers = ["embeddings ", "layer 0 ", "layer 1 ", "head "];
        Assert.All(layers, layer => Assert.Contains($"\n{layer}", output));
        Assert.Matches(@"\n  encoder\.layer\.1\.attention\.self\.query +\d\d\.\d +\d\d\.\d\n", output);
        Assert.Contains("| encoder.layer.1.attention.self.query | Int8 |", File.ReadAllText(folder["r.md"]));
    }

    [Fact]
    public void Compare_with_golden_integers_ends_with_0_where_all_holds_and_with_1_where_a_label_is_another()
    {
        string golden = Given.Golden("ibert"), model = folder["m.ibert"];
        Quantizer.Quantize(Given.Checkpoint("ibert")).Save(model);
        File.Copy(Path.Combine(golden, "00.safetensors"), folder["00.safetensors"]);
        string sentence = File.ReadLines(Path.Combine(golden, "sentences.jsonl")).First();
        folder.Write("sentences.jsonl", sentence);

        (int status, string output, string errors) = Run("compare", model, "--golden", folder.Path, "--all");

        Assert.Equal((0, ""), (status, errors));
        Assert.StartsWith("1 dumps, each operation with golden inputs; ", output);
        Assert.Matches(@"\n  encoder\.layer\.1\.attention\.self\.softmax +128 +0 +0\n", output);
        Assert.Contains("encoder.layer.1.attention.output.LayerNorm", output);
        Assert.DoesNotContain("FAILS", output);

        JsonNode other = JsonNode.Parse(sentence)!;
        other["logits"] = new JsonArray([.. other["logits"]!.AsArray().Reverse().Select(logit => logit!.DeepClone())]);
        folder.Write("sentences.jsonl", other.ToJsonString());
        (status, output, _) = Run("compare", model, "--golden", folder.Path);
        Assert.Equal(1, status);
        Assert.Contains("another label, in spite of its margin: line 1 of sentences.jsonl", output);
        Assert.Contains("FAILS  end to end the label is the same", output);
    }

    [Fact]
    public void Dump_writes_a_file_and_says_nothing()
    {
        (int, string, string) result = Run("dump", TestModels.Tiny, "a fine film", "--pair", "a bad one", "-o", folder["d.safetensors"]);
        Assert.Equal((0, "", ""), result);
        using SafetensorsFile dump = SafetensorsFile.Open(folder["d.safetensors"]);
        Assert.Contains(1, dump.ReadIntegers(dump.Tensors["token_type_ids"]));
    }

    [Fact]
    public void An_integer_trained_checkpoint_keeps_its_own_integers()
    {
        (int status, string output, _) = Run(Given.Checkpoint("ibert"), "-o", folder["m.ibert"]);

        Assert.Equal(0, status);
        Assert.Contains("the checkpoint's own integers", output);
        using ModelFile model = ModelFile.Open(folder["m.ibert"]);
        Assert.Contains("\"scheme\":\"ibert\"", model.Provenance);
        Assert.DoesNotContain("calibration", model.Provenance);
    }

    [Theory]
    [InlineData("thread", "a fault of this program (InvalidOperationException: planted\\n\\u001B[2Jfault); please report it")]
    [InlineData("memory", "out of memory; ")]
    [InlineData("finalizer", "a fault of this program (InvalidOperationException: planted\\n\\u001B[2Jfault); please report it")]
    [InlineData("end", "a fault of this program (InvalidOperationException: planted\\n\\u001B[2Jfault); please report it")]
    public void What_nobody_catches_ends_with_70_and_one_line(string fault, string message)
    {
        using CheckpointWriter checkpoint = TinyData.Letters(24, 2, 48).Folder;
        (int status, string output, string errors) = RunWith(
            [("DOTNET_STARTUP_HOOKS", Planted), ("IBERT_PLANTED", fault)],
            checkpoint.Folder, "-o", folder["m.ibert"], "--calibration", Path.Combine(checkpoint.Folder, "data.tsv"), "--text", "text");
        Assert.Equal(70, status);
        Assert.StartsWith("ibert-quantize: " + message, errors);
        Assert.Single(errors.TrimEnd('\n').Split('\n'));
        // One at the end comes when all is done.
        Assert.Equal(fault == "end", output.Length > 0);
        Assert.Equal(fault == "end" ? [folder["m.ibert"]] : [], Directory.GetFileSystemEntries(folder.Path));
    }

    private static string Planted =>
        Path.Combine(Shared.Repository, "tests", "Planted", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0",
            "Planted.dll");

    private static (int Status, string Output, string Errors) Run(params string[] arguments) => RunWith([], arguments);

    private static (int Status, string Output, string Errors) RunWith((string Name, string Value)[] environment, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "ibert-quantize.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return (child.ExitCode, output, errors.Result);
    }
}
