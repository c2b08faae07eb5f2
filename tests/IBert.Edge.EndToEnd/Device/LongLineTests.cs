// A line of any length is answered in memory that does not grow with it.
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

public class LongLineTests
{
    private const int Most = 1 << 20;

    // What the runtime and the model take, and a text with its escapes a few times over.
    private const long MostMemory = 200_000_000;

    [Theory]
    [InlineData("classify", "", "good film ", false)]
    [InlineData("classify", "--json", "good film ", false)]
    [InlineData("classify", "--json", "\u0001", false)]
    [InlineData("classify", "--json", "é", false)]
    [InlineData("tokenize", "--json", "x", false)]
    [InlineData("classify", "--json --pair", "good film ", false)]
    [InlineData("classify", "--json --json-input", "good film ", true)]
    public async Task A_line_of_66_megabytes_takes_no_more_memory_than_one_of_a_megabyte(
        string command, string options, string repeated, bool refused)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        string[] words = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        using Process process = Ibert.Start([command, "-m", ProgramModels.Plain, .. words]);
        string block = string.Concat(Enumerable.Repeat(repeated, 100_000));
        string before = words.Contains("--pair") ? "first\t" : words.Contains("--json-input") ? "\"" : "";
        Task<string?> first = process.StandardOutput.ReadLineAsync(stop).AsTask();
        await process.StandardInput.WriteAsync(before.AsMemory(), stop);
        for (int written = 0; written < 66_000_000; written += block.Length)
        {
            await process.StandardInput.WriteAsync(block.AsMemory(), stop);
        }
        await process.StandardInput.WriteAsync(
            (words.Contains("--json-input") ? "\"\n\"b\"\n" : words.Contains("--pair") ? "\na\tb\n" : "\nb\n").AsMemory(), stop);
        await process.StandardInput.FlushAsync(stop);
        string answer = (await first)!, next = (await process.StandardOutput.ReadLineAsync(stop))!;
        long peak = PeakMemory(process.Id);
        process.StandardInput.Close();
        string error = await process.StandardError.ReadToEndAsync(stop);
        await process.WaitForExitAsync(stop);

        Assert.InRange(peak, 1, MostMemory);
        Assert.Equal(refused ? 1 : 0, process.ExitCode);
        if (!words.Contains("--json"))
        {
            Assert.Equal($"ibert: line 1: only its first {Most} bytes were read\n", error);
            return;
        }
        Assert.Equal("", error);
        using JsonDocument json = JsonDocument.Parse(answer);
        if (refused)
        {
            Assert.StartsWith("line 1: longer than ", json.RootElement.GetProperty("error").GetString());
        }
        else
        {
            Assert.True(json.RootElement.GetProperty("truncated").GetBoolean());
            Assert.Equal(Most, json.RootElement.GetProperty("cut_at").GetInt32());
        }
        using JsonDocument second = JsonDocument.Parse(next);
        Assert.False(second.RootElement.GetProperty("truncated").GetBoolean());
        Assert.False(second.RootElement.TryGetProperty("cut_at", out _));
    }

    [Fact]
    public void A_text_that_is_just_not_cut_is_read_to_its_end()
    {
        string text = new string('x', Most - 5) + " film";
        Outcome whole = Ibert.Run(["tokenize", "--json", "-m", ProgramModels.Plain], System.Text.Encoding.UTF8.GetBytes(text));
        Outcome cut = Ibert.Run(["tokenize", "--json", "-m", ProgramModels.Plain], System.Text.Encoding.UTF8.GetBytes("x" + text));
        Assert.Contains("\"film\"", whole.Output);
        Assert.Contains("\"truncated\":false", whole.Output);
        Assert.DoesNotContain("\"film\"", cut.Output);
        Assert.Contains($"\"truncated\":true,\"cut_at\":{Most}", cut.Output);
    }

    [Fact]
    public void Results_larger_than_ulimit_allows_end_with_2()
    {
        // The runtime's own mappings count too, where it writes code.
        Outcome outcome = Ibert.Shell(
            "export DOTNET_EnableWriteXorExecute=0; ulimit -f 8; yes 'a film' 2>/dev/null | head -n 2000 2>/dev/null | ibert classify -m " +
                "\"$1\" --json >\"$2\"; echo \"status $?\" >&2",
            ProgramModels.Plain, Path.Combine(Directory.CreateTempSubdirectory().FullName, "out"));
        Assert.EndsWith("status 2\n", outcome.Error);
        Assert.StartsWith("ibert: standard output cannot be written: File too large", outcome.Error);
    }

    private static long PeakMemory(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
