// System calls of Linux that .NET does not offer, and their numbers.
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Files;

internal static unsafe partial class Linux
{
    /// <summary>Complaints (errno).</summary>
    public const int NotPermitted = 1, NoEntry = 2, NoAccess = 13, Exists = 17, CrossDevice = 18, NotFolder = 20, IsFolder = 21, Invalid = 22, NoSystemCall = 38,
        NotSupported = 95;

    /// <summary>AT_FDCWD, and flags of calls that take a folder and a path.</summary>
    public const int WorkingFolder = -100, NoFollow = 0x100, EffectiveUser = 0x200, Follow = 0x400, EmptyPath = 0x1000;

    /// <summary>How a file is opened.</summary>
    public const int ReadOnly = 0, ReadWrite = 2, NonBlocking = 0x800, CloseAtExec = 0x80000;

    /// <summary>W_OK.</summary>
    public const int MayWrite = 2;

    // Of include/uapi/asm-generic/fcntl.h, and of arch/arm and arch/arm64.
    private static readonly int s_folderOnly = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 ? 0x4000 : 0x10000;

    /// <summary>A file without a name (O_TMPFILE).</summary>
    public static int Nameless => 0x400000 | s_folderOnly;

    /// <summary>A folder, and nothing else (O_DIRECTORY).</summary>
    public static int FolderOnly => s_folderOnly;

    /// <summary>What the last call complained of.</summary>
    public static int Error => Marshal.GetLastPInvokeError();

    /// <summary>A complaint as people read it.</summary>
    public static string Text(int error) => Marshal.GetPInvokeErrorMessage(error);

    /// <summary>Opens a file; an invalid handle where that fails.</summary>
    public static SafeFileHandle Open(string path, int flags, int mode = 0) => new(OpenDescriptor(path, flags | CloseAtExec, mode), ownsHandle: true);

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

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);

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
