// What people give for a data file, and what they are told: one rule for all options of both programs, which read such files with this
// code.
using System.Text;
using IBert.Edge.Evaluation;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Texts;

public sealed class DataFileProblemTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("text\tlabel\n\na\tx\n   \n\u3000\nb\ty\n\n", "a b", 4)]
    [InlineData("\n \r\ntext\tlabel\r\na\tx\r\n\r\nb\ty\r\n", "a b", 3)]
    [InlineData("text\n\na\nb\n", "a b", 1)]
    [InlineData("text\tlabel\na\tx\n\t\nb\ty\n", "a  b", 0)]
    [InlineData("text\tlabel\na\tx\nb\ty\n", "a b", 0)]
    [InlineData("text\tlabel\na\tx\nb\ty", "a b", 0)]
    public void A_line_of_nothing_but_white_space_is_passed_over_and_counted(string content, string texts, int empty)
    {
        TextSource source = TextSource.Read(folder.Write("data.tsv", content), "text");
        Assert.Equal(texts.Split(' '), source.Texts.Select(text => text.Text));
        Assert.Equal(source.Texts.Count(), source.Count);
        Assert.Equal(empty == 0 ? [] : [$"{folder["data.tsv"]}: {empty} empty {(empty == 1 ? "line was" : "lines were")} passed over"],
            source.Notes);
    }

    [Fact]
    public void Plain_text_has_the_same_rule()
    {
        TextSource source = TextSource.Read(folder.Write("data.txt", "\none\n\n  \n\t\n two \r\n\n"));
        Assert.Equal(["one", " two "], source.Texts.Select(text => text.Text));
        Assert.Equal([$"{folder["data.txt"]}: 5 empty lines were passed over"], source.Notes);
    }

    [Fact]
    public void A_line_that_is_passed_over_has_its_number() =>
        Refused("text\tlabel\n\na\tx\n\nb\n", "text", "label", "line 5: has 1 of 2 columns, 'label' is missing");

    [Theory]
    [InlineData("text,label\na,x\n", "text", "label", "its columns seem to be parted by commas, and have to be by tabs")]
    [InlineData("text;label\na;x\n", "text", "label", "parted by semicolons")]
    [InlineData("{\"text\": \"a\", \"label\": \"x\"}\n", "text", "label", "it looks like JSON")]
    [InlineData("Text\tLabel\na\tx\n", "text", "label", "is 'Text' meant?")]
    [InlineData("sentense\tlabel\na\tx\n", "sentence", "label", "is 'sentense' meant?")]
    [InlineData("\"text\"\t\"label\"\n\"a\"\t\"x\"\n", "text", "label", "data files have no quoting, take the quotes out")]
    [InlineData("text\tlabel\ttext\na\tx\tb\n", "text", "label", "two columns named 'text'")]
    [InlineData("text\tlabel\nfirst\tsecond\tx\n", "text", "label", "line 2: has more fields than the header line's 2")]
    [InlineData("text\tlabel\n\"a text\nof two lines\"\tx\n", "text", "label",
        "line 2: has 1 of 2 columns, 'label' is missing: a text has to stand on one line")]
    [InlineData("text\tlabel\ra\tx\rb\ty\r", "text", "label", "its lines end with CR alone")]
    [InlineData("", "text", "label", "is empty: its first line has to name the columns")]
    [InlineData("\n\n", "text", "label", "is empty")]
    [InlineData("text\tlabel\na\0b\tx\n", "text", "label", "line 2: has a zero byte")]
    [InlineData("a\tb\n1\t2\n", "text\u001b[2J\n", "b", @"has no column 'text\u001B[2J\n' for --text")]
    public void A_table_that_cannot_be_read(string content, string text, string label, string said) => Refused(content, text, label, said);

    [Fact]
    public void Empty_fields_behind_the_last_column_are_what_a_spreadsheet_leaves() =>
        Assert.Equal(
            ["a"], TextSource.Read(folder.Write("data.tsv", "text\tlabel\na\tx\t \t\r\n"), "text").Texts.Select(text => text.Text));

    [Theory]
    [InlineData("utf-16", true, "is in UTF-16, not in UTF-8")]
    [InlineData("utf-16BE", true, "is in UTF-16, not in UTF-8")]
    [InlineData("utf-16", false, "is in UTF-16, not in UTF-8")]
    [InlineData("utf-16BE", false, "is in UTF-16, not in UTF-8")]
    [InlineData("utf-32", true, "is in UTF-32, not in UTF-8")]
    [InlineData("iso-8859-1", false, "line 3: byte 4, E9, is not UTF-8")]
    public void Another_encoding_is_named(string name, bool mark, string said)
    {
        Encoding encoding = Encoding.GetEncoding(name);
        byte[] bytes = [.. mark ? encoding.GetPreamble() : [], .. encoding.GetBytes("text\tlabel\nfine\tx\ncaf\u00E9\ty\n")];
        Refused(bytes, "text", "label", said);
        byte[] plain = [.. mark ? encoding.GetPreamble() : [], .. encoding.GetBytes("fine\nbad\ncaf\u00E9\n")];
        Refused(plain, null, null, said);
    }

    [Theory]
    [InlineData("H4sIAAAAAAAA", "is compressed with gzip")]
    [InlineData("UEsDBBQABgAIAAAA", "is a ZIP archive, as PyTorch's .bin and Excel's .xlsx files are")]
    [InlineData("UEFSMRUEFQ==", "is a Parquet file")]
    [InlineData("f0VMRgIBAQA=", "is a program")]
    [InlineData("PCFET0NUWVBFIGh0bWw+Cg==", "is a web page about a file")]
    [InlineData("AAECAwQFBgcICQ==", "line 1: has a zero byte")]
    public void Other_files_are_named(string base64, string said)
    {
        Refused(Convert.FromBase64String(base64), "text", "label", said);
        Refused(Convert.FromBase64String(base64), null, null, said);
    }

    [Fact]
    public void A_line_that_does_not_end_is_refused_in_little_memory()
    {
        string path = folder["data.tsv"];
        using (FileStream stream = File.Create(path))
        {
            byte[] block = new byte[1 << 20];
            Array.Fill(block, (byte)'a');
            stream.Write("text\tlabel\n"u8);
            for (int i = 0; i < 200; i++)
            {
                stream.Write(block);
            }
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.Throws<DataFileException>(() => TextSource.Read(path, "text")).Message;
        Assert.Equal($"{path}, line 2: is longer than 64 MB: is it a text file, with a text a line?", message);
        // The buffer doubles up to twice the longest line.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 300 << 20);
    }

    [Fact]
    public void Memory_does_not_grow_with_the_file()
    {
        string path = folder["data.tsv"];
        const int lines = 1_000_000;
        using (StreamWriter writer = new(path))
        {
            writer.Write("text\tlabel\n");
            for (int i = 0; i < lines; i++)
            {
                writer.Write($"a text of sixty letters or so, as sentences have them, {i}\t{i % 2}\n");
            }
        }
        long length = new FileInfo(path).Length, before = GC.GetAllocatedBytesForCurrentThread();
        TextSource source = TextSource.Read(path, "text");
        SourceText[] drawn = source.Draw(512, 1);
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(lines, source.Count);
        Assert.Equal(512, drawn.Distinct().Count());
        // Everything that was allocated, not what was held at once: of 60 MB of text not one.
        Assert.True(length > 60_000_000 && taken < 1_000_000, $"{taken} bytes for a file of {length}");
    }

    [Fact]
    public void What_is_drawn_does_not_depend_on_how_it_is_read()
    {
        string[] texts = [.. Enumerable.Range(0, 500).Select(i => $"text {i}")];
        TextSource source = TextSource.Read(folder.Write("data.txt", string.Join('\n', texts)));
        int[] order = new IBert.Edge.Quantization.Texts.SplitMix64(5).Draw(500, 500);
        Assert.Equal(order.Take(40).Select(i => texts[i]), source.Draw(40, 5).Select(text => text.Text));
    }

    [Fact]
    public void A_file_that_changes_is_noticed()
    {
        string path = folder.Write("data.txt", "one\ntwo\n");
        TextSource source = TextSource.Read(path);
        folder.Write("data.txt", "one\nsix\n");
        Assert.Equal($"{path}: changed while it was read: try again when nothing writes to it",
            Assert.Throws<DataFileException>(() => source.Texts.Count()).Message);
    }

    [Theory]
    [InlineData("\"a\"\tx\n\"b\"\ty\n", "every text is in quotes, which are part of it")]
    [InlineData("\"a\"\tx\nb\ty\n", null)]
    public void Quotes_around_every_text_are_pointed_out(string rows, string? said)
    {
        IReadOnlyList<string> notes = TextSource.Read(folder.Write("data.tsv", $"text\tlabel\n{rows}"), "text").Notes;
        Assert.Equal(said is null ? 0 : 1, notes.Count);
        Assert.All(notes, note => Assert.Contains(said!, note));
    }

    [Theory]
    [InlineData("data.csv", "a text\n", "is comma-separated by its name")]
    [InlineData("data.txt", "{\"text\": \"a\"}\n", "looks like JSON")]
    public void Plain_text_that_is_none(string name, string content, string said) =>
        Assert.Contains(said, Assert.Throws<DataFileException>(() => TextSource.Read(folder.Write(name, content))).Message);

    [Fact]
    public void A_first_line_that_looks_like_names_of_columns_is_pointed_out() =>
        Assert.Contains("the first line, 'label,text', counts as a text",
            TextSource.Read(folder.Write("data.txt", "label,text\nx,a\n")).Notes.Single());

    /// <summary>Columns that are names or indices as a whole, of models with such labels.</summary>
    [Theory]
    [InlineData("negative positive", "positive negative", null, "1 0")]
    [InlineData("negative positive", "1 0 1", null, "1 0 1")]
    [InlineData("1 2", "0 1 0", null, "0 1 0")]
    [InlineData("1 2", "1 2 2", null, "0 1 1")]
    [InlineData("0 1", "1 0 1", null, "1 0 1")]
    [InlineData("1 2", "1 1", LabelKind.Name, "0 0")]
    [InlineData("1 2", "1 1", LabelKind.Index, "1 1")]
    [InlineData("1 0", "1 0", LabelKind.Name, "0 1")]
    [InlineData("1 0", "1 0", LabelKind.Index, "1 0")]
    [InlineData("5 -1", "-1 5", null, "1 0")]
    public void A_column_is_names_or_indices_as_a_whole(string labels, string fields, LabelKind? kind, string indices)
    {
        LabelColumn column = Look(HeadKind.SingleLabel, labels, fields.Split(' '), kind);
        Assert.Equal(indices.Split(' '), fields.Split(' ').Select(field => $"{Array.IndexOf(column.Read(field), 1)}"));
    }

    [Theory]
    [InlineData("1 2", "1 1", null, "line 1: '1' is the name of a label and the index of another, and so are all labels of data.tsv: say " +
        "which they are with --label-kind")]
    [InlineData("1 0", "1 0", null, "--label-kind name or --label-kind index")]
    [InlineData(
        "negative positive", "positive 0", null, "line 2: '0' is an index, 'positive' is a name (line 1): a column has one or the other")]
    [InlineData("negative positive", "positive 0", LabelKind.Name, "line 2: '0' is no label of this model (negative, positive)")]
    [InlineData("negative positive", "positive 0", LabelKind.Index, "line 1: 'positive' is no label of this model (0 to 1)")]
    [InlineData("negative positive", "0 1 2", null, "line 3: '2' is no label of this model (negative, positive; or 0 to 1)")]
    [InlineData("negative positive", "positve", null, "is 'positive' meant?")]
    [InlineData("negative positive", "Positive", null, "is 'positive' meant?")]
    [InlineData("negative positive", "\"positive\"", null, "data files have no quoting, take the quotes out")]
    [InlineData("negative positive", "1.0", null, "'1.0' is no label")]
    [InlineData("negative positive", "+1", null, "'+1' is no label")]
    public void Labels_that_cannot_be_read(string labels, string fields, LabelKind? kind, string said) =>
        Assert.Contains(said, Assert.Throws<DataFileException>(() => Look(HeadKind.SingleLabel, labels, fields.Split(' '), kind)).Message);

    [Theory]
    [InlineData("red,blue|red|", "101 100 000")]
    [InlineData("0,2|0|", "101 100 000")]
    [InlineData("red, blue", "101")]
    public void Several_labels_stand_with_commas_between_them(string fields, string truths)
    {
        LabelColumn column = Look(HeadKind.MultiLabel, "red green blue", fields.Split('|'), null);
        Assert.Equal(truths.Split(' '), fields.Split('|').Select(field => string.Concat(column.Read(field))));
    }

    [Theory]
    [InlineData("0,1,1", "of several labels give the names or the indices, each once, with commas between them")]
    [InlineData("red,red", "each once")]
    [InlineData("['red', 'blue']", "with commas between them")]
    [InlineData("red;blue", "with commas between them")]
    [InlineData("red,", "'red,' is no label")]
    [InlineData("red,3", "'red,3' is no label")]
    [InlineData("red|1", "'1' is an index, 'red' is a name")]
    public void Cells_of_several_labels_that_cannot_be_read(string fields, string said) =>
        Assert.Contains(
            said, Assert.Throws<DataFileException>(() => Look(HeadKind.MultiLabel, "red green blue", fields.Split('|'), null)).Message);

    [Fact]
    public async Task A_pipe_is_read_once_and_a_device_not_at_all()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes with names are Linux's here");
        string pipe = SpecialFiles.Pipe(folder["pipe"]);
        Task writer = Task.Run(() => File.WriteAllText(pipe, "one\ntwo\n"), TestContext.Current.CancellationToken);
        TextSource source = TextSource.Read(pipe);
        Assert.Equal(["one", "two"], source.Texts.Select(text => text.Text));
        Assert.Equal(2, source.Draw(2, 1).Length);
        await writer;
        Assert.Contains("/dev/zero: is a device, not a file", Assert.Throws<DataFileException>(() => TextSource.Read("/dev/zero")).Message);
    }

    private static LabelColumn Look(HeadKind head, string labels, string[] fields, LabelKind? kind)
    {
        LabelColumn column = Scorecard.Create(head, labels.Split(' ')).Column(kind);
        foreach ((int i, string field) in fields.Index())
        {
            column.Look(field, $"line {i + 1}");
        }
        column.Decide("data.tsv");
        return column;
    }

    private void Refused(string content, string? text, string? label, string said) =>
        Refused(Encoding.UTF8.GetBytes(content), text, label, said);

    private void Refused(byte[] content, string? text, string? label, string said)
    {
        string path = folder["data.tsv"];
        File.WriteAllBytes(path, content);
        string message = Assert.Throws<DataFileException>(() =>
        {
            if (label is null)
            {
                TextSource.Read(path, text);
            }
            else
            {
                LabelledTexts.Read(path, text!, label);
            }
        }).Message;
        Assert.StartsWith(path, message);
        Assert.Contains(said, message);
        Assert.DoesNotContain('\n', message);
    }
}
