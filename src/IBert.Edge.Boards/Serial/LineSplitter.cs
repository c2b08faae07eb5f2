// Bytes in, lines out, in memory taken once.
namespace IBert.Edge.Boards.Serial;

/// <summary>A line of text that came in.</summary>
/// <param name="line">Its bytes without the end of line; valid during the call.</param>
/// <param name="isCut">Whether it was longer: the rest was dropped.</param>
public delegate void LineHandler(ReadOnlySpan<byte> line, bool isCut);

/// <summary>
/// Cuts a stream of bytes at line feeds, carriage returns, or both, as terminals and microcontrollers end their lines. Empty lines are
/// none.
/// </summary>
/// <param name="most">Longest line in bytes.</param>
public sealed class LineSplitter(int most)
{
    private readonly byte[] buffer = new byte[most];
    private int length;
    private bool isCut;

    /// <summary>Takes in bytes and calls with each line that ends in them.</summary>
    public void Add(ReadOnlySpan<byte> bytes, LineHandler line)
    {
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            ReadOnlySpan<byte> part = end < 0 ? bytes : bytes[..end];
            int taken = Math.Min(part.Length, most - length);
            part[..taken].CopyTo(buffer.AsSpan(length));
            length += taken;
            isCut |= taken < part.Length;
            if (end < 0)
            {
                return;
            }
            bytes = bytes[(end + 1)..];
            End(line);
        }
    }

    /// <summary>Ends a line that has no end of line, as at the end of a file.</summary>
    public void End(LineHandler line)
    {
        (int count, bool cut) = (length, isCut);
        Clear();
        if (count > 0)
        {
            line(buffer.AsSpan(0, count), cut);
        }
    }

    /// <summary>Forgets a line that was begun, as when its cable was pulled out.</summary>
    public void Clear() => (length, isCut) = (0, false);
}
