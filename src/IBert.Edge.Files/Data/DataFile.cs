// A data file as people have them: tab-separated with a header line and without quoting, or plain text with a text a line. Both programs
// read such files here, so that what one takes for a text or a label is the same to the other.
namespace IBert.Edge.Files.Data;

/// <summary>
/// A data file that was read once, from the first line to the last: it can be read, and is read again line by line whenever its texts are
/// wanted. Memory does not grow with it. Immutable.
/// </summary>
/// <remarks>
/// UTF-8; a byte order mark is skipped. A line ends with LF or CR LF; the last one need not end. A line of nothing but white space is no
/// text: it is passed over, counted (<see cref="EmptyLines"/>), and has its number. Spaces around a field do not count: byte-level BPE
/// would make tokens of them (SST-2 has one behind each sentence).
/// </remarks>
internal sealed class DataFile
{
    // A pipe can be read only once, a data file is read twice or more.
    private const int MostOfPipe = 64 << 20;

    private readonly byte[]? pipe;

    private DataFile(string path, DataColumns columns)
    {
        (Path, Columns) = (path, columns);
        Sha256 = "";
        Notes = [];
        if (InputFile.Look(path) == FileNature.Pipe)
        {
            pipe = ReadPipe(path);
        }
    }

    /// <summary>As it was given.</summary>
    public string Path { get; }

    /// <summary>The file's name without its folder.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    public DataColumns Columns { get; }

    /// <summary>SHA-256 of the file's bytes, lower-case hexadecimal.</summary>
    public string Sha256 { get; private set; }

    /// <summary>Number of texts.</summary>
    public int Count { get; private set; }

    /// <summary>Lines of nothing but white space, which were passed over.</summary>
    public long EmptyLines { get; private set; }

    /// <summary>What may not be meant so, though it can be read: a line each, with the way out.</summary>
    public IReadOnlyList<string> Notes { get; private set; }

    /// <summary>Reads a file once.</summary>
    /// <param name="path">Its path; of a pipe up to 64 MB are kept in memory.</param>
    /// <param name="columns">What of it is wanted.</param>
    /// <param name="labels">Learns how the labels are given; null where they are not looked at yet.</param>
    /// <exception cref="DataFileException">It is missing, malformed or no text, or has no such column.</exception>
    public static DataFile Read(string path, DataColumns columns, LabelColumn? labels = null)
    {
        DataFile file = new(path, columns);
        using DataLines lines = file.OpenLines(expectedHash: null);
        if (columns.IsPlain)
        {
            RequirePlain(path, lines);
        }
        long texts = 0, quoted = 0;
        while (lines.Next())
        {
            texts++;
            quoted += lines.Text is [(byte)'"', .., (byte)'"'] ? 1 : 0;
            labels?.Look(lines);
        }
        if (texts > int.MaxValue)
        {
            throw new DataFileException($"{path}: has {texts} texts, more than {int.MaxValue}: give a part of it");
        }
        labels?.Decide(path);
        file.Sha256 = lines.Hash;
        file.Count = (int)texts;
        file.EmptyLines = lines.EmptyLines;
        List<string> notes = [];
        if (lines.EmptyLines > 0)
        {
            notes.Add($"{path}: {lines.EmptyLines} empty {(lines.EmptyLines == 1 ? "line was" : "lines were")} passed over");
        }
        if (quoted == texts && texts > 1)
        {
            notes.Add($"{path}: every text is in quotes, which are part of it: data files have no quoting; take the quotes out if the " +
                "texts have none");
        }
        if (columns.IsPlain && lines.First is { } first && LooksLikeHeader(first))
        {
            notes.Add(
                $"{path}: the first line, {OneLine.Quote(first)}, counts as a text; if it names columns that commas part, put tabs in " +
                "their place and name the column with --text");
        }
        file.Notes = notes;
        return file;
    }

    /// <summary>The names of a file's columns, for a message.</summary>
    /// <exception cref="DataFileException">The file cannot be read.</exception>
    public static string DescribeColumns(string path)
    {
        using DataLines lines = new DataFile(path, new DataColumns(null)).OpenLines(null);
        return lines.DescribeHeader();
    }

    /// <summary>Reads the file again, from its first text.</summary>
    /// <exception cref="DataFileException">It cannot be read any more; or, at its end, it is not what it was.</exception>
    public DataLines Open() => OpenLines(Sha256);

    private DataLines OpenLines(string? expectedHash)
    {
        try
        {
            Stream stream = pipe is not null
                ? new MemoryStream(pipe, writable: false)
                : new FileStream(InputFile.Open(Path), FileAccess.Read, bufferSize: 0);
            return new DataLines(this, stream, expectedHash);
        }
        catch (UnreadableFileException error)
        {
            throw Unreadable(error);
        }
    }

    private byte[] ReadPipe(string path)
    {
        try
        {
            return InputFile.ReadPipe(path, MostOfPipe) switch
            {
                null => throw new DataFileException(
                    $"{path}: is a pipe that has more than {MostOfPipe >> 20} MB: write them to a file and give that"),
                [] => throw new DataFileException(
                    $"{path}: is a pipe, and nobody wrote to it: write a table with a header line to it, or give a file"),
                byte[] content => content,
            };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(error);
        }
    }

    private DataFileException Unreadable(Exception error) =>
        new($"{Path}: {error.Message.TrimEnd('.')}; give a tab-separated file with a header line", error);

    /// <summary>Refuses what is read with a text a line, and is not written so.</summary>
    private static void RequirePlain(string path, DataLines lines)
    {
        string first = lines.First!;
        if (first.Contains('\t'))
        {
            throw new DataFileException(
                $"{path}: is tab-separated: name the column that holds the texts with --text; its columns are {lines.DescribeHeader()}");
        }
        if (first.StartsWith("{\"", StringComparison.Ordinal))
        {
            throw new DataFileException($"{path}: looks like JSON: write the texts alone, one a line, or tab-separated with a header line");
        }
        if (path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase))
        {
            throw new DataFileException(
                $"{path}: is comma-separated by its name: put tabs in place of the commas and name the column with --text, or call it " +
                ".txt if each line is a text");
        }
    }

    /// <summary>Whether a line is words without spaces that commas part.</summary>
    private static bool LooksLikeHeader(string line) =>
        line.Contains(',')
            && line.Split(',').All(name => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '"'));
}
