// What goes wrong with a board's devices.
namespace IBert.Edge.Boards;

/// <summary>
/// A device is missing, in use, not permitted, or does not do what is asked of it. The message says which, and what to do.
/// </summary>
public sealed class BoardException : IOException
{
    /// <summary>Creates it.</summary>
    /// <param name="message">What is wrong with which device, and what to do.</param>
    /// <param name="inner">What it came from.</param>
    public BoardException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    internal BoardException(string message, int error)
        : base(message) => Error = error;

    /// <summary>The system's number of the complaint (errno); 0 for none.</summary>
    public int Error { get; }
}
