// Opens files that are to be read. What a path leads to is looked at first: opening a pipe would wait for a writer, reading a device need not end.
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Files;

internal static unsafe partial class InputFile
{
    // Linux: of every architecture that .NET runs on.
    private const int AtWorkingFolder = -100, EmptyPath = 0x1000, NonBlocking = 0x800, CloseAtExec = 0x80000;
    private const int NoEntry = 2, NotFolder = 20, TooManyLinks = 40;

    // struct statx (statx(2)) is the same on every architecture, struct stat is not.
    private const int StatBytes = 256, ModeOffset = 28;
    private const uint WantType = 1;

    /// <summary>What a path leads to, links followed. Nothing is opened.</summary>
    public static FileNature Look(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return File.Exists(path) ? FileNature.Regular : Directory.Exists(path) ? FileNature.Folder : Absent(path);
        }
        return Look(AtWorkingFolder, path, 0) switch
        {
            < 0 => Marshal.GetLastPInvokeError() is NoEntry or NotFolder or TooManyLinks ? Absent(path) : FileNature.Hidden,
            int type => Nature(type),
        };
    }

    /// <summary>Whether there is something of that name, be it a link to nothing.</summary>
    public static bool IsThere(string path) => Look(path) != FileNature.Missing;

    /// <summary>Opens a regular file, at once or not at all.</summary>
    /// <exception cref="UnreadableFileException">It is something else, or may not be read.</exception>
    public static SafeFileHandle Open(string path)
    {
        FileNature nature = Look(path);
        if (nature is not (FileNature.Regular or FileNature.Hidden))
        {
            throw Unreadable(path, nature);
        }
        try
        {
            if (!OperatingSystem.IsLinux())
            {
                return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            }
            // Should another file have taken its place since: opening does not wait, and what was opened is looked at again.
            SafeFileHandle handle = new(OpenDescriptor(path, NonBlocking | CloseAtExec), ownsHandle: true);
            if (handle.IsInvalid)
            {
                throw new UnreadableFileException(FileNature.Hidden, $"cannot be read ({Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())})");
            }
            nature = Nature(Look((int)handle.DangerousGetHandle(), "", EmptyPath));
            if (nature == FileNature.Regular)
            {
                return handle;
            }
            handle.Dispose();
            throw Unreadable(path, nature);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException and not UnreadableFileException)
        {
            throw new UnreadableFileException(FileNature.Hidden, $"cannot be read ({error.Message.TrimEnd('.')})");
        }
    }

    /// <summary>All bytes of a file, counted as they are read: the length that the system states may be of another moment.</summary>
    /// <returns>Null where there are more than the most.</returns>
    /// <exception cref="IOException">The disk cannot be read.</exception>
    public static byte[]? ReadAll(SafeFileHandle handle, int most)
    {
        long stated = RandomAccess.GetLength(handle);
        if (stated > most)
        {
            return null;
        }
        byte[] bytes = new byte[Math.Max(stated, 255) + 1];
        int count = 0;
        while (true)
        {
            int read = RandomAccess.Read(handle, bytes.AsSpan(count), count);
            count += read;
            if (count > most)
            {
                return null;
            }
            if (read == 0)
            {
                return bytes.AsSpan(0, count).ToArray();
            }
            if (count == bytes.Length)
            {
                Array.Resize(ref bytes, (int)Math.Min(2L * bytes.Length, most + 1L));
            }
        }
    }

    /// <summary>Why a path cannot be read that leads to something else than a regular file.</summary>
    public static UnreadableFileException Unreadable(string path, FileNature nature) => new(nature, nature switch
    {
        FileNature.Missing => "there is no such file",
        FileNature.BrokenLink => $"is a link to {OneLine.Quote(LinkTarget(path) ?? "")}, where there is no file",
        FileNature.Folder => "is a folder, not a file",
        FileNature.Pipe => "is a pipe, not a file",
        FileNature.Socket => "is a socket, not a file",
        FileNature.Device => "is a device, not a file",
        _ => "cannot be read",
    });

    private static FileNature Absent(string path) => LinkTarget(path) is null ? FileNature.Missing : FileNature.BrokenLink;

    private static string? LinkTarget(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private static FileNature Nature(int mode) => (mode >> 12) switch
    {
        1 => FileNature.Pipe,
        2 or 6 => FileNature.Device,
        4 => FileNature.Folder,
        8 => FileNature.Regular,
        12 => FileNature.Socket,
        _ => FileNature.Hidden,
    };

    /// <summary>The mode of what a path or a descriptor leads to; -1 for an error.</summary>
    private static int Look(int descriptor, string path, int flags)
    {
        byte* buffer = stackalloc byte[StatBytes];
        return Stat(descriptor, path, flags, WantType, buffer) == 0 ? *(ushort*)(buffer + ModeOffset) : -1;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(int descriptor, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDescriptor(string path, int flags);
}
