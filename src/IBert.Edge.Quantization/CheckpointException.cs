using System.Text;

namespace IBert.Edge.Quantization;

/// <summary>A checkpoint that cannot be converted: what is wrong with it or not supported, where, and the way out.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What is wrong or not supported, where, and the way out.</param>
    public CheckpointException(string message) : base(OneLine(message)) { }

    /// <summary>Creates the error from another.</summary>
    /// <param name="message">What is wrong or not supported, where, and the way out.</param>
    /// <param name="inner">What was caught.</param>
    public CheckpointException(string message, Exception inner) : base(OneLine(message), inner) { }

    // Messages quote what files hold, which must not break a line or drive a terminal.
    private static string OneLine(string message)
    {
        if (!message.Any(char.IsControl))
        {
            return message;
        }
        var line = new StringBuilder(message.Length);
        foreach (char character in message)
        {
            if (!char.IsControl(character))
            {
                line.Append(character);
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }
        }
        return line.ToString();
    }
}
