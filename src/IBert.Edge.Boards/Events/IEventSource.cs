// What an event loop waits for.
using IBert.Edge.Boards.Native;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Boards.Events;

/// <summary>A device, socket or clock that a loop waits for.</summary>
public interface IEventSource
{
    /// <summary>The open file that becomes ready; null while there is none, as of a device that is unplugged.</summary>
    SafeFileHandle? Handle { get; }

    /// <summary>What is waited for: poll's POLLIN (1), POLLOUT (4).</summary>
    short Events { get; }

    /// <summary>
    /// When <see cref="Elapsed"/> is due, by <see cref="EventLoop.Now"/>; <see cref="EventLoop.Never"/> for no such time.
    /// </summary>
    long Deadline { get; }

    /// <summary>Called when the file is ready, or has hung up.</summary>
    /// <param name="happened">What poll tells: POLLIN (1), POLLOUT (4), POLLERR (8), POLLHUP (16).</param>
    /// <param name="now">The time, by <see cref="EventLoop.Now"/>.</param>
    void Ready(short happened, long now);

    /// <summary>Called when the deadline has come.</summary>
    /// <param name="now">The time, by <see cref="EventLoop.Now"/>.</param>
    void Elapsed(long now);
}
