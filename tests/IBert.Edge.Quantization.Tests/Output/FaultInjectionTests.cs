// Every file that ibert-quantize writes is the old one or the new one, whatever fails and whatever ends the program.
using System.Text;
using IBert.Edge.Quantization.Output;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Output;

public sealed class FaultInjectionTests(ITestOutputHelper log) : IDisposable
{
    private const int Layers = 2;

    private static readonly byte[] s_old = Encoding.UTF8.GetBytes("old");

    private readonly TemporaryFolder folder = new();
    private readonly CheckpointWriter checkpoint = TinyData.Letters(24, 2, 48).Folder;

    public void Dispose()
    {
        checkpoint.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_dump(bool replaces)
    {
        FaultInjection.RequireStrace();
        Assert.SkipUnless(replaces || FaultInjection.IsLong, "every call in turn takes ten minutes: set IBERT_FAULT_TESTS=1");
        Try(int.MaxValue, Outputs(replaces, folder["d.safetensors"]), "dump", Model(), "a b c", "-o", folder["d.safetensors"]);
    }

    [Fact]
    public void A_model_and_its_report_with_pictures()
    {
        FaultInjection.RequireStrace();
        Assert.SkipUnless(FaultInjection.IsLong, "every call in turn takes ten minutes: set IBERT_FAULT_TESTS=1");
        Try(
            3, Outputs(true, [folder["m.ibert"], .. Report(folder["r.md"])]),
            checkpoint.Folder, "-o", folder["m.ibert"], "--report", folder["r.md"], "--calibration", Data, "--text", "text", "--samples",
            "16");
    }

    [Fact]
    public void A_comparison_s_report()
    {
        FaultInjection.RequireStrace();
        Assert.SkipUnless(FaultInjection.IsLong, "every call in turn takes ten minutes: set IBERT_FAULT_TESTS=1");
        Try(
            2, Outputs(true, Report(folder["r.md"])),
            "compare", checkpoint.Folder, Model(), Data, "--text", "text", "--samples", "8", "--report", folder["r.md"]);
    }

    private string Data => Path.Combine(checkpoint.Folder, "data.tsv");

    private static string[] Report(string path) => [path, .. Edge.Quantization.Output.Report.Pictures(path, Layers)];

    private static Dictionary<string, byte[]?> Outputs(bool replaces, params string[] paths) =>
        paths.ToDictionary(path => path, byte[]? (path) => replaces ? s_old : null);

    /// <summary>A model beside the checkpoint: the folder of outputs has nothing else in it.</summary>
    private string Model()
    {
        string path = Path.Combine(checkpoint.Folder, "m.ibert");
        Quantizer.Quantize(checkpoint.Folder, new QuantizerOptions { Calibration = TextSource.Read(Data, "text"), Samples = 16 })
            .Save(path);
        return path;
    }

    private void Try(int most, Dictionary<string, byte[]?> outputs, params string[] arguments) =>
        new FaultInjection(["dotnet", Path.Combine(AppContext.BaseDirectory, "ibert-quantize.dll"), .. arguments], outputs)
            .Run(log.WriteLine, most);
}
