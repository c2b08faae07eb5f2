namespace IBert.Edge.Quantization;

/// <summary>A checkpoint that cannot be converted: what is wrong with it or not supported, where, and the way out.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What is wrong or not supported, where, and the way out.</param>
    public CheckpointException(string message) : base(message) { }

    /// <summary>Creates the error from another.</summary>
    /// <param name="message">What is wrong or not supported, where, and the way out.</param>
    /// <param name="inner">What was caught.</param>
    public CheckpointException(string message, Exception inner) : base(message, inner) { }
}
