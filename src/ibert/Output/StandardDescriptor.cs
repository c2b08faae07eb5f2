// Writes to standard output and standard error themselves, not through System.Console: it swallows a closed pipe, and a program that is
// not told goes on working for nobody; FileStream would not advance the file offset that the shell shares with the next program.
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace IBert.Edge.Cli.Output;

/// <summary>Standard output was closed by its reader: the program ends quietly.</summary>
internal sealed class ClosedPipeException : Exception;

/// <summary>File descriptors 1 and 2.</summary>
internal static unsafe partial class StandardDescriptor
{
    public const int Output = 1, Error = 2;

    // errno of Linux and macOS.
    private const int Interrupted = 4, BrokenPipe = 32, AgainOnLinux = 11, AgainOnMac = 35;

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
                        throw CommandException.Usage($"standard output cannot be written: {new Win32Exception(error).Message}; the results are not complete");
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteDescriptor(int descriptor, byte* buffer, nint count);
}
