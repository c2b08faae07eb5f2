using IBert.Edge.Files;

namespace IBert.Edge.Checkpoints;

/// <summary>A checkpoint that cannot be converted: what is wrong with it or not supported, where, and the way out.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What is wrong or not supported, where, and the way out; becomes one line that a terminal can show.</param>
    public CheckpointException(string message) : base(OneLine.Of(message)) { }

    /// <summary>Creates the error from another.</summary>
    /// <param name="message">What is wrong or not supported, where, and the way out; becomes one line that a terminal can show.</param>
    /// <param name="inner">What was caught.</param>
    public CheckpointException(string message, Exception inner) : base(OneLine.Of(message), inner) { }
}
