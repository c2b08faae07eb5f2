// The integers of Hugging Face's I-BERT, op by op with its own inputs, and end to end.
using System.Text.Json;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Import;

public sealed class GoldenIntegersTests(ITestOutputHelper output)
{
    private const int Dumps = 10;

    [Fact]
    public unsafe void Every_operation_fed_the_golden_inputs_gives_the_golden_integers()
    {
        (byte[] file, IReadOnlyList<PublishedTensor> tensors) = Lower();
        Dictionary<int, PublishedTensor> written = tensors.ToDictionary(tensor => tensor.Operation);
        SortedDictionary<string, Count> counts = [];
        double headDrift = 0;
        fixed (byte* start = GC.AllocateArray<byte>(file.Length + 64, pinned: true))
        {
            byte* aligned = (byte*)(((nuint)start + 63) & ~(nuint)63);
            file.CopyTo(new Span<byte>(aligned, file.Length));
            using ModelFile model = ModelFile.FromMemory("golden", aligned, file.Length);
            for (int dump = 0; dump < Dumps; dump++)
            {
                using SafetensorsFile golden = SafetensorsFile.Open(Shared.Require("golden", "ibert", $"{dump:D2}.safetensors"));
                int[] ids = [.. golden.ReadIntegers("input_ids").Select(id => (int)id)];
                int n = ids.Length, padded = (n + 15) & ~15, running = 0;
                using Executor executor = new(model, KernelSet.Select(), model.MaxLength, 1);
                executor.AfterSoftmax = (head, firstRow, rows) =>
                {
                    long[] expected = golden.ReadIntegers(written[running].Name.Replace("output_activation", "softmax.int", StringComparison.Ordinal));
                    Count count = Counter(counts, "probabilities");
                    for (int i = 0; i < rows.Length; i++)
                    {
                        int key = i % padded, row = firstRow + (i / padded);
                        if (key < n)
                        {
                            long value = expected[(((head * n) + row) * n) + key];
                            count.Compare(rows[i], value);
                            rows[i] = (ushort)value;
                        }
                    }
                };
                executor.AfterOperation = operation =>
                {
                    running = operation + 1;
                    if (written.TryGetValue(operation, out PublishedTensor? tensor) && golden.Tensors.ContainsKey($"{tensor.Name}.int"))
                    {
                        long[] expected = golden.ReadIntegers($"{tensor.Name}.int");
                        Replace(executor, tensor, n, expected, Counter(counts, Kind(tensor)));
                    }
                };
                // Pooler and classifier were fed the golden output of the last layer: float in the reference, integers here.
                headDrift = Math.Max(headDrift, Drift(executor.Run(ids, new byte[n]), model, golden.ReadFloats(golden.Tensors["logits"])));
            }
        }
        foreach ((string kind, Count count) in counts)
        {
            output.WriteLine($"{kind,-44} {count.All,9} elements, {count.Different,5} differ, at most by {count.Largest}");
        }
        output.WriteLine($"logits of the golden encoder output off by {headDrift:F4} at most");
        Assert.True(headDrift <= 0.02, $"logits of the golden encoder output are off by {headDrift}");
        // QuantLinear is exact where its input's scale is its own: all but Q, K and V of the later layers (numerics.md, trap 13).
        Assert.All(counts.Where(c => c.Key.StartsWith("linear", StringComparison.Ordinal)), c => Assert.Equal(0, c.Value.Different));
        Assert.All(counts.Where(c => c.Key.StartsWith("stale", StringComparison.Ordinal)), c => Assert.True(c.Value.Equal >= 0.998 && c.Value.Largest <= 1, c.Key));
        Assert.True(counts["probabilities"].Equal >= 0.999, "probabilities");
        IEnumerable<KeyValuePair<string, Count>> activations = counts.Where(c => c.Key.StartsWith("act", StringComparison.Ordinal));
        Assert.True(activations.Count() >= 11, $"only {activations.Count()} kinds of activations were compared");
        Assert.All(activations, c => Assert.True(c.Value.Equal >= 0.9999 && c.Value.Largest <= 1, c.Key));
    }

    [Fact]
    public unsafe void End_to_end_the_drift_is_small_and_labels_agree()
    {
        (byte[] file, _) = Lower();
        int examples = 0, same = 0, wrong = 0;
        double total = 0, largest = 0;
        fixed (byte* start = GC.AllocateArray<byte>(file.Length + 64, pinned: true))
        {
            byte* aligned = (byte*)(((nuint)start + 63) & ~(nuint)63);
            file.CopyTo(new Span<byte>(aligned, file.Length));
            using ModelFile model = ModelFile.FromMemory("golden", aligned, file.Length);
            using Executor executor = new(model, KernelSet.Select(), model.MaxLength, 1);
            foreach (string line in File.ReadLines(Shared.Require("golden", "ibert", "sentences.jsonl")))
            {
                using JsonDocument json = JsonDocument.Parse(line);
                int[] ids = [.. json.RootElement.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32())];
                float[] golden = [.. json.RootElement.GetProperty("logits").EnumerateArray().Select(e => e.GetSingle())];
                ReadOnlySpan<int> logits = executor.Run(ids, new byte[ids.Length]);
                double drift = Drift(logits, model, golden);
                bool agrees = (logits[1] > logits[0]) == (golden[1] > golden[0]);
                same += agrees ? 1 : 0;
                wrong += !agrees && Math.Abs(golden[1] - golden[0]) >= 0.1 ? 1 : 0;
                (total, largest, examples) = (total + drift, Math.Max(largest, drift), examples + 1);
            }
        }
        output.WriteLine($"{same} of {examples} labels, {wrong} other with a margin of 0.1 or more; drift {total / examples:F4} on average, {largest:F4} at most");
        Assert.Equal(200, examples);
        Assert.Equal(0, wrong);
        // Without the floor of the reference's float32 in the square sum of LayerNorm it is four times as much.
        Assert.True(total / examples <= 0.01, $"drift {total / examples}");
    }

    [Fact]
    public void A_checkpoint_whose_ranges_were_never_trained_is_refused_with_advice()
    {
        string source = Shared.Require("checkpoints", "ibert-l3-sst2");
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
                    BitConverter.TryWriteBytes(weights.AsSpan((int)(8 + BitConverter.ToInt64(weights) + tensor.Begin)), name == "x_min" ? -1e-5f : 1e-5f);
                }
            }
            File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), weights);
            CheckpointConfig config = CheckpointConfig.Read(Path.Combine(folder, "config.json"));

            CheckpointException error = Assert.Throws<CheckpointException>(() => IBertCheckpoint.Load(folder, config));

            Assert.Contains("--scheme int8", error.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (byte[] File, IReadOnlyList<PublishedTensor> Tensors) Lower()
    {
        string folder = Shared.Require("checkpoints", "ibert-l3-sst2");
        CheckpointConfig config = CheckpointConfig.Read(Path.Combine(folder, "config.json"));
        using IBertCheckpoint checkpoint = IBertCheckpoint.Load(folder, config);
        IBertLowering lowering = new(checkpoint);
        return (new QuantizedModel(lowering.Lower(config.MaxPositions, TokenizerFiles.BuildSection(folder)), []).ToFile(null), lowering.Tensors);
    }

    /// <summary>What kind of module wrote it; Q, K and V of later layers read a stale scale.</summary>
    private static string Kind(PublishedTensor tensor)
    {
        string module = string.Join('.', tensor.Name.Split('.').Where(part => !int.TryParse(part, out _)));
        bool linear = tensor.Type == ElementType.Int32 && !tensor.Name.EndsWith("ln_input_act", StringComparison.Ordinal);
        bool stale = linear && tensor.Name.Contains(".self.") && !tensor.Name.Contains("layer.0.");
        return (stale ? "stale " : linear ? "linear " : "act ") + module;
    }

    private static unsafe void Replace(Executor executor, PublishedTensor tensor, int rows, long[] expected, Count count)
    {
        ReadOnlySpan<byte> bytes = executor.TensorBytes(tensor.Index);
        int columns = expected.Length / rows, stride = bytes.Length / rows;
        fixed (byte* values = bytes)
        {
            for (int i = 0; i < expected.Length; i++)
            {
                byte* row = values + (i / columns * stride);
                count.Compare(PublishedElements.Read(row, tensor.Type, i % columns), expected[i]);
                PublishedElements.Write(row, tensor.Type, i % columns, (int)expected[i]);
            }
        }
    }

    /// <summary>The largest difference of logits.</summary>
    private static double Drift(ReadOnlySpan<int> logits, ModelFile model, float[] golden)
    {
        double drift = 0;
        for (int i = 0; i < golden.Length; i++)
        {
            drift = Math.Max(drift, Math.Abs(Math.ScaleB(logits[i], -model.Head.LogitExponent) - golden[i]));
        }
        return drift;
    }

    private static Count Counter(SortedDictionary<string, Count> counts, string kind) =>
        counts.TryGetValue(kind, out Count? count) ? count : counts[kind] = new Count();

    private sealed class Count
    {
        public long All { get; private set; }

        public long Different { get; private set; }

        public long Largest { get; private set; }

        public double Equal => 1 - ((double)Different / All);

        public void Compare(long value, long expected)
        {
            All++;
            Different += value == expected ? 0 : 1;
            Largest = Math.Max(Largest, Math.Abs(value - expected));
        }
    }
}
