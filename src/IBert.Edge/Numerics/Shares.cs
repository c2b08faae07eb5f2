// How work is cut.
namespace IBert.Edge.Numerics;

/// <summary>A number of items in parts that differ by one at most.</summary>
/// <param name="Items">The items.</param>
/// <param name="Parts">The parts, 1 or more.</param>
internal readonly record struct Shares(int Items, int Parts)
{
    /// <summary>A part: [Start, End). Of a part that does not exist, nothing.</summary>
    public (int Start, int End) this[int part] =>
        part < Parts ? ((int)((long)Items * part / Parts), (int)((long)Items * (part + 1) / Parts)) : (0, 0);
}
