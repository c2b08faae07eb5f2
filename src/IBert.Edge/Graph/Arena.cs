// Where tensors lie.
using IBert.Edge.Format;
using IBert.Edge.Numerics;

namespace IBert.Edge.Graph;

/// <summary>The one block of memory that holds all tensors of a text.</summary>
/// <param name="model">A proven model.</param>
/// <param name="start">Its first byte, 64-byte aligned.</param>
internal readonly unsafe struct Arena(ModelContents model, byte* start)
{
    /// <summary>The place of a tensor.</summary>
    public TensorPlace this[int tensor] => new(model.Tensors[tensor], start);
}

/// <summary>A tensor's place: rows of int8, int16 or int32, at an address that is linear in the sequence's length.</summary>
internal readonly unsafe struct TensorPlace(in TensorEntry tensor, byte* arena)
{
    private readonly byte* fixedPart = arena + (long)tensor.OffsetFixed;
    private readonly long perToken = (long)tensor.OffsetPerToken;

    /// <summary>Type of its elements.</summary>
    public ElementType Type { get; } = tensor.Type;

    /// <summary>True number of columns.</summary>
    public int Columns { get; } = (int)tensor.Columns;

    /// <summary>Elements from a row to the next.</summary>
    public int PaddedColumns { get; } = tensor.PaddedColumns;

    /// <summary>Bytes from a row to the next.</summary>
    public int Stride { get; } = tensor.Stride;

    /// <summary>Its first row, for a sequence of that length.</summary>
    public byte* At(int sequence) => fixedPart + (perToken * sequence);
}
