// ibert eval: numbers that can be checked by hand, files that cannot be used.
using System.Text.Json;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

public class EvalTests
{
    private const string Header = "sentence\tlabel\n", Good = "a charming and often affecting journey",
        Bad = "unflinchingly bleak and desperate";

    // Predicted: positive, negative, positive, negative, negative. True: positive, negative, negative, negative, positive.
    private const string Five = $"{Good}\tpositive\n{Bad}\tnegative\n{Good}\tnegative\n{Bad}\tnegative\n{Bad}\tpositive\n";

    [Theory]
    [InlineData("\n", "negative", "positive")]
    [InlineData("\r\n", "0", "1")]
    public void JSON_has_these_fields_and_labels_are_names_or_indices(string lineEnd, string negative, string positive)
    {
        using TemporaryFile data = new("\uFEFF" +
            (Header + Five).Replace("\tnegative", "\t" + negative).Replace("\tpositive", "\t" + positive).Replace("\n", lineEnd));

        Outcome outcome = Ibert.RunTiny(["eval", data.Path, "--text", "sentence", "--label", "label", "--json"]);

        Assert.Equal("", outcome.Error);
        Assert.Equal(0, outcome.ExitCode);
        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(["examples", "accuracy", "f1", "matthews", "micros_median"], json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(5, json.RootElement.GetProperty("examples").GetInt32());
        Assert.Equal(3 / 5.0, json.RootElement.GetProperty("accuracy").GetDouble());
        // One true positive, one false one, one missed; two true negatives: (1 * 2 - 1 * 1) / sqrt(2 * 2 * 3 * 3).
        Assert.Equal(0.5, json.RootElement.GetProperty("f1").GetDouble());
        Assert.Equal(0.166667, json.RootElement.GetProperty("matthews").GetDouble());
    }

    [Fact]
    public void A_regression_is_judged_by_correlations_and_its_truths_are_numbers()
    {
        string[] pairs = ["a film\tthe film", "bad\ta", "good\tbad", "the\tthe best film", "film\t"];
        using TemporaryFile data = new("a\tb\tscore\n" + string.Concat(pairs.Select((pair, i) => $"{pair}\t{i}.5\n")));
        using TemporaryFile target = new("");

        Outcome outcome = Ibert.Run(["eval", "-m", HeadModels.Path(HeadKind.Regression), data.Path, "--text", "a", "--text-pair", "b",
            "--label", "score", "--json", "--predictions", target.Path]);

        Assert.Equal("", outcome.Error);
        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(["examples", "pearson", "spearman", "micros_median"], json.RootElement.EnumerateObject().Select(p => p.Name));
        string[] lines = File.ReadAllLines(target.Path);
        Assert.Equal("text\ttext_pair\tlabel\tpredicted", lines[0]);
        double[] values =
            [.. lines.Skip(1).Select(line => double.Parse(line.Split('\t')[3], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(pairs.Select((pair, i) => $"{pair}\t{i}.5"), lines.Skip(1).Select(line => line[..line.LastIndexOf('\t')]));
        double mean = values.Average();
        double expected = values.Select((value, i) => (value - mean) * (i - 2)).Sum() / Math.Sqrt(
            values.Sum(value => (value - mean) * (value - mean)) * 10);
        Assert.Equal(expected, json.RootElement.GetProperty("pearson").GetDouble(), 1e-5);
    }

    [Fact]
    public void A_truth_that_is_no_number_is_named()
    {
        using TemporaryFile data = new("a\tscore\nfilm\t1\nfilm\thigh\n");

        Outcome outcome = Ibert.Run(["eval", "-m", HeadModels.Path(HeadKind.Regression), data.Path, "--text", "a", "--label", "score"]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("line 3: 'high' is no number, and this model gives a value", outcome.Error);
    }

    [Fact]
    public void Labels_of_their_own_stand_with_commas_between_them()
    {
        using TemporaryFile data = new("\uFEFFtext\tlabels\na good film \tred,blue \n bad\t\nthe best\tgreen\n");
        using TemporaryFile target = new("");

        Outcome outcome = Ibert.Run(["eval", "-m", HeadModels.Path(HeadKind.MultiLabel), data.Path, "--text", "text", "--label", "labels",
            "--json", "--predictions", target.Path]);

        Assert.Equal("", outcome.Error);
        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(["examples", "accuracy", "f1", "micros_median"], json.RootElement.EnumerateObject().Select(p => p.Name));
        string[][] rows = [.. File.ReadLines(target.Path).Skip(1).Select(line => line.Split('\t'))];
        // Spaces around a field do not count.
        Assert.Equal(["a good film", "bad", "the best"], rows.Select(row => row[0]));
        Assert.Equal(["red,blue", "", "green"], rows.Select(row => row[1]));
        Assert.Equal(rows.Count(row => row[1] == row[2]) / 3.0, json.RootElement.GetProperty("accuracy").GetDouble(), 1e-6);
    }

    [Fact]
    public void Predictions_are_written_line_for_line_and_nothing_is_left_beside_them()
    {
        using TemporaryFile data = new(Header + Five);
        string folder = Directory.CreateTempSubdirectory().FullName;
        string target = Path.Combine(folder, "out.tsv");

        Outcome outcome = Ibert.RunTiny(["eval", data.Path, "--text", "sentence", "--label", "label", "--predictions", target]);

        Assert.Equal(0, outcome.ExitCode);
        string[] lines = File.ReadAllLines(target);
        Assert.Equal("text\tlabel\tpredicted\tscore", lines[0]);
        Assert.Equal(6, lines.Length);
        Assert.StartsWith($"{Good}\tnegative\tpositive\t0.", lines[3]);
        Assert.Equal([target], Directory.GetFiles(folder));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void An_example_that_cannot_be_read_leaves_the_old_predictions_alone()
    {
        using TemporaryFile data = new($"{Header}{Good}\tpositive\n{Good}\tneutral\n");
        string folder = Directory.CreateTempSubdirectory().FullName;
        string target = Path.Combine(folder, "out.tsv");
        File.WriteAllText(target, "old");

        Outcome outcome = Ibert.RunTiny(["eval", data.Path, "--text", "sentence", "--label", "label", "--predictions", target]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("line 3: 'neutral' is no label of this model (negative, positive; or 0 to 1)", outcome.Error);
        Assert.Equal("old", File.ReadAllText(target));
        Assert.Equal([target], Directory.GetFiles(folder));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("--text", "text", "--label", "label", "has no column 'text' for --text")]
    [InlineData("--text", "sentence", "--label", "gold", "'sentence', 'label'")]
    [InlineData("--text", "sentence", "--text-pair", "b", "has no column 'b' for --text-pair")]
    [InlineData("--text", "sentence", "", "", "--label COLUMN is missing; the columns of")]
    public void A_column_that_is_missing_is_named_with_those_that_exist(string a, string x, string b, string y, string complaint)
    {
        using TemporaryFile data = new(Header + Five);
        string[] options =
            [.. new[] { a, x, b, y }.Where(word => word.Length > 0), .. b == "--text-pair" ? new[] { "--label", "label" } : []];

        Outcome outcome = Ibert.RunTiny(["eval", data.Path, .. options]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(complaint, outcome.Error);
        Assert.Equal("", outcome.Output);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(Header, "no examples")]
    [InlineData(Header + "alone\n", "'label' is missing")]
    public void A_file_without_examples_ends_with_2(string content, string complaint)
    {
        using TemporaryFile data = new(content);

        Outcome outcome = Ibert.RunTiny(["eval", data.Path, "--text", "sentence", "--label", "label"]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(complaint, outcome.Error);
    }

    [Theory]
    [InlineData("/dev/full")]
    [InlineData("/nowhere/out.tsv")]
    public void Predictions_that_cannot_be_written_end_with_2(string target)
    {
        using TemporaryFile data = new(Header + Five);

        Outcome outcome = Ibert.RunTiny(["eval", data.Path, "--text", "sentence", "--label", "label", "--predictions", target]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains($"{target} cannot be written", outcome.Error);
        Assert.Equal("", outcome.Output);
    }

    [Fact]
    public void A_full_disk_leaves_nothing_half_written()
    {
        using TemporaryFile data = new(Header + string.Concat(Enumerable.Repeat(Five, 200)));
        string folder = Directory.CreateTempSubdirectory().FullName;

        Outcome? outcome = Ibert.ShellWithMounts("""
            mount -t tmpfs -o size=16k none "$3"
            ibert eval -m "$1" "$2" --text sentence --label label --predictions "$3/out.tsv"
            echo "status $?"
            ls -A "$3"
            """, TestModels.Tiny, data.Path, folder);

        Directory.Delete(folder);
        Assert.SkipWhen(outcome is null, "this machine allows no mount name space of one's own");
        Assert.Equal("status 2\n", outcome!.Output);
        Assert.Contains("No space left on device", outcome.Error);
    }

    [Fact]
    public void Texts_are_labelled_as_well_as_the_checkpoint_does_it()
    {
        // 94 of 100 in floating point, of 200 (tests/data/README.md). What quantization may cost is the accuracy tests' business.
        Outcome outcome = Ibert.RunTiny(["eval", Given.Texts("reviews.dev.tsv"), "--text", "sentence", "--label", "label", "--json"]);

        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(200, json.RootElement.GetProperty("examples").GetInt32());
        Assert.InRange(json.RootElement.GetProperty("accuracy").GetDouble(), 0.93, 0.95);
    }
}
