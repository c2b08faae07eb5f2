// Marks for instruction counts under QEMU (the run-arm64 tool's README): anywhere else the calls do nothing.
using System.Runtime.InteropServices;

namespace IBert.Edge.Cli.Inspection;

internal static partial class InstructionMark
{
    /// <summary>Set: bench marks one inference of each length, labelled with the length.</summary>
    public const string Variable = "IBERT_MARK";

    private const int Magic = 0x41524D;

    public static bool Wanted { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    /// <summary>
    /// Prints what the thread has executed since its last mark. Not a valid question to the kernel, so otherwise without effect.
    /// </summary>
    public static void Set(int label) => _ = Priority(Magic, label);

    [LibraryImport("libc", EntryPoint = "getpriority")]
    private static partial int Priority(int which, int who);
}
