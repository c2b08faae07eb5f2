// Native memory for the arena and for scratch.
using System.Runtime.InteropServices;

namespace IBert.Edge.Memory;

/// <summary>A zeroed, 64-byte aligned block outside the garbage collector's heap. Pages that are never touched cost no memory.</summary>
internal sealed unsafe class NativeBlock : IDisposable
{
    private const nuint Alignment = 64;

    private void* allocation;

    /// <param name="bytes">Its size.</param>
    /// <exception cref="OutOfMemoryException">The system has not that much.</exception>
    public NativeBlock(long bytes)
    {
        // calloc, not an aligned allocation with a fill: fresh pages are zero already, and touching them all would cost a small board
        // the memory of the longest text at every start.
        allocation = NativeMemory.AllocZeroed((nuint)bytes + Alignment);
        Pointer = (byte*)(((nuint)allocation + Alignment - 1) & ~(Alignment - 1));
        Bytes = bytes;
    }

    /// <summary>The first byte.</summary>
    public byte* Pointer { get; }

    /// <summary>The size.</summary>
    public long Bytes { get; }

    public void Dispose()
    {
        NativeMemory.Free(allocation);
        allocation = null;
    }
}
