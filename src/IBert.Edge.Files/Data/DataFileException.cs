namespace IBert.Edge.Files.Data;

/// <summary>A data file that cannot be used: what is wrong with it, where, and what to do.</summary>
public sealed class DataFileException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What is wrong, where, and what to do; becomes one line that a terminal can show.</param>
    public DataFileException(string message) : base(OneLine.Of(message)) { }

    /// <summary>Creates the error from another.</summary>
    /// <param name="message">What is wrong, where, and what to do; becomes one line that a terminal can show.</param>
    /// <param name="inner">What was caught.</param>
    public DataFileException(string message, Exception inner) : base(OneLine.Of(message), inner) { }
}
