// Lines as bytes, of any length up to a cap, from standard input or a data file.
namespace IBert.Edge.Files.Data;

/// <summary>What <see cref="LineReader.Read"/> found.</summary>
internal enum LineState
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>The first bytes of a line longer than the cap; the rest of it was passed over.</summary>
    TooLong,

    /// <summary>No further line.</summary>
    End,
}

/// <summary>
/// Reads lines without decoding them. A line ends at LF, a CR before it is not part of it, and the last one needs no end. A byte order mark
/// at the start is skipped. Memory does not grow beyond the cap, however long a line is.
/// </summary>
/// <param name="stream">Where the lines come from.</param>
/// <param name="most">Bytes that are kept of a line, a CR at its end included.</param>
internal sealed class LineReader(Stream stream, int most = LineReader.MaxLine)
{
    /// <summary>Longest line in bytes, where nobody asks for less.</summary>
    public const int MaxLine = 64 << 20;

    private byte[] buffer = new byte[1 << 16];
    private int start, end;
    private bool begun;

    /// <summary>Number of the last line, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Bytes read so far, for progress.</summary>
    public long Consumed { get; private set; }

    /// <summary>The next line, or as much of it as is kept; it is valid until the next call.</summary>
    public LineState Read(out ReadOnlyMemory<byte> line)
    {
        line = default;
        if (!begun)
        {
            begun = true;
            SkipByteOrderMark();
        }
        int searched = 0;
        while (true)
        {
            int at = buffer.AsSpan(start + searched, end - start - searched).IndexOf((byte)'\n');
            if (at >= 0)
            {
                return Take(searched + at, 1, out line);
            }
            searched = end - start;
            if (searched > most)
            {
                line = Cut();
                return LineState.TooLong;
            }
            if (!Fill())
            {
                return searched == 0 ? LineState.End : Take(searched, 0, out line);
            }
        }
    }

    private LineState Take(int length, int terminator, out ReadOnlyMemory<byte> line)
    {
        Number++;
        line = buffer.AsMemory(start, Math.Min(length, most));
        start += length + terminator;
        if (length > most)
        {
            return LineState.TooLong;
        }
        line = length > 0 && line.Span[^1] == '\r' ? line[..^1] : line;
        return LineState.Line;
    }

    /// <summary>Keeps the line's first bytes at the start of the buffer and reads over its other ones behind them.</summary>
    private ReadOnlyMemory<byte> Cut()
    {
        Number++;
        buffer.AsSpan(start, most).CopyTo(buffer);
        if (buffer.Length - most < 1 << 16)
        {
            Array.Resize(ref buffer, most + (1 << 16));
        }
        start = end = most;
        while (true)
        {
            int count = stream.Read(buffer, most, buffer.Length - most);
            Consumed += count;
            int at = buffer.AsSpan(most, count).IndexOf((byte)'\n');
            if (at >= 0 || count == 0)
            {
                (start, end) = (most + at + 1, most + count);
                return buffer.AsMemory(0, most);
            }
        }
    }

    private bool Fill()
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
        }
        if (end == buffer.Length)
        {
            // Room for a line that is just too long, and not more.
            Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, most + (1L << 16)));
        }
        int count = stream.Read(buffer, end, buffer.Length - end);
        end += count;
        Consumed += count;
        return count > 0;
    }

    private void SkipByteOrderMark()
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        while (end < mark.Length && mark.StartsWith(buffer.AsSpan(0, end)) && Fill())
        {
        }
        if (buffer.AsSpan(0, end).StartsWith(mark))
        {
            start = mark.Length;
        }
    }
}
