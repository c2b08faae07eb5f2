// Rewrites a checkpoint into a variant of it, in a temporary folder.
using System.Text;
using System.Text.Json.Nodes;
using IBert.Edge.Checkpoints;

namespace IBert.Edge.TestSupport;

/// <summary>A tensor to be written: its type says how, its values are FP32.</summary>
internal sealed record TestTensor(string Type, long[] Shape, float[] Values);

/// <summary>A checkpoint that a test changes and then writes; the folder goes with the writer.</summary>
internal sealed class CheckpointWriter : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ibert-checkpoint-");

    /// <summary>Starts from a checkpoint on disk, or from those of its tensors that are wanted.</summary>
    public CheckpointWriter(string source, Func<string, bool>? wanted = null)
    {
        Config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!.AsObject();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(source, "model.safetensors"));
        foreach (SafetensorsTensor tensor in file.Tensors.Values.Where(tensor => wanted?.Invoke(tensor.Name) ?? true))
        {
            Tensors.Add(tensor.Name, new TestTensor(tensor.Type, tensor.Shape, file.ReadFloats(tensor)));
        }
    }

    /// <summary>Starts from nothing.</summary>
    public CheckpointWriter(JsonObject config) => Config = config;

    public string Folder => folder.FullName;

    public JsonObject Config { get; }

    public Dictionary<string, TestTensor> Tensors { get; private set; } = [];

    /// <summary>Renames tensors.</summary>
    public CheckpointWriter Rename(Func<string, string> rename)
    {
        Tensors = Tensors.ToDictionary(pair => rename(pair.Key), pair => pair.Value);
        return this;
    }

    /// <summary>Stores every tensor as another type.</summary>
    public CheckpointWriter Store(string type)
    {
        Tensors = Tensors.ToDictionary(pair => pair.Key, pair => pair.Value with { Type = type });
        return this;
    }

    /// <summary>Writes config.json and the weights, in one file or in shards with their index; answers with the folder.</summary>
    public string Write(int shards = 1)
    {
        File.WriteAllText(Path.Combine(Folder, "config.json"), Config.ToJsonString());
        if (shards == 1)
        {
            File.WriteAllBytes(Path.Combine(Folder, "model.safetensors"), Safetensors(Tensors));
            return Folder;
        }
        var map = new JsonObject();
        for (int shard = 0; shard < shards; shard++)
        {
            string name = $"model-{shard + 1:D5}-of-{shards:D5}.safetensors";
            var part = Tensors.Where((_, i) => i % shards == shard).ToDictionary(pair => pair.Key, pair => pair.Value);
            File.WriteAllBytes(Path.Combine(Folder, name), Safetensors(part));
            foreach (string tensor in part.Keys)
            {
                map[tensor] = name;
            }
        }
        File.WriteAllText(
            Path.Combine(Folder, "model.safetensors.index.json"),
            new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString());
        return Folder;
    }

    public void Dispose() => folder.Delete(recursive: true);

    /// <summary>A well-formed safetensors file.</summary>
    public static byte[] Safetensors(IReadOnlyDictionary<string, TestTensor> tensors) => SafetensorsWriter.Write(
        [.. tensors.Select(tensor => Entry(tensor.Key, tensor.Value))],
        new Dictionary<string, string> { ["format"] = "pt" });

    /// <summary>A safetensors file with this header, whatever it says.</summary>
    public static byte[] Safetensors(string header, byte[] data) => SafetensorsWriter.Join(Encoding.UTF8.GetBytes(header), data);

    private static SafetensorsEntry Entry(string name, TestTensor tensor) => tensor.Type switch
    {
        "F32" or "F16" => SafetensorsEntry.OfFloats(name, Enum.Parse<WeightType>(tensor.Type), tensor.Values, tensor.Shape),
        "I64" => SafetensorsEntry.Of<long>(name, tensor.Type, [.. tensor.Values.Select(value => (long)value)], tensor.Shape),
        // Cut, not rounded: the test that reads it compares with the cut value.
        _ => SafetensorsEntry.Of<ushort>(
            name, tensor.Type, [.. tensor.Values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))], tensor.Shape),
    };
}
