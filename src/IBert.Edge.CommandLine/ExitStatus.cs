// What the programs end with: scripts rely on it.
namespace IBert.Edge.CommandLine;

/// <summary>How a program ends, for scripts.</summary>
internal static class ExitStatus
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>A result that is a failure: a self-test that does not hold, lines that could not be processed.</summary>
    public const int Failure = 1;

    /// <summary>Wrong usage, a file that cannot be read or written.</summary>
    public const int Usage = 2;

    /// <summary>A model that cannot be opened, or does not say what its integers stand for.</summary>
    public const int Model = 3;

    /// <summary>A fault of the program itself, or too little memory (EX_SOFTWARE of sysexits.h).</summary>
    public const int Internal = 70;
}
