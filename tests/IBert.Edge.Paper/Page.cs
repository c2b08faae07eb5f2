// A page of results: Markdown, with plots beside it. Neither dates nor machines stand in it, so that another run writes the same bytes.
using System.Globalization;
using System.Text;
using IBert.Edge.Files;

namespace IBert.Edge.Paper;

/// <summary>A page in the making.</summary>
internal sealed class Page
{
    private readonly StringBuilder text = new();
    private readonly string folder, name;

    /// <summary>Begins a page with its title and the script that writes it.</summary>
    /// <param name="folder">Where pages are kept.</param>
    /// <param name="name">The page's name: of its file, of the script and of the plots.</param>
    /// <param name="title">Its title.</param>
    public Page(string folder, string name, string title)
    {
        (this.folder, this.name) = (folder, name);
        Line($"# {title}");
        Line();
        Line($"{Header(name)}");
        Line();
    }

    /// <summary>The line that says where a page comes from.</summary>
    public static string Header(string name) => $"Written by `build/paper/{name}.sh`.";

    /// <summary>Adds a line.</summary>
    public void Line(params FormattableString[] parts) =>
        text.Append(string.Concat(parts.Select(FormattableString.Invariant))).Append('\n');

    /// <summary>Adds an empty line.</summary>
    public void Line() => text.Append('\n');

    /// <summary>Adds the first two lines of a table.</summary>
    public void Head(params IReadOnlyList<string> columns)
    {
        Line($"| {string.Join(" | ", columns)} |");
        Line($"|{string.Concat(columns.Select(_ => "---|"))}");
    }

    /// <summary>Writes a plot beside the page, and shows it.</summary>
    public void Plot(string plot, string title, string svg)
    {
        string file = $"{name}-{plot}.svg";
        OutputFile.Write(Path.Combine(folder, file), Encoding.UTF8.GetBytes(svg));
        Line($"![{title}]({file})");
        Line();
    }

    /// <summary>Writes the page.</summary>
    public void Save() =>
        OutputFile.Write(Path.Combine(folder, $"{name}.md"), Encoding.UTF8.GetBytes(text.ToString().TrimEnd('\n') + "\n"));
}
