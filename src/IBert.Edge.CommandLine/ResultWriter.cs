// Standard output: results, and nothing else.
using System.Text.Json;
using IBert.Edge.Files;

namespace IBert.Edge.CommandLine;

/// <summary>Collects whole lines and writes them in large pieces, or each at once.</summary>
internal sealed class ResultWriter : IDisposable
{
    private const int Enough = 1 << 16;

    private readonly LineBuffer buffer = new();
    private readonly bool flushEachLine;
    private readonly int descriptor;
    private int lineStart;

    /// <param name="flushEachLine">Whether somebody waits for each line.</param>
    /// <param name="descriptor">Standard output; standard error where that has become an output file.</param>
    /// <exception cref="CommandException">Standard output is closed.</exception>
    public ResultWriter(bool flushEachLine = false, int descriptor = StandardDescriptor.Output)
    {
        StandardDescriptor.Require(descriptor);
        (this.flushEachLine, this.descriptor) = (flushEachLine, descriptor);
        Json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JsonText.Encoder, SkipValidation = true });
    }

    /// <summary>Writes JSON into the line; <see cref="EndJson"/> ends it.</summary>
    public Utf8JsonWriter Json { get; }

    /// <summary>Adds text, with escapes for what must not be shown as it is.</summary>
    public ResultWriter Append(ReadOnlySpan<byte> utf8)
    {
        Printable.Append(utf8, buffer);
        return this;
    }

    /// <inheritdoc cref="Append(ReadOnlySpan{byte})"/>
    public ResultWriter Append(string text)
    {
        Printable.Append(text, buffer);
        return this;
    }

    /// <summary>Adds a byte as it is, such as a tab between two fields.</summary>
    public ResultWriter Append(byte character)
    {
        buffer.GetSpan(1)[0] = character;
        buffer.Advance(1);
        return this;
    }

    /// <summary>Adds a number.</summary>
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
        lineStart = buffer.Count;
        if (flushEachLine || buffer.Count >= Enough)
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

    /// <summary>Takes back what there is of a line that cannot be finished.</summary>
    public void DropLine()
    {
        Json.Reset();
        buffer.Truncate(lineStart);
    }

    /// <summary>Writes what is collected.</summary>
    public void Flush()
    {
        // Taken out first: what could not be written is not tried again.
        ReadOnlySpan<byte> lines = buffer.Written;
        buffer.Truncate(0);
        lineStart = 0;
        StandardDescriptor.Write(descriptor, lines);
    }

    public void Dispose() => Json.Dispose();
}
