// The integers of the reference I-BERT (tests/data/golden), op by op with its own inputs, and end to end.
using IBert.Edge.Checkpoints;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Evaluation;

public sealed class GoldenIntegersTests(ITestOutputHelper output)
{
    private static readonly Lazy<byte[]> s_model = new(() => Quantizer.Quantize(Given.Checkpoint("ibert")).File.ToArray());

    private static readonly Lazy<GoldenResult> s_result = new(() => Compare(Given.Golden("ibert")));

    private static GoldenResult Result => s_result.Value;

    [Fact]
    public void Every_operation_fed_the_golden_inputs_gives_the_golden_integers()
    {
        foreach (string line in Result.Lines(everyTensor: false))
        {
            output.WriteLine(line);
        }
        Assert.Equal(3, Result.Dumps);
        Assert.All(Result.OpByOp, bar => Assert.True(bar.Holds, bar.Text));
        Assert.All(
            Result.Compared.Where(tensor => tensor.Kind == GoldenKind.Activation), tensor =>
                Assert.Equal((tensor.Name, 0), (tensor.Name, tensor.Different)));
    }

    [Fact]
    public void Every_golden_tensor_is_compared_or_accounted_for_by_what_follows_it()
    {
        Assert.Empty(Result.LeftOut);
        HashSet<string> compared = [.. Result.Compared.Select(tensor => tensor.Name)];
        foreach (string file in Directory.GetFiles(Given.Golden("ibert"), "*.safetensors"))
        {
            using SafetensorsFile golden = SafetensorsFile.Open(file);
            string[] modules = [.. golden.Tensors.Keys.Where(name => name.EndsWith(".int", StringComparison.Ordinal))
                .Select(name => name[..^".int".Length])];
            Assert.Equal(48, modules.Length);
            Assert.All(modules, module => Assert.True(compared.Contains(module) != Result.AccountedFor.ContainsKey(module), module));
        }
        Assert.Equal(39, compared.Count);
        Assert.All(Result.AccountedFor.Keys, name => Assert.Matches(@"(LayerNorm|intermediate_act_fn|softmax\.act)$", name));
    }

    [Fact]
    public void End_to_end_the_drift_is_small_and_labels_agree()
    {
        GoldenDrift drift = Result.EndToEnd;
        Assert.Equal(40, drift.Sentences);
        Assert.True(drift.Wrong.Count == 0, $"{drift.Wrong.Count} labels with a margin differ");
        // What is left are sums whose order is the reference's machine's.
        Assert.True(drift.Mean <= 0.01, $"drift {drift.Mean}");
        Assert.True(Result.HeadDrift <= 0.005, "head");
    }

    [Theory]
    [InlineData("encoder.layer.1.intermediate.dense", "products whose input has its own scale are exact")]
    [InlineData("encoder.layer.1.attention.self.query", "products of a stale scale")]
    [InlineData("encoder.layer.1.pre_output_act", "8-, 16- and 22-bit tensors")]
    [InlineData("encoder.layer.0.attention.self.softmax", "probabilities are equal")]
    public void Golden_integers_that_are_not_what_the_model_gives_break_their_bar(string module, string bar)
    {
        using TemporaryFolder folder = Dump(integers =>
        {
            int changed = module.EndsWith("softmax", StringComparison.Ordinal) ? 1 + (integers.Length / 500) : 1;
            for (int i = 0; i < changed; i++)
            {
                integers[i] += 2;
            }
        }, module);

        GoldenResult result = Compare(folder.Path);

        // What follows the changed tensor is fed it, so other bars may break too.
        Assert.Contains(result.OpByOp, found => !found.Holds && found.Text.StartsWith(bar, StringComparison.Ordinal));
        Assert.Equal(1, result.Dumps);
    }

    [Fact]
    public void A_golden_tensor_that_the_model_does_not_know_is_left_out_and_that_is_a_failure()
    {
        using TemporaryFolder folder = Dump(_ => { }, "encoder.layer.0.output.dense", newName: "encoder.layer.0.output.other");

        GoldenResult result = Compare(folder.Path);

        Assert.Equal(["encoder.layer.0.output.other.int", "encoder.layer.0.output.other.scale"], result.LeftOut);
        Assert.Contains(result.OpByOp, bar => !bar.Holds && bar.Text.StartsWith("every golden tensor", StringComparison.Ordinal));
    }

    [Fact]
    public void Golden_files_of_another_model_or_none_at_all_are_refused()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("there is no such folder", Assert.Throws<DataFileException>(() => Compare(folder["none"])).Message);
        Assert.Contains("it has no *.safetensors", Assert.Throws<DataFileException>(() => Compare(folder.Path)).Message);

        SpecialFiles.Pipe(folder["00.safetensors"]);
        Assert.Contains("is a pipe, not a file", Assert.Throws<CheckpointException>(() => Compare(folder.Path)).Message);
        File.Delete(folder["00.safetensors"]);

        folder.Write("00.safetensors", "not one");
        Assert.Contains("not a safetensors file", Assert.Throws<CheckpointException>(() => Compare(folder.Path)).Message);

        Write(folder, SafetensorsEntry.Of<int>("input_ids", "I32", [0, 2], 2));
        Assert.Contains("lacks the tensor 'logits'", Assert.Throws<DataFileException>(() => Compare(folder.Path)).Message);

        Write(folder, SafetensorsEntry.Of<int>("input_ids", "I32", [0, 60000], 2));
        Assert.Contains("each below 1493", Assert.Throws<DataFileException>(() => Compare(folder.Path)).Message);

        Write(folder, SafetensorsEntry.Of<int>("input_ids", "I32", [0, 2], 2),
            SafetensorsEntry.Of<int>("embeddings.embeddings_act1.int", "I32", [1, 2], 2, 1));
        Assert.Contains(
            "has the shape [2, 1], the model's is [2, 128]", Assert.Throws<DataFileException>(() => Compare(folder.Path)).Message);

        Write(folder, SafetensorsEntry.Of<int>("input_ids", "I32", [0, 2], 2), SafetensorsEntry.Of<float>("logits", "F32", [1, 2], 2));
        Assert.Contains("sentences.jsonl is missing", Assert.Throws<DataFileException>(() => Compare(folder.Path)).Message);

        Write(
            folder, SafetensorsEntry.Of<int>("input_ids", "I32", [0, 2], 2), SafetensorsEntry.Of<float>("logits", "F32", [1, 2], 2),
            SafetensorsEntry.Of<int>(
                "encoder.layer.0.attention.output.ln_input_act.int", "I32", Enumerable.Repeat(int.MinValue, 256).ToArray(), 2, 128));
        Assert.Contains(
            "has integers that no operation of this model can give", Assert.Throws<DataFileException>(() => Compare(folder.Path)).Message);

        Write(folder, SafetensorsEntry.Of<int>("input_ids", "I32", [0, 2], 2), SafetensorsEntry.Of<float>("logits", "F32", [1, 2], 2));
        folder.Write("sentences.jsonl", "{\"ids\": [0, 2], \"logits\": [1, 2]}\n{\"ids\": 3}\n");
        Assert.Contains("line 2: is not a JSON object", Assert.Throws<DataFileException>(() => Compare(folder.Path)).Message);

        folder.Write("sentences.jsonl", "{\"ids\": [0, -2], \"logits\": [1, 2]}\n");
        Assert.Contains("line 1: 2 ids", Assert.Throws<DataFileException>(() => Compare(folder.Path)).Message);

        static void Write(TemporaryFolder folder, params SafetensorsEntry[] tensors) =>
            File.WriteAllBytes(folder["00.safetensors"], SafetensorsWriter.Write(tensors, new Dictionary<string, string>()));
    }

    [Fact]
    public void A_checkpoint_whose_ranges_were_never_trained_is_refused_with_advice()
    {
        string source = Given.Checkpoint("ibert");
        string folder = Directory.CreateTempSubdirectory("ibert-untrained-").FullName;
        try
        {
            File.Copy(Path.Combine(source, "config.json"), Path.Combine(folder, "config.json"));
            byte[] weights = File.ReadAllBytes(Path.Combine(source, "model.safetensors"));
            using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(source, "model.safetensors")))
            {
                foreach (string name in (string[])["x_min", "x_max"])
                {
                    SafetensorsTensor tensor = file.Tensors[$"ibert.embeddings.output_activation.{name}"];
                    BitConverter.TryWriteBytes(
                        weights.AsSpan((int)(8 + BitConverter.ToInt64(weights) + tensor.Begin)), name == "x_min" ? -1e-5f : 1e-5f);
                }
            }
            File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), weights);
            Checkpoint checkpoint = Checkpoint.Load(folder);

            CheckpointException error = Assert.Throws<CheckpointException>(() => IBertCheckpoint.Load(folder, checkpoint));

            Assert.Contains("--scheme int8", error.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static GoldenResult Compare(string folder)
    {
        using LoadedModel model = new(s_model.Value);
        return GoldenComparison.Run(model.File, folder, null);
    }

    /// <summary>A golden folder of one dump and one sentence, with one tensor's integers changed.</summary>
    private static TemporaryFolder Dump(Action<long[]> change, string module, string? newName = null)
    {
        TemporaryFolder folder = new();
        using SafetensorsFile golden = SafetensorsFile.Open(Given.Golden("ibert", "00.safetensors"));
        List<SafetensorsEntry> entries = [];
        foreach (SafetensorsTensor tensor in golden.Tensors.Values)
        {
            string name = newName is null ? tensor.Name : tensor.Name.Replace(module + ".", newName + ".", StringComparison.Ordinal);
            if (tensor.Type == "F32")
            {
                entries.Add(SafetensorsEntry.Of<float>(name, "F32", golden.ReadFloats(tensor), tensor.Shape));
                continue;
            }
            long[] integers = golden.ReadIntegers(tensor);
            if (tensor.Name == $"{module}.int")
            {
                change(integers);
            }
            entries.Add(SafetensorsEntry.Of<long>(name, "I64", integers, tensor.Shape));
        }
        File.WriteAllBytes(folder["00.safetensors"], SafetensorsWriter.Write(entries, new Dictionary<string, string>()));
        folder.Write("sentences.jsonl", File.ReadLines(Given.Golden("ibert", "sentences.jsonl")).First());
        return folder;
    }
}
