// How a rescaled integer is rounded.
namespace IBert.Edge.Numerics;

/// <summary>How a dyadic product is rounded; the values are those of the file.</summary>
internal enum Rounding : byte
{
    /// <summary>To nearest, ties up.</summary>
    HalfUp = 0,

    /// <summary>To nearest, ties to even: <c>torch.round</c>.</summary>
    HalfEven = 1,
}
