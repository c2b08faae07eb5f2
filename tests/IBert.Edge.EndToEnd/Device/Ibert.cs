// Runs the device program as a person does: as a process.
using System.Diagnostics;
using System.Text;
using IBert.Edge.TestSupport;

namespace IBert.Edge.EndToEnd.Device;

/// <summary>What a run of the program gave.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    public string[] Lines => Output.Length == 0 ? [] : Output[..^1].Split('\n');
}

/// <summary>The program: <c>dotnet ibert.dll</c> of this build, or the native program that <c>IBERT_NATIVE</c> names.</summary>
internal static class Ibert
{
    // Far beyond what anything takes here: a program that waits for ever is a failure and not a stall.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private static readonly string? s_native = Environment.GetEnvironmentVariable("IBERT_NATIVE");

    private static readonly string s_assembly = Path.Combine(
        Shared.Repository, "src", "ibert", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "ibert.dll");

    /// <summary>Whether it is the native program that runs.</summary>
    public static bool IsNative => s_native is not null;

    /// <summary>Its file.</summary>
    public static string Program => s_native ?? s_assembly;

    /// <summary>Runs it to its end; standard input is a pipe with these bytes.</summary>
    public static Outcome Run(string[] arguments, byte[]? input = null, params (string Name, string Value)[] environment)
    {
        using Process process = Start(arguments, environment);
        return Finish(process, input ?? []);
    }

    /// <summary>As <see cref="Run(string[], byte[], ValueTuple{string, string}[])"/>, with the tiny model.</summary>
    public static Outcome RunTiny(string[] arguments, string input = "") =>
        Run([.. arguments[..1], "-m", TestModels.Tiny, .. arguments[1..]], Encoding.UTF8.GetBytes(input));

    /// <summary>Starts it with all streams redirected.</summary>
    public static Process Start(string[] arguments, params (string Name, string Value)[] environment) =>
        // Whoever runs the tests in the background ignores Ctrl-C, and children inherit that.
        Start("env", ["--default-signal=INT", .. Command(arguments)], environment);

    /// <summary>A script of sh in which <c>ibert</c> is the program and $1, $2, ... are the arguments.</summary>
    public static Outcome Shell(string script, params string[] arguments) => Shell([], script, arguments);

    /// <summary>
    /// As <see cref="Shell(string, string[])"/>, as root of a mount name space of its own; null where the machine allows none.
    /// </summary>
    public static Outcome? ShellWithMounts(string script, params string[] arguments) =>
        Shell(["unshare", "-rm"], "true").ExitCode == 0 ? Shell(["unshare", "-rm"], script, arguments) : null;

    private static Outcome Shell(string[] wrapper, string script, params string[] arguments)
    {
        string function = $"ibert() {{ {string.Join(' ', Command([]).Select(word => $"'{word}'"))} \"$@\"; }}\n";
        string[] command = [.. wrapper, "sh", "-c", function + script, "sh", .. arguments];
        using Process process = Start(command[0], command[1..], []);
        return Finish(process, []);
    }

    /// <summary>The command line that runs it.</summary>
    public static string[] Command(string[] arguments) =>
        s_native is null ? ["dotnet", s_assembly, .. arguments] : [s_native, .. arguments];

    private static Process Start(string program, string[] arguments, (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        // What the tester set for himself is no business of the tests.
        start.Environment.Remove("IBERT_MODEL");
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        return Process.Start(start)!;
    }

    private static Outcome Finish(Process process, byte[] input)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all of it: the exit status and the streams tell.
        }
        if (!process.WaitForExit(s_patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"no end after {s_patience}: {output.Result} {error.Result}");
        }
        process.WaitForExit();
        return new Outcome(process.ExitCode, output.Result, error.Result);
    }
}
