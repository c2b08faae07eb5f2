// What tells that a file is another one, or was changed: asked before every text, so without allocating.
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Format;

/// <summary>A file's identity, size and times. Where the system is not Linux there is no identity, and one time for both.</summary>
internal readonly unsafe partial struct FileStamp : IEquatable<FileStamp>
{
    /// <summary>
    /// A kernel's clock for files: what is written within one tick of it has the same time. 10 ms where it is slowest (CONFIG_HZ=100),
    /// doubled.
    /// </summary>
    private const long Tick = 20_000_000;

    private const int Here = -100, EmptyPath = 0x1000;

    // statx(2) rather than fstat(2): its structure is the same on every architecture and in every C library.
    private static readonly bool s_statx = HasStatx();

    private readonly ulong device, inode;

    private FileStamp(ulong device, ulong inode, long size, long modified, long changed)
    {
        this.device = device;
        this.inode = inode;
        Size = size;
        Modified = modified;
        Changed = changed;
    }

    /// <summary>Bytes; 0 of what has none, such as a pipe.</summary>
    public long Size { get; }

    /// <summary>When the content was written last, as the writer says, in nanoseconds since 1970.</summary>
    public long Modified { get; }

    /// <summary>When content, name, links or rights changed last: nobody can set it back.</summary>
    public long Changed { get; }

    /// <summary>
    /// Whether it is neither a file nor a folder: opening a pipe would wait for who writes, and opening a device may do something.
    /// </summary>
    public bool IsSpecial { get; private init; }

    /// <summary>Whether a further write would have a later time. A time to come is that of a clock which was set since.</summary>
    public bool IsSettled => Nanoseconds(DateTime.UtcNow) - Changed is < 0 or > Tick;

    /// <summary>An open file's.</summary>
    public static bool TryRead(SafeFileHandle file, out FileStamp stamp)
    {
        if (s_statx)
        {
            byte nothing = 0;
            return TryStatx((int)file.DangerousGetHandle(), &nothing, EmptyPath, out stamp);
        }
        try
        {
            long time = Nanoseconds(File.GetLastWriteTimeUtc(file));
            stamp = new(0, 0, RandomAccess.GetLength(file), time, time);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            stamp = default;
            return false;
        }
    }

    /// <summary>That of what lies at a path; false where nothing can be seen there.</summary>
    /// <param name="path">The path.</param>
    /// <param name="utf8">The same in UTF-8, with a zero at its end.</param>
    /// <param name="stamp">The stamp.</param>
    public static bool TryRead(string path, byte[] utf8, out FileStamp stamp)
    {
        if (s_statx)
        {
            fixed (byte* pointer = utf8)
            {
                return TryStatx(Here, pointer, 0, out stamp);
            }
        }
        try
        {
            FileInfo file = new(path);
            long time = Nanoseconds(file.LastWriteTimeUtc);
            stamp = new(0, 0, file.Length, time, time);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            stamp = default;
            return false;
        }
    }

    /// <summary>Whether both are one file, whatever it holds by now. Without identities: whether they look alike.</summary>
    public bool IsSameFile(in FileStamp other) =>
        inode == other.inode && device == other.device && (inode != 0 || (Size == other.Size && Modified == other.Modified));

    /// <summary>Whether both are one file with one content, as far as its writers are honest about the time.</summary>
    public bool IsSameContent(in FileStamp other) => IsSameFile(other) && Size == other.Size && Modified == other.Modified;

    /// <inheritdoc/>
    public bool Equals(FileStamp other) => IsSameContent(other) && Changed == other.Changed;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is FileStamp other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(inode, Size, Modified, Changed);

    private static long Nanoseconds(DateTime time) => (time.Ticks - DateTime.UnixEpoch.Ticks) * 100;

    private static bool HasStatx()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }
        try
        {
            byte* root = stackalloc byte[] { (byte)'/', 0 };
            return TryStatx(Here, root, 0, out _);
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            // A C library before glibc 2.28 or musl 1.2.
            return false;
        }
    }

    private static bool TryStatx(int directory, byte* path, int flags, out FileStamp stamp)
    {
        // struct statx of <linux/stat.h>: the mode at 28, inode and size at 32, times of 16 bytes (seconds, nanoseconds) at 96 and 112, the
        // device at 136.
        const uint wanted = 0x3C1;
        const int kind = 0xF000, file = 0x8000, folder = 0x4000;
        byte* result = stackalloc byte[256];
        if (Statx(directory, path, flags, wanted, result) != 0)
        {
            stamp = default;
            return false;
        }
        stamp = new(*(ulong*)(result + 136), *(ulong*)(result + 32), *(long*)(result + 40), Time(result + 112), Time(result + 96))
        {
            IsSpecial = (*(ushort*)(result + 28) & kind) is not (file or folder),
        };
        return true;

        static long Time(byte* time) => (*(long*)time * 1_000_000_000) + *(uint*)(time + 8);
    }

    [LibraryImport("libc", EntryPoint = "statx")]
    private static partial int Statx(int directory, byte* path, int flags, uint mask, byte* result);
}
