// A line chart in SVG, in the manner of SvgBars.
using System.Globalization;
using System.Security;
using System.Text;

namespace IBert.Edge.Paper;

/// <summary>A line of a chart.</summary>
internal sealed record Curve(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>An axis with ticks at multiples of a step.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="First">Where it begins, in steps.</param>
/// <param name="Last">Where it ends, in steps.</param>
/// <param name="Step">From one tick to the next.</param>
internal readonly record struct Axis(string Title, int First, int Last, double Step)
{
    /// <summary>The ticks' values.</summary>
    public IEnumerable<double> Ticks
    {
        get
        {
            for (int i = First; i <= Last; i++)
            {
                yield return i * Step;
            }
        }
    }

    /// <summary>Where a value lies between begin and end, 0..1; what is beyond them lies there.</summary>
    public double Share(double value) => (Math.Clamp(value / Step, First, Last) - First) / (Last - First);
}

internal static class SvgCurves
{
    private const int Left = 76, Top = 84, PlotWidth = 640, PlotHeight = 320, Right = 24, Bottom = 52, LegendWidth = 160;

    // As far apart for eyes that do not tell red from green as four colours can be.
    private static readonly string[] s_colours = ["#4c78a8", "#e45756", "#72b7b2", "#f58518"];

    /// <summary>The chart as an SVG document; what lies beyond an axis is drawn at its end.</summary>
    public static string Draw(string title, Axis x, Axis y, IReadOnlyList<Curve> curves)
    {
        int right = Left + PlotWidth, bottom = Top + PlotHeight;
        StringBuilder svg = new();
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{right + Right}\" height=\"{bottom + Bottom}\" ",
            $"font-family=\"sans-serif\" font-size=\"12\">");
        Add($"<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
        Text(10, 22, title, "font-size=\"15\" font-weight=\"bold\"");
        foreach (double tick in x.Ticks)
        {
            Add($"<line x1=\"{PlaceX(tick):F1}\" y1=\"{Top}\" x2=\"{PlaceX(tick):F1}\" y2=\"{bottom}\" stroke=\"#ddd\"/>");
            Text(PlaceX(tick), bottom + 18, Number(tick), "text-anchor=\"middle\" fill=\"#666\"");
        }
        foreach (double tick in y.Ticks)
        {
            Add($"<line x1=\"{Left}\" y1=\"{PlaceY(tick):F1}\" x2=\"{right}\" y2=\"{PlaceY(tick):F1}\" ",
                $"stroke=\"{(tick == 0 ? "#999" : "#ddd")}\"/>");
            Text(Left - 8, PlaceY(tick) + 4, Number(tick), "text-anchor=\"end\" fill=\"#666\"");
        }
        Text(Left + (PlotWidth / 2.0), bottom + 40, x.Title, "text-anchor=\"middle\" fill=\"#444\"");
        Text(10, Top - 18, y.Title, "fill=\"#444\"");
        for (int i = 0; i < curves.Count; i++)
        {
            string points = string.Join(
                ' ', curves[i].Points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{PlaceX(p.X):F1},{PlaceY(p.Y):F1}")));
            Add($"<polyline points=\"{points}\" fill=\"none\" stroke=\"{s_colours[i]}\" stroke-width=\"1.8\"/>");
            int legend = Left + (i * LegendWidth);
            Add($"<line x1=\"{legend}\" y1=\"44\" x2=\"{legend + 22}\" y2=\"44\" stroke=\"{s_colours[i]}\" stroke-width=\"3\"/>");
            Text(legend + 28, 48, curves[i].Name, "");
        }
        return svg.Append("</svg>\n").ToString();

        double PlaceX(double value) => Left + (x.Share(value) * PlotWidth);

        double PlaceY(double value) => bottom - (y.Share(value) * PlotHeight);

        static string Number(double value) => value.ToString("0.#####", CultureInfo.InvariantCulture);

        void Add(params FormattableString[] parts) =>
            svg.Append(string.Concat(parts.Select(FormattableString.Invariant))).Append('\n');

        void Text(double left, double baseline, string text, string attributes) =>
            Add($"<text x=\"{left:F1}\" y=\"{baseline:F1}\" {attributes}>{SecurityElement.Escape(text)}</text>");
    }
}
