// One reading of a data file: its lines from the first text to the last, each checked before it is given on.
using System.Text;
using System.Text.Unicode;

namespace IBert.Edge.Files.Data;

/// <summary>The texts of a file one after the other, in UTF-8; what is said of a line holds until the next one.</summary>
internal sealed class DataLines : IDisposable
{
    private const int None = -1, ShownColumns = 20;

    private readonly DataFile file;
    private readonly HashingStream stream;
    private readonly LineReader lines;
    private readonly string? expectedHash;
    private readonly string[] header = [];
    private readonly int text = None, pair = None, label = None;
    private readonly List<Range> fields = [];
    private ReadOnlyMemory<byte> line;
    private bool first = true;

    /// <param name="file">The file.</param>
    /// <param name="stream">Its bytes; disposed of with this.</param>
    /// <param name="expectedHash">What the file was when it was read before; null for the first time.</param>
    /// <exception cref="DataFileException">There is no header line, or no such column.</exception>
    public DataLines(DataFile file, Stream stream, string? expectedHash)
    {
        (this.file, this.expectedHash) = (file, expectedHash);
        Length = stream.Length;
        this.stream = new HashingStream(stream);
        lines = new LineReader(this.stream);
        try
        {
            if (!ReadLine())
            {
                throw new DataFileException(file.Columns.IsPlain
                    ? $"{file.Path}: is empty: give a tab-separated file with a header line, or a text a line"
                    : $"{file.Path}: is empty: its first line has to name the columns, with tabs between them");
            }
            First = Decode(line.Span);
            header = Array.ConvertAll(First.Split('\t'), name => name.Trim(' '));
            if (!file.Columns.IsPlain)
            {
                text = Find(file.Columns.Text!, "--text");
                pair = file.Columns.Pair is { } second ? Find(second, "--text-pair") : None;
                label = file.Columns.Label is { } truth ? Find(truth, "--label") : None;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The first line.</summary>
    public string? First { get; }

    /// <summary>Number of the line, that of the file's first being 1.</summary>
    public long Number => lines.Number;

    /// <summary>Lines of nothing but white space so far.</summary>
    public long EmptyLines { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public long Consumed => lines.Consumed;

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>SHA-256 of what was read.</summary>
    public string Hash => stream.Hash();

    /// <summary>The text, or the first of two, without spaces around it.</summary>
    public ReadOnlySpan<byte> Text => text == None ? line.Span : Field(text);

    /// <summary>Whether texts are pairs.</summary>
    public bool IsPair => pair != None;

    /// <summary>The second text; nothing where texts are not pairs.</summary>
    public ReadOnlySpan<byte> Pair => pair == None ? [] : Field(pair);

    /// <summary>The label; nothing where none was asked for.</summary>
    public ReadOnlySpan<byte> Label => label == None ? [] : Field(label);

    /// <summary>Where the line is, for a message.</summary>
    public string Place => $"{file.Path}, line {Number}";

    /// <summary>Moves to the next text; false at the end.</summary>
    /// <exception cref="DataFileException">A line that cannot be read; at the end, the file is not what it was before.</exception>
    public bool Next()
    {
        // Of plain text the first line is a text; it was read to see what the file is.
        bool found = (first && file.Columns.IsPlain) || ReadLine();
        first = false;
        if (!found)
        {
            if (expectedHash is not null && expectedHash != Hash)
            {
                throw new DataFileException($"{file.Path}: changed while it was read: try again when nothing writes to it");
            }
            return false;
        }
        if (!file.Columns.IsPlain)
        {
            Split();
        }
        return true;
    }

    /// <summary>The names of the columns, for a message.</summary>
    public string DescribeHeader() =>
        string.Join(", ", header.Take(ShownColumns).Select(OneLine.Quote)) +
            (header.Length > ShownColumns ? $" and {header.Length - ShownColumns} more" : "");

    public void Dispose() => stream.Dispose();

    /// <summary>Reads up to the next line that is not empty, and requires it to be text in UTF-8.</summary>
    private bool ReadLine()
    {
        while (true)
        {
            LineState state;
            try
            {
                state = lines.Read(out line);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new DataFileException($"{file.Path}: cannot be read ({error.Message.TrimEnd('.')})", error);
            }
            if (state == LineState.End)
            {
                return false;
            }
            if (state == LineState.TooLong)
            {
                throw new DataFileException(
                    $"{Place}: is longer than {LineReader.MaxLine >> 20} MB: is it a text file, with a text a line?");
            }
            line = line[..line.Span.TrimEnd((byte)'\r').Length];
            RequireText(line.Span);
            if (!IsBlank(line.Span))
            {
                return true;
            }
            EmptyLines++;
        }
    }

    private void RequireText(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> head = bytes[..Math.Min(bytes.Length, 4096)];
        if (Number == 1 && FileSignature.Of(head) is { } other)
        {
            throw new DataFileException($"{file.Path}: {other}; a data file is tab-separated text, or a text a line");
        }
        string? encoding = Number == 1 || head.Contains((byte)0) ? FileSignature.Encoding(head) : bytes.Contains((byte)0) ? "binary" : null;
        if (encoding is not null)
        {
            throw new DataFileException(encoding == "binary"
                ? $"{Place}: has a zero byte, which no text has: the file is binary or damaged, give a text file in UTF-8"
                : $"{file.Path}: is in {encoding}, not in UTF-8: save it as UTF-8, or convert it with 'iconv -f {encoding} -t UTF-8'");
        }
        if (!Utf8.IsValid(bytes))
        {
            int valid = ValidLength(bytes);
            throw new DataFileException(
                $"{Place}: byte {valid + 1}, {bytes[valid]:X2}, is not UTF-8: if the file is in Windows-1252 or Latin-1, convert it with " +
                "'iconv -f WINDOWS-1252 -t UTF-8'");
        }
        if (Number == 1 && bytes.Contains((byte)'\r'))
        {
            throw new DataFileException($"{file.Path}: its lines end with CR alone: convert it with \"tr '\\r' '\\n'\"");
        }
    }

    private static int ValidLength(ReadOnlySpan<byte> bytes)
    {
        int valid = 0;
        while (Rune.DecodeFromUtf8(bytes[valid..], out _, out int length) == System.Buffers.OperationStatus.Done)
        {
            valid += length;
        }
        return valid;
    }

    /// <summary>Nothing but white space, where tabs part fields, which may all be empty.</summary>
    private bool IsBlank(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Rune.DecodeFromUtf8(bytes, out Rune rune, out int length);
            if (!Rune.IsWhiteSpace(rune) || (rune.Value == '\t' && !file.Columns.IsPlain))
            {
                return false;
            }
            bytes = bytes[length..];
        }
        return true;
    }

    private void Split()
    {
        ReadOnlySpan<byte> bytes = line.Span;
        fields.Clear();
        int wanted = Math.Max(text, Math.Max(pair, label));
        foreach (Range field in bytes.Split((byte)'\t'))
        {
            if (fields.Count >= header.Length && !bytes[field].Trim(" \r"u8).IsEmpty)
            {
                throw new DataFileException(
                    $"{Place}: has more fields than the header line's {header.Length}: a tab within a text parts it, put a " +
                    "space in its place");
            }
            fields.Add(field);
        }
        if (wanted >= fields.Count)
        {
            string hint = bytes.Count((byte)'"') % 2 == 1
                ? "a text has to stand on one line, quotes do not hold its lines together"
                : "correct the line or take it out";
            throw new DataFileException(
                $"{Place}: has {fields.Count} of {header.Length} columns, {OneLine.Quote(header[wanted])} is missing: {hint}");
        }
    }

    private ReadOnlySpan<byte> Field(int column) => line.Span[fields[column]].Trim((byte)' ');

    private int Find(string name, string option)
    {
        int index = Array.IndexOf(header, name.Trim(' '));
        if (index >= 0)
        {
            return Array.IndexOf(header, header[index], index + 1) < 0
                ? index
                : throw new DataFileException(
                    $"{file.Path}: has two columns named {OneLine.Quote(name)}, and {option} can mean one: rename the other");
        }
        string first = First!;
        string hint =
            header.Length == 1 && first.StartsWith('{') ? ": it looks like JSON, and has to be tab-separated with a header line" :
            header.Length == 1 && Separator(first) is { } separator ? $": its columns seem to be parted by {separator}, and " +
                "have to be by tabs" :
            Array.IndexOf(header, $"\"{name}\"") >= 0 ? ": data files have no quoting, take the quotes out" :
            NearestName.Of(name, header) is { } nearest ? $": is {OneLine.Quote(nearest)} meant?" :
            "";
        throw new DataFileException(
            $"{file.Path}: has no column {OneLine.Quote(name)} for {option}; its first line names {DescribeHeader()}{hint}");
    }

    private static string? Separator(string header) =>
        header.Contains(',') ? "commas" : header.Contains(';') ? "semicolons" : header.Contains('|') ? "bars" : null;

    private static string Decode(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
