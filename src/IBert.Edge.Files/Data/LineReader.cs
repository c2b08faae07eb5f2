// Lines as bytes, of any length up to a cap, from standard input or a data file.
namespace IBert.Edge.Files.Data;

/// <summary>What <see cref="LineReader.Read"/> found.</summary>
internal enum LineState
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A line longer than the cap; it was skipped.</summary>
    TooLong,

    /// <summary>No further line.</summary>
    End,
}

/// <summary>
/// Reads lines without decoding them. A line ends at LF, a CR before it is not part of it, and the last one needs no end. A byte order mark
/// at the start is skipped.
/// </summary>
internal sealed class LineReader(Stream stream)
{
    /// <summary>Longest line in bytes.</summary>
    public const int MaxLine = 64 << 20;

    private byte[] buffer = new byte[1 << 16];
    private int start, end;
    private bool begun;

    /// <summary>Number of the last line, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Bytes read so far, for progress.</summary>
    public long Consumed { get; private set; }

    /// <summary>The next line; it is valid until the next call.</summary>
    public LineState Read(out ReadOnlyMemory<byte> line)
    {
        line = default;
        if (!begun)
        {
            begun = true;
            SkipByteOrderMark();
        }
        bool tooLong = false;
        int searched = 0;
        while (true)
        {
            int at = buffer.AsSpan(start + searched, end - start - searched).IndexOf((byte)'\n');
            if (at >= 0)
            {
                Number++;
                line = Take(searched + at, 1);
                return tooLong || line.Length > MaxLine ? LineState.TooLong : LineState.Line;
            }
            searched = end - start;
            if (searched > MaxLine)
            {
                tooLong = true;
                start = end;
                searched = 0;
            }
            if (!Fill())
            {
                if (searched == 0 && !tooLong)
                {
                    return LineState.End;
                }
                Number++;
                line = Take(searched, 0);
                return tooLong ? LineState.TooLong : LineState.Line;
            }
        }
    }

    private ReadOnlyMemory<byte> Take(int length, int terminator)
    {
        ReadOnlyMemory<byte> line = buffer.AsMemory(start, length);
        start += length + terminator;
        return length > 0 && line.Span[^1] == '\r' ? line[..^1] : line;
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
            Array.Resize(ref buffer, buffer.Length * 2);
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
