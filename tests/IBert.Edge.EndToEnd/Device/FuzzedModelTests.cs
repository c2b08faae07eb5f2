// Hostile models through the program itself: whatever a file is, a command ends with a status of its own.
using System.Globalization;
using System.Text.RegularExpressions;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

/// <summary>
/// IBert.Edge.Fuzz makes mutants, opens them between guard pages, and gives those that opened to the program with one command after the
/// other. Another seed: <c>IBERT_FUZZ_SEED</c>.
/// </summary>
public sealed partial class FuzzedModelTests(ITestOutputHelper output)
{
    private const string Fuzz = "IBert.Edge.Fuzz.dll";

    private static readonly bool s_long = Environment.GetEnvironmentVariable("IBERT_LONG_TESTS") == "1";

    [Fact]
    public async Task Commands_on_mutants_that_opened_end_with_0_to_4()
    {
        // A start of the native program takes milliseconds, one of the other a tenth of a second.
        int opened = s_long && Ibert.IsNative ? 5_000 : 100, processes = 2;
        string seed = Environment.GetEnvironmentVariable("IBERT_FUZZ_SEED") ?? "1";

        (int ExitCode, string Said)[] runs = await Task.WhenAll(Enumerable.Range(0, processes).Select(i => Task.Run(() => Published.Run(
            "dotnet", Path.Combine(AppContext.BaseDirectory, Fuzz), "commands", Ibert.Program, seed, $"{i * 10_000_000}",
            $"{opened / processes}"))));

        foreach ((int exitCode, string said) in runs)
        {
            output.WriteLine(said);
            Assert.True(exitCode == 0, said);
        }
        Assert.Equal(opened, runs.Sum(run => int.Parse(Opened().Match(run.Said).Groups[1].Value, CultureInfo.InvariantCulture)));
        // An answer is what most of them give: what opened works.
        Assert.Equal(
            opened, runs.Sum(run => int.Parse(Answered().Match(run.Said).Groups[1].Value, CultureInfo.InvariantCulture)), opened / 10.0);
    }

    [Fact]
    public void A_program_that_crashes_is_found()
    {
        string program = Path.Combine(Directory.CreateTempSubdirectory("ibert-crash-").FullName, "ibert");
        try
        {
            File.WriteAllText(program, "#!/bin/sh\nkill -ABRT $$\n");
            Assert.Equal(0, Published.Run("chmod", "u+x", program).ExitCode);

            (int exitCode, string said) = Published.Run(
                "dotnet", Path.Combine(AppContext.BaseDirectory, Fuzz), "commands", program, "1", "0", "1");

            Assert.Equal(1, exitCode);
            Assert.Contains("ended with 134", said);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(program)!, recursive: true);
        }
    }

    [GeneratedRegex(@" mutants, (\d+) opened")]
    private static partial Regex Opened();

    [GeneratedRegex(@"exit statuses 0: (\d+)")]
    private static partial Regex Answered();
}
