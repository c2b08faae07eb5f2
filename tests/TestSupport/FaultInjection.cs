// Makes the system calls of a writer fail, or ends it there, one after the other: what is left is the old file or the new one.
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace IBert.Edge.TestSupport;

/// <summary>
/// A command that writes files, under strace. SIGKILL in front of a call stands for a power cut there: what is not on the disk by then is
/// what a test of the calls' order looks after.
/// </summary>
/// <param name="command">The program and its arguments.</param>
/// <param name="outputs">
/// The files that it writes, each in a folder of nothing but outputs; with the content there is before, or null for none.
/// </param>
public sealed partial class FaultInjection(string[] command, IReadOnlyDictionary<string, byte[]?> outputs)
{
    private const string Error = "error=", Signal = "signal=";

    private static readonly string[] s_all = [Error + "EIO", Error + "ENOSPC", Signal + "SIGKILL", Signal + "SIGTERM", Signal + "SIGQUIT"];

    // What can happen to each call, by its kind: one that only looks cannot find the disk full.
    private static readonly Dictionary<string, string[]> s_effects = new()
    {
        ["openat"] = [Error + "EIO", Error + "ENOSPC", Signal + "SIGKILL"],
        ["statx"] = [Error + "EIO"],
        ["faccessat2"] = [Error + "EIO"],
        ["pwrite64"] = s_all,
        ["fchmod"] = [Error + "EIO", Signal + "SIGKILL"],
        ["fsync"] = s_all,
        ["linkat"] = s_all,
        ["rename"] = s_all,
        ["unlink"] = [Error + "EIO"],
    };

    private static readonly string[] s_briefCalls = ["pwrite64", "fsync", "linkat", "rename"];

    private static readonly string[] s_briefEffects = [Error + "EIO", Signal + "SIGKILL", Signal + "SIGTERM"];

    private readonly string[] folders = [.. outputs.Keys.Select(path => Path.GetDirectoryName(path)!).Distinct()];

    /// <summary>
    /// Whether all calls are tried (IBERT_FAULT_TESTS=1: ten minutes), instead of the first and the last of the most important kinds.
    /// </summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("IBERT_FAULT_TESTS") == "1";

    /// <summary>Skips the test where strace cannot run; with <c>CI=true</c> that is a failure.</summary>
    public static void RequireStrace()
    {
        string? why = null;
        try
        {
            (int status, string said) = Published.Run("strace", "-f", "-o", "/dev/null", "-e", "trace=statx", "true");
            why = status == 0 ? null : said;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            why = $"{error.Message} (Debian's package strace)";
        }
        if (why is not null && Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail($"strace cannot run, and with CI=true that is a failure: {why}");
        }
        Assert.SkipWhen(why is not null, $"strace cannot run: {why}");
    }

    /// <summary>Tries fault after fault.</summary>
    /// <param name="say">Where it is told what was tried.</param>
    /// <param name="most">Places of one kind of call that are tried, evenly spread over all of them.</param>
    public void Run(Action<string> say, int most)
    {
        Prepare();
        (List<string> calls, Dictionary<string, byte[]> complete) = Trace();
        RequireOrder(calls);
        int tried = 0;
        foreach (string call in IsLong ? [.. s_effects.Keys] : s_briefCalls)
        {
            int count = calls.Count(line => line.StartsWith(call + "(", StringComparison.Ordinal));
            int[] places = [.. Spread(count, call == "statx" ? Math.Min(most, 8) : IsLong ? most : Math.Min(most, 2))];
            say($"{call}: {count} times, tried at {string.Join(", ", places)}");
            foreach (string effect in IsLong ? s_effects[call] : s_briefEffects)
            {
                foreach (int place in places)
                {
                    Prepare();
                    Try(call, place, effect, complete);
                    tried++;
                }
            }
        }
        say($"{tried} faults");
        Assert.True(tried > 0);
    }

    /// <summary>Runs it with a fault that keeps nobody from writing: the new files are there, and nothing else.</summary>
    public void RunWith(string fault)
    {
        Prepare();
        (_, Dictionary<string, byte[]> complete) = Trace();
        Prepare();
        (int status, string said) = Strace(["-o", "/dev/null", "-e", $"trace={fault.Split(':')[0]}", "-e", $"inject={fault}"]);
        Assert.True(status == 0, said);
        Assert.All(complete, file => Assert.Equal(file.Value, File.ReadAllBytes(file.Key)));
        Assert.Empty(Others());
    }

    private static IEnumerable<int> Spread(int count, int most) =>
        Enumerable.Range(0, Math.Min(count, most))
            .Select(i => 1 + (most == 1 ? 0 : (int)((long)i * (count - 1) / Math.Max(1, Math.Min(count, most) - 1)))).Distinct();

    /// <summary>Runs it without a fault: the calls of its main thread, and what it writes.</summary>
    private (List<string> Calls, Dictionary<string, byte[]> Complete) Trace()
    {
        string log = Path.GetTempFileName();
        try
        {
            (int status, string said) = Strace(["-o", log, "-e", $"trace={string.Join(',', s_effects.Keys)}"]);
            Assert.True(status == 0, said);
            string[] lines = File.ReadAllLines(log);
            string main = lines[0].Split(' ')[0];
            List<string> calls = [.. lines.Select(line => Line().Match(line)).Where(match => match.Groups[1].Value == main)
                .Select(match => match.Groups[2].Value)
                .Where(call => !call.StartsWith("openat(", StringComparison.Ordinal)
                    || folders.Any(folder => call.Contains($"\"{folder}\"", StringComparison.Ordinal)))];
            return (calls, outputs.Keys.ToDictionary(path => path, File.ReadAllBytes));
        }
        finally
        {
            File.Delete(log);
        }
    }

    /// <summary>Each file is on the disk before it has a name, and its name is before the program says that all is done.</summary>
    private void RequireOrder(List<string> calls)
    {
        string[] steps =
            [.. calls.Select(call => call[..call.IndexOf('(')]).Where(name => name is "pwrite64" or "fsync" or "linkat" or "rename")];
        string sequence = string.Join(' ', steps);
        Assert.Matches("^((pwrite64 )*fsync linkat (rename )?fsync ?)+$", sequence);
        Assert.Equal(outputs.Count, steps.Count(step => step == "linkat"));
    }

    private void Try(string call, int place, string effect, Dictionary<string, byte[]> complete)
    {
        string fault = string.Create(CultureInfo.InvariantCulture, $"{call}:{effect}:when={place}");
        // The runtime opens files too; those in the folders of the outputs are the writer's.
        string[] paths = call == "openat" ? [.. folders.SelectMany(folder => new[] { "-P", folder })] : [];
        (int status, string said) = Strace(["-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={fault}", .. paths]);

        if (effect.StartsWith(Error, StringComparison.Ordinal))
        {
            // Permissions that cannot be kept, or a part that cannot be removed, keep nobody from writing.
            bool mustFail = s_briefCalls.Contains(call) || call == "openat";
            // A model that cannot be looked at before a text counts as changed.
            Assert.True(status == 2 || (status == 0 && !mustFail) || (status == 3 && call == "statx"), $"{fault}: {status} {said}");
            Assert.True(said.Split('\n').Length <= 2 || status == 0, $"{fault}: {said}");
        }
        else
        {
            // 128 and the number of the signal; one that the runtime answers in a thread of its own may come when all is done.
            Assert.True(effect == Signal + "SIGKILL" ? status == 137 : status is 0 or 2 or 131 or 134 or 143, $"{fault}: {status} {said}");
        }
        foreach ((string path, byte[]? old) in outputs)
        {
            byte[]? now = File.Exists(path) ? File.ReadAllBytes(path) : null;
            bool isOld = old is null ? now is null : now is not null && now.AsSpan().SequenceEqual(old);
            Assert.True(isOld || (now is not null && now.AsSpan().SequenceEqual(complete[path])),
                $"{fault}: {path} is neither the old file nor the new one");
            Assert.True(status != 0 || !isOld, $"{fault}: the program ended with 0, and {path} is the old file");
        }
        string[] others = Others();
        if (others.Length > 0 && call == "rename" && effect == Signal + "SIGKILL")
        {
            // Between the two calls that put a new file in the place of an old one, the new one has a name of its own; the next writer
            // takes it away.
            string left = Assert.Single(others);
            Assert.Contains(complete.Values, bytes => bytes.AsSpan().SequenceEqual(File.ReadAllBytes(left)));
            Assert.Equal(0, Published.Run(command[0], command[1..]).ExitCode);
            others = Others();
        }
        Assert.True(others.Length == 0, $"{fault}: {string.Join(", ", others)} was left");
    }

    private string[] Others() => [.. folders.SelectMany(Directory.GetFileSystemEntries).Except(outputs.Keys)];

    private void Prepare()
    {
        foreach (string path in folders.SelectMany(Directory.GetFileSystemEntries))
        {
            File.Delete(path);
        }
        foreach ((string path, byte[]? old) in outputs)
        {
            if (old is not null)
            {
                File.WriteAllBytes(path, old);
            }
        }
    }

    private (int Status, string Said) Strace(string[] options)
    {
        ProcessStartInfo start = new("sh", ["-c", "ulimit -c 0; exec \"$@\"", "sh", "strace", "-f", .. options, .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The runtime's own channels would be part of what is tried.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        _ = output.Result;
        return (process.ExitCode, errors);
    }

    // PID CALL(ARGUMENTS) = RESULT
    [GeneratedRegex(@"^(\d+) +(\w+\(.*)$")]
    private static partial Regex Line();
}
