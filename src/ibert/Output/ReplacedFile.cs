// A file that is there whole or not at all.
using System.Runtime.InteropServices;

namespace IBert.Edge.Cli.Output;

/// <summary>
/// Written under another name beside its place, and renamed when it is complete. What lies in /dev or /proc is written in place.
/// </summary>
internal sealed class ReplacedFile : IDisposable
{
    private readonly string path, written;
    private readonly FileStream stream;
    private readonly PosixSignalRegistration[] signals;

    /// <exception cref="CommandException">The file cannot be created.</exception>
    public ReplacedFile(string path)
    {
        // A link keeps pointing to what it points to; a device (and a shell's >(...)) is written, never replaced.
        this.path = Path.GetFullPath(path);
        try
        {
            this.path = File.ResolveLinkTarget(this.path, returnFinalTarget: true)?.FullName ?? this.path;
        }
        catch (IOException)
        {
            // No such file yet, or a link to nothing: creating it tells.
        }
        bool inPlace = this.path.StartsWith("/dev/", StringComparison.Ordinal) || this.path.StartsWith("/proc/", StringComparison.Ordinal);
        written = inPlace ? this.path : $"{this.path}.{Environment.ProcessId}.part";
        try
        {
            stream = new FileStream(written, inPlace ? FileMode.Open : FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 1 << 16);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Unwritable(error);
        }
        // Ctrl-C leaves nothing half-written behind.
        signals = inPlace ? [] : Array.ConvertAll(
            [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP],
            signal => PosixSignalRegistration.Create(signal, _ => File.Delete(written)));
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            stream.Write(bytes);
        }
        catch (IOException error)
        {
            throw Unwritable(error);
        }
    }

    /// <summary>Puts the complete file in its place.</summary>
    /// <exception cref="CommandException">It cannot be written, as on a full disk; nothing is left behind.</exception>
    public void Complete()
    {
        try
        {
            stream.Flush(flushToDisk: written != path);
            stream.Dispose();
            if (written != path)
            {
                File.Move(written, path, overwrite: true);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(error);
        }
    }

    public void Dispose()
    {
        try
        {
            stream.Dispose();
        }
        catch (IOException)
        {
            // What was still buffered does not fit either; it was already reported.
        }
        if (written != path)
        {
            File.Delete(written);
        }
        foreach (PosixSignalRegistration signal in signals)
        {
            signal.Dispose();
        }
    }

    private CommandException Unwritable(Exception error) =>
        CommandException.Usage($"{path} cannot be written ({error.Message.TrimEnd('.')}); nothing was left there: choose another place, or make room");
}
