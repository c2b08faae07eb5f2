// What build/publish.sh promises: a small program that starts on old boards, and a plain answer where it cannot be made.
using System.Diagnostics;
using System.Text.RegularExpressions;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd;

public partial class PublishTests(ITestOutputHelper output)
{
    /// <summary>What Debian 11, Raspberry Pi OS 11 and JetPack 5 have.</summary>
    private static readonly Version s_oldestGlibc = new(2, 31);

    [Theory]
    [InlineData("linux-x64", "objdump")]
    [InlineData("linux-arm64", "aarch64-linux-gnu-objdump")]
    public void The_native_program_is_small_stripped_and_asks_for_an_old_glibc(string runtime, string objdump)
    {
        Publication publication = Publish(runtime);

        long size = new FileInfo(publication.Program).Length;
        Assert.InRange(size, 1, 5_000_000);
        Assert.Contains("no symbols", Published.Run(objdump, "-t", publication.Program).Output);
        Version needed = Glibc().Matches(Published.Run(objdump, "-T", publication.Program).Output)
            .Max(m => Version.Parse(m.Groups[1].Value))!;
        Assert.True(needed <= s_oldestGlibc, $"glibc {needed} is needed");
        output.WriteLine($"{runtime}: {size} bytes, glibc {needed}");
    }

    [Fact]
    public void The_native_program_starts()
    {
        Publication publication = Publish("linux-x64");

        Assert.Equal(0, Published.Run(publication.Program, "--version").ExitCode);
        Stopwatch watch = Stopwatch.StartNew();
        Assert.Equal(0, Published.Run(publication.Program, "--version").ExitCode);
        output.WriteLine($"--version in {watch.ElapsedMilliseconds} ms");
    }

    [Fact]
    public void The_ARM64_program_starts_under_the_emulator()
    {
        Publication publication = Publish("linux-arm64");

        (int exitCode, string said) = Published.Run(
            Path.Combine(Shared.Repository, "build", "arm64.sh"), "cortex-a72", publication.Program, "--version");

        Assert.True(exitCode == 0, said);
    }

    [Fact]
    public void The_portable_program_starts()
    {
        Publication publication = Publish("portable");

        (int exitCode, string said) = Published.Run("dotnet", Path.Combine(publication.Folder, "ibert.dll"), "--version");

        Assert.True(exitCode == 0, said);
    }

    [Fact]
    public void Missing_packs_are_named_and_end_with_2()
    {
        Publication publication = Published.For("linux-riscv64");
        Assert.SkipWhen(publication.Output.Contains("cannot be reached"), publication.Output);

        Assert.Equal(2, publication.ExitCode);
        Assert.Contains("Microsoft.NETCore.App.Runtime.NativeAOT.linux-riscv64", publication.Output);
        Assert.DoesNotContain("error", publication.Output);
    }

    /// <summary>Publishes, or skips the test where the registry lacks the packs.</summary>
    private static Publication Publish(string runtime)
    {
        Publication publication = Published.For(runtime);
        Assert.SkipWhen(publication.ExitCode == 2, publication.Output);
        Assert.True(publication.ExitCode == 0, publication.Output);
        return publication;
    }

    [GeneratedRegex(@"GLIBC_([0-9.]+)")]
    private static partial Regex Glibc();
}
