// Messages quote what files say: what would end the line, or tell a terminal to do something, is written as an escape.
using System.Globalization;
using System.Text;

namespace IBert.Edge.Files;

internal static class OneLine
{
    // A message is read by a person; a file can make one of any length.
    private const int Most = 2000, MostQuoted = 100;

    /// <summary>
    /// Whether a character shows as itself and leaves the line and the reading order alone: no control character, no separator of lines or
    /// paragraphs, no override of the order (UAX 9), no half of a surrogate pair.
    /// </summary>
    public static bool IsVisible(char character) => character is not
        (< ' ' or (>= '\x7F' and <= '\x9F') or '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'));

    /// <summary>A message as one line: what is not visible becomes an escape as JSON has it, and what is too long is cut.</summary>
    public static string Of(string message) => Escape(Shorten(message, Most));

    /// <summary>Something that a file says, in quotes, not too long.</summary>
    public static string Quote(string text) => $"'{Escape(Shorten(text, MostQuoted))}'";

    /// <summary>As much of a text as a message has room for.</summary>
    public static string Shorten(string text, int most = MostQuoted) =>
        text.Length <= most ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[most - 1]) ? most - 1 : most), "...");

    private static string Escape(string text)
    {
        StringBuilder? escaped = null;
        for (int i = 0; i < text.Length; i++)
        {
            bool isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (isPair || (IsVisible(text[i]) && !char.IsSurrogate(text[i])))
            {
                escaped?.Append(text, i, isPair ? 2 : 1);
                i += isPair ? 1 : 0;
            }
            else
            {
                escaped ??= new StringBuilder(text, 0, i, text.Length + 16);
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            }
        }
        return escaped?.ToString() ?? text;
    }
}
