// Writes to standard output and standard error themselves, not through System.Console: it swallows a closed pipe, and a program that is
// not told goes on working for nobody; FileStream would not advance the file offset that the shell shares with the next program.
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace IBert.Edge.CommandLine;

/// <summary>Standard output was closed by its reader: the program ends quietly.</summary>
internal sealed class ClosedPipeException : Exception;

/// <summary>File descriptors 0, 1 and 2.</summary>
internal static unsafe partial class StandardDescriptor
{
    public const int Input = 0, Output = 1, Error = 2;

    // errno of Linux and macOS.
    private const int Interrupted = 4, BrokenPipe = 32, AgainOnLinux = 11, AgainOnMac = 35;

    /// <summary>
    /// Whether the program was started with it. Where it was closed, the runtime may have opened something of its own in its place, which
    /// must not be touched; that one is marked to be closed at exec, what was inherited never is.
    /// </summary>
    public static bool IsInherited(int descriptor)
    {
        const int getFlags = 1, closeAtExec = 1;
        return (Control(descriptor, getFlags) & closeAtExec) == 0;
    }

    /// <summary>Requires it to be open.</summary>
    /// <exception cref="CommandException">The program was started without it.</exception>
    public static void Require(int descriptor)
    {
        if (!IsInherited(descriptor))
        {
            throw CommandException.Usage($"standard {(descriptor == Output ? "output" : "error")} is closed: results have nowhere to go");
        }
    }

    /// <summary>Writes all bytes.</summary>
    /// <exception cref="ClosedPipeException">Nobody reads it any more.</exception>
    /// <exception cref="CommandException">They cannot be written, as on a full disk.</exception>
    public static void Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            int done = 0;
            while (done < bytes.Length)
            {
                nint count = WriteDescriptor(descriptor, pointer + done, bytes.Length - done);
                if (count >= 0)
                {
                    done += (int)count;
                    continue;
                }
                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        break;
                    case AgainOnLinux or AgainOnMac:
                        // Another program made the descriptor non-blocking.
                        Thread.Sleep(1);
                        break;
                    case BrokenPipe:
                        throw new ClosedPipeException();
                    case int error:
                        throw CommandException.Usage(
                            $"standard output cannot be written: {new Win32Exception(error).Message}; the results are not complete");
                }
            }
        }
    }

    // -1 for a closed one, which has every bit set.
    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteDescriptor(int descriptor, byte* buffer, nint count);
}
