// The integers of a model beside those of the reference I-BERT: op by op with the reference's own inputs, and end to end.
using System.Globalization;
using System.Text;
using System.Text.Json;
using IBert.Edge.Checkpoints;
using IBert.Edge.Files.Data;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Quantization.Lowering;

namespace IBert.Edge.Quantization.Evaluation;

/// <summary>
/// Runs a model of scheme ibert on the sentences of a golden folder. After each operation its integers are compared with the reference's,
/// and then replaced by these: an operation has only its own error. Between softmax and product the same is done to the probabilities.
/// </summary>
internal sealed class GoldenComparison
{
    private const string Integers = ".int", Scale = ".scale", Sentences = "sentences.jsonl";

    private readonly ModelFile model;
    private readonly string folder;
    private readonly IReadOnlyList<QuantizedTensor> meanings;
    private readonly ILookup<int, QuantizedTensor> written;
    private readonly Executor executor;
    private readonly int vocabulary;
    private readonly Dictionary<string, GoldenTensor> compared = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> accountedFor = new(StringComparer.Ordinal);
    private readonly SortedSet<string> leftOut = new(StringComparer.Ordinal);
    private int dumps, scales;
    private double scaleError, headDrift;

    private GoldenComparison(ModelFile model, string folder, IReadOnlyList<QuantizedTensor> meanings, Executor executor)
    {
        (this.model, this.folder, this.meanings, this.executor) = (model, folder, meanings, executor);
        written = meanings.ToLookup(tensor => tensor.Operation);
        vocabulary = int.MaxValue;
        foreach (OperationRecord operation in model.Contents.Operations)
        {
            if (operation.Code == OperationCode.Embed
                && new EmbedRecord(in operation).Table(EmbedRecord.Tokens) is not OperationRecord.None and ushort tokens)
            {
                vocabulary = Math.Min(vocabulary, (int)model.Contents.Constants[tokens].Rows);
            }
        }
    }

    /// <summary>Compares a model with a folder of golden integers: NN.safetensors and sentences.jsonl.</summary>
    /// <exception cref="ArgumentException">The model is not of scheme ibert.</exception>
    /// <exception cref="ModelFormatException">The model does not say what its integers stand for.</exception>
    /// <exception cref="DataFileException">The folder is missing or has no dumps, or a dump is of a model of another shape.</exception>
    /// <exception cref="CheckpointException">A dump is not a safetensors file.</exception>
    public static GoldenResult Run(ModelFile model, string folder, Action<string, double>? progress)
    {
        IReadOnlyList<QuantizedTensor> meanings = MeaningsSection.Read(model);
        if (!model.Contents.Operations.ToArray().Any(IsPublishedAttention))
        {
            throw new ArgumentException(
                $"{model.Name} has not the integers of the published I-BERT: only a model that was converted with --scheme ibert can be " +
                "compared with golden ones");
        }
        string[] files = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal)] : [];
        if (files.Length == 0)
        {
            throw new DataFileException($"{folder}: there is no such folder, or it has no *.safetensors: give a folder of golden integers");
        }
        using Executor executor = new(model.Contents, KernelSet.Select(), model.MaxLength, 1);
        GoldenComparison comparison = new(model, folder, meanings, executor);
        foreach ((int index, string file) in files.Index())
        {
            try
            {
                comparison.CompareDump(file);
            }
            catch (OverflowException error)
            {
                throw new DataFileException(
                    $"{file} has integers that no operation of this model can give: it is damaged, or of another model", error);
            }
            progress?.Invoke("op by op", (index + 1.0) / files.Length);
        }
        GoldenDrift drift = comparison.CompareSentences(progress);
        return new GoldenResult
        {
            Dumps = comparison.dumps,
            Compared = [.. comparison.compared.Values],
            AccountedFor = comparison.accountedFor,
            LeftOut = comparison.leftOut,
            ModelOnly = [.. meanings.Select(tensor => tensor.Name).Where(name => !comparison.compared.ContainsKey(name))],
            Scales = comparison.scales,
            LargestScaleError = comparison.scaleError,
            HeadDrift = comparison.headDrift,
            EndToEnd = drift,
        };
    }

    private static bool IsPublishedAttention(OperationRecord operation) =>
        operation.Code == OperationCode.Attention && new AttentionRecord(in operation).Function == FunctionKind.Published;

    private void CompareDump(string file)
    {
        using SafetensorsFile golden = SafetensorsFile.Open(file);
        int[] ids = [.. golden.ReadIntegers(Find(golden, "input_ids")).Select(id => (int)Math.Clamp(id, int.MinValue, int.MaxValue))];
        RequireIds(ids, file);
        HashSet<string> direct = new(StringComparer.Ordinal);
        int length = ids.Length, padded = Panels.Padded(length), running = 0;
        long[] probabilities = [];
        executor.AfterSoftmax = (head, firstRow, rows) =>
        {
            string name = TensorNames.Softmax(written[running].First().Name);
            if (direct.Add(name))
            {
                int heads = new AttentionRecord(in model.Contents.Operations[running]).Heads;
                probabilities = Golden(golden, name, heads, length, length) ?? [];
            }
            if (probabilities.Length == 0)
            {
                return;
            }
            GoldenTensor counts = Counts(name, GoldenKind.Probabilities);
            for (int i = 0; i < rows.Length; i++)
            {
                int key = i % padded, row = firstRow + (i / padded);
                if (key < length)
                {
                    long expected = probabilities[(((head * length) + row) * length) + key];
                    counts.Compare(rows[i], expected);
                    rows[i] = (ushort)expected;
                }
            }
        };
        executor.AfterOperation = operation =>
        {
            running = operation + 1;
            foreach (QuantizedTensor tensor in written[operation])
            {
                int[] integers = ArenaIntegers.Read(model, executor, tensor);
                if (Golden(golden, tensor.Name, integers.Length / tensor.Columns, tensor.Columns) is { } expected)
                {
                    direct.Add(tensor.Name);
                    GoldenTensor counts = Counts(tensor.Name, KindOf(model.Contents.Operations[operation]));
                    for (int i = 0; i < integers.Length; i++)
                    {
                        counts.Compare(integers[i], expected[i]);
                    }
                    ArenaIntegers.Write(model, executor, tensor, expected);
                }
            }
        };
        double[] logits = Run(ids);
        executor.AfterSoftmax = null;
        executor.AfterOperation = null;
        headDrift = Math.Max(
            headDrift, Drift(logits, golden.ReadFloats(Find(golden, "logits", logits.Length)).Select(logit => (double)logit)));
        Account(golden, direct);
        dumps++;
    }

    /// <summary>Compares the scales, and finds a reason for every tensor of a dump that was not compared itself.</summary>
    private void Account(SafetensorsFile golden, HashSet<string> direct)
    {
        Dictionary<string, QuantizedTensor> byName = meanings.ToDictionary(tensor => tensor.Name);
        foreach (string entry in golden.Tensors.Keys)
        {
            string name = entry.EndsWith(Integers, StringComparison.Ordinal)
                ? entry[..^Integers.Length]
                : entry.EndsWith(Scale, StringComparison.Ordinal) ? entry[..^Scale.Length] : entry;
            if (direct.Contains(name))
            {
                if (entry.Length == name.Length + Scale.Length)
                {
                    CompareScale(golden, entry, byName.GetValueOrDefault(name));
                }
                continue;
            }
            string parent = TensorNames.Parent(name);
            (string follower, string reason) = name[Math.Min(parent.Length + 1, name.Length)..] switch
            {
                "LayerNorm" => ($"{parent}.output_activation", "LayerNorm: 32-bit products, beyond what the reference's float32 holds"),
                "intermediate_act_fn" =>
                    ($"{parent}.output_activation", "GELU: 32-bit products, beyond what the reference's float32 holds"),
                "act" when parent.EndsWith(".softmax", StringComparison.Ordinal) =>
                    (parent, "softmax.act: exponentials of 16 bits from products beyond float32"),
                _ => ("", ""),
            };
            if (direct.Contains(follower))
            {
                accountedFor[name] = $"{reason}; compared after the requantization that follows";
            }
            else if (entry is not ("input_ids" or "logits"))
            {
                leftOut.Add(entry);
            }
        }
    }

    private void CompareScale(SafetensorsFile golden, string entry, QuantizedTensor? tensor)
    {
        float[] expected = golden.ReadFloats(Find(golden, entry, tensor?.Divisors is null ? 1 : tensor.Columns));
        for (int c = 0; c < expected.Length; c++)
        {
            // Probabilities have no tensor of their own.
            double scale = tensor?.Step(c) ?? Math.ScaleB(1, -PublishedElements.ProbabilityBits);
            scaleError = Math.Max(scaleError, Math.Abs((scale / expected[c]) - 1));
        }
        scales += expected.Length;
    }

    private GoldenDrift CompareSentences(Action<string, double>? progress)
    {
        string path = Path.Combine(folder, Sentences);
        if (!CheckpointFile.IsThere(path))
        {
            throw new DataFileException($"{path} is missing: it has the reference's logits, a sentence a line");
        }
        string[] lines = Encoding.UTF8.GetString(CheckpointFile.ReadText(path, CheckpointFileKind.Sentences).Span).ReplaceLineEndings("\n")
            .TrimEnd('\n').Split('\n');
        if (lines is [""])
        {
            throw new DataFileException($"{path} is empty: it has the reference's logits, a sentence a line");
        }
        int same = 0;
        List<int> wrong = [];
        double total = 0, largest = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}, line {i + 1}");
            (int[] ids, double[] golden) = ReadSentence(lines[i], place);
            RequireIds(ids, place);
            double[] logits = Run(ids);
            if (golden.Length != logits.Length)
            {
                throw new DataFileException($"{place}: {golden.Length} logits, the model has {logits.Length}: it is of another checkpoint");
            }
            double drift = Drift(logits, golden);
            (total, largest) = (total + drift, Math.Max(largest, drift));
            if (Array.IndexOf(logits, logits.Max()) == Array.IndexOf(golden, golden.Max()))
            {
                same++;
            }
            else if (golden.OrderDescending().Take(2).Aggregate((first, second) => first - second) >= GoldenDrift.Margin)
            {
                wrong.Add(i + 1);
            }
            progress?.Invoke("end to end", (i + 1.0) / lines.Length);
        }
        return new(lines.Length, same, wrong, total / lines.Length, largest);
    }

    private static (int[] Ids, double[] Logits) ReadSentence(string line, string place)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return (
                [.. json.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())],
                [.. json.RootElement.GetProperty("logits").EnumerateArray().Select(logit => logit.GetDouble())]);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new DataFileException($"{place}: is not a JSON object with ids and logits ({error.Message})", error);
        }
    }

    /// <summary>The model's logits.</summary>
    private double[] Run(int[] ids)
    {
        double step = Math.ScaleB(model.Contents.Head.LogitMultiplier, -model.Contents.Head.LogitExponent);
        return [.. executor.Run(new(ids, new byte[ids.Length])).ToArray().Select(logit => logit * step)];
    }

    private void RequireIds(int[] ids, string place)
    {
        if (ids.Length < 1 || ids.Length > model.MaxLength || ids.Any(id => (uint)id >= (uint)vocabulary))
        {
            throw new DataFileException(
                $"{place}: {ids.Length} ids, of which some may be outside the vocabulary: the model takes 1 to {model.MaxLength}, each " +
                $"below {vocabulary}; it is of another checkpoint");
        }
    }

    /// <summary>Golden integers of that shape; null where the dump has none of that name.</summary>
    private static long[]? Golden(SafetensorsFile golden, string name, params ReadOnlySpan<long> shape) =>
        golden.Tensors.ContainsKey(name + Integers) ? golden.ReadIntegers(Find(golden, name + Integers, shape)) : null;

    private static SafetensorsTensor Find(SafetensorsFile golden, string name, params ReadOnlySpan<long> shape)
    {
        if (!golden.Tensors.TryGetValue(name, out SafetensorsTensor? tensor))
        {
            throw new DataFileException($"{golden.Path}: lacks the tensor '{name}': it is not a dump of the reference's integers");
        }
        return shape.IsEmpty || shape.SequenceEqual(tensor.Shape)
            ? tensor
            : throw new DataFileException(
                $"{golden.Path}: the tensor '{name}' has the shape [{string.Join(", ", tensor.Shape)}], the model's is " +
                    $"[{string.Join(", ", shape.ToArray())}]: it is of another checkpoint");
    }

    private GoldenTensor Counts(string name, GoldenKind kind) =>
        compared.TryGetValue(name, out GoldenTensor? counts) ? counts : compared[name] = new GoldenTensor(name, kind);

    private static GoldenKind KindOf(in OperationRecord operation) =>
        operation.Code != OperationCode.Linear ? GoldenKind.Activation
        : new LinearRecord(in operation).Rescale.Exponent != 0 ? GoldenKind.StaleLinear : GoldenKind.Linear;

    private static double Drift(double[] logits, IEnumerable<double> golden) => logits.Zip(golden, (a, b) => Math.Abs(a - b)).Max();
}
