// Opens files that are to be read. What a path leads to is looked at first: opening a pipe would wait for a writer, reading a device need not end.
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Files;

internal static class InputFile
{
    /// <summary>What a path leads to, links followed. Nothing is opened.</summary>
    public static FileNature Look(string path)
    {
        try
        {
            return FileStatus.Of(path) is { } status ? status.Nature : LinkTarget(path) is null ? FileNature.Missing : FileNature.BrokenLink;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A link that leads back to itself, a name that no file can have, a folder that may not be entered.
            return LinkTarget(path) is null ? FileNature.Hidden : FileNature.BrokenLink;
        }
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
            SafeFileHandle handle = Linux.Open(path, Linux.ReadOnly | Linux.NonBlocking);
            if (handle.IsInvalid)
            {
                throw new UnreadableFileException(FileNature.Hidden, $"cannot be read ({Linux.Text(Linux.Error)})");
            }
            nature = FileStatus.Of(handle).Nature;
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
}
