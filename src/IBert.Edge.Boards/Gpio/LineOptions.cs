// How a line of a GPIO chip is used.
namespace IBert.Edge.Boards.Gpio;

/// <summary>What a line does.</summary>
public enum LineDirection
{
    /// <summary>Its level is read.</summary>
    Input,

    /// <summary>It drives a level.</summary>
    Output,
}

/// <summary>The resistor inside the chip.</summary>
public enum LinePull
{
    /// <summary>As the board's firmware left it.</summary>
    AsIs,

    /// <summary>None: the line floats unless something outside drives it.</summary>
    None,

    /// <summary>To the supply.</summary>
    Up,

    /// <summary>To ground.</summary>
    Down,
}

/// <summary>How an output drives.</summary>
public enum LineDrive
{
    /// <summary>Both levels.</summary>
    PushPull,

    /// <summary>Ground alone: high is letting go.</summary>
    OpenDrain,

    /// <summary>The supply alone: low is letting go.</summary>
    OpenSource,
}

/// <summary>Changes of a line, as it is used: of an active-low line <see cref="Rising"/> is towards active, the lower level.</summary>
[Flags]
public enum LineEdges
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>To active.</summary>
    Rising = 1,

    /// <summary>To inactive.</summary>
    Falling = 2,

    /// <summary>Each.</summary>
    Both = Rising | Falling,
}

/// <summary>How a line is asked for.</summary>
public sealed record LineOptions
{
    /// <summary>What it does.</summary>
    public LineDirection Direction { get; init; }

    /// <summary>Whether the lower level is the active one, as of a button to ground.</summary>
    public bool ActiveLow { get; init; }

    /// <summary>The resistor inside the chip.</summary>
    public LinePull Pull { get; init; }

    /// <summary>How an output drives.</summary>
    public LineDrive Drive { get; init; }

    /// <summary>Whether an output is active from the start.</summary>
    public bool InitiallyActive { get; init; }

    /// <summary>The changes of an input that are told.</summary>
    public LineEdges Edges { get; init; }

    /// <summary>How long a level must stay before its change counts, 0 to about an hour; zero: each change counts at once.</summary>
    public TimeSpan Debounce { get; init; }

    /// <summary>Who the kernel shows as the holder of the line; cut at 31 bytes.</summary>
    public string Consumer { get; init; } = "ibert";
}

/// <summary>A change of a line.</summary>
/// <param name="Edge">To active or to inactive.</param>
/// <param name="Nanoseconds">When, on the kernel's monotonic clock (of kernels before 5.7 on its clock of day).</param>
/// <param name="Lost">Changes of this line before it that were not kept: more than 16 were not read in time.</param>
public readonly record struct LineEvent(LineEdges Edge, ulong Nanoseconds, uint Lost)
{
    /// <summary>Whether the line became active.</summary>
    public bool IsActive => Edge == LineEdges.Rising;
}
