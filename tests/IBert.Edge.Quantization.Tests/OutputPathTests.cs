// An output that is read, or is no place for a file, ends the program with 2 before the work. In three classes, as these run side by side.
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests;

public abstract class OutputPaths : PathFolder
{
    /// <summary>What no output may be, whatever the command reads.</summary>
    private static readonly string[] s_noFiles =
    [
        "", "folder", "folder/", "link to folder", "link into nothing", "nothing/out", "data/out", "circle", "pipe", "socket",
        "link to device", "link to descriptor", "/dev/null", "/dev/full", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/0", "/proc/self/fd/1",
        "/proc/self/fd/2", "/nowhere/out",
        "/sys/out",
    ];

    private static readonly string[] s_data =
        ["data", "link to data", "hard link to data", "checkpoint/../data", "link to checkpoint/../data"];

    private static readonly string[] s_model = ["model", "link to model", "hard link to model"];

    private static readonly string[] s_checkpoint =
    [
        "checkpoint/config.json", "checkpoint/model.safetensors", "checkpoint/vocab.txt", "checkpoint/tokenizer_config.json",
        "checkpoint/special_tokens_map.json", "checkpoint/README.md", "checkpoint/pytorch_model.bin", "link to checkpoint/config.json",
        "link to weights", "hard link to weights", "hard link to config",
    ];

    private static readonly string[] s_tokenizer = ["tokenizer/vocab.txt", "hard link to vocabulary"];

    public static TheoryData<string, string[]> Models()
    {
        TheoryData<string, string[]> table = [];
        foreach (string target in (string[])[.. s_noFiles, .. s_data, .. s_checkpoint, .. s_tokenizer, "eval", "link to eval"])
        {
            table.Add(target, ["CHECKPOINT", "-o", "TARGET"]);
        }
        // The same file twice.
        table.Add("out", ["CHECKPOINT", "-o", "TARGET", "--report", "TARGET"]);
        table.Add("out-layers.svg", ["CHECKPOINT", "-o", "TARGET", "--report", "OUT"]);
        table.Add("folder/../out", ["CHECKPOINT", "-o", "TARGET", "--report", "OUT"]);
        return table;
    }

    public static TheoryData<string, string[]> Reports()
    {
        TheoryData<string, string[]> table = [];
        // With pictures beside a report.
        foreach (string target in (string[])
            [.. s_noFiles, .. s_data, .. s_checkpoint, .. s_tokenizer, "eval", "link to eval", "r.md", "s.md", "t.md", "u.md"])
        {
            table.Add(target, ["CHECKPOINT", "-o", "OUT", "--report", "TARGET"]);
        }
        return table;
    }

    public static TheoryData<string, string[]> Comparisons()
    {
        TheoryData<string, string[]> table = [];
        foreach (string target in (string[])[.. s_noFiles, .. s_model])
        {
            table.Add(target, ["dump", "MODEL", "a b", "-o", "TARGET"]);
        }
        foreach (string target in (string[])[.. s_noFiles, .. s_data, .. s_checkpoint, .. s_model])
        {
            table.Add(target, ["compare", "CHECKPOINT", "MODEL", "DATA", "--text", "text", "--report", "TARGET"]);
        }
        return table;
    }

    protected void RequireUsage(string target, string[] arguments)
    {
        string before = Snapshot();
        string path = target.Length == 0 || target[0] == '/' ? target : At(target);
        bool quantizes = arguments[0] == "CHECKPOINT";
        string[] reads = quantizes
            ? ["--calibration", At("data"), "--text", "text", "--tokenizer", At("tokenizer"), "--eval", At("eval"), "--label", "label",
                "--samples", "8"]
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
}

public sealed class ModelPathTests : OutputPaths
{
    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_is_written_nowhere_odd(string target, string[] arguments) => RequireUsage(target, arguments);
}

public sealed class ReportPathTests : OutputPaths
{
    [Theory]
    [MemberData(nameof(Reports))]
    public void A_report_is_written_nowhere_odd(string target, string[] arguments) => RequireUsage(target, arguments);
}

public sealed class ComparisonPathTests : OutputPaths
{
    [Theory]
    [MemberData(nameof(Comparisons))]
    public void A_dump_and_a_comparison_are_written_nowhere_odd(string target, string[] arguments) => RequireUsage(target, arguments);
}
