// Where an output goes: found before the work begins, so that minutes of it do not end in a refusal.
namespace IBert.Edge.Files;

/// <summary>A file that cannot be written: one line that says which, why and what to do.</summary>
internal sealed class UnwritableFileException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>
/// A path that a regular file can stand at: nothing stands there, or a regular file that may be replaced. Links are followed: they stay,
/// and what they point to is replaced.
/// </summary>
internal sealed class OutputPlace
{
    // As many links in a row as Linux follows.
    private const int MostLinks = 40;

    private OutputPlace(string path, string target, string folder, FileStatus folderStatus, FileStatus? existing)
    {
        (Path, Target, Folder, Existing) = (path, target, folder, existing);
        Key = existing is { } file ? (file.Identity, "") : (folderStatus.Identity, System.IO.Path.GetFileName(target));
    }

    /// <summary>The path as it was given, for messages.</summary>
    public string Path { get; }

    /// <summary>The path behind all links.</summary>
    public string Target { get; }

    /// <summary>The folder of <see cref="Target"/>.</summary>
    public string Folder { get; }

    /// <summary>The file that would be replaced; null for none.</summary>
    public FileStatus? Existing { get; }

    /// <summary>The same for two paths of one file: which file stands there, else which name in which folder.</summary>
    public (FileIdentity, string) Key { get; }

    /// <summary>Finds the place that a path names.</summary>
    /// <exception cref="UnwritableFileException">No regular file can be written there.</exception>
    public static OutputPlace Find(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            string target = Follow(path);
            FileStatus? existing = FileStatus.Of(target);
            switch (existing)
            {
                case { Nature: FileNature.Folder }:
                    throw Refusal(path, "it is a folder; give the path of a file in it");
                case { Nature: not FileNature.Regular } other:
                    throw Refusal(path, $"it is {Name(other.Nature)}; give the path of a file in a folder");
                case { IsMountPoint: true }:
                    throw Refusal(path,
                        "something is mounted on it, so that no other file can take its place; write to another place and copy from there");
                case not null when OperatingSystem.IsLinux()
                    && Linux.Access(Linux.WorkingFolder, target, Linux.MayWrite, Linux.EffectiveUser) != 0:
                    throw Refusal(path,
                        $"the file that is there may not be changed ({Linux.Text(Linux.Error)}); give another name, or remove it first");
            }
            string folder = System.IO.Path.GetDirectoryName(target) is { Length: > 0 } named ? named : ".";
            if (FileStatus.Of(folder) is not { Nature: FileNature.Folder } status)
            {
                throw Refusal(path, $"there is no folder {folder}; make it first");
            }
            return new OutputPlace(path, target, folder, status, existing);
        }
        catch (Exception error) when (
            error is IOException and not UnwritableFileException or UnauthorizedAccessException or ArgumentException
                or NotSupportedException)
        {
            throw new UnwritableFileException($"{path} cannot be written: {error.Message.TrimEnd('.')}", error);
        }
    }

    private static string Follow(string path)
    {
        string target = path;
        for (int links = 0; FileStatus.OfLink(target) is { Nature: FileNature.Hidden } link; links++)
        {
            if (links == MostLinks)
            {
                throw Refusal(path, "its links lead in a circle");
            }
            // A link of /proc/PID/fd is no name but an open file, which may have none or be a pipe.
            if (OperatingSystem.IsLinux() && FileStatus.Of("/proc/self/fd") is { } descriptors
                && descriptors.Identity.Device == link.Identity.Device)
            {
                throw Refusal(
                    path, "it is an open file of a running program; - is standard output, else give the path of a file in a folder");
            }
            string next = new FileInfo(target).LinkTarget ?? throw Refusal(path, "one of its links cannot be read");
            target = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(target) ?? "", next);
        }
        return target;
    }

    private static string Name(FileNature nature) => nature switch
    {
        FileNature.Pipe => "a pipe",
        FileNature.Socket => "a socket",
        _ => "a device",
    };

    private static UnwritableFileException Refusal(string path, string why) => new($"{path} cannot be written: {why}");
}
