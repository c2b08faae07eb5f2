// A model file is written wholly or not at all.
using IBert.Edge.Quantization.Output;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Quantizing;

public sealed class SavingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_that_is_there_is_replaced_and_nothing_else_is_left()
    {
        string path = folder.Write("m.ibert", "old");
        AtomicFile.Write(path, "new"u8);
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Through_a_link_the_file_that_it_points_to_is_replaced()
    {
        string path = folder.Write("real.ibert", "old");
        File.CreateSymbolicLink(folder["link.ibert"], path);
        AtomicFile.Write(folder["link.ibert"], "new"u8);
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal(path, new FileInfo(folder["link.ibert"]).LinkTarget);
    }

    [Fact]
    public void A_missing_folder_a_folder_and_a_device_are_refused()
    {
        Assert.Contains("there is no folder", Refused(folder["none/m.ibert"]));
        Assert.Contains("is a folder", Refused(folder.Path));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Contains("is a device", Refused("/dev/full"));
        }

        static string Refused(string path)
        {
            IOException error = Assert.Throws<IOException>(() => AtomicFile.Write(path, "new"u8));
            Assert.StartsWith(path, error.Message);
            return error.Message;
        }
    }

    [Fact]
    public void A_folder_that_may_not_be_written_is_said()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/sys is Linux's: nobody, not even root, may make a file there");
        Exception error = Assert.ThrowsAny<Exception>(() => AtomicFile.Write("/sys/m.ibert", "new"u8));
        Assert.True(error is UnauthorizedAccessException or IOException, error.ToString());
        Assert.StartsWith("/sys/m.ibert cannot be written: ", error.Message);
    }

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
        Assert.SkipWhen(exitCode == 99 || output.Contains("unshare: ", StringComparison.Ordinal), $"no file system can be mounted here: {output}");
        Assert.StartsWith("status 2\nm.ibert\nold\n", output);
        Assert.Contains($"{folder["m.ibert"]} cannot be written: ", output);
        Assert.Contains("No space left on device", output);
    }
}
