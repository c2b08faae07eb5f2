// The predictions of eval are the old file or the new one, whatever fails and whatever ends the program.
using System.Text;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

public sealed class FaultInjectionTests(ITestOutputHelper log) : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ibert-faults-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Predictions(bool replaces)
    {
        FaultInjection.RequireStrace();
        Assert.SkipUnless(replaces || FaultInjection.IsLong, "every call in turn takes ten minutes: set IBERT_FAULT_TESTS=1");
        new FaultInjection(Command(), Outputs(replaces)).Run(log.WriteLine, int.MaxValue);
    }

    /// <summary>
    /// Android forbids hard links, /proc may be missing, ...: the new file is copied then, and takes the place all the same.
    /// </summary>
    [Theory]
    [InlineData("EPERM", true)]
    [InlineData("EACCES", false)]
    [InlineData("ENOENT", true)]
    [InlineData("EXDEV", false)]
    [InlineData("EOPNOTSUPP", true)]
    public void Predictions_where_a_file_without_a_name_cannot_get_one(string error, bool replaces)
    {
        FaultInjection.RequireStrace();
        new FaultInjection(Command(), Outputs(replaces)).RunWith($"linkat:error={error}");
    }

    private string Target => Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "out")).FullName, "out.tsv");

    private Dictionary<string, byte[]?> Outputs(bool replaces) => new() { [Target] = replaces ? Encoding.UTF8.GetBytes("old") : null };

    private string[] Command()
    {
        // More than one buffer.
        string data = Path.Combine(folder, "data.tsv");
        File.WriteAllText(data, "text\tlabel\n" + string.Concat(Enumerable.Repeat("a good film\tred\n", 4000)));
        return Ibert.Command(["eval", "-m", ProgramModels.Plain, data, "--text", "text", "--label", "label", "--predictions", Target]);
    }
}
