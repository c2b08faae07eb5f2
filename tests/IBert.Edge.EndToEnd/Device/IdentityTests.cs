// The same model gives the same integers on every machine: x64 and ARM64, with and without dot products, compiled at run time or before.
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

/// <summary>
/// <c>ibert selftest --full</c> runs 20 texts (empty, one word, 512 tokens, invalid UTF-8, one token more than tiles hold) on each kernel
/// set that its machine has and prints a checksum of the logits. ARM64 code runs under the emulator, with the instructions of the core that
/// is named.
/// </summary>
public sealed partial class IdentityTests(ITestOutputHelper output)
{
    private static readonly string s_emulator = Path.Combine(Shared.Repository, "build", "arm64.sh");

    private static readonly string s_portable = Path.Combine(
        Shared.Repository, "src", "ibert", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "ibert.dll");

    [Fact]
    public void Logits_of_20_texts_are_the_same_on_all_kernels_of_this_machine()
    {
        Dictionary<string, string> checksums = SelfTest("dotnet", s_portable);
        Assert.Contains("scalar", checksums.Keys);
        Assert.Single(checksums.Values.Distinct());
    }

    [Fact]
    public void Logits_are_the_same_in_the_native_program()
    {
        RequireLong();
        Publication native = Published.For("linux-x64");
        Assert.SkipWhen(native.ExitCode == 2, "the registry lacks the packs for linux-x64");
        RequireEqual(string.Join(',', SelfTest("dotnet", s_portable).Keys), SelfTest(native.Program));
    }

    [Theory]
    [InlineData("cortex-a76", "dp,advsimd,scalar")]
    [InlineData("cortex-a72", "advsimd,scalar")]
    public void Logits_are_the_same_in_the_native_program_of_a_board(string core, string kernels)
    {
        RequireLong();
        Publication native = Published.For("linux-arm64");
        Assert.SkipWhen(native.ExitCode == 2, "the registry lacks the packs for linux-arm64");
        RequireEqual(kernels, SelfTest(s_emulator, core, native.Program));
    }

    [Theory]
    [InlineData("dp")]
    [InlineData("advsimd")]
    [InlineData("scalar")]
    public void Forced_kernels_give_the_same_scores_as_ARM64_code(string kernels)
    {
        RequireLong();
        Publication native = Published.For("linux-arm64");
        Assert.SkipWhen(native.ExitCode == 2, "the registry lacks the packs for linux-arm64");
        string[] arguments =
            ["classify", "-m", TestModels.Tiny, "--all", "a charming and often affecting journey", "what a waste of an evening"];

        (int exitCode, string said) = Published.Run(
            "env", [$"IBERT_KERNELS={kernels}", s_emulator, "cortex-a76", native.Program, .. arguments]);

        Assert.Equal(0, exitCode);
        Assert.Equal(Published.Run("dotnet", [s_portable, .. arguments]).Output, said);
    }

    private void RequireEqual(string kernels, Dictionary<string, string> checksums)
    {
        string expected = SelfTest("dotnet", s_portable)["scalar"];
        Assert.Equal(kernels, string.Join(',', checksums.Keys));
        Assert.All(checksums.Values, checksum => Assert.Equal(expected, checksum));
    }

    /// <summary>The checksum of each kernel set, best first.</summary>
    private Dictionary<string, string> SelfTest(params string[] command)
    {
        (int exitCode, string said) = Published.Run(
            command[0], [.. command[1..], "selftest", "--full", "-m", TestModels.Tiny, "--classifications", "1"]);
        output.WriteLine(said);
        Assert.True(exitCode == 0, said);
        MatchCollection results = Result().Matches(said);
        Assert.All(results, result => Assert.Equal("20", result.Groups[2].Value));
        return results.ToDictionary(result => result.Groups[1].Value, result => result.Groups[3].Value);
    }

    private static void RequireLong() => Assert.SkipUnless(
        Environment.GetEnvironmentVariable("IBERT_LONG_TESTS") == "1" && RuntimeInformation.ProcessArchitecture == Architecture.X64,
        "runs in CI (IBERT_LONG_TESTS=1), on x64");

    [GeneratedRegex(@"^results +(\w+): logits of (\d+) of \2 texts equal to scalar, checksum ([0-9a-f]{8})$", RegexOptions.Multiline)]
    private static partial Regex Result();
}
