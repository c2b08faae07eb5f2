// A file that is there whole or not at all.
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Files;

/// <summary>
/// Written without a name where the file system can do that (O_TMPFILE), so that nothing is left whatever ends the program; else under
/// another name beside its place, which signals take away. Complete and on the disk it gets its name, or takes the place of the file that
/// has it, in one step.
/// </summary>
/// <remarks>
/// No system call gives a nameless file the name of another file. It gets a name beside it first, <c>.ibert-HASH.part</c>, and loses it in
/// the next call, so only a power cut or SIGKILL between the two leaves that name, of a complete file, behind; it is the same for every
/// writer of that place, and the next one takes it away.
/// </remarks>
internal sealed class OutputFile : IDisposable
{
    private const int BufferSize = 1 << 16, MostAttempts = 100;

    private readonly OutputPlace place;
    private readonly Action? beforeReplacing;
    private readonly byte[] buffer = new byte[BufferSize];
    private SafeFileHandle file;
    private string? part;
    private int buffered;
    private long length;
    private bool disposed;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where it will be; a regular file that is there stays until this one is complete.</param>
    /// <param name="beforeReplacing">Called when it is complete, and may still refuse.</param>
    /// <param name="nameless">Whether it may be without a name until then; tests say no, as some file systems do.</param>
    /// <exception cref="UnwritableFileException">It cannot be written there.</exception>
    public OutputFile(string path, Action? beforeReplacing = null, bool nameless = true)
    {
        place = OutputPlace.Find(path);
        this.beforeReplacing = beforeReplacing;
        Parts.Enter();
        try
        {
            file = (nameless ? OpenNameless() : null) ?? OpenNamed();
        }
        catch (Exception error)
        {
            Parts.Leave();
            if (error is IOException or UnauthorizedAccessException)
            {
                throw Unwritable(error);
            }
            throw;
        }
    }

    /// <summary>Writes a whole file.</summary>
    /// <exception cref="UnwritableFileException">That fails; what was there is still there, and nothing else.</exception>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using OutputFile file = new(path);
        file.Write(bytes);
        file.Complete();
    }

    /// <summary>Takes away what signals would: for a program that ends by itself in the middle of its work.</summary>
    public static void RemoveParts() => Parts.Remove();

    /// <summary>Adds to the file.</summary>
    /// <exception cref="UnwritableFileException">It cannot be written, as on a full disk.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > buffer.Length - buffered)
        {
            FlushBuffer();
        }
        if (bytes.Length > buffer.Length)
        {
            WriteThrough(bytes);
            return;
        }
        bytes.CopyTo(buffer.AsSpan(buffered));
        buffered += bytes.Length;
    }

    /// <summary>Puts the complete file in its place.</summary>
    /// <exception cref="UnwritableFileException">That fails; what was there is still there, and nothing else.</exception>
    public void Complete()
    {
        FlushBuffer();
        try
        {
            beforeReplacing?.Invoke();
            OutputPlace now = OutputPlace.Find(place.Path);
            if (now.Target != place.Target)
            {
                throw new UnwritableFileException($"{place.Path} cannot be written: it leads to another file than when the work began");
            }
            if (now.Existing is { } replaced)
            {
                KeepPermissions(replaced);
            }
            FlushToDisk(file);
            lock (Parts.Gate)
            {
                if (part is null)
                {
                    GiveName(now.Existing is not null);
                }
                else
                {
                    Rename(part, place.Target);
                    Parts.Names.Remove(part);
                    part = null;
                }
            }
        }
        catch (Exception error) when (error is IOException and not UnwritableFileException or UnauthorizedAccessException)
        {
            throw Unwritable(error);
        }
        FlushFolder();
    }

    public void Dispose()
    {
        if (disposed)
        {
            return;
        }
        disposed = true;
        file.Dispose();
        if (part is not null)
        {
            lock (Parts.Gate)
            {
                Parts.Names.Remove(part);
                Unlink(part);
            }
        }
        Parts.Leave();
    }

    private SafeFileHandle? OpenNameless()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }
        // Others are allowed what the process's umask allows them.
        const int everybody = 0x1B6;
        SafeFileHandle nameless = Linux.Open(place.Folder, Linux.Nameless | Linux.ReadWrite, everybody);
        if (!nameless.IsInvalid)
        {
            return nameless;
        }
        int error = Linux.Error;
        // What file systems and kernels answer that do not know it.
        return error is Linux.NotSupported or Linux.IsFolder or Linux.Invalid or Linux.NoSystemCall
            ? null
            : throw new IOException(Linux.Text(error));
    }

    private SafeFileHandle OpenNamed()
    {
        part = System.IO.Path.Combine(place.Folder, $".ibert-{RandomNumberGenerator.GetHexString(16, lowercase: true)}.part");
        lock (Parts.Gate)
        {
            SafeFileHandle named = File.OpenHandle(part, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
            Parts.Names.Add(part);
            return named;
        }
    }

    private void FlushBuffer()
    {
        WriteThrough(buffer.AsSpan(0, buffered));
        buffered = 0;
    }

    private void WriteThrough(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Put(file, bytes, length);
            length += bytes.Length;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(error);
        }
    }

    /// <summary>.NET's own way does not tell when the disk fails.</summary>
    private static void FlushToDisk(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
        }
        // A file system that knows no disk has nothing to do.
        else if (Linux.Flush(file) != 0 && Linux.Error is var error and not (Linux.Invalid or Linux.NotSupported))
        {
            throw new IOException(Linux.Text(error));
        }
    }

    private static void Put(SafeFileHandle file, ReadOnlySpan<byte> bytes, long at)
    {
        try
        {
            RandomAccess.Write(file, bytes, at);
        }
        catch (ArgumentOutOfRangeException error)
        {
            // How .NET says EFBIG.
            throw new IOException("it would be larger than ulimit -f allows, or than a file can be there", error);
        }
    }

    /// <summary>Whoever might read the file that was there may read the new one.</summary>
    private void KeepPermissions(FileStatus replaced)
    {
        const UnixFileMode everything = (UnixFileMode)0x1FF;
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        try
        {
            if (OperatingSystem.IsLinux() && FileStatus.Of(file).Owner != replaced.Owner)
            {
                // Only root may give files away, and it does so for the user whom it works for.
                _ = Linux.ChangeOwner(file, replaced.Owner.User, replaced.Owner.Group);
            }
            File.SetUnixFileMode(file, replaced.Permissions & everything);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A file system without permissions.
        }
    }

    /// <summary>Names the nameless file.</summary>
    private void GiveName(bool replaces)
    {
        Parts.RefuseAfterSignal();
        string nameless = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}");
        if (!replaces && TryLink(nameless, place.Target))
        {
            return;
        }
        // Two writers of one place may meet here; each name is that of a complete file, and the last one stays.
        string beside = System.IO.Path.Combine(place.Folder, $".ibert-{Hash(System.IO.Path.GetFileName(place.Target))}.part");
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (!TryLink(nameless, beside))
            {
                Unlink(beside);
                continue;
            }
            try
            {
                Rename(beside, place.Target);
                return;
            }
            catch (FileNotFoundException)
            {
                // The other writer has given it its name, or has taken it away.
                if (FileStatus.Of(place.Target)?.Identity == FileStatus.Of(file).Identity)
                {
                    return;
                }
            }
            catch
            {
                Unlink(beside);
                throw;
            }
        }
        throw new IOException("other programs write it again and again");
    }

    /// <summary>
    /// Gives the nameless file a name; false where something has it. Where hard links are not allowed, a copy takes the place at once.
    /// </summary>
    private bool TryLink(string nameless, string path)
    {
        if (Linux.Link(Linux.WorkingFolder, nameless, Linux.WorkingFolder, path, Linux.Follow) == 0)
        {
            return true;
        }
        switch (Linux.Error)
        {
            case Linux.Exists:
                return false;
            case Linux.NotPermitted or Linux.NoAccess or Linux.NoEntry or Linux.CrossDevice or Linux.NotSupported:
                CopyTo(path);
                return true;
            case int error:
                throw new IOException(Linux.Text(error));
        }
    }

    private void CopyTo(string path)
    {
        SafeFileHandle nameless = file;
        file = OpenNamed();
        for (long done = 0; done < length;)
        {
            int count = RandomAccess.Read(nameless, buffer, done);
            Put(file, buffer.AsSpan(0, count), done);
            done += count;
        }
        if (place.Existing is { } replaced)
        {
            KeepPermissions(replaced);
        }
        nameless.Dispose();
        FlushToDisk(file);
        Rename(part!, path);
        Parts.Names.Remove(part!);
        part = null;
    }

    /// <summary>A name is safe when its folder is on the disk.</summary>
    private void FlushFolder()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        using SafeFileHandle folder = Linux.Open(place.Folder, Linux.ReadOnly | Linux.FolderOnly);
        int error = folder.IsInvalid || Linux.Flush(folder) != 0 ? Linux.Error : 0;
        // A folder may be such that it can be written and not read; and some file systems have nothing to do here.
        if (error is not (0 or Linux.NoAccess or Linux.Invalid or Linux.NotSupported))
        {
            throw new UnwritableFileException(
                $"{place.Path} was written, but the disk does not say that it is safe ({Linux.Text(error)}): check the disk");
        }
    }

    private static void Rename(string from, string to)
    {
        if (!OperatingSystem.IsLinux())
        {
            File.Move(from, to, overwrite: true);
        }
        else if (Linux.Rename(from, to) != 0)
        {
            int error = Linux.Error;
            throw error == Linux.NoEntry ? new FileNotFoundException(Linux.Text(error)) : new IOException(Linux.Text(error));
        }
    }

    private static void Unlink(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is gone, or nothing can be done about it.
        }
    }

    // FNV-1a: the name of a part is neither too long nor another file's by accident.
    private static string Hash(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 0x100000001B3;
        }
        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }

    private UnwritableFileException Unwritable(Exception error) =>
        new(
            $"{place.Path} cannot be written: {error.Message.TrimEnd('.')}; nothing was left there: choose another place, or make room",
            error);

    /// <summary>Names that stand beside outputs while these are written. A signal that ends the program takes them away first.</summary>
    private static class Parts
    {
        // Of Linux on every processor that .NET runs on, and of macOS.
        private const PosixSignal FileTooLarge = (PosixSignal)25;

        private static PosixSignalRegistration[] s_signals = [];
        private static int s_files;
        private static bool s_ended;

        /// <summary>Held while a name comes or goes.</summary>
        public static Lock Gate { get; } = new();

        /// <summary>The names there are; changed under the gate.</summary>
        public static HashSet<string> Names { get; } = [];

        public static void Enter()
        {
            lock (Gate)
            {
                if (s_files++ == 0 && !OperatingSystem.IsWindows())
                {
                    // Whoever answered an earlier signal by going on may write again.
                    s_ended = false;
                    s_signals =
                    [
                        .. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
                            .Select(signal => PosixSignalRegistration.Create(signal, _ => End())),
                        // Writing beyond the limit of ulimit -f then fails, instead of ending the program.
                        PosixSignalRegistration.Create(FileTooLarge, context => context.Cancel = true),
                    ];
                }
            }
        }

        public static void Leave()
        {
            PosixSignalRegistration[] ended = [];
            lock (Gate)
            {
                if (--s_files == 0)
                {
                    (ended, s_signals) = (s_signals, []);
                }
            }
            // Outside the gate: this waits for a handler at work.
            foreach (PosixSignalRegistration signal in ended)
            {
                signal.Dispose();
            }
        }

        public static void Remove()
        {
            lock (Gate)
            {
                foreach (string name in Names)
                {
                    Unlink(name);
                }
                Names.Clear();
            }
        }

        /// <exception cref="IOException">The program is about to end.</exception>
        public static void RefuseAfterSignal()
        {
            if (s_ended)
            {
                throw new IOException("the program was told to end");
            }
        }

        private static void End()
        {
            lock (Gate)
            {
                s_ended = true;
                Remove();
            }
        }
    }
}
