// Mutants of a small model, sealed with right checksums: each is refused with ModelFormatException or classifies inside its memory.
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests.Hostile;

/// <summary>
/// Mutants are tried in processes of their own (IBert.Edge.Fuzz): touching a guard page ends the process, not the test run.
/// </summary>
public sealed partial class FuzzTests(ITestOutputHelper output)
{
    private const string SeedVariable = "IBERT_FUZZ_SEED";

    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "IBert.Edge.Fuzz.dll");

    private static readonly bool s_long = Environment.GetEnvironmentVariable("IBERT_LONG_TESTS") == "1";

    private static readonly int s_seed = int.Parse(Environment.GetEnvironmentVariable(SeedVariable) ?? "1", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Every_mutant_is_refused_or_classifies_the_same_on_all_kernels_without_leaving_its_memory()
    {
        int mutants = s_long ? 200_000 : 5_000, processes = 2, batch = mutants / processes;

        int[] opened = await Task.WhenAll(Enumerable.Range(0, processes).Select(i => TryBatch(i * batch, batch)));

        output.WriteLine($"{opened.Sum()} of {mutants} mutants got past open ({100.0 * opened.Sum() / mutants:F1} %), seed {s_seed}");
        Assert.InRange(opened.Sum(), mutants / 10, mutants * 9 / 10);
    }

    [Theory]
    [InlineData(4096, 0, true)]
    [InlineData(4096, 1, false)]
    [InlineData(64, 1, false)]
    public void A_byte_read_beyond_guarded_memory_ends_the_process(int bytes, int beyond, bool lives)
    {
        (int exitCode, _) = Published.Run("dotnet", s_program, "beyond", $"{bytes}", $"{beyond}");
        Assert.Equal(lives, exitCode == 0);
    }

    /// <summary>Number of mutants that opened.</summary>
    private async Task<int> TryBatch(int first, int count)
    {
        string progress = Path.GetTempFileName();
        try
        {
            ProcessStartInfo start = new("dotnet", [s_program, $"{s_seed}", $"{first}", $"{count}", progress])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken) + await errors;
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            byte[] number = await File.ReadAllBytesAsync(progress, TestContext.Current.CancellationToken);
            Assert.True(
                process.ExitCode == 0,
                $"mutant {(number.Length == 8 ? BitConverter.ToInt64(number) : first)} of seed {s_seed} ended the process with " +
                    $"{process.ExitCode}: {said}");
            output.WriteLine(said.Trim());
            return int.Parse(Opened().Match(said).Groups[1].Value, CultureInfo.InvariantCulture);
        }
        finally
        {
            File.Delete(progress);
        }
    }

    [GeneratedRegex(@" mutants, (\d+) opened")]
    private static partial Regex Opened();
}
