// Messages quote what files say, and a file can say anything at any length.
namespace IBert.Edge.Files;

internal static class OneLine
{
    // A message is read by a person.
    private const int Most = 2000, MostQuoted = 100;

    /// <summary>A message as one line that a terminal can show (<see cref="Printable"/>), cut where it is too long.</summary>
    public static string Of(string message) => Printable.Escape(Shorten(message, Most));

    /// <summary>Something that a file says, in quotes, not too long.</summary>
    public static string Quote(string text) => $"'{Printable.Escape(Shorten(text))}'";

    /// <summary>As much of a text as a message has room for.</summary>
    public static string Shorten(string text, int most = MostQuoted) =>
        text.Length <= most ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[most - 1]) ? most - 1 : most), "...");
}
