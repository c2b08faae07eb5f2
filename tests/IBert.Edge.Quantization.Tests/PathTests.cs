// Whatever the paths of a command lead to: nothing that is read is lost, nothing but a file is replaced, and the answer comes before the work.
using System.Diagnostics;
using System.Text;
using IBert.Edge.Quantization.Tests.Quantizing;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests;

public sealed class PathTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    // A link for each of its files, as in the hub's cache.
    private static readonly string[] s_checkpointFiles =
    [
        "config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "tokenizer.json", "README.md", "pytorch_model.bin",
    ];

    private static readonly Lazy<byte[]> s_modelBytes = new(() =>
    {
        (CheckpointWriter checkpoint, TextSource texts, _) = TinyData.Letters(24, 2, 48);
        using (checkpoint)
        {
            return Quantizer.Quantize(checkpoint.Folder, new QuantizerOptions { Calibration = texts, Samples = 16 }).File.ToArray();
        }
    });

    public PathTests()
    {
        (CheckpointWriter checkpoint, _, _) = TinyData.Letters(24, 2, 48);
        using (checkpoint)
        {
            Directory.CreateDirectory(At("checkpoint"));
            foreach (string file in Directory.GetFiles(checkpoint.Folder))
            {
                File.Copy(file, At("checkpoint/" + Path.GetFileName(file)));
            }
        }
        File.Move(At("checkpoint/data.tsv"), At("data"));
        foreach (string name in s_checkpointFiles.Where(name => !File.Exists(At("checkpoint/" + name))))
        {
            File.WriteAllText(At("checkpoint/" + name), "{}");
        }
        // The tokenizer is vocab.txt; a tokenizer.json without a model would be refused.
        File.Delete(At("checkpoint/tokenizer.json"));
        Directory.CreateDirectory(At("tokenizer"));
        File.Copy(At("checkpoint/vocab.txt"), At("tokenizer/vocab.txt"));
        Directory.CreateDirectory(At("golden"));
        File.WriteAllText(At("golden/00.safetensors"), "golden");
        Directory.CreateDirectory(At("folder"));
        File.WriteAllText(At("eval"), "text\tlabel\na b\tred\n");
        SpecialFiles.SymbolicLink(At("link to data"), "data");
        SpecialFiles.SymbolicLink(At("link to eval"), "eval");
        SpecialFiles.SymbolicLink(At("link to weights"), "checkpoint/model.safetensors");
        SpecialFiles.SymbolicLink(At("link to checkpoint"), "checkpoint");
        SpecialFiles.SymbolicLink(At("link to folder"), "folder");
        SpecialFiles.SymbolicLink(At("link to device"), "/dev/null");
        SpecialFiles.SymbolicLink(At("link to descriptor"), "/proc/self/fd/1");
        SpecialFiles.SymbolicLink(At("link into nothing"), "nothing/out");
        SpecialFiles.SymbolicLink(At("circle"), "circle");
        SpecialFiles.HardLink(At("hard link to data"), At("data"));
        SpecialFiles.HardLink(At("hard link to weights"), At("checkpoint/model.safetensors"));
        SpecialFiles.HardLink(At("hard link to config"), At("checkpoint/config.json"));
        SpecialFiles.HardLink(At("hard link to vocabulary"), At("tokenizer/vocab.txt"));
        SpecialFiles.Pipe(At("pipe"));
        SpecialFiles.Socket(At("socket"));
        File.WriteAllBytes(At("model"), s_modelBytes.Value);
        SpecialFiles.SymbolicLink(At("link to model"), "model");
        SpecialFiles.HardLink(At("hard link to model"), At("model"));
        // A picture that --report r.md would write, and is another file's name.
        SpecialFiles.HardLink(At("r-layer-1.svg"), At("checkpoint/config.json"));
        SpecialFiles.SymbolicLink(At("s-layers.svg"), "data");
        SpecialFiles.Pipe(At("t-head.svg"));
        Directory.CreateDirectory(At("u-embeddings.svg"));
    }

    public void Dispose() => folder.Dispose();

    /// <summary>What no output may be, whatever the command reads.</summary>
    private static readonly string[] s_noFiles =
    [
        "", "folder", "folder/", "link to folder", "link into nothing", "nothing/out", "data/out", "circle", "pipe", "socket", "link to device",
        "link to descriptor", "/dev/null", "/dev/full", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "/nowhere/out",
        "/sys/out",
    ];

    private static readonly string[] s_data = ["data", "link to data", "hard link to data", "checkpoint/../data", "link to checkpoint/../data"];

    private static readonly string[] s_model = ["model", "link to model", "hard link to model"];

    private static readonly string[] s_checkpoint =
    [
        "checkpoint/config.json", "checkpoint/model.safetensors", "checkpoint/vocab.txt", "checkpoint/tokenizer_config.json", "checkpoint/special_tokens_map.json",
        "checkpoint/README.md", "checkpoint/pytorch_model.bin", "link to checkpoint/config.json", "link to weights", "hard link to weights", "hard link to config",
    ];

    private static readonly string[] s_tokenizer = ["tokenizer/vocab.txt", "hard link to vocabulary"];

    public static TheoryData<string, string[]> Outputs()
    {
        TheoryData<string, string[]> table = [];
        foreach (string target in (string[])[.. s_noFiles, .. s_data, .. s_checkpoint, .. s_tokenizer, "eval", "link to eval"])
        {
            table.Add(target, ["CHECKPOINT", "-o", "TARGET"]);
            table.Add(target, ["CHECKPOINT", "-o", "OUT", "--report", "TARGET"]);
        }
        foreach (string target in (string[])[.. s_noFiles, .. s_model])
        {
            table.Add(target, ["dump", "MODEL", "a b", "-o", "TARGET"]);
        }
        foreach (string target in (string[])[.. s_noFiles, .. s_data, .. s_checkpoint, .. s_model])
        {
            table.Add(target, ["compare", "CHECKPOINT", "MODEL", "DATA", "--text", "text", "--report", "TARGET"]);
        }
        // Pictures beside a report.
        foreach (string report in (string[])["r.md", "s.md", "t.md", "u.md"])
        {
            table.Add(report, ["CHECKPOINT", "-o", "OUT", "--report", "TARGET"]);
        }
        // The same file twice.
        table.Add("out", ["CHECKPOINT", "-o", "TARGET", "--report", "TARGET"]);
        table.Add("out-layers.svg", ["CHECKPOINT", "-o", "TARGET", "--report", "OUT"]);
        table.Add("folder/../out", ["CHECKPOINT", "-o", "TARGET", "--report", "OUT"]);
        return table;
    }

    [Theory]
    [MemberData(nameof(Outputs))]
    public void An_output_that_is_read_or_is_no_place_for_a_file_ends_with_2_before_the_work(string target, string[] arguments)
    {
        string before = Snapshot();
        string path = target.Length == 0 || target[0] == '/' ? target : At(target);
        bool quantizes = arguments[0] == "CHECKPOINT";
        string[] reads = quantizes
            ? ["--calibration", At("data"), "--text", "text", "--tokenizer", At("tokenizer"), "--eval", At("eval"), "--label", "label", "--samples", "8"]
            : [];

        (int status, string output, string errors) = Run([.. arguments.Select(argument => argument switch
        {
            "CHECKPOINT" => At("checkpoint"),
            "MODEL" => At("model"),
            "DATA" => At("data"),
            "OUT" => At("out"),
            "TARGET" => path,
            _ => argument,
        }), .. reads]);

        Assert.True(status == 2, $"{status} {errors}");
        Assert.Equal("", output);
        Assert.Matches("\\Aibert-quantize: [^\n]+\n\\z", errors);
        Assert.Equal(before, Snapshot());
    }

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
            [["dump", At(name), "a", "-o", At("out")], ["compare", At("checkpoint"), At(name), At("data"), "--text", "text"], ["compare", At(name), "--golden", At("golden")]])
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
                At("checkpoint"), "-o", At("checkpoint/m.ibert"), "--report", At("checkpoint/report.md"), "--calibration", At("data"), "--text", "text", "--samples", "40");
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
        string[] report = [.. File.ReadAllLines(At("v.md")).Where(line => !line.StartsWith("![", StringComparison.Ordinal) && line.Length > 0)];
        Assert.Equal(report, Encoding.UTF8.GetString(bytes).Split('\n').Where(line => line.Length > 0));

        Assert.Equal(0, Run("dump", At("m.ibert"), "a b", "-o", At("d.safetensors")).Status);
        (status, bytes, errors) = RunBytes(["dump", At("m.ibert"), "a b", "-o", "-"]);
        Assert.Equal((0, ""), (status, errors));
        Assert.Equal(File.ReadAllBytes(At("d.safetensors")), bytes);

        (status, bytes, errors) = RunBytes(["compare", At("checkpoint"), At("m.ibert"), At("data"), "--text", "text", "--samples", "8", "--report", "-"]);
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
            At(nasty), "-o", At(nasty + ".ibert"), "--report", At(nasty + ".md"), "--calibration", At(nasty + ".tsv"), "--text", "text", "--samples", "40",
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

    private string At(string name) => folder[name];

    /// <summary>Everything in the folder: names, links, contents.</summary>
    private string Snapshot()
    {
        StringBuilder all = new();
        foreach (string path in Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            FileInfo file = new(path);
            bool isFile = Files.FileStatus.OfLink(path) is { Nature: Files.FileNature.Regular };
            all.Append(path).Append(' ').Append(file.LinkTarget).Append(' ').Append(file.Attributes).Append(' ')
                .Append(isFile ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))) : "").Append('\n');
        }
        return all.ToString();
    }

    private static (int Status, string Output, string Errors) Run(params string[] arguments)
    {
        (int status, byte[] output, string errors) = RunBytes(arguments);
        return (status, Encoding.UTF8.GetString(output), errors);
    }

    private static (int Status, byte[] Output, string Errors) RunBytes(string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "ibert-quantize.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        using MemoryStream output = new();
        Task reading = child.StandardOutput.BaseStream.CopyToAsync(output);
        if (!child.WaitForExit(TimeSpan.FromMinutes(5)))
        {
            child.Kill();
            throw new TimeoutException($"no end: {string.Join(' ', arguments)}");
        }
        reading.Wait();
        return (child.ExitCode, output.ToArray(), errors.Result);
    }
}
