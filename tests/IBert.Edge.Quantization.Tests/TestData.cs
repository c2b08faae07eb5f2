// The given texts and logits, as the tests read them.
using System.Globalization;
using System.Text.Json.Nodes;
using IBert.Edge.TestSupport;

namespace IBert.Edge.Quantization.Tests;

internal static class TestData
{
    /// <summary>Whether tests that take minutes run on all lines (IBERT_LONG_TESTS=1) instead of a sample.</summary>
    public static bool Long { get; } = Environment.GetEnvironmentVariable("IBERT_LONG_TESTS") == "1";

    /// <summary>A column of a tab-separated file with a header line.</summary>
    public static string[] Column(string path, string column)
    {
        string[] lines = File.ReadAllLines(path);
        int index = Array.IndexOf(lines[0].Split('\t'), column);
        return [.. lines.Skip(1).Select(line => line.Split('\t')[index])];
    }

    /// <summary>SST-2's development sentences as ids.</summary>
    public static int[][] Sst2Dev { get; } =
        [.. Column(Shared.Require("data", "sst2", "dev.tsv"), "sentence").Select(TestTokenizer.Uncased.Encode)];

    /// <summary>HWU64's test commands as ids.</summary>
    public static int[][] Hwu64Test { get; } =
        [.. Column(Shared.Require("data", "hwu64", "test.tsv"), "text").Select(TestTokenizer.Uncased.Encode)];

    /// <summary>Logits, a line per text.</summary>
    public static float[][] Logits(string checkpoint, string file) =>
        [.. File.ReadLines(Shared.Require("checkpoints", checkpoint, file))
            .Select(line => line.Split('\t').Select(value => float.Parse(value, CultureInfo.InvariantCulture)).ToArray())];

    /// <summary>What make-roberta.py writes, without the tokenizer: the float weights of the given I-BERT checkpoint as an ordinary RoBERTa.</summary>
    public static CheckpointWriter Roberta()
    {
        CheckpointWriter folder = new(Shared.Require("checkpoints", "ibert-l3-sst2"), IsWeight);
        folder.Config["model_type"] = "roberta";
        folder.Config["architectures"] = new JsonArray("RobertaForSequenceClassification");
        folder.Config["layer_norm_eps"] = 1e-5;
        return folder.Rename(name => name.Replace("ibert.", "roberta."));

        static bool IsWeight(string name) => !((string[])["scaling_factor", "x_min", "x_max", ".shift", "_integer"]).Any(name.EndsWith);
    }
}
