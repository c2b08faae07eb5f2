namespace IBert.Edge.Quantization;

/// <summary>A data file that cannot be used: what is wrong with it, where, and what to do.</summary>
public sealed class DataFileException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What is wrong, where, and what to do.</param>
    public DataFileException(string message) : base(message) { }

    /// <summary>Creates the error from another.</summary>
    /// <param name="message">What is wrong, where, and what to do.</param>
    /// <param name="inner">What was caught.</param>
    public DataFileException(string message, Exception inner) : base(message, inner) { }
}
