// What a column of labels says: decided for the column as a whole, since a model may have labels that are named "1" and "2".
using System.Globalization;
using System.Text;

namespace IBert.Edge.Files.Data;

/// <summary>How a data file gives labels.</summary>
public enum LabelKind
{
    /// <summary>By the names that the model has.</summary>
    Name,

    /// <summary>By their indices, from 0.</summary>
    Index,
}

/// <summary>
/// Reads the labels of a file. Each is looked at before any is read: only all of them together tell whether they are names or indices.
/// </summary>
internal abstract class LabelColumn
{
    /// <summary>One label for each text.</summary>
    /// <param name="labels">The model's, in the order of their indices.</param>
    /// <param name="kind">What they are; null where the column tells.</param>
    public static LabelColumn OneOf(IReadOnlyList<string> labels, LabelKind? kind) => new NamedLabels(labels, kind, several: false);

    /// <summary>Any number of labels for each text, with commas between them.</summary>
    /// <inheritdoc cref="OneOf"/>
    public static LabelColumn AnyOf(IReadOnlyList<string> labels, LabelKind? kind) => new NamedLabels(labels, kind, several: true);

    /// <summary>A number for each text.</summary>
    public static LabelColumn Numbers() => new NumberLabels();

    /// <summary>Looks at the label of a line.</summary>
    /// <exception cref="DataFileException">It is none that the model has, whatever the others are.</exception>
    public void Look(DataLines lines) => Look(Encoding.UTF8.GetString(lines.Label), lines.Place);

    /// <inheritdoc cref="Look(DataLines)"/>
    public abstract void Look(string field, string place);

    /// <summary>Decides what the labels are that were looked at.</summary>
    /// <exception cref="DataFileException">They are neither all names nor all indices, or both and not the same ones.</exception>
    public abstract void Decide(string path);

    /// <summary>
    /// A label that was looked at: of each of the model's 1 for what is a label of the text and 0 for what is none, or the number.
    /// </summary>
    public abstract double[] Read(string field);

    /// <inheritdoc cref="Read(string)"/>
    public double[] Read(ReadOnlySpan<byte> field) => Read(Encoding.UTF8.GetString(field));

    private sealed class NamedLabels(IReadOnlyList<string> labels, LabelKind? asked, bool several) : LabelColumn
    {
        private const int Shown = 8;

        private readonly Dictionary<string, int> indices =
            labels.Select((name, index) => (name, index)).DistinctBy(label => label.name)
                .ToDictionary(label => label.name, label => label.index);
        private readonly bool[] marked = new bool[labels.Count];

        // The first field that is no name, that is no index, and that is both and of different labels.
        private (string Field, string Place)? noName, noIndex, open;
        private LabelKind kind = asked ?? LabelKind.Name;

        public override void Look(string field, string place)
        {
            int[]? names = Find(field, LabelKind.Name), numbers = Find(field, LabelKind.Index);
            if (asked switch { LabelKind.Name => names, LabelKind.Index => numbers, _ => names ?? numbers } is null)
            {
                throw new DataFileException($"{place}: {Complain(field)}");
            }
            (string, string) here = (field, place);
            noName ??= names is null ? here : null;
            noIndex ??= numbers is null ? here : null;
            open ??= names is not null && numbers is not null && !names.AsSpan().SequenceEqual(numbers) ? here : null;
        }

        public override void Decide(string path)
        {
            if (asked is not null)
            {
                return;
            }
            if (noName is { } index && noIndex is { } name)
            {
                throw new DataFileException(
                    $"{index.Place}: {OneLine.Quote(index.Field)} is an index, {OneLine.Quote(name.Field)} is a name ({name.Place}): a " +
                    "column has one or the other; is it the right one?");
            }
            if (noName is null && noIndex is null && open is { } both)
            {
                throw new DataFileException(
                    $"{both.Place}: {OneLine.Quote(both.Field)} is the name of a label and the index of another, and so are all labels " +
                    $"of {path}: say which they are with --label-kind name or --label-kind index");
            }
            kind = noName is null ? LabelKind.Name : LabelKind.Index;
        }

        public override double[] Read(string field)
        {
            double[] truth = new double[labels.Count];
            foreach (int label in Find(field, kind)!)
            {
                truth[label] = 1;
            }
            return truth;
        }

        /// <summary>The labels of a field, ascending; null where it has one that is none, or twice the same.</summary>
        private int[]? Find(string field, LabelKind wanted)
        {
            if (!several)
            {
                return FindOne(field, wanted) is >= 0 and int one ? [one] : null;
            }
            // A label's name may have a comma itself.
            string[] parts =
                field.Length == 0 ? [] : FindOne(field, wanted) >= 0 ? [field] : field.Split(',', StringSplitOptions.TrimEntries);
            int[] found = Array.ConvertAll(parts, part => FindOne(part, wanted));
            Array.Sort(found);
            return found is [< 0, ..] || found.Distinct().Count() != found.Length ? null : found;
        }

        private int FindOne(string name, LabelKind wanted) => wanted == LabelKind.Name
            ? indices.GetValueOrDefault(name, -1)
            : int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < labels.Count ? index : -1;

        private string Complain(string field)
        {
            string known =
                string.Join(", ", labels.Take(Shown).Select(label => OneLine.Shorten(label))) + (labels.Count > Shown ? ", ..." : "");
            string expected = asked switch
            {
                LabelKind.Name => known,
                LabelKind.Index => $"0 to {labels.Count - 1}",
                _ => $"{known}; or 0 to {labels.Count - 1}",
            };
            string bare = field.Trim('"', '\'');
            string way =
                field.Length == 0 ? "take the line out, or correct it" :
                bare.Length < field.Length && Find(bare, LabelKind.Name) is not null ? "data files have no quoting, take the quotes out" :
                several && (field.AsSpan().ContainsAny("[|;")
                    || field.Split(',', StringSplitOptions.TrimEntries) is { Length: > 1 } parts && parts.Length > parts.Distinct().Count())
                    ? "of several labels give the names or the indices, each once, with commas between them" :
                NearestName.Of(field, labels) is { } nearest ? $"is {OneLine.Quote(nearest)} meant?" :
                "is --label the right column?";
            return $"{(field.Length == 0 ? "nothing" : OneLine.Quote(field))} is no label of this model ({expected}); {way}";
        }
    }

    private sealed class NumberLabels : LabelColumn
    {
        public override void Look(string field, string place)
        {
            if (!TryRead(field, out double value))
            {
                throw new DataFileException(
                    $"{place}: {(field.Length == 0 ? "nothing" : OneLine.Quote(field))} is no number, and this model gives a value; " +
                    (field.Contains(',') && TryRead(field.Replace(',', '.'), out _)
                        ? "decimals stand behind a point"
                        : "is --label the right column?"));
            }
            if (!double.IsFinite(value))
            {
                throw new DataFileException($"{place}: {OneLine.Quote(field)} is not a finite number, and this model gives a value: take " +
                    "the line out, or correct it");
            }
        }

        public override void Decide(string path) { }

        public override double[] Read(string field) => TryRead(field, out double value) ? [value] : [];

        private static bool TryRead(string field, out double value) =>
            double.TryParse(field, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                CultureInfo.InvariantCulture, out value);
    }
}
