// What tensors and constants consist of.
namespace IBert.Edge.Numerics;

/// <summary>Type of a tensor's or constant's elements; the values are those of the file.</summary>
internal enum ElementType : byte
{
    Int8 = 1,
    Int16 = 2,
    Int32 = 3,

    /// <summary>For constants only.</summary>
    Int64 = 4,
}

/// <summary>What follows from an element's type.</summary>
internal static class ElementTypes
{
    /// <summary>Bytes of an element: 1, 2, 4 or 8.</summary>
    public static int Bytes(this ElementType type) => type switch
    {
        ElementType.Int8 => 1,
        ElementType.Int16 => 2,
        ElementType.Int32 => 4,
        _ => 8,
    };
}
