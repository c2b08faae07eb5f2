namespace IBert.Edge;

/// <summary>A model file that cannot be used: what is wrong with it, and where. The message says what to do.</summary>
public sealed class ModelFormatException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What is wrong, where, and what to do.</param>
    public ModelFormatException(string message) : base(message) { }

    /// <summary>Creates the error from another.</summary>
    /// <param name="message">What is wrong, where, and what to do.</param>
    /// <param name="inner">What was caught.</param>
    public ModelFormatException(string message, Exception inner) : base(message, inner) { }
}
