// Where the tokenizers of Microsoft.ML.Tokenizers give other ids than Hugging Face's, counted by what stands in the text.
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using IBert.Edge.Tokenizers.ML;
using Microsoft.ML.Tokenizers;
using Xunit;

namespace IBert.Edge.TestSupport;

/// <summary>A file of texts with Hugging Face's ids, and both tokenizers with its vocabulary.</summary>
/// <param name="Name">Of the file, for the page.</param>
/// <param name="Lines">Its texts and ids.</param>
/// <param name="Theirs">The one over Microsoft.ML.Tokenizers.</param>
/// <param name="Ours">The one of model files.</param>
/// <param name="Kinds">What is known to be read in another way.</param>
internal sealed record MLComparison(
    string Name, IEnumerable<JsonElement> Lines, SequenceTokenizer Theirs, OpenedTokenizer Ours, IReadOnlyList<MLDifference> Kinds);

/// <summary>Something in a text that is read in another way.</summary>
/// <param name="Name">As the page has it.</param>
/// <param name="LeaveOut">The text with a space in the place of each.</param>
/// <param name="Example">A text in which nothing else is.</param>
/// <param name="Cause">Why, in one sentence.</param>
internal sealed record MLDifference(string Name, Func<string, string> LeaveOut, string Example, string Cause);

/// <summary>The kinds of differences, and the tables of <c>src/IBert.Edge.Tokenizers.ML/README.md</c> that count them.</summary>
internal static partial class MLDifferences
{
    private const int MaxLength = 512;

    private static readonly string[] s_special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string s_page = Path.Combine(Shared.Repository, "src", "IBert.Edge.Tokenizers.ML", "README.md");

    // What lower case and the stripping of accents make of it is more than lower case.
    private static readonly HashSet<int> s_decomposed =
    [
        .. File.ReadLines(TokenizerData.Path("unicode.bert-uncased-map.tsv")).Skip(1).Select(line => line.Split('\t'))
            .Where(columns => columns[1] !=
                Rune.ToLowerInvariant(new Rune(Hex(columns[0]))).Value.ToString("X4", CultureInfo.InvariantCulture))
            .Select(columns => Hex(columns[0])),
    ];

    /// <summary>BERT's with the given options.</summary>
    public static SequenceTokenizer Bert(string vocabulary, bool lowerCase) =>
        SequenceTokenizer.ForBert(BertTokenizer.Create(
            vocabulary, new BertOptions { LowerCaseBeforeTokenization = lowerCase, RemoveNonSpacingMarks = lowerCase }));

    /// <summary>RoBERTa's of a folder with <c>vocab.json</c>, <c>merges.txt</c> and the added tokens of <c>tokenizer.json</c>.</summary>
    public static SequenceTokenizer Roberta(string folder)
    {
        Dictionary<string, int> added = AddedTokens(folder);
        BpeOptions options = SequenceTokenizer.RobertaOptions(
            Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"), added);
        return SequenceTokenizer.ForRoberta(BpeTokenizer.Create(options), added["<s>"], added["</s>"]);
    }

    /// <summary>What BERT's reads in another way; a text loses them in this order.</summary>
    public static IReadOnlyList<MLDifference> BertKinds(bool lowerCase) =>
    [
        new("what normalizing makes a special token", text => SpecialTokens(lowerCase).Replace(
            text, token => s_special.Contains(token.Value) ? token.Value : " "),
            lowerCase ? "[mask]" : "[M\u0000ASK]", "special tokens are looked for in the text that was normalized"),
        Runes("tabs, ends of lines", rune => rune.Value is '\t' or '\n' or '\r', "a\tb",
            "removed with all other controls, where BERT reads them as spaces"),
        Runes("format characters, private use, unassigned",
            rune => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned, "a\u00ADb", "not removed, so that the expression of words ends one there"),
        Runes("symbols", Rune.IsSymbol, "a+b", "the expression of words, `\\w+\\|[\\p{P}]`, leaves out what is neither"),
        Runes(
            "numbers that are no digits",
            rune => Rune.GetUnicodeCategory(rune) is UnicodeCategory.OtherNumber or UnicodeCategory.LetterNumber, "a \u00B2",
            "the same: `\\w` has decimal digits alone"),
        Runes("marks", rune => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
            or UnicodeCategory.EnclosingMark, "a\u0903b",
                "spacing marks are removed as if they were accents; the expression leaves out enclosing ones"),
        .. lowerCase ? (MLDifference[])
        [
            Runes("letters with accents, Hangul", rune => s_decomposed.Contains(rune.Value), "\u00E9t\u00E9",
                "decomposed by .NET's `Normalize`, which does nothing under `InvariantGlobalization`, as these counts were made"),
        ] : [],
        Runes("underscores and other connectors", rune => Rune.GetUnicodeCategory(rune) is UnicodeCategory.ConnectorPunctuation, "a_b",
            "`\\w` has them, so that they are parts of words"),
        Runes("code points beyond U+FFFF", rune => !rune.IsBmp, "a \U00010000", "the expression sees two surrogates, which are neither"),
    ];

    /// <summary>What RoBERTa's reads in another way.</summary>
    public static IReadOnlyList<MLDifference> RobertaKinds() =>
    [
        new("white space before <mask>", text => SpaceAndMask().Replace(text, " "), "a <mask>", "it has no flags of " +
            "added tokens, such as `lstrip`"),
    ];

    /// <summary>
    /// Compares the table between the page's marks of that name with what is so; <c>IBERT_WRITE_PAGES=1</c> writes it. Every text whose ids
    /// differ has something of the known kinds, and without it the ids are equal.
    /// </summary>
    public static void AssertTable(string name, IReadOnlyList<MLComparison> comparisons)
    {
        AssertSame(name, Table(comparisons));
    }

    /// <summary>Compares the table of kinds with what becomes of their examples, as <see cref="AssertTable"/> does.</summary>
    public static void AssertKinds(params ReadOnlySpan<MLComparison> comparisons)
    {
        StringBuilder table = new("| | text | here | Hugging Face | cause |\n|---|---|---|---|---|\n");
        foreach (MLComparison comparison in comparisons)
        {
            foreach (MLDifference kind in comparison.Kinds)
            {
                int[] theirs = comparison.Theirs.Encode(kind.Example, MaxLength, out _),
                    ours = comparison.Ours.Encode(kind.Example, MaxLength);
                Assert.NotEqual(ours, theirs);
                table.Append(CultureInfo.InvariantCulture,
                    $"| {kind.Name.Replace("<", "\\<", StringComparison.Ordinal)} | `{Shown(kind.Example)}` ");
                table.Append(
                    CultureInfo.InvariantCulture, $"| {Pieces(theirs, comparison)} | {Pieces(ours, comparison)} | {kind.Cause} |\n");
            }
        }
        AssertSame("kinds", table.ToString());
    }

    private static string Shown(string text) =>
        string.Concat(JsonSerializer.Serialize(text, s_plain).Select(c => char.IsAscii(c) ? c.ToString() : $"\\u{(int)c:X4}"));

    private static string Pieces(int[] ids, MLComparison comparison) =>
        ids.Length == 2
            ? "nothing"
            : $"`{string.Join(' ', ids[1..^1].Select(id => Encoding.UTF8.GetString(comparison.Ours.Tokenizer.Piece(id))))}`";

    private static void AssertSame(string name, string table)
    {
        string page = File.ReadAllText(s_page), begin = $"<!-- table: {name} -->\n", end = "<!-- end -->";
        int from = page.IndexOf(begin, StringComparison.Ordinal) + begin.Length, to = page.IndexOf(end, from, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("IBERT_WRITE_PAGES") == "1")
        {
            File.WriteAllText(s_page, page[..from] + table + page[to..]);
            return;
        }
        Assert.Equal(table, page[from..to]);
    }

    private static string Table(IReadOnlyList<MLComparison> comparisons)
    {
        Dictionary<string, int>[] counts = [.. comparisons.Select(Count)];
        IEnumerable<string> rows = ["texts", "texts with other ids",
            .. comparisons.SelectMany(comparison => comparison.Kinds).Select(kind => kind.Name).Distinct()];
        StringBuilder table = new();
        table.Append("| |").AppendJoin("", comparisons.Select(comparison => $" {comparison.Name} |")).Append("\n|---|")
            .Insert(table.Length, "---|", comparisons.Count);
        foreach (string row in rows)
        {
            string title = row.StartsWith("texts", StringComparison.Ordinal) ? row : row.Replace("<", "\\<", StringComparison.Ordinal);
            table.Append('\n').Append($"| {title} |").AppendJoin("", counts.Select(count => $" {count.GetValueOrDefault(row)} |"));
        }
        return table.Append('\n').ToString();
    }

    private static Dictionary<string, int> Count(MLComparison comparison)
    {
        Dictionary<string, int> counts = new() { ["texts"] = 0, ["texts with other ids"] = 0 };
        foreach (JsonElement line in comparison.Lines)
        {
            counts["texts"]++;
            string text = TokenizerData.Text(line);
            if (comparison.Theirs.Encode(text, MaxLength, out _).SequenceEqual(TokenizerData.Integers(line, "ids")))
            {
                continue;
            }
            counts["texts with other ids"]++;
            foreach (MLDifference kind in comparison.Kinds)
            {
                string without = kind.LeaveOut(text);
                if (without != text)
                {
                    counts[kind.Name] = counts.GetValueOrDefault(kind.Name) + 1;
                }
                text = without;
            }
            Assert.True(
                comparison.Theirs.Encode(text, MaxLength, out _).SequenceEqual(comparison.Ours.Encode(text, MaxLength)),
                $"{comparison.Name}: no known kind of difference explains {line.GetRawText()}, " +
                    $"of which {JsonSerializer.Serialize(text)} is left");
        }
        return counts;
    }

    private static MLDifference Runes(string name, Func<Rune, bool> has, string example, string cause) =>
        new(name, text => string.Concat(text.EnumerateRunes().Select(rune => has(rune) ? " " : rune.ToString())), example, cause);

    // With the controls that normalizing removes.
    private static Regex SpecialTokens(bool lowerCase) =>
        new(string.Join('|', s_special.Select(token => string.Join(@"\p{Cc}*", token.Select(c => Regex.Escape(c.ToString()))))), lowerCase
            ? RegexOptions.IgnoreCase
            : RegexOptions.None);

    [GeneratedRegex(@"\s<mask>")]
    private static partial Regex SpaceAndMask();

    private static Dictionary<string, int> AddedTokens(string folder) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json"))).RootElement.GetProperty("added_tokens")
            .EnumerateArray()
            .ToDictionary(token => token.GetProperty("content").GetString()!, token => token.GetProperty("id").GetInt32());

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
