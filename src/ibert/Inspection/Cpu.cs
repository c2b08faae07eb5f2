// What this machine calls itself.
using System.Runtime.InteropServices;

namespace IBert.Edge.Cli.Inspection;

internal static class Cpu
{
    /// <summary>The CPU's name, on a board with the board's.</summary>
    public static string Name()
    {
        string? model = null, part = null;
        try
        {
            foreach (string line in File.ReadLines("/proc/cpuinfo"))
            {
                int colon = line.IndexOf(':');
                string key = colon < 0 ? "" : line[..colon].Trim();
                model ??= key == "model name" ? line[(colon + 1)..].Trim() : null;
                // The last core's: on boards with two kinds, the big ones come last.
                part = key == "CPU part" ? line[(colon + 1)..].Trim() : part;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // No Linux: the architecture has to do.
        }
        string core = model ?? (part is null ? RuntimeInformation.ProcessArchitecture.ToString() : CoreName(part));
        return Board() is { } board ? $"{board}, {core}" : core;
    }

    /// <summary>Arm's part numbers (Main ID Register, PartNum) of cores that boards have.</summary>
    private static string CoreName(string part) => part switch
    {
        "0xd03" => "Cortex-A53",
        "0xd04" => "Cortex-A35",
        "0xd05" => "Cortex-A55",
        "0xd07" => "Cortex-A57",
        "0xd08" => "Cortex-A72",
        "0xd09" => "Cortex-A73",
        "0xd0a" => "Cortex-A75",
        "0xd0b" => "Cortex-A76",
        "0xd0c" => "Neoverse-N1",
        "0xd40" => "Neoverse-V1",
        "0xd41" => "Cortex-A78",
        "0xd42" => "Cortex-A78AE",
        _ => $"ARM part {part}",
    };

    private static string? Board()
    {
        const string path = "/proc/device-tree/model";
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).TrimEnd('\0', '\n') : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
