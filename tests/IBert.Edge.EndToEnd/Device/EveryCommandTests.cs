// Every command on every kind of model: none may be forgotten by one.
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

public sealed class EveryCommandTests
{
    private const string Text = "a good film", Pair = "a good film\tthe bad one\n";

    private static readonly Regex s_piecesAndIds = new(@"^\S+( \S+)*\t\d+( \d+)*\n$"),
        s_graph = new(@"^ +\d+  \w+ +(all|first) .* -> ", RegexOptions.Multiline);

    private static readonly IReadOnlyList<ModelKind> s_kinds =
        Environment.GetEnvironmentVariable("IBERT_LONG_TESTS") == "1" && Ibert.IsNative ? [.. ModelKinds.All()] : ModelKinds.Some;

    /// <summary>A command: what it is given, and what its answer has to be.</summary>
    private sealed record Line(string Input, Action<ModelKind, Outcome> Holds, params string[] Arguments);

    // $model, $data and $out are files.
    private static readonly Line[] s_lines =
    [
        new("", (kind, said) => Assert.Matches(Answer(kind), said.Output), "classify", "-m", "$model", Text),
        new("", (kind, said) => Assert.Equal(LabelCount(kind) * (kind.Head == HeadKind.Regression ? 1 : 2),
            said.Output.Split('\t').Length), "classify", "-m", "$model", "--all", Text),
        new("\n\u00FC\n", (_, said) => Assert.All(said.Lines, line => Assert.True(Parsed(line).GetProperty("tokens")
            .GetInt32() >= 2)), "classify", "-m", "$model", "--json", "--private"),
        new(Pair, (_, said) => Assert.Equal("the bad one",
            Parsed(said.Output).GetProperty("text_pair").GetString()), "classify", "-m", "$model", "--pair", "--json", "--all"),
        new("", (_, said) => Assert.Matches(s_piecesAndIds, said.Output), "tokenize", "-m", "$model", Text),
        new(Pair, (_, said) => Assert.Equal(Parsed(said.Output).GetProperty("ids").GetArrayLength(), Parsed(said.Output)
            .GetProperty("type_ids").GetArrayLength()), "tokenize", "-m", "$model", "--json", "--pair", "--max-length", "7"),
        new("", Inspected, "inspect", "-m", "$model"),
        new("", (_, said) => Assert.True(s_graph.Count(said.Output) > 10), "inspect", "-m", "$model", "--graph"),
        new("", InspectedJson, "inspect", "-m", "$model", "--json"),
        new("", (_, said) => Assert.True(Parsed(said.Output).GetProperty("graph")
            .GetArrayLength() > 10), "inspect", "-m", "$model", "--graph", "--json"),
        new("", (_, said) => Assert.Equal(4, Parsed(said.Output).GetProperty("examples")
            .GetInt32()), "eval", "-m", "$model", "$data", "--text", "text", "--label", "label", "--json"),
        new("", (_,
            said) => Assert.StartsWith("examples  4\n", said.Output), "eval", "-m", "$model", "$data", "--text", "text", "--text-pair",
                "pair", "--label", "label", "--predictions", "$out"),
        new("", (_, said) => Assert.Equal(5, Parsed(said.Output).GetProperty("results")[0].GetProperty("length")
            .GetInt32()), "bench", "-m", "$model", "--lengths", "5", "--json"),
        new("", (_, said) => Assert.EndsWith("self-test    holds\n", said.Output), "selftest", "-m", "$model", "--classifications", "5"),
    ];

    public static TheoryData<string> Kinds => [.. s_kinds.Select(kind => kind.ToString())];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_command_answers(string name)
    {
        ModelKind kind = s_kinds.Single(kind => kind.ToString() == name);
        MadeModel model = ModelKinds.Make(kind);
        using TemporaryFile data = new(Data(kind)), target = new("");
        foreach (Line line in s_lines)
        {
            string[] arguments = [.. line.Arguments.Select(
                word => word.Replace("$model", model.Path).Replace("$data", data.Path).Replace("$out", target.Path))];

            Outcome said = Ibert.Run(arguments, Encoding.UTF8.GetBytes(line.Input));

            Assert.True((said.ExitCode, said.Error) == (0, ""),
                $"{string.Join(' ', arguments)} ended with {said.ExitCode}: {said.Error}{said.Output}");
            line.Holds(kind, said);
        }
        Assert.Equal(5, File.ReadAllLines(target.Path).Length);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_workstation_program_compares_and_dumps_what_says_what_its_integers_are(string name)
    {
        ModelKind kind = s_kinds.Single(kind => kind.ToString() == name);
        MadeModel model = ModelKinds.Make(kind);
        using TemporaryFile data = new(Data(kind)), target = new("");

        Outcome dump = IbertQuantize.Run("dump", model.Path, Text, "--pair", "the bad one", "-o", target.Path);
        Outcome compare = IbertQuantize.Run("compare", model.Checkpoint, model.Path, data.Path, "--text", "text", "--text-pair", "pair");

        if (!kind.Described)
        {
            Assert.All([dump, compare], said => Assert.Equal(3, said.ExitCode));
            Assert.All([dump, compare], said => Assert.Matches("^ibert-quantize: .*model\\.ibert .*\n$", said.Error));
            return;
        }
        Assert.True((dump.ExitCode, dump.Error) == (0, ""), dump.Error);
        Assert.True((compare.ExitCode, compare.Error) == (0, ""), compare.Error);
        Assert.Contains("4 texts of ", compare.Output);
        Assert.True(new FileInfo(target.Path).Length > 1000);
    }

    [Fact]
    public void No_combination_is_missing()
    {
        ModelKind[] all = [.. ModelKinds.All()];
        Assert.Equal(48, all.Length);
        Assert.Equal(12, ModelKinds.Some.Count);
        // Of those that every run tries, each property meets each of the others.
        foreach (ModelKind kind in all)
        {
            Assert.Contains(
                ModelKinds.Some, some => (some.Scheme, some.Architecture, some.Head) == (kind.Scheme, kind.Architecture, kind.Head));
            Assert.Contains(ModelKinds.Some, some => (some.Architecture, some.BytePair) == (kind.Architecture, kind.BytePair));
            Assert.Contains(ModelKinds.Some, some => (some.Architecture, some.Described) == (kind.Architecture, kind.Described));
            Assert.Contains(ModelKinds.Some, some => (some.Head, some.BytePair) == (kind.Head, kind.BytePair));
            Assert.Contains(ModelKinds.Some, some => (some.Head, some.Described) == (kind.Head, kind.Described));
            Assert.Contains(ModelKinds.Some, some => (some.BytePair, some.Described) == (kind.BytePair, kind.Described));
        }
    }

    private static void Inspected(ModelKind kind, Outcome said)
    {
        string[] labels = LabelCount(kind) == 1 ? SmallModel.Labels[..1] : SmallModel.Labels;
        Assert.Contains($"{SmallModel.Layers} layers x {SmallModel.Hidden}, {SmallModel.Heads} heads of ", said.Output);
        Assert.Contains($"labels      {labels.Length}: {string.Join(", ", labels)}\n", said.Output);
        Assert.Equal(kind.Described, said.Output.Contains("provenance"));
    }

    private static void InspectedJson(ModelKind kind, Outcome said)
    {
        JsonElement config = Parsed(said.Output).GetProperty("config");
        Assert.Equal(SmallModel.Layers, config.GetProperty("layers").GetInt32());
        Assert.Equal(SmallModel.Hidden, config.GetProperty("hidden").GetInt32());
        Assert.True(config.GetProperty("vocabulary").GetInt32() > 60);
        Assert.InRange(config.GetProperty("positions").GetInt32(), SmallModel.MaxLength, SmallModel.MaxLength + 2);
        // Of the architectures, BERT alone tells the texts of a pair apart.
        Assert.Equal(
            kind.Architecture.ToString() switch { "Bert" => 2, "DistilBert" => 0, _ => 1 }, config.GetProperty("token_types").GetInt32());
    }

    private static string Answer(ModelKind kind) => kind.Head switch
    {
        HeadKind.Regression => @"^-?[0-9]+\.[0-9]{6}\n$",
        HeadKind.MultiLabel => @"^((red|green|blue)\t[01]\.[0-9]{3}[\t\n]){3}$",
        _ => @"^(red|green|blue)\t[01]\.[0-9]{3}\n$",
    };

    private static int LabelCount(ModelKind kind) => kind.Head == HeadKind.Regression ? 1 : SmallModel.Labels.Length;

    private static string Data(ModelKind kind)
    {
        string[] truths = kind.Head == HeadKind.Regression
            ? ["1", "2.5", "-3", "0"]
            : kind.Head == HeadKind.MultiLabel ? ["red", "", "green,blue", "red"] : ["red", "green", "blue", "red"];
        string[] texts = ["a good film", "bad", "the best film , a film .", ""];
        return "text\tpair\tlabel\n" + string.Concat(texts.Zip(truths).Select(line => $"{line.First}\tthe film\t{line.Second}\n"));
    }

    private static JsonElement Parsed(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
