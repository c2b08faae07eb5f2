// What build/publish.sh makes, made when a test asks for it: the native program of this commit.
using System.Collections.Concurrent;
using System.Diagnostics;

namespace IBert.Edge.TestSupport;

/// <summary>The folder of a published program, and what the script said.</summary>
public sealed record Publication(string Folder, int ExitCode, string Output)
{
    /// <summary>The native program.</summary>
    public string Program => Path.Combine(Folder, "ibert");

    /// <summary>The compiler's arguments: they name every assembly it read.</summary>
    public string CompilerArguments =>
        Directory.GetFiles(Path.Combine(Path.GetDirectoryName(Folder)!, "obj", Path.GetFileName(Folder)), "ibert.ilc.rsp",
        SearchOption.AllDirectories).OrderByDescending(File.GetLastWriteTimeUtc).First();
}

/// <summary>Publishes once per test process; the script does nothing where all is up to date, and waits for another one at work.</summary>
public static class Published
{
    private static readonly ConcurrentDictionary<string, Lazy<Publication>> s_done = new();

    /// <summary>Publishes for a runtime identifier, or <c>portable</c>.</summary>
    public static Publication For(string runtime) => s_done.GetOrAdd(runtime, _ => new(() => Publish(runtime))).Value;

    private static Publication Publish(string runtime)
    {
        (int exitCode, string output) = Run(Path.Combine(Shared.Repository, "build", "publish.sh"), runtime);
        return new(Path.Combine(Shared.Repository, "artifacts", runtime), exitCode, output);
    }

    /// <summary>Runs a program to its end: its exit code, and what it wrote to both streams.</summary>
    public static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
