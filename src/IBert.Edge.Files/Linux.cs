// System calls of Linux that .NET does not offer, and their numbers.
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Files;

internal static unsafe partial class Linux
{
    /// <summary>Complaints (errno).</summary>
    public const int NotPermitted = 1, NoEntry = 2, Interrupted =
        4, Again = 11, NoAccess = 13, Exists = 17, CrossDevice = 18, NotFolder = 20, IsFolder = 21, Invalid = 22, NoSystemCall = 38,
        TooManyLinks = 40, NotSupported = 95;

    /// <summary>AT_FDCWD, and flags of calls that take a folder and a path.</summary>
    public const int WorkingFolder = -100, NoFollow = 0x100, EffectiveUser = 0x200, Follow = 0x400, EmptyPath = 0x1000;

    /// <summary>How a file is opened.</summary>
    public const int ReadOnly = 0, ReadWrite = 2, NonBlocking = 0x800, CloseAtExec = 0x80000;

    /// <summary>W_OK.</summary>
    public const int MayWrite = 2;

    // Of include/uapi/asm-generic/fcntl.h, and of arch/arm and arch/arm64.
    private static readonly int s_folderOnly =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 ? 0x4000 : 0x10000;

    /// <summary>A file without a name (O_TMPFILE).</summary>
    public static int Nameless => 0x400000 | s_folderOnly;

    /// <summary>A folder, and nothing else (O_DIRECTORY).</summary>
    public static int FolderOnly => s_folderOnly;

    /// <summary>What the last call complained of.</summary>
    public static int Error => Marshal.GetLastPInvokeError();

    /// <summary>A complaint as people read it.</summary>
    public static string Text(int error) => Marshal.GetPInvokeErrorMessage(error);

    /// <summary>
    /// Whether the system tells files apart as <see cref="Status"/> does: Linux, with a C library since glibc 2.28 or musl 1.2.
    /// </summary>
    public static bool HasStatus { get; } = OperatingSystem.IsLinux() && TryStatus();

    /// <summary>Opens a file; an invalid handle where that fails.</summary>
    public static SafeFileHandle Open(string path, int flags, int mode = 0) =>
        new(OpenDescriptor(path, flags | CloseAtExec, mode), ownsHandle: true);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int Status(int folder, string path, int flags, uint mask, StatusRecord* status);

    [LibraryImport("libc", EntryPoint = "faccessat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int Access(int folder, string path, int mode, int flags);

    [LibraryImport("libc", EntryPoint = "linkat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int Link(int folder, string path, int newFolder, string newPath, int flags);

    [LibraryImport("libc", EntryPoint = "rename", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int Rename(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Flush(SafeFileHandle file);

    /// <summary>Reads what there is; -1 for a complaint.</summary>
    public static nint Read(SafeFileHandle file, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return ReadBytes(file, pointer, buffer.Length);
        }
    }

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadBytes(SafeFileHandle file, byte* buffer, nint count);

    /// <summary>Sets how an open file behaves (F_SETFL).</summary>
    public static int SetFlags(SafeFileHandle file, int flags)
    {
        const int setFlags = 4;
        return Control(file, setFlags, flags);
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, int value);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);

    private static bool TryStatus()
    {
        try
        {
            StatusRecord status;
            return Status(WorkingFolder, "/", 0, StatusRecord.Basic, &status) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint OpenDescriptor(string path, int flags, int mode);

    /// <summary>struct statx of linux/stat.h, the same on every architecture; what is not asked for is left out.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct StatusRecord
    {
        /// <summary>STATX_BASIC_STATS.</summary>
        public const uint Basic = 0x7FF;

        /// <summary>STATX_ATTR_MOUNT_ROOT.</summary>
        public const ulong MountRoot = 0x2000;

        [FieldOffset(8)]
        public ulong Attributes;

        [FieldOffset(20)]
        public uint User;

        [FieldOffset(24)]
        public uint Group;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public ulong Length;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
