// Data files as people have them: tab-separated with a header line and no quoting, or a text a line.
using System.Globalization;
using IBert.Edge.Evaluation;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Texts;

public sealed class DataFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("label\ttext\n1\tfine\n0\tbad\n")]
    [InlineData("\uFEFFlabel\ttext\n1\tfine\n0\tbad\n")]
    [InlineData("label\ttext\r\n1\tfine\r\n0\tbad\r\n")]
    [InlineData("label\ttext\n1\tfine\n0\tbad")]
    [InlineData("label\ttext\tmore\n1\tfine\tx\n0\tbad\n")]
    public void Columns_are_found_by_name(string content)
    {
        TextSource source = TextSource.Read(folder.Write("data.tsv", content), "text");
        Assert.Equal(["fine", "bad"], source.Texts.Select(text => text.Text));
        Assert.All(source.Texts, text => Assert.Null(text.Pair));
        Assert.Equal("data.tsv", source.FileName);
    }

    [Fact]
    public void Quotes_are_text_and_spaces_around_a_field_do_not_count()
    {
        string path = folder.Write("data.tsv", "a\tb\n\" He said\t\"\"\n  x \t\n");
        TextSource source = TextSource.Read(path, "a", "b");
        Assert.Equal([new SourceText("\" He said", "\"\""), new SourceText("x", "")], source.Texts);
    }

    [Fact]
    public void Without_a_column_each_line_is_a_text_and_empty_lines_are_left_out()
    {
        string path = folder.Write("data.txt", "one\n\n  \ntwo, three\r\n");
        Assert.Equal(["one", "two, three"], TextSource.Read(path).Texts.Select(text => text.Text));
    }

    [Fact]
    public void Pairs_of_a_file_with_a_byte_order_mark_and_quotes_are_read()
    {
        string path = folder.Write(
            "pairs.tsv", "\uFEFFQuality\t#1 ID\t#1 String\t#2 String\n1\t7\tHe \" liked \" it\t\" He did\n0\t8\ta\tb\n");
        TextSource source = TextSource.Read(path, "#1 String", "#2 String");
        Assert.Equal([new SourceText("He \" liked \" it", "\" He did"), new SourceText("a", "b")], source.Texts);
        Assert.Equal(2, TextSource.Read(path, "Quality").Count);
    }

    [Theory]
    [InlineData("", "text", "is empty")]
    [InlineData("label\tsentence\n1\tx\n", "text", "has no column 'text' for --text; its first line names 'label', 'sentence'")]
    [InlineData("label\ttext\n1\tx\n0\n", "text", "line 3: has 1 of 2 columns, 'text' is missing")]
    [InlineData(
        "label\ttext\n1\tx\n", null, "is tab-separated: name the column that holds the texts with --text; its columns are 'label', 'text'")]
    public void What_cannot_be_read_is_said_with_file_and_line(string content, string? column, string expected)
    {
        string path = folder.Write("data.tsv", content);
        DataFileException error = Assert.Throws<DataFileException>(() => TextSource.Read(path, column));
        Assert.StartsWith(path, error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_refused()
    {
        Assert.Contains(
            "there is no such file", Assert.Throws<DataFileException>(() => TextSource.Read(folder["none.tsv"], "text")).Message);
        Assert.Contains("is a folder, not a file", Assert.Throws<DataFileException>(() => TextSource.Read(folder.Path, "text")).Message);
    }

    [Fact]
    public void Second_texts_without_first_ones_are_refused() =>
        Assert.Contains(
            "--text", Assert.Throws<DataFileException>(() => TextSource.Read(folder.Write("data.tsv", "a\tb\nx\ty\n"), null, "b")).Message);

    [Theory]
    [InlineData(HeadKind.SingleLabel, "positive|negative|negative ", "0 1|1 0|1 0")]
    [InlineData(HeadKind.SingleLabel, "1|0| 0", "0 1|1 0|1 0")]
    [InlineData(HeadKind.MultiLabel, "positive||positive,negative", "0 1|0 0|1 1")]
    [InlineData(HeadKind.MultiLabel, "1||1,0|0, 1", "0 1|0 0|1 1|1 1")]
    [InlineData(HeadKind.Regression, "3.25|-1e-3|5| 0 ", "3.25|-0.001|5|0")]
    public void Labels_are_names_or_indices_and_truths_of_a_regression_numbers(HeadKind kind, string fields, string truths)
    {
        string path = folder.Write("data.tsv", "text\tlabel\n" + string.Concat(fields.Split('|').Select(field => $"a\t{field}\n")));
        double[][] read = LabelledTexts.Read(path, "text", "label")
            .Truths(Scorecard.Create(kind, kind == HeadKind.Regression ? ["score"] : ["negative", "positive"]));
        Assert.Equal(truths,
            string.Join('|', read.Select(truth => string.Join(' ', truth.Select(value => value.ToString(CultureInfo.InvariantCulture))))));
    }

    [Theory]
    [InlineData("high", "'high' is no number")]
    [InlineData("", "nothing is no number")]
    [InlineData("NaN", "'NaN' is not a finite number")]
    [InlineData("1e999", "'1e999' is not a finite number")]
    [InlineData("inf", "'inf' is no number")]
    [InlineData("0x10", "'0x10' is no number")]
    [InlineData("1,5", "'1,5' is no number, and this model gives a value; decimals stand behind a point")]
    public void A_truth_that_is_no_number_is_refused_with_its_line(string field, string complaint)
    {
        LabelledTexts texts = LabelledTexts.Read(folder.Write("data.tsv", $"text\tlabel\na\t1\nb\t{field}\n"), "text", "label");
        DataFileException error = Assert.Throws<DataFileException>(() => texts.Truths(Scorecard.Create(HeadKind.Regression, ["score"])));
        Assert.Contains($"line 3: {complaint}", error.Message);
    }

    [Theory]
    [InlineData("neutral")]
    [InlineData("2")]
    [InlineData("-1")]
    [InlineData("")]
    public void A_label_that_the_checkpoint_lacks_is_refused_with_its_line(string label)
    {
        LabelledTexts texts = LabelledTexts.Read(folder.Write("data.tsv", $"text\tlabel\na\t1\nb\t{label}\n"), "text", "label");
        string said = label.Length == 0 ? "nothing" : $"'{label}'";
        DataFileException error = Assert.Throws<DataFileException>(
            () => texts.Truths(Scorecard.Create(HeadKind.SingleLabel, ["negative", "positive"])));
        Assert.Contains($"line 3: {said} is no label of this model (negative, positive; or 0 to 1)", error.Message);
    }

    [Fact]
    public void A_header_alone_is_nothing_to_evaluate() => Assert.Contains(
        "nothing below it",
        Assert.Throws<DataFileException>(() => LabelledTexts.Read(folder.Write("data.tsv", "text\tlabel\n"), "text", "label")).Message);

    [Fact]
    public void The_hash_is_that_of_the_file()
    {
        // sha256sum of "a\n".
        TextSource file = TextSource.Read(folder.Write("data.txt", "a\n"));
        Assert.Equal("87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7", file.Sha256);
    }
}
