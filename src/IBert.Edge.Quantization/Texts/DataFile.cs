// A data file as people have them: tab-separated with a header line and without quoting, or plain text with a text a line.
using System.Security.Cryptography;
using System.Text;

namespace IBert.Edge.Quantization.Texts;

/// <summary>
/// A data file in memory. A byte order mark is skipped, lines may end with CR LF, and invalid UTF-8 counts as U+FFFD. Spaces around a field
/// do not count: byte-level BPE would make tokens of them (SST-2 has one behind each sentence).
/// </summary>
internal sealed class DataFile
{
    private readonly string path;
    private readonly string[] lines;

    private DataFile(string path, byte[] bytes)
    {
        this.path = path;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        ReadOnlySpan<byte> text = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(Encoding.UTF8.Preamble.Length) : bytes;
        string[] parts = Encoding.UTF8.GetString(text).Split('\n');
        // What follows the last line's end is no line.
        lines = [.. parts.Take(parts[^1].Length == 0 ? parts.Length - 1 : parts.Length).Select(line => line.EndsWith('\r') ? line[..^1] : line)];
        if (lines.Length == 0)
        {
            throw new DataFileException($"{path} is empty: give a tab-separated file with a header line, or a text a line");
        }
    }

    /// <summary>The file's name without its folder.</summary>
    public string Name => Path.GetFileName(path);

    /// <summary>SHA-256 of the file's bytes, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="DataFileException">It is missing, empty or cannot be read.</exception>
    public static DataFile Open(string path)
    {
        try
        {
            return new DataFile(path, File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataFileException($"{path}: there is no such file", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataFileException($"{path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Every line, where each is a text.</summary>
    /// <exception cref="DataFileException">The file looks tab-separated.</exception>
    public IReadOnlyList<string> PlainTexts() => lines[0].Contains('\t')
        ? throw new DataFileException($"{path} is tab-separated: name the column that holds the texts with --text; its columns are {Columns()}")
        : lines;

    /// <summary>Some columns, a row for each line below the header.</summary>
    /// <exception cref="DataFileException">A column is missing, or a line has too few fields.</exception>
    public IReadOnlyList<string[]> Rows(params ReadOnlySpan<string> columns)
    {
        string[] header = lines[0].Split('\t');
        int[] places = new int[columns.Length];
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = Array.IndexOf(header, columns[i]);
            if (places[i] < 0)
            {
                throw new DataFileException($"{path} has no column '{columns[i]}'; its header line names {Columns()}");
            }
        }
        string[][] rows = new string[lines.Length - 1][];
        for (int r = 0; r < rows.Length; r++)
        {
            string[] fields = lines[r + 1].Split('\t');
            rows[r] = new string[places.Length];
            for (int i = 0; i < places.Length; i++)
            {
                rows[r][i] = places[i] < fields.Length
                    ? fields[places[i]].Trim(' ')
                    : throw new DataFileException(
                        $"{path}, line {r + 2}: has {fields.Length} fields, the column '{columns[i]}' is field {places[i] + 1}; correct the line or take it out");
            }
        }
        return rows;
    }

    private string Columns() => string.Join(", ", lines[0].Split('\t').Take(20).Select(name => $"'{name}'"));
}
