// Memory between pages that nobody may touch: a byte read or written beyond its end ends the process.
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace IBert.Edge.TestSupport;

/// <summary>
/// A region of which the last bytes are handed out, so that the first byte beyond them lies in a page without any access. Below them lie a
/// few bytes with a pattern (as far as the page reaches), below those again pages without access.
/// </summary>
public sealed unsafe class GuardedMemory : IDisposable
{
    private const int None = 0, Read = 1, ReadWrite = 3, PrivateAnonymousNoReserve = 0x4022;
    private const long Page = 4096, Guard = 1 << 20;
    private const byte Pattern = 0xC3;

    private readonly byte* region, end;
    private readonly long capacity;
    private byte* firstPage;

    /// <param name="capacity">Most bytes that will be asked for. Pages never touched cost nothing.</param>
    public GuardedMemory(long capacity)
    {
        this.capacity = (capacity + Page - 1) & -Page;
        region = Mmap(null, (nuint)(this.capacity + (2 * Guard)), ReadWrite, PrivateAnonymousNoReserve, -1, 0);
        if (region == (byte*)-1)
        {
            throw new Win32Exception();
        }
        end = region + Guard + this.capacity;
        Protect(end, Guard, None);
        firstPage = end;
    }

    /// <summary>The bytes that were asked for last, 64-byte aligned: up to 63 more may lie between them and the guard.</summary>
    public byte* Pointer { get; private set; }

    /// <summary>Hands out memory. What was handed out before is lost.</summary>
    public byte* Take(long bytes)
    {
        if (bytes > capacity)
        {
            throw new ArgumentOutOfRangeException(nameof(bytes), $"{bytes} bytes are more than {capacity}");
        }
        Protect(firstPage - Guard, Guard, ReadWrite);
        Pointer = (byte*)((nuint)(end - bytes) & ~(nuint)63);
        firstPage = (byte*)((nuint)Pointer & ~(nuint)(Page - 1));
        new Span<byte>(firstPage, (int)(Pointer - firstPage)).Fill(Pattern);
        Tail(bytes).Fill(Pattern);
        taken = bytes;
        Protect(firstPage - Guard, Guard, None);
        return Pointer;
    }

    private long taken;

    /// <summary>Whether nothing was written beside what was handed out (beyond the pages' ends the process would have died).</summary>
    public bool Intact =>
        !new Span<byte>(firstPage, (int)(Pointer - firstPage)).ContainsAnyExcept(Pattern) && !Tail(taken).ContainsAnyExcept(Pattern);

    /// <summary>Makes what was handed out read-only, as a mapped file is, or writable again.</summary>
    public bool ReadOnly
    {
        set => Protect(firstPage, end - firstPage, value ? Read : ReadWrite);
    }

    /// <summary>Gives the region back.</summary>
    public void Dispose() => Munmap(region, (nuint)(capacity + (2 * Guard)));

    private Span<byte> Tail(long bytes) => new(Pointer + bytes, (int)(end - Pointer - bytes));

    private static void Protect(byte* start, long bytes, int access)
    {
        if (Mprotect(start, (nuint)bytes, access) != 0)
        {
            throw new Win32Exception();
        }
    }

    [DllImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static extern byte* Mmap(void* address, nuint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static extern int Munmap(void* address, nuint length);

    [DllImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static extern int Mprotect(void* address, nuint length, int protection);
}
