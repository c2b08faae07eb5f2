// Writes a file wholly or not at all.
namespace IBert.Edge.Quantization.Output;

/// <summary>Files written beside their place and renamed.</summary>
internal static class AtomicFile
{
    /// <summary>Says at once what would otherwise fail after minutes of work.</summary>
    /// <exception cref="IOException">No file can be written there.</exception>
    public static void RequirePlace(string path)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
        {
            throw new IOException($"{path} is a folder: give the path of a file in it");
        }
        // Renaming onto a device would replace the device.
        if (!OperatingSystem.IsWindows() && full.StartsWith("/dev/", StringComparison.Ordinal) && !full.StartsWith("/dev/shm/", StringComparison.Ordinal))
        {
            throw new IOException($"{path} is a device: give the path of a file in a folder");
        }
        if (Path.GetDirectoryName(full) is { } folder && !Directory.Exists(folder))
        {
            throw new IOException($"{path} cannot be written: there is no folder {folder}; make it first");
        }
    }

    /// <summary>Writes a file.</summary>
    /// <exception cref="IOException">The disk is full, or the folder is missing; nothing is left behind.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        RequirePlace(path);
        // Through a link, the file that it points to is replaced, not the link.
        FileInfo file = new(path);
        string target = (file.LinkTarget is null ? null : file.ResolveLinkTarget(returnFinalTarget: true)?.FullName) ?? file.FullName;
        string beside = $"{target}.{Path.GetRandomFileName()}.part";
        try
        {
            using (FileStream stream = new(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }
            File.Move(beside, target, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            File.Delete(beside);
            string message = $"{path} cannot be written: {error.Message.Replace(beside, target, StringComparison.Ordinal)}";
            throw error is IOException ? new IOException(message, error) : new UnauthorizedAccessException(message, error);
        }
    }
}
