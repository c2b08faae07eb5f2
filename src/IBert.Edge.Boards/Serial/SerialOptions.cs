// How a serial line is used.
namespace IBert.Edge.Boards.Serial;

/// <summary>The bit that checks a byte.</summary>
public enum Parity
{
    /// <summary>None.</summary>
    None,

    /// <summary>The number of ones is even.</summary>
    Even,

    /// <summary>The number of ones is odd.</summary>
    Odd,
}

/// <summary>How a serial line is used: 8 data bits, no flow control unless asked for.</summary>
public sealed record SerialOptions
{
    /// <summary>Bits per second; any that the port can do within 2.5 %.</summary>
    public int Baud { get; init; } = 115_200;

    /// <summary>The bit that checks a byte.</summary>
    public Parity Parity { get; init; }

    /// <summary>1 or 2.</summary>
    public int StopBits { get; init; } = 1;

    /// <summary>Whether RTS and CTS say when to send.</summary>
    public bool HardwareFlowControl { get; init; }

    /// <summary>Longest line in bytes; a longer one is cut there, and the rest of it dropped.</summary>
    public int MostBytes { get; init; } = 1 << 16;

    /// <summary>How long after a port was lost, or could not be opened, it is tried again.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);
}
