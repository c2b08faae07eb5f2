// The same input gives the same bytes on every machine.
using System.Diagnostics;
using System.Security.Cryptography;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests;

public sealed class ReproducibilityTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly string[] arguments;

    public ReproducibilityTests() => arguments =
    [
        Path.Combine(AppContext.BaseDirectory, "ibert-quantize.dll"), TinyData.Checkpoint, "-o", folder["m.ibert"],
        "--calibration", Given.Texts("reviews.train.tsv"), "--text", "sentence", "--samples", "16",
    ];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void With_any_number_of_threads() => Assert.Equal(Here(threads: 1), Here(threads: 3));

    [Fact]
    public void Without_hardware_intrinsics() =>
        Assert.Equal(Here(threads: 2), There("dotnet", arguments, ("DOTNET_EnableHWIntrinsic", "0")));

    [Fact]
    public void On_ARM64()
    {
        Assert.SkipUnless(LongTests.Wanted, "takes minutes: set IBERT_LONG_TESTS=1");
        string emulator = Path.Combine(Shared.Repository, "build", "arm64.sh"),
            program = Path.Combine(Shared.Repository, "src", "ibert-quantize");
        Assert.Equal(Here(threads: 2), There(emulator, ["cortex-a76", program, .. arguments[1..]]));
    }

    private static string Here(int threads) => Hash(Quantizer.Quantize(
        TinyData.Checkpoint, new QuantizerOptions { Calibration = TinyData.Calibration, Samples = 16, Threads = threads }).File.Span);

    private string There(string program, string[] arguments, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.True(child.ExitCode == 0, output + errors.Result);
        return Hash(File.ReadAllBytes(folder["m.ibert"]));
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
