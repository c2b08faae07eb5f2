// Runs the workstation program as a person does: as a process.
using System.Diagnostics;
using IBert.Edge.TestSupport;

namespace IBert.Edge.EndToEnd.Device;

/// <summary><c>dotnet ibert-quantize.dll</c> of this build.</summary>
internal static class IbertQuantize
{
    private static readonly string s_assembly = Path.Combine(
        Shared.Repository, "src", "ibert-quantize", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0",
        "ibert-quantize.dll");

    public static Outcome Run(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [s_assembly, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return new Outcome(process.ExitCode, output.Result, error.Result);
    }
}
