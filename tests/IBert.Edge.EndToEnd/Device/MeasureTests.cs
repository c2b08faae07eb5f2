// bench, inspect and selftest: what they say, and that it adds up.
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using IBert.Edge.Format;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

public class MeasureTests(ITestOutputHelper output)
{
    [Fact]
    public void Bench_JSON_has_these_fields()
    {
        Outcome outcome = Ibert.RunTiny(["bench", "--lengths", "16,32", "--json"]);

        using JsonDocument json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(["cpu", "kernels", "threads", "results"], Names(json.RootElement));
        JsonElement[] results = [.. json.RootElement.GetProperty("results").EnumerateArray()];
        Assert.Equal([16, 32], results.Select(result => result.GetProperty("length").GetInt32()));
        foreach (JsonElement result in results)
        {
            Assert.Equal(["length", "ms_median", "ms_p95", "gmacs", "of_peak"], Names(result));
            Assert.True(result.GetProperty("ms_p95").GetDouble() >= result.GetProperty("ms_median").GetDouble());
            Assert.True(result.GetProperty("of_peak").GetDouble() > 0);
        }
        // GMAC/s is what inspect counts, done in the median time.
        double macs = Macs(32);
        Assert.Equal(macs / (results[1].GetProperty("ms_median").GetDouble() * 1e6), results[1].GetProperty("gmacs").GetDouble(),
            0.01 * results[1].GetProperty("gmacs").GetDouble());
    }

    [Fact]
    public void Products_are_counted_with_the_last_layer_for_the_first_token_alone()
    {
        const double length = 32, hidden = 128, labels = 2;
        using JsonDocument json = JsonDocument.Parse(Ibert.RunTiny(["inspect", "--json"]).Output);
        int[] inner = [.. json.RootElement.GetProperty("config").GetProperty("feed_forward_by_layer").EnumerateArray()
            .Select(columns => columns.GetInt32())];
        Assert.Equal(2, inner.Length);
        // A layer whose GELU has outlier channels has one block of columns more.
        Assert.All(inner, columns => Assert.True(columns is 512 or 528, $"{columns} columns"));
        double layer = length * ((4 * hidden * hidden) + (2 * hidden * inner[0]) + (2 * length * hidden));
        double lastLayer = (length * 2 * hidden * hidden) + (2 * hidden * hidden) + (2 * hidden * inner[1]) + (2 * length * hidden);
        double head = (hidden * hidden) + (hidden * labels);

        Assert.Equal(layer + lastLayer + head, Macs(32));
    }

    [Fact]
    public void Inspect_shows_configuration_labels_memory_and_origin()
    {
        Outcome outcome = Ibert.RunTiny(["inspect"]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Matches("2 layers x 128, 2 heads of 64, feed-forward 512( to 528)?\n", outcome.Output);
        Assert.Contains("labels      2: negative, positive", outcome.Output);
        Assert.Contains("provenance", outcome.Output);
        foreach (int length in (int[])[16, 32, 64, 128, 256, 512])
        {
            Assert.Matches(new Regex($"^ +{length} +[0-9,]+ +[0-9,]+$", RegexOptions.Multiline), outcome.Output);
        }
    }

    [Theory]
    [InlineData("{\"a\": {\"b\": [1, 2.5, null, \"\\u0007\"]}}", JsonValueKind.Object)]
    [InlineData("null", JsonValueKind.Null)]
    [InlineData("", JsonValueKind.String)]
    [InlineData("no JSON\nat all", JsonValueKind.String)]
    [InlineData("{\"a\": \"\\ud800\"}", JsonValueKind.String)]
    [InlineData("{\"\\udc00\": 1}", JsonValueKind.String)]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", JsonValueKind.String)]
    public void Inspect_shows_any_provenance(string provenance, JsonValueKind kind)
    {
        ModelSection section = new(SectionKind.Provenance, false, Encoding.UTF8.GetBytes(provenance));
        using TemporaryFile model = new(ModelBuilder.Assemble([.. SmallModel.Sections, section]));

        Outcome plain = Ibert.Run(["inspect", "-m", model.Path]), json = Ibert.Run(["inspect", "--json", "-m", model.Path]);

        Assert.Equal(((0, ""), (0, "")), ((plain.ExitCode, plain.Error), (json.ExitCode, json.Error)));
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal(kind, document.RootElement.GetProperty("provenance").ValueKind);
    }

    [Fact]
    public void Inspect_lists_every_operation_of_the_graph()
    {
        using JsonDocument json = JsonDocument.Parse(Ibert.RunTiny(["inspect", "--graph", "--json"]).Output);
        JsonElement[] graph = [.. json.RootElement.GetProperty("graph").EnumerateArray()];

        Assert.Equal(["file", "bytes", "format", "config", "head", "labels", "weights_by_bits", "kernels", "sections", "memory",
            "provenance", "graph"], Names(json.RootElement));
        Assert.Equal("Embed", graph[0].GetProperty("operation").GetString());
        Assert.Equal(2, graph.Count(operation => operation.GetProperty("operation").GetString() == "Attention"));
        Assert.Equal(Macs(32), graph.Sum(operation => operation.GetProperty("macs_at_32").GetDouble()));
        Assert.Equal(graph.Length, Ibert.RunTiny(["inspect", "--graph"]).Lines.Count(line => line.Contains(" -> ")));
    }

    [Fact]
    public void The_self_test_holds_and_nothing_is_allocated()
    {
        Outcome outcome = Ibert.RunTiny(["selftest", "--full"]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("logits of 20 of 20 texts equal to scalar", outcome.Output);
        Assert.Contains("10000 classifications", outcome.Output);
        Assert.Contains(": 0 bytes, 0 collections", outcome.Output);
        Assert.EndsWith("self-test    holds\n", outcome.Output);
    }

    [Fact]
    public void A_board_tests_itself_in_seconds()
    {
        // The shell adds a line with its own processor time, and one with that of what it ran: minutes and seconds of user and system.
        Outcome outcome = Ibert.Shell("ibert selftest -m \"$1\" && times", Path.Combine(Shared.Repository, "models", "sentiment.ibert"));

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("logits of 5 of 5 texts equal to scalar", outcome.Output);
        Assert.Contains("100 classifications", outcome.Output);
        Assert.Equal("self-test    holds", outcome.Lines[^3]);
        Match time = Regex.Match(outcome.Lines[^1], @"^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$");
        double seconds = Enumerable.Range(1, 4)
            .Sum(i => double.Parse(time.Groups[i].ValueSpan, CultureInfo.InvariantCulture) * (i % 2 == 1 ? 60 : 1));
        output.WriteLine($"{seconds:F1} s of processor time");
        // Two in the native program; a machine with other work takes longer for the same.
        Assert.True(!Ibert.IsNative || seconds < 8, outcome.Output);
    }

    [Fact]
    public void The_self_test_without_a_model_tests_the_kernels_and_says_what_it_left_out()
    {
        Outcome outcome = Ibert.Run(["selftest"]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("equal to the definition", outcome.Output);
        Assert.Contains("none found", outcome.Output);
    }

    [Theory]
    [InlineData("classify")]
    [InlineData("tokenize")]
    [InlineData("eval")]
    [InlineData("bench")]
    [InlineData("inspect")]
    [InlineData("selftest")]
    public void Every_command_has_help_with_an_example(string command)
    {
        Outcome outcome = Ibert.Run([command, "--help"]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains($"Examples:\n  ibert {command}", outcome.Output);
    }

    [Fact]
    public void The_version_is_shown()
    {
        Assert.Matches("^[0-9]+\\.[0-9]+\\.[0-9]+", Ibert.Run(["--version"]).Output);
    }

    [Fact]
    public void A_shell_can_complete_commands_and_options()
    {
        Assert.Contains("selftest", Ibert.Run(["[suggest:3]", "sel"]).Lines);
        Assert.Contains("--json-input", Ibert.Run(["[suggest:13]", "classify --js"]).Lines);
    }

    private static double Macs(int length)
    {
        using JsonDocument json = JsonDocument.Parse(Ibert.RunTiny(["inspect", "--json"]).Output);
        return json.RootElement.GetProperty("memory").EnumerateArray().Single(row => row.GetProperty("length").GetInt32() == length)
            .GetProperty("macs").GetDouble();
    }

    private static string[] Names(JsonElement element) => [.. element.EnumerateObject().Select(property => property.Name)];
}
