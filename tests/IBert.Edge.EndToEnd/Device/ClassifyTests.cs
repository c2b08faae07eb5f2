// ibert classify and tokenize: what goes in, what comes out.
using System.Text;
using System.Text.Json;
using IBert.Edge.TestSupport;
using Xunit;
using static IBert.Edge.TestSupport.TinyPieces;

namespace IBert.Edge.EndToEnd.Device;

public class ClassifyTests
{
    private const string Good = "a charming and often affecting journey", Bad = "unflinchingly bleak and desperate";

    [Fact]
    public void Texts_from_the_arguments_give_label_tab_score()
    {
        Outcome outcome = Ibert.RunTiny(["classify", Good, Bad]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal("", outcome.Error);
        Assert.Matches("^positive\t0\\.[0-9]{3}\nnegative\t0\\.[0-9]{3}\n$", outcome.Output);
    }

    [Fact]
    public void Lines_of_standard_input_end_at_LF_or_CRLF_or_the_end_and_empty_ones_count()
    {
        Outcome lines = Ibert.RunTiny(["classify", "--json"], $"{Good}\r\n\n{Bad}");

        Assert.Equal(0, lines.ExitCode);
        Assert.Equal([Good, "", Bad], lines.Lines.Select(line => Text(line)));
    }

    [Fact]
    public void JSON_has_these_fields_in_this_order()
    {
        Outcome outcome = Ibert.RunTiny(["classify", "--json", "naïve \"café\""]);

        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(["text", "label", "score", "tokens", "truncated", "micros"], Names(json.RootElement));
        Assert.Equal("naïve \"café\"", json.RootElement.GetProperty("text").GetString());
        Assert.Equal(6, json.RootElement.GetProperty("tokens").GetInt32());
        Assert.False(json.RootElement.GetProperty("truncated").GetBoolean());
        Assert.InRange(json.RootElement.GetProperty("score").GetDecimal(), 0.5m, 1m);
        Assert.True(json.RootElement.GetProperty("micros").GetInt64() >= 0);
    }

    [Theory]
    [InlineData("--all", 2)]
    [InlineData("--top=1", 1)]
    [InlineData("--top=5", 2)]
    public void Scores_are_listed_best_first_and_all_of_them_are_one(string option, int expected)
    {
        Outcome outcome = Ibert.RunTiny(["classify", "--json", option, Bad]);

        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        JsonElement[] scores = [.. json.RootElement.GetProperty("scores").EnumerateArray()];
        decimal[] values = [.. scores.Select(score => score.GetProperty("score").GetDecimal())];
        Assert.Equal(expected, scores.Length);
        Assert.Equal(["label", "score"], Names(scores[0]));
        Assert.Equal(json.RootElement.GetProperty("label").GetString(), scores[0].GetProperty("label").GetString());
        Assert.Equal(json.RootElement.GetProperty("score").GetDecimal(), values[0]);
        Assert.Equal(values.OrderDescending(), values);
        if (expected == 2)
        {
            Assert.Equal(1m, values.Sum());
        }
    }

    [Fact]
    public void All_labels_in_plain_output_stand_on_one_line()
    {
        Outcome outcome = Ibert.RunTiny(["classify", "--all", Bad]);

        Assert.Matches("^negative\t0\\.[0-9]{3}\tpositive\t0\\.[0-9]{3}\n$", outcome.Output);
    }

    [Fact]
    public void A_pair_is_a_line_with_a_tab_an_argument_with_a_tab_or_two_arguments()
    {
        string[] fields = ["ids", "type_ids"];
        string line = Ibert.RunTiny(["tokenize", "--json", "--pair"], "a film\tthe plot\n").Output;
        string argument = Ibert.RunTiny(["tokenize", "--json", "--pair", "a film\tthe plot"]).Output;
        string two = Ibert.RunTiny(["tokenize", "--json", "--pair", "a film", "the plot"]).Output;
        string json = Ibert.RunTiny(["tokenize", "--json", "--json-input"], "{\"text\": \"a film\", \"text_pair\": \"the plot\"}").Output;

        string ids = string.Join(',', Ids("[CLS] a film [SEP] the plot [SEP]"));
        const string Tokens = """["[CLS]","a","film","[SEP]","the","plot","[SEP]"]""";
        Assert.Equal($$"""{"ids":[{{ids}}],"type_ids":[0,0,0,0,1,1,1],"tokens":{{Tokens}},"truncated":false}""" + "\n", line);
        Assert.Equal([line, line, line], [argument, two, json]);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(2, "--top", "2")]
    [InlineData(1, "--top=1")]
    [InlineData(3, "--all")]
    public void A_multi_label_model_shows_every_label_with_a_score_of_its_own(int expected, params string[] options)
    {
        string[] model = ["-m", HeadModels.Path(HeadKind.MultiLabel)];
        Outcome plain = Ibert.Run(["classify", .. model, .. options, "a good film"]);
        Outcome outcome = Ibert.Run(["classify", "--json", .. model, .. options, "a good film"]);

        Assert.Equal([0, 0], [plain.ExitCode, outcome.ExitCode]);
        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        JsonElement[] scores = [.. json.RootElement.GetProperty("scores").EnumerateArray()];
        decimal[] values = [.. scores.Select(score => score.GetProperty("score").GetDecimal())];
        Assert.Equal(values.OrderDescending(), values);
        Assert.Equal(expected, scores.Length);
        Assert.Equal(json.RootElement.GetProperty("label").GetString(), scores[0].GetProperty("label").GetString());
        Assert.Equal(string.Join('\t', scores.Zip(values, Field)), plain.Lines[0]);
        static string Field(JsonElement score, decimal value) =>
            $"{score.GetProperty("label").GetString()}\t{Math.Round(value, 3, MidpointRounding.AwayFromZero):0.000}";
        if (expected == 3)
        {
            // Scores of labels that exclude each other would be one.
            Assert.NotEqual(1m, values.Sum());
        }
    }

    [Theory]
    [InlineData]
    [InlineData("--all")]
    [InlineData("--top=3")]
    public void A_regression_gives_a_value_in_place_of_label_and_score(params string[] options)
    {
        string[] model = ["-m", HeadModels.Path(HeadKind.Regression)];
        Outcome plain = Ibert.Run(["classify", "--pair", .. model, .. options], Encoding.UTF8.GetBytes("a film\tthe film\nbad\ta\n"));
        Outcome outcome = Ibert.Run(
            ["classify", "--pair", "--json", .. model, .. options], Encoding.UTF8.GetBytes("a film\tthe film\nbad\ta\n"));

        Assert.Equal([0, 0], [plain.ExitCode, outcome.ExitCode]);
        Assert.All(plain.Lines, line => Assert.Matches(@"^-?[0-9]+\.[0-9]{6}$", line));
        for (int i = 0; i < 2; i++)
        {
            using JsonDocument json = JsonDocument.Parse(outcome.Lines[i]);
            Assert.Equal(["text", "text_pair", "value", "tokens", "truncated", "micros"], Names(json.RootElement));
            Assert.Equal(plain.Lines[i], json.RootElement.GetProperty("value").GetRawText());
        }
        Assert.NotEqual(plain.Lines[0], plain.Lines[1]);
    }

    [Fact]
    public void Pairs_are_shown_with_both_texts()
    {
        Outcome outcome = Ibert.RunTiny(["classify", "--json", "--pair"], "a film\tthe plot\n");

        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(["text", "text_pair", "label", "score", "tokens", "truncated", "micros"], Names(json.RootElement));
        Assert.Equal("the plot", json.RootElement.GetProperty("text_pair").GetString());
    }

    [Fact]
    public void JSON_input_is_a_string_or_an_object_and_what_else_it_has_is_ignored()
    {
        Outcome outcome = Ibert.RunTiny(["classify", "--json", "--json-input"], """
            "tab\t and line\n"
            {"id": {"a": [1]}, "text": "caf\u00e9", "text_pair": null}
            {"text": "b", "text_pair": "c"}
            """);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(["tab\t and line\n", "café", "b"], outcome.Lines.Select(line => Text(line)));
        Assert.Contains("\"text_pair\":\"c\"", outcome.Lines[2]);
    }

    [Theory]
    [InlineData("nonsense", "not JSON")]
    [InlineData("", "not JSON")]
    [InlineData("\"a\" 1", "not JSON")]
    [InlineData("{\"text\": 1}", "not a string")]
    [InlineData("{\"txt\": \"a\"}", "no \"text\"")]
    [InlineData("[\"a\"]", "no \"text\"")]
    [InlineData("\"\\ud800\"", "surrogate")]
    public void A_line_that_cannot_be_read_is_answered_in_its_place_and_ends_with_1(string line, string complaint)
    {
        Outcome json = Ibert.RunTiny(["classify", "--json", "--json-input"], $"\"a\"\n{line}\n\"b\"\n");
        Outcome plain = Ibert.RunTiny(["classify", "--json-input"], $"\"a\"\n{line}\n\"b\"\n");

        Assert.Equal([1, 1], [json.ExitCode, plain.ExitCode]);
        Assert.Equal(["a", null, "b"], json.Lines.Select(answer => Text(answer)));
        using JsonDocument answer = JsonDocument.Parse(json.Lines[1]);
        Assert.Equal(["error"], Names(answer.RootElement));
        Assert.Contains(complaint, answer.RootElement.GetProperty("error").GetString());
        Assert.Equal("", json.Error);
        Assert.Equal(3, plain.Lines.Length);
        Assert.Equal("", plain.Lines[1]);
        Assert.Contains("line 2: ", plain.Error);
    }

    [Fact]
    public void A_pair_without_a_tab_is_a_line_that_cannot_be_read()
    {
        Outcome outcome = Ibert.RunTiny(["classify", "--pair"], "alone\na\tb\n");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal("", outcome.Lines[0]);
        Assert.Contains("no tab", outcome.Error);
    }

    [Fact]
    public void Max_length_cuts_and_says_so()
    {
        Outcome cut = Ibert.RunTiny(["tokenize", "--json", "--max-length", "4", "one two three"]);
        Outcome whole = Ibert.RunTiny(["tokenize", "--json", "--max-length", "5", "one two three"]);

        Assert.Contains($"\"ids\":[{string.Join(',', Ids("[CLS] one two [SEP]"))}]", cut.Output);
        Assert.Contains("\"truncated\":true", cut.Output);
        Assert.Contains("\"truncated\":false", whole.Output);
    }

    [Fact]
    public void Tokens_in_plain_output_are_pieces_tab_ids()
    {
        Assert.Equal(Tokens("[CLS] una ##ffa ##ble [SEP]"), Ibert.RunTiny(["tokenize", "Unaffable"]).Output);
    }

    [Fact]
    public void Threads_change_nothing_but_the_time()
    {
        Assert.Equal(
            Ibert.RunTiny(["classify", "--all", Good]).Output, Ibert.RunTiny(["classify", "--all", "--threads", "2", Good]).Output);
    }

    [Fact]
    public void The_model_is_found_by_option_or_variable_and_the_option_wins()
    {
        Outcome variable = Ibert.Run(["classify", Good], null, ("IBERT_MODEL", TestModels.Tiny));
        Outcome option = Ibert.Run(["classify", "-m", TestModels.Tiny, Good], null, ("IBERT_MODEL", "/nowhere"));

        Assert.Equal([0, 0], [variable.ExitCode, option.ExitCode]);
        Assert.Equal(variable.Output, option.Output);
    }

    [Fact]
    public void A_text_that_looks_like_an_option_comes_after_two_dashes()
    {
        Assert.Equal(Tokens("[CLS] - - top [SEP]"), Ibert.RunTiny(["tokenize", "--", "--top"]).Output);
        Assert.Equal(Tokens("[CLS] - 5 degrees [SEP]"), Ibert.RunTiny(["tokenize", "-5 degrees"]).Output);
    }

    private static string? Text(string line)
    {
        using JsonDocument json = JsonDocument.Parse(line);
        return json.RootElement.TryGetProperty("text", out JsonElement text) ? text.GetString() : null;
    }

    private static string[] Names(JsonElement element) => [.. element.EnumerateObject().Select(property => property.Name)];
}
