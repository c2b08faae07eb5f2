// System calls of Linux that .NET does not offer, with their numbers: the same on ARM and x86.
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Boards.Native;

internal static unsafe partial class Libc
{
    /// <summary>Complaints (errno).</summary>
    public const int NotPermitted =
        1, NoEntry = 2, Interrupted = 4, InputOutput = 5, NoDevice6 = 6, Again = 11, NoAccess = 13, Busy = 16, NoDevice = 19, Invalid = 22,
        NoSpecial = 25, NotSupported = 95, TimedOut = 110, RemoteIO = 121;

    /// <summary>How a file is opened.</summary>
    public const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, NoTerminal = 0x100, NonBlocking = 0x800, CloseAtExec = 0x80000;

    /// <summary>What poll waits for and tells.</summary>
    public const short Readable = 1, Urgent = 2, Writable = 4, Fault = 8, HungUp = 16, NotOpen = 32;

    /// <summary>What the last call complained of.</summary>
    public static int Error => Marshal.GetLastPInvokeError();

    /// <summary>A complaint as people read it.</summary>
    public static string Text(int error) => Marshal.GetPInvokeErrorMessage(error);

    /// <summary>Opens a device; an invalid handle where that fails.</summary>
    public static SafeFileHandle Open(string path, int flags) => new(OpenDescriptor(path, flags | CloseAtExec), ownsHandle: true);

    /// <summary>A device's own call.</summary>
    /// <returns>-1 for a complaint, else what the device says.</returns>
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Control(SafeFileHandle file, nuint request, void* argument);

    /// <inheritdoc cref="Control(SafeFileHandle, nuint, void*)"/>
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Control(SafeFileHandle file, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollRecord* records, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, void* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, void* buffer, nint count);

    /// <summary>Sets a timer file (CLOCK_MONOTONIC); a value of zero stops it.</summary>
    [LibraryImport("libc", EntryPoint = "timerfd_settime", SetLastError = true)]
    public static partial int SetTimer(SafeFileHandle timer, int flags, TimerRecord* next, TimerRecord* old);

    /// <summary>A timer to wait for.</summary>
    public static SafeFileHandle CreateTimer()
    {
        const int monotonic = 1;
        return new(TimerDescriptor(monotonic, NonBlocking | CloseAtExec), ownsHandle: true);
    }

    /// <summary>A counter to wait for.</summary>
    public static SafeFileHandle CreateEvent() => new(EventDescriptor(0, NonBlocking | CloseAtExec), ownsHandle: true);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint OpenDescriptor(string path, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    private static partial nint TimerDescriptor(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial nint EventDescriptor(uint initial, int flags);

    /// <summary>struct pollfd.</summary>
    public struct PollRecord
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }

    /// <summary>struct itimerspec, of 64-bit systems.</summary>
    public struct TimerRecord
    {
        public long IntervalSeconds, IntervalNanoseconds, Seconds, Nanoseconds;
    }
}
