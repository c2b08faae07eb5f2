// A span over mapped or native memory that a class may keep in a field.
using System.Diagnostics.CodeAnalysis;

namespace IBert.Edge.Memory;

/// <summary>A pointer with its length. Whoever creates it keeps the memory alive; every access through it is bounds-checked.</summary>
internal readonly unsafe struct NativeSpan<T>(T* pointer, int length) where T : unmanaged
{
    /// <summary>The first element; for kernels, whose bounds were proven when the file was opened.</summary>
    public T* Pointer { get; } = pointer;

    /// <summary>Number of elements.</summary>
    public int Length { get; } = length;

    /// <summary>One element, bounds-checked.</summary>
    public T this[int index]
    {
        get
        {
            if ((uint)index >= (uint)Length)
            {
                ThrowIndex(index);
            }
            return Pointer[index];
        }
    }

    /// <summary>The elements as a span.</summary>
    public ReadOnlySpan<T> Span => new(Pointer, Length);

    /// <summary>A part of the elements, bounds-checked.</summary>
    public ReadOnlySpan<T> Slice(int start, int length) => Span.Slice(start, length);

    [DoesNotReturn]
    private static void ThrowIndex(int index) => throw new IndexOutOfRangeException($"index {index} is outside the mapped table");
}
