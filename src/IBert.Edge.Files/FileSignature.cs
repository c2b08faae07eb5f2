// What a file is by its first bytes, when it is not what it should be: people rename files, save web pages, and clone without the large
// ones.
using System.Text;

namespace IBert.Edge.Files;

internal static class FileSignature
{
    /// <summary>As many bytes as tell.</summary>
    public const int Length = 64;

    private static readonly (byte[] Start, string What)[] s_known =
    [
        ([.. "version https://git-lfs"u8], "is a Git LFS pointer, not the file itself: run 'git lfs pull' in its folder"),
        ([.. "PK\u0003\u0004"u8], "is a ZIP archive, as PyTorch's .bin and Excel's .xlsx files are: convert or unpack it"),
        ([0x80, 0x02], "is a Python pickle, which can run code when it is read: convert it in Python"),
        ([0x1F, 0x8B], "is compressed with gzip: unpack it"),
        ([.. "BZh"u8], "is compressed with bzip2: unpack it"),
        ([0xFD, .. "7zXZ"u8], "is compressed with xz: unpack it"),
        ([0x28, 0xB5, 0x2F, 0xFD], "is compressed with Zstandard: unpack it"),
        ([.. "7z"u8, 0xBC, 0xAF], "is a 7-Zip archive: unpack it"),
        ([.. "GGUF"u8], "is a GGUF file, of llama.cpp: use the Hugging Face checkpoint that it was made from"),
        ([0x89, .. "HDF"u8], "is an HDF5 file: convert it in Python"),
        ([0x93, .. "NUMPY"u8], "is a NumPy array: convert it in Python"),
        ([.. "PAR1"u8], "is a Parquet file: convert it in Python"),
        ([.. "ARROW1"u8], "is an Arrow file: convert it in Python"),
        ([.. "SQLite format 3"u8], "is an SQLite database: export the table as text"),
        ([.. "%PDF-"u8], "is a PDF: save its text"),
        ([0xD0, 0xCF, 0x11, 0xE0], "is an old Word or Excel file: save it as text"),
        ([0x7F, .. "ELF"u8], "is a program"),
        ([.. "<!doctype"u8], "is a web page about a file: download the file itself"),
        ([.. "<html"u8], "is a web page about a file: download the file itself"),
    ];

    /// <summary>What begins with these bytes, and the way out; null where it is none of those that are known.</summary>
    public static string? Of(ReadOnlySpan<byte> head)
    {
        foreach ((byte[] start, string what) in s_known)
        {
            ReadOnlySpan<byte> text = start[0] == '<' ? head.TrimStart(" \t\r\n"u8) : head;
            if (text.Length >= start.Length
                && (text.StartsWith(start) || (start[0] == '<' && Ascii.EqualsIgnoreCase(text[..start.Length], start))))
            {
                return what;
            }
        }
        return null;
    }

    /// <summary>
    /// What bytes are that no UTF-8 text has, by their byte order mark or by their zeros: "UTF-16", "UTF-32" or "binary"; null where there
    /// is neither.
    /// </summary>
    public static string? Encoding(ReadOnlySpan<byte> head)
    {
        if (head is [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..])
        {
            return "UTF-32";
        }
        if (head is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            return "UTF-16";
        }
        int even = 0, odd = 0;
        for (int i = 0; i < head.Length; i++)
        {
            (even, odd) = head[i] != 0 ? (even, odd) : i % 2 == 0 ? (even + 1, odd) : (even, odd + 1);
        }
        // Of UTF-16 every second byte is zero where the text is English; of other languages' texts those of spaces, tabs and line ends are.
        return even + odd == 0 ? null : (even == 0 || odd == 0) && (even + odd) * 4 >= head.Length ? "UTF-16" : "binary";
    }
}
