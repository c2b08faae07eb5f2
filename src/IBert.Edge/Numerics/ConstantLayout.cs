// How the elements of constants are arranged.
namespace IBert.Edge.Numerics;

/// <summary>How a constant lies in DATA; the values are those of the file.</summary>
internal enum ConstantLayout : ushort
{
    /// <summary>Row-major, rows without padding between them.</summary>
    Rows = 0,

    /// <summary>Panels of 16 output channels in quads, as <c>Kernels/Panels</c> arranges them; both sizes padded with zeros.</summary>
    Quads = 1,
}
