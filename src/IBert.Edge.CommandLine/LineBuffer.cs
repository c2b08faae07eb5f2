// Bytes that are to be written, from which a line can be taken back.
using System.Buffers;

namespace IBert.Edge.CommandLine;

/// <summary>A growing array that forgets its end on demand.</summary>
internal sealed class LineBuffer : IBufferWriter<byte>
{
    private byte[] bytes = new byte[4096];

    /// <summary>Number of bytes.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, Count);

    public void Advance(int count) => Count += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        int needed = Count + Math.Max(sizeHint, 1);
        if (needed > bytes.Length)
        {
            Array.Resize(ref bytes, (int)Math.Max(needed, Math.Min(bytes.Length * 2L, Array.MaxLength)));
        }
        return bytes.AsMemory(Count);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Forgets all but the first bytes.</summary>
    public void Truncate(int count) => Count = count;
}
