// Which file a path names, and what kind of thing it is.
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Files;

/// <summary>
/// A file as the system tells it from all others, whatever its names: by device and inode. Where the system has none, by the path that all
/// links lead to.
/// </summary>
internal readonly record struct FileIdentity(ulong Device, ulong Inode, string? Path = null);

/// <summary>What the system says of a file.</summary>
/// <param name="Nature">What it is; a link itself where links were not followed is <see cref="FileNature.Hidden"/>.</param>
/// <param name="Identity">Which it is.</param>
/// <param name="Length">Its size in bytes.</param>
/// <param name="Owner">Numbers of the user and the group that it belongs to.</param>
/// <param name="Permissions">Who may do what with it.</param>
/// <param name="IsMountPoint">Whether something is mounted on it: then no other file can take its place.</param>
internal readonly record struct FileStatus(
    FileNature Nature, FileIdentity Identity, long Length, (uint User, uint Group) Owner = default, UnixFileMode Permissions = default,
    bool IsMountPoint = false)
{
    /// <summary>What a path names, behind all links; null where there is nothing.</summary>
    /// <exception cref="IOException">The system does not say.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder on the way may not be entered.</exception>
    public static FileStatus? Of(string path) => Linux.HasStatus ? Of(Linux.WorkingFolder, path, 0) : Portable(path);

    /// <summary>What a path names, the link itself where it is one; null where there is nothing.</summary>
    /// <inheritdoc cref="Of(string)"/>
    public static FileStatus? OfLink(string path)
    {
        if (Linux.HasStatus)
        {
            return Of(Linux.WorkingFolder, path, Linux.NoFollow);
        }
        return new FileInfo(path).LinkTarget is null ? Portable(path) : new FileStatus(FileNature.Hidden, default, 0);
    }

    /// <summary>What is open.</summary>
    public static FileStatus Of(SafeFileHandle file) =>
        Linux.HasStatus
            ? Of((int)file.DangerousGetHandle(), "", Linux.EmptyPath)!.Value
            : new FileStatus(FileNature.Regular, new(0, (ulong)file.DangerousGetHandle()), RandomAccess.GetLength(file));

    /// <summary>What is open under a number; null where nothing is, or where the system does not say.</summary>
    public static FileStatus? OfDescriptor(int descriptor)
    {
        try
        {
            return Linux.HasStatus ? Of(descriptor, "", Linux.EmptyPath) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static unsafe FileStatus? Of(int folder, string path, int flags)
    {
        Linux.StatusRecord status;
        if (Linux.Status(folder, path, flags, Linux.StatusRecord.Basic, &status) != 0)
        {
            int error = Linux.Error;
            return error switch
            {
                Linux.NoEntry or Linux.NotFolder or Linux.TooManyLinks => null,
                Linux.NoAccess => throw new UnauthorizedAccessException(Linux.Text(error)),
                _ => throw new IOException(Linux.Text(error)),
            };
        }
        const int kindBits = 0xF000;
        FileNature nature = (status.Mode & kindBits) switch
        {
            0x8000 => FileNature.Regular,
            0x4000 => FileNature.Folder,
            0x1000 => FileNature.Pipe,
            0x2000 or 0x6000 => FileNature.Device,
            0xC000 => FileNature.Socket,
            _ => FileNature.Hidden,
        };
        FileIdentity identity = new(((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.Inode);
        bool mounted = (status.Attributes & Linux.StatusRecord.MountRoot) != 0;
        return new FileStatus(
            nature, identity, (long)status.Length, (status.User, status.Group), (UnixFileMode)(status.Mode & ~kindBits), mounted);
    }

    private static FileStatus? Portable(string path)
    {
        FileSystemInfo file = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        file = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
        FileIdentity identity = new(0, 0, file.FullName);
        UnixFileMode permissions = !OperatingSystem.IsWindows() && file.Exists ? file.UnixFileMode : default;
        return file switch
        {
            { Exists: false } => null,
            DirectoryInfo => new FileStatus(FileNature.Folder, identity, 0, default, permissions),
            _ => new FileStatus(FileNature.Regular, identity, ((FileInfo)file).Length, default, permissions),
        };
    }
}
