// A bar chart in SVG, small enough that a library would be more than it saves.
using System.Globalization;
using System.Security;
using System.Text;

namespace IBert.Edge.Quantization.Output;

/// <summary>A row of a chart: a name with two values, as a bar and a mark on it.</summary>
internal readonly record struct BarRow(string Name, double Bar, double Mark);

/// <summary>A chart's axis, from 0.</summary>
/// <param name="Step">From one tick to the next.</param>
/// <param name="Longest">Where the axis ends at the latest; what is more, infinity too, is drawn to its end.</param>
/// <param name="Tick">A tick as text.</param>
/// <param name="Value">A bar's value as text.</param>
internal sealed record BarAxis(double Step, double Longest, Func<double, string> Tick, Func<double, string> Value)
{
    public static BarAxis Decibels { get; } =
        new(20, 120, db => string.Create(CultureInfo.InvariantCulture, $"{db} dB"), Output.Decibels.Format);
}

/// <summary>Horizontal bars.</summary>
internal static class SvgBars
{
    private const int RowHeight = 22, NameWidth = 340, PlotWidth = 480, NumberWidth = 44, Top = 64, Bottom = 30;

    /// <summary>The chart as an SVG document.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="barName">What the bars show.</param>
    /// <param name="markName">What the marks show.</param>
    /// <param name="axis">Its axis.</param>
    /// <param name="rows">From top to bottom.</param>
    public static string Draw(string title, string barName, string markName, BarAxis axis, IReadOnlyList<BarRow> rows)
    {
        double most = Math.Clamp(
            Math.Ceiling(rows.Max(row => Math.Max(row.Bar, row.Mark)) / axis.Step) * axis.Step, axis.Step, axis.Longest);
        int height = Top + (rows.Count * RowHeight) + Bottom, bottom = height - Bottom;
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{NameWidth + PlotWidth + 80}\" " +
            $"height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        Text(10, 22, title, "font-size=\"15\" font-weight=\"bold\"");
        svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{NameWidth}\" y=\"34\" width=\"12\" height=\"12\" fill=\"#4c78a8\"/>\n");
        Text(NameWidth + 18, 45, barName, "");
        svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{NameWidth + 260}\" y=\"33\" width=\"3\" height=\"14\" fill=\"#e45756\"/>\n");
        Text(NameWidth + 270, 45, markName, "");
        for (int tick = 0; tick <= Math.Round(most / axis.Step); tick++)
        {
            double x = Place(tick * axis.Step);
            svg.Append(
                CultureInfo.InvariantCulture, $"<line x1=\"{x:F1}\" y1=\"{Top - 6}\" x2=\"{x:F1}\" y2=\"{bottom}\" stroke=\"#ddd\"/>\n");
            Text(x, bottom + 18, axis.Tick(tick * axis.Step), "text-anchor=\"middle\" fill=\"#666\"");
        }
        for (int i = 0; i < rows.Count; i++)
        {
            int y = Top + (i * RowHeight);
            double bar = Place(rows[i].Bar), mark = Place(rows[i].Mark);
            Text(NameWidth - 8, y + 13, rows[i].Name, "text-anchor=\"end\"");
            svg.Append(CultureInfo.InvariantCulture,
                $"<rect x=\"{NameWidth}\" y=\"{y + 2}\" width=\"{bar - NameWidth:F1}\" height=\"{RowHeight - 8}\" fill=\"#4c78a8\"/>\n");
            svg.Append(CultureInfo.InvariantCulture,
                $"<rect x=\"{mark - 1.5:F1}\" y=\"{y}\" width=\"3\" height=\"{RowHeight - 4}\" fill=\"#e45756\"/>\n");
            // Behind the mark where that would lie under the number.
            Text((mark > bar && mark < bar + NumberWidth ? mark : bar) + 6, y + 13, axis.Value(rows[i].Bar), "fill=\"#444\"");
        }
        return svg.Append("</svg>\n").ToString();

        double Place(double value) => NameWidth + (Math.Clamp(value, 0, most) / most * PlotWidth);

        void Text(double x, int y, string text, string attributes) =>
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:F1}\" y=\"{y}\" {attributes}>{SecurityElement.Escape(text)}</text>\n");
    }
}

/// <summary>Decibels as text.</summary>
internal static class Decibels
{
    public static string Format(double decibels) =>
        double.IsPositiveInfinity(decibels) ? "exact" : decibels.ToString("F1", CultureInfo.InvariantCulture);
}
