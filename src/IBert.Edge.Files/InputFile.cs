// Opens files that are to be read. What a path leads to is looked at first: opening a pipe would wait for a writer, reading a device need
// not end.
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Files;

internal static class InputFile
{
    // Milliseconds in which a shell has started what writes to a pipe.
    private const int Patience = 10_000, Pause = 10;

    /// <summary>What a path leads to, links followed. Nothing is opened.</summary>
    public static FileNature Look(string path)
    {
        try
        {
            return FileStatus.Of(path) is { } status
                ? status.Nature
                : LinkTarget(path) is null ? FileNature.Missing : FileNature.BrokenLink;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A link that leads back to itself, a name that no file can have, a folder that may not be entered.
            return LinkTarget(path) is null ? FileNature.Hidden : FileNature.BrokenLink;
        }
    }

    /// <summary>Whether there is something of that name, be it a link to nothing.</summary>
    public static bool IsThere(string path) => Look(path) != FileNature.Missing;

    /// <summary>Opens a regular file, at once or not at all.</summary>
    /// <exception cref="UnreadableFileException">It is something else, or may not be read.</exception>
    public static SafeFileHandle Open(string path) => Open(path, FileNature.Regular);

    /// <summary>Reads a pipe to its end. It waits for who writes to it, but not for ever for somebody who begins to.</summary>
    /// <returns>Its bytes, none where nobody wrote; null where there are more than the most.</returns>
    /// <exception cref="UnreadableFileException">It is something else, or may not be read.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[]? ReadPipe(string path, int most)
    {
        using SafeFileHandle pipe = Open(path, FileNature.Pipe);
        using MemoryStream content = new();
        byte[] buffer = new byte[1 << 16];
        long begun = Environment.TickCount64;
        while (content.Length <= most)
        {
            nint count = OperatingSystem.IsLinux() ? Linux.Read(pipe, buffer) : RandomAccess.Read(pipe, buffer, content.Length);
            if (count > 0)
            {
                content.Write(buffer, 0, (int)count);
            }
            else if (count == 0)
            {
                // Nobody has it open to write: all is read, or nobody has begun yet.
                if (content.Length > 0 || Environment.TickCount64 - begun > Patience)
                {
                    return content.ToArray();
                }
                Thread.Sleep(Pause);
            }
            else if (Linux.Error == Linux.Again)
            {
                // Somebody has, and takes the time that it takes.
                _ = Linux.SetFlags(pipe, 0);
            }
            else if (Linux.Error is var error and not Linux.Interrupted)
            {
                throw new IOException(Linux.Text(error));
            }
        }
        return null;
    }

    private static SafeFileHandle Open(string path, FileNature wanted)
    {
        FileNature nature = Look(path);
        if (nature != wanted && nature != FileNature.Hidden)
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
            if (nature == wanted)
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
