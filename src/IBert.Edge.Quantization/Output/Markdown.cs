// Names from files and command lines in Markdown: they stay text, in one cell of one table.
using System.Text;
using IBert.Edge.Files;

namespace IBert.Edge.Quantization.Output;

internal static class Markdown
{
    /// <summary>A name as plain text.</summary>
    public static string Text(string name)
    {
        StringBuilder text = new();
        foreach (char character in Printable.Escape(name))
        {
            if (character is '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '|' or '#' or '&')
            {
                text.Append('\\');
            }
            text.Append(character);
        }
        return text.ToString();
    }

    /// <summary>A name as code, in a table too.</summary>
    public static string Code(string name)
    {
        string shown = Printable.Escape(name);
        // A backtick would end the code, and a longer fence is more than a name is worth.
        return shown.Contains('`', StringComparison.Ordinal) ? Text(name) : $"`{shown.Replace("|", "\\|", StringComparison.Ordinal)}`";
    }
}
