// Tab-separated data with a header line.
using System.Text;
using IBert.Edge.CommandLine;
using IBert.Edge.Files;
using IBert.Edge.Files.Data;

namespace IBert.Edge.Cli.Input;

/// <summary>
/// A data file: UTF-8, a header line that names the columns, tabs between fields, no quoting. A byte order mark is skipped, CRLF is
/// taken as LF, empty lines are passed over. Spaces around a field do not count: byte-level BPE would make tokens of them (SST-2 has one
/// behind each sentence).
/// </summary>
internal sealed class TabFile : IDisposable
{
    private readonly FileStream stream;
    private readonly LineReader lines;
    private readonly string path;
    private readonly string[] columns;
    private ReadOnlyMemory<byte> line;

    /// <exception cref="CommandException">The file is missing, cannot be read, or has no header.</exception>
    public TabFile(string path)
    {
        this.path = path;
        try
        {
            stream = new FileStream(InputFile.Open(path), FileAccess.Read, bufferSize: 0);
        }
        catch (UnreadableFileException error)
        {
            throw CommandException.Usage($"{path}: {error.Message}; name a tab-separated file with a header line");
        }
        lines = new LineReader(stream);
        if (!ReadLine())
        {
            throw CommandException.Usage($"{path} is empty: its first line has to name the columns, separated by tabs");
        }
        columns = Encoding.UTF8.GetString(line.Span).Split('\t');
    }

    /// <summary>Number of the last line, the header's being 1.</summary>
    public long Number => lines.Number;

    /// <summary>Bytes read so far.</summary>
    public long Consumed => lines.Consumed;

    /// <summary>Size in bytes.</summary>
    public long Length => stream.Length;

    /// <summary>Index of a column.</summary>
    /// <param name="name">Its name in the header; null where the option was left out.</param>
    /// <param name="option">The option that names it.</param>
    /// <exception cref="CommandException">There is no such column; the message lists those that exist.</exception>
    public int Column(string? name, string option)
    {
        int index = name is null ? -1 : Array.IndexOf(columns, name);
        if (index >= 0)
        {
            return index;
        }
        string known = string.Join(", ", columns);
        throw CommandException.Usage(name is null
            ? $"{option} COLUMN is missing; the columns of {path} are: {known}"
            : $"{option} {name}: no such column; the columns of {path} are: {known}");
    }

    /// <summary>Moves to the next line that is not empty; false at the end.</summary>
    public bool Next()
    {
        while (ReadLine())
        {
            if (!line.IsEmpty)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>A field of the line, without spaces around it.</summary>
    /// <exception cref="CommandException">The line has fewer.</exception>
    public ReadOnlySpan<byte> Field(int column)
    {
        ReadOnlySpan<byte> rest = line.Span;
        for (int i = 0; i < column; i++)
        {
            int tab = rest.IndexOf((byte)'\t');
            if (tab < 0)
            {
                throw CommandException.Usage($"{path}, line {Number}: {i + 1} of {columns.Length} columns; {columns[column]} is missing");
            }
            rest = rest[(tab + 1)..];
        }
        int end = rest.IndexOf((byte)'\t');
        return (end < 0 ? rest : rest[..end]).Trim((byte)' ');
    }

    public void Dispose() => stream.Dispose();

    private bool ReadLine()
    {
        LineState state;
        try
        {
            state = lines.Read(out line);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Usage($"{path} cannot be read: {error.Message}");
        }
        return state == LineState.TooLong
            ? throw CommandException.Usage($"{path}, line {Number}: longer than {LineReader.MaxLine >> 20} MB; is it a tab-separated text file?")
            : state == LineState.Line;
    }
}
