// Whatever a path leads to, a clear answer comes at once, and nothing is lost: every command with every path that it takes.
using System.Text;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

public sealed class PathTests : IDisposable
{
    private static readonly string[] s_commands = ["classify", "tokenize", "eval", "bench", "inspect", "selftest"];

    private readonly string folder = Directory.CreateTempSubdirectory("ibert-paths-").FullName;

    public PathTests()
    {
        File.Copy(ProgramModels.Plain, At("model"));
        File.WriteAllText(At("data"), "text\tlabel\na good film\tred\nthe best\tblue\n");
        Directory.CreateDirectory(At("folder"));
        SpecialFiles.SymbolicLink(At("link to model"), "model");
        SpecialFiles.SymbolicLink(At("link to data"), "data");
        SpecialFiles.SymbolicLink(At("link to link"), "link to data");
        SpecialFiles.SymbolicLink(At("link to folder"), "folder");
        SpecialFiles.SymbolicLink(At("link to nothing"), "nothing");
        SpecialFiles.SymbolicLink(At("link into nothing"), "nothing/out");
        SpecialFiles.SymbolicLink(At("link to device"), "/dev/null");
        SpecialFiles.SymbolicLink(At("link to pipe"), "pipe");
        SpecialFiles.SymbolicLink(At("link to descriptor"), "/proc/self/fd/1");
        SpecialFiles.SymbolicLink(At("circle"), "circle");
        SpecialFiles.HardLink(At("hard link to model"), At("model"));
        SpecialFiles.HardLink(At("hard link to data"), At("data"));
        SpecialFiles.Pipe(At("pipe"));
        SpecialFiles.Socket(At("socket"));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    public static TheoryData<string> Predictions =>
    [
        "", "data", "link to data", "link to link", "hard link to data", "folder/../data", "model", "link to model", "hard link to model",
        "folder", "folder/", "link to folder", "link into nothing", "nothing/out", "data/out", "circle", "pipe", "link to pipe", "socket",
        "link to device", "link to descriptor", "/dev/null", "/dev/full", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/self/fd/0",
        "/proc/self/fd/2", "/proc/self/exe", "/nowhere/out",
        "/proc/out", "/sys/out",
    ];

    [Theory]
    [MemberData(nameof(Predictions))]
    public void Predictions_that_would_replace_what_is_read_or_is_no_file_end_with_2_and_change_nothing(string target)
    {
        string before = Snapshot();
        Outcome outcome = Eval(target.Length == 0 || target[0] == '/' ? target : At(target));
        AssertEnd(2, outcome);
        Assert.Equal(before, Snapshot());
    }

    [Fact]
    public void Predictions_never_replace_the_model_that_was_found_by_itself()
    {
        string before = Snapshot();
        Outcome outcome = Ibert.Run(
            ["eval", At("data"), "--text", "text", "--label", "label", "--predictions", At("model")], null,
            ("IBERT_MODEL", At("link to model")));
        AssertEnd(2, outcome);
        Assert.Equal(before, Snapshot());
    }

    [Fact]
    public void Predictions_never_replace_what_standard_output_is_written_to()
    {
        File.WriteAllText(At("out"), "");
        Outcome outcome = Ibert.Shell(
            "ibert eval -m \"$1\" \"$2\" --text text --label label --predictions \"$3\" >\"$3\"", At("model"), At("data"), At("out"));
        AssertEnd(2, outcome);
        Assert.Contains("standard output, which is in use", outcome.Error);
        Assert.Equal("", File.ReadAllText(At("out")));
    }

    [Theory]
    [InlineData("out")]
    [InlineData("folder/out")]
    [InlineData("link to nothing")]
    public void Predictions_are_written_where_a_file_may_stand(string target)
    {
        Outcome outcome = Eval(At(target));
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.StartsWith("text\tlabel\tpredicted\tscore\na good film\tred\t", File.ReadAllText(At(target)));
    }

    [Fact]
    public void Predictions_on_standard_output_leave_the_measures_to_standard_error()
    {
        string inFile = At("out");
        Eval(inFile);
        Outcome outcome = Eval("-");
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(File.ReadAllText(inFile), outcome.Output);
        Assert.StartsWith("examples  2\n", outcome.Error);
        Assert.False(File.Exists(At("-")));
    }

    public static TheoryData<string, string, int> Models()
    {
        TheoryData<string, string, int> table = [];
        foreach (string command in s_commands)
        {
            foreach (string model in (string[])["folder", "link to folder", "pipe", "link to pipe", "socket", "link to device",
                "link to nothing", "circle", "nothing", "data", "data/model", "/dev/zero", "/dev/null", "/proc/self/fd"])
            {
                table.Add(command, model, 3);
            }
            table.Add(command, "", 2);
        }
        return table;
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_that_is_no_regular_file_ends_at_once(string command, string model, int status)
    {
        string path = model.Length == 0 || model[0] == '/' ? model : At(model);
        string[] rest = command switch
        {
            "eval" => [At("data"), "--text", "text", "--label",
            "label"],
            "classify" or "tokenize" => ["a film"],
            _ => []
        };
        Outcome outcome = Ibert.Run([command, "-m", path, .. rest]);
        Assert.Equal(status, outcome.ExitCode);
        AssertOneLine(outcome);
    }

    [Theory]
    [InlineData("")]
    [InlineData("folder")]
    [InlineData("link to folder")]
    [InlineData("socket")]
    [InlineData("link to device")]
    [InlineData("link to nothing")]
    [InlineData("circle")]
    [InlineData("nothing")]
    [InlineData("data/x")]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    [InlineData("/nowhere.tsv")]
    public void Data_that_are_no_file_end_with_2(string data)
    {
        string path = data.Length == 0 || data[0] == '/' ? data : At(data);
        AssertEnd(2, Ibert.Run(["eval", "-m", At("model"), path, "--text", "text", "--label", "label"]));
    }

    [Theory]
    [InlineData("pipe")]
    [InlineData("link to pipe")]
    public void A_pipe_to_which_nobody_writes_keeps_nobody_waiting(string data)
    {
        AssertEnd(2, Ibert.Run(["eval", "-m", At("model"), At(data), "--text", "text", "--label", "label"]));
    }

    private Outcome Eval(string target) =>
        Ibert.Run(["eval", "-m", At("model"), At("data"), "--text", "text", "--label", "label", "--predictions", target]);

    private static void AssertEnd(int status, Outcome outcome)
    {
        Assert.Equal((status, ""), (outcome.ExitCode, outcome.Output));
        AssertOneLine(outcome);
    }

    private static void AssertOneLine(Outcome outcome)
    {
        Assert.StartsWith("ibert: ", outcome.Error);
        Assert.EndsWith("\n", outcome.Error);
        Assert.Equal(1, outcome.Error.Count(character => character == '\n'));
        Assert.DoesNotContain("   at ", outcome.Error);
    }

    /// <summary>Everything in the folder: names, kinds, contents.</summary>
    private string Snapshot()
    {
        StringBuilder all = new();
        foreach (string path in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
        {
            FileInfo file = new(path);
            string content = Path.GetFileName(path) is "model" or "data" or "hard link to model" or "hard link to data"
                ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))
                : "";
            all.Append(path).Append(' ').Append(file.LinkTarget).Append(' ').Append(file.Attributes).Append(' ').Append(content)
                .Append('\n');
        }
        return all.ToString();
    }

    private string At(string name) => Path.Combine(folder, name);
}
