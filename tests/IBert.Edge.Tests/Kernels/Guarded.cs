// Native memory with guard bytes on both sides, for kernels that write through pointers.
using System.Runtime.InteropServices;
using Xunit;

namespace IBert.Edge.Tests.Kernels;

/// <summary>A 64-byte aligned block whose surroundings must not change.</summary>
internal sealed unsafe class Guarded<T> : IDisposable
    where T : unmanaged
{
    private const int GuardBytes = 256;
    private const byte Pattern = 0xA5;

    private readonly byte* block;

    public Guarded(int length)
    {
        Length = length;
        block = (byte*)NativeMemory.AlignedAlloc((nuint)(2 * GuardBytes + Bytes), 64);
        new Span<byte>(block, 2 * GuardBytes + Bytes).Fill(Pattern);
    }

    public int Length { get; }

    public T* Pointer => (T*)(block + GuardBytes);

    public Span<T> Span => new(Pointer, Length);

    private int Bytes => Length * sizeof(T);

    public Guarded<T> Fill(Func<int, T> value)
    {
        for (int i = 0; i < Length; i++)
        {
            Pointer[i] = value(i);
        }
        return this;
    }

    public void AssertGuards()
    {
        Assert.True(!new Span<byte>(block, GuardBytes).ContainsAnyExcept(Pattern), "written before the block");
        Assert.True(!new Span<byte>(block + GuardBytes + Bytes, GuardBytes).ContainsAnyExcept(Pattern), "written beyond the block");
    }

    public void Dispose() => NativeMemory.AlignedFree(block);
}
