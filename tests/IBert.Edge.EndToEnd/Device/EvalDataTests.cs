// ibert eval reads a data file as the quantizer's library does: the same texts, the same labels, the same complaints.
using System.Text.Json;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

public class EvalDataTests
{
    private static readonly string[] s_labels = ["red", "green", "blue"];

    [Theory]
    [InlineData("text\tlabel\ngood film\tred\nbad\tblue\nthe best\tgreen\n", "")]
    [InlineData("\uFEFFtext\tlabel\r\ngood film\t0\r\nbad\t2\r\nthe best\t1", "")]
    [InlineData("\nlabel\ttext\n\nred\t good film \n  \nblue\tbad\t\ngreen\t\n\n", "4 empty lines were passed over")]
    [InlineData("text\tlabel\n\"good film\"\tred\n\"bad\"\tblue\n", "every text is in quotes")]
    public void The_same_texts_and_labels(string content, string note)
    {
        using TemporaryFile data = new(content);
        string model = HeadModels.Path(HeadKind.SingleLabel);

        Outcome outcome = Ibert.Run(["eval", "-m", model, data.Path, "--text", "text", "--label", "label", "--json"]);

        LabelColumn labels = LabelColumn.OneOf(s_labels, null);
        DataFile file = DataFile.Read(data.Path, new DataColumns("text", Label: "label"), labels);
        SourceText[] texts = [.. LabelledTexts.Read(data.Path, "text", "label").Texts];
        using Classifier classifier = Classifier.Open(model);
        List<bool> right = [];
        using (DataLines lines = file.Open())
        {
            foreach (SourceText text in texts)
            {
                Assert.True(lines.Next());
                right.Add(labels.Read(lines.Label)[classifier.Classify(text.Text).LabelIndex] == 1);
            }
        }
        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(texts.Length, json.RootElement.GetProperty("examples").GetInt32());
        Assert.Equal(right.Count(x => x) / (double)right.Count, json.RootElement.GetProperty("accuracy").GetDouble(), 1e-6);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(note.Length == 0 ? "" : $"ibert: {file.Notes.Single()}\n", outcome.Error);
        Assert.Contains(note, outcome.Error);
    }

    [Theory]
    [InlineData("text,label\ngood film,red\n")]
    [InlineData("text\tlabel\ngood film\tred\nbad\t2\n")]
    [InlineData("text\tlabel\ngood film\tred\nbad\n")]
    [InlineData("text\tlabel\ngood\tfilm\tred\n")]
    [InlineData("text\tlabel\ngood film\tRed\n")]
    [InlineData("text\tlabel\ngood\0film\tred\n")]
    [InlineData("text\tlabel\rgood film\tred\r")]
    [InlineData("text\ttext\tlabel\na\tb\tred\n")]
    [InlineData("text\tlabel\ngood film\tre\u001b[2Jd\n")]
    public void The_same_complaints_in_one_line(string content)
    {
        using TemporaryFile data = new(content);

        Outcome outcome = Ibert.Run(["eval", "-m", HeadModels.Path(HeadKind.SingleLabel), data.Path, "--text", "text", "--label", "label"]);

        string message = Assert.Throws<DataFileException>(
            () => DataFile.Read(data.Path, new DataColumns("text", Label: "label"), LabelColumn.OneOf(s_labels, null))).Message;
        Assert.Equal((2, "", $"ibert: {message}\n"), (outcome.ExitCode, outcome.Output, outcome.Error));
    }

    [Theory]
    [InlineData("name", "1.0000")]
    [InlineData("index", "0.0000")]
    public void Where_a_column_could_be_both_an_option_says_which(string kind, string accuracy)
    {
        string model = HeadModels.Path(HeadKind.SingleLabel);
        using Classifier classifier = Classifier.Open(model);
        string answer = classifier.Classify("good film").Label;
        using TemporaryFile data =
            new($"text\tlabel\ngood film\t{(kind == "name" ? answer : (Array.IndexOf(s_labels, answer) + 1) % 3)}\n");

        Outcome outcome = Ibert.Run(["eval", "-m", model, data.Path, "--text", "text", "--label", "label", "--label-kind", kind]);

        Assert.Contains($"accuracy  {accuracy}", outcome.Output);
        Assert.Contains("labels are given by name or by index", Ibert.Run(
            ["eval", "-m", model, data.Path, "--text", "text", "--label", "label", "--label-kind", "number"]).Error);
    }

    [Fact]
    public void A_pipe_is_data_too()
    {
        Outcome outcome = Ibert.Shell(
            """printf 'text\tlabel\ngood film\tred\n' | ibert eval -m "$1" /dev/stdin --text text --label label --json""",
            HeadModels.Path(HeadKind.SingleLabel));

        Assert.Equal("", outcome.Error);
        Assert.Contains("\"examples\":1", outcome.Output);
    }
}
