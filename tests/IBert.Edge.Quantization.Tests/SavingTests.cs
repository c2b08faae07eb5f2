// A model file is written wholly or not at all.
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests;

public sealed class SavingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_full_disk_leaves_the_old_file_and_nothing_half_written()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a file system of its own in memory");
        // A file system of 64 KB, in a mount namespace that ends with the shell.
        string program = Path.Combine(AppContext.BaseDirectory, "ibert-quantize.dll");
        string script = $"""
            mount -t tmpfs -o size=64k tmpfs "{folder.Path}" || exit 99
            echo old > "{folder["m.ibert"]}"
            dotnet "{program}" "{TinyData.Checkpoint}" -o "{folder["m.ibert"]}"
            echo "status $?"
            ls -A "{folder.Path}"
            cat "{folder["m.ibert"]}"
            """;
        (int exitCode, string output) = Published.Run("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script);
        if (exitCode == 99 || output.Contains("unshare: ", StringComparison.Ordinal))
        {
            (exitCode, output) = Published.Run("unshare", "--mount", "sh", "-c", script);
        }
        Assert.SkipWhen(
            exitCode == 99 || output.Contains("unshare: ", StringComparison.Ordinal), $"no file system can be mounted here: {output}");
        Assert.StartsWith("status 2\nm.ibert\nold\n", output);
        Assert.Contains($"{folder["m.ibert"]} cannot be written: ", output);
        Assert.Contains("No space left on device", output);
    }
}
