// Standard output: results, and nothing else.
using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace IBert.Edge.Cli.Output;

/// <summary>Collects whole lines and writes them in large pieces, or each at once.</summary>
internal sealed class ResultWriter : IDisposable
{
    private const int Enough = 1 << 16;

    // Text in any script stays readable; a terminal or a file is no web page.
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly ArrayBufferWriter<byte> buffer = new(4096);
    private readonly bool flushEachLine;

    /// <param name="flushEachLine">Whether somebody waits for each line.</param>
    /// <exception cref="CommandException">Standard output is closed.</exception>
    public ResultWriter(bool flushEachLine = false)
    {
        if (!StandardDescriptor.IsInherited(StandardDescriptor.Output))
        {
            throw CommandException.Usage("standard output is closed: results have nowhere to go");
        }
        this.flushEachLine = flushEachLine;
        Json = new Utf8JsonWriter(buffer, Compact);
    }

    /// <summary>Writes JSON into the line; <see cref="EndJson"/> ends it.</summary>
    public Utf8JsonWriter Json { get; }

    public ResultWriter Append(ReadOnlySpan<byte> utf8)
    {
        buffer.Write(utf8);
        return this;
    }

    public ResultWriter Append(string text)
    {
        buffer.Advance(Encoding.UTF8.GetBytes(text, buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));
        return this;
    }

    public ResultWriter Append(byte character)
    {
        buffer.GetSpan(1)[0] = character;
        buffer.Advance(1);
        return this;
    }

    public ResultWriter Append(long number)
    {
        number.TryFormat(buffer.GetSpan(20), out int written);
        buffer.Advance(written);
        return this;
    }

    /// <summary>Millionths as a fraction with that many digits, at most six.</summary>
    public ResultWriter AppendFraction(long millionths, int digits)
    {
        buffer.Advance(Fraction.Format(millionths, digits, buffer.GetSpan(Fraction.MaxLength)));
        return this;
    }

    /// <summary>Ends a line of text.</summary>
    public void EndLine()
    {
        Append((byte)'\n');
        if (flushEachLine || buffer.WrittenCount >= Enough)
        {
            Flush();
        }
    }

    /// <summary>A line of text.</summary>
    public void Line(string text = "")
    {
        Append(text);
        EndLine();
    }

    /// <summary>Ends a line of JSON.</summary>
    public void EndJson()
    {
        Json.Flush();
        Json.Reset();
        EndLine();
    }

    /// <summary>Writes what is collected.</summary>
    public void Flush()
    {
        // Taken out first: what could not be written is not tried again.
        ReadOnlySpan<byte> lines = buffer.WrittenSpan;
        buffer.ResetWrittenCount();
        StandardDescriptor.Write(StandardDescriptor.Output, lines);
    }

    public void Dispose() => Json.Dispose();
}
