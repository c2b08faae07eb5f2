// The weights of a checkpoint folder: one model.safetensors, or shards with their index.
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;

namespace IBert.Edge.Quantization.Checkpoints;

/// <summary>All tensors of a folder by name, whichever file they are in.</summary>
internal sealed class WeightFiles : IDisposable
{
    private const string Single = "model.safetensors";
    private const string Index = "model.safetensors.index.json";

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, (SafetensorsFile File, SafetensorsTensor Tensor)> _tensors = new(StringComparer.Ordinal);

    private WeightFiles() { }

    /// <summary>Opens a folder's weights: headers are read and checked, values are not.</summary>
    /// <exception cref="CheckpointException">No safetensors, a damaged one, or an index that does not fit its shards.</exception>
    public static WeightFiles Open(string folder)
    {
        var weights = new WeightFiles();
        try
        {
            if (File.Exists(Path.Combine(folder, Single)))
            {
                weights.Add(Path.Combine(folder, Single));
            }
            else if (File.Exists(Path.Combine(folder, Index)))
            {
                weights.AddShards(folder);
            }
            else
            {
                throw NoWeights(folder);
            }
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor by its exact name.</summary>
    public bool TryFind(string name, [NotNullWhen(true)] out SafetensorsFile? file, [NotNullWhen(true)] out SafetensorsTensor? tensor)
    {
        bool found = _tensors.TryGetValue(name, out var entry);
        (file, tensor) = entry;
        return found;
    }

    /// <summary>SHA-256 over the files' bytes, in the order of their names: of a single file what <c>sha256sum</c> prints.</summary>
    public string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (SafetensorsFile file in _files)
        {
            file.AppendTo(hash);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files)
        {
            file.Dispose();
        }
    }

    private void Add(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (SafetensorsTensor tensor in file.Tensors.Values)
        {
            if (!_tensors.TryAdd(tensor.Name, (file, tensor)))
            {
                throw new CheckpointException(
                    $"{path}: the tensor '{tensor.Name}' is in {Path.GetFileName(_tensors[tensor.Name].File.Path)} too: save the model again");
            }
        }
    }

    private void AddShards(string folder)
    {
        JsonFile index = JsonFile.Read(Path.Combine(folder, Index));
        if (index.Find("weight_map") is not { ValueKind: JsonValueKind.Object } map || !map.EnumerateObject().Any())
        {
            throw new CheckpointException($"{index.Path}: has no 'weight_map' from tensors to files: save the model again");
        }
        var shardOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            shardOf[entry.Name] = index.Text("weight_map", entry.Value);
        }
        foreach (string shard in shardOf.Values.Distinct().Order(StringComparer.Ordinal))
        {
            // A shard lies beside its index: a name with a folder in it could read any file of the machine.
            if (shard != Path.GetFileName(shard) || !shard.EndsWith(".safetensors", StringComparison.Ordinal))
            {
                throw new CheckpointException($"{index.Path}: '{shard}' is not the name of a .safetensors file in the same folder");
            }
            string path = Path.Combine(folder, shard);
            if (!File.Exists(path))
            {
                throw new CheckpointException($"{path}: is missing, {Index} lists it: download it too");
            }
            Add(path);
        }
        foreach ((string name, string shard) in shardOf)
        {
            if (!_tensors.TryGetValue(name, out var entry) || Path.GetFileName(entry.File.Path) != shard)
            {
                throw new CheckpointException($"{index.Path}: lists the tensor '{name}' in {shard}, where it is not: save the model again");
            }
        }
    }

    private static CheckpointException NoWeights(string folder)
    {
        const string convert = "convert it once in Python: AutoModelForSequenceClassification.from_pretrained(FOLDER{0}).save_pretrained(FOLDER, safe_serialization=True)";
        (string Pattern, string What)[] others =
        [
            ("pytorch_model*.bin*", "a pickle, which can run code when it is read; " + string.Format(null, convert, "")),
            ("tf_model.h5", "TensorFlow's format; " + string.Format(null, convert, ", from_tf=True")),
            ("flax_model.msgpack", "Flax's format; " + string.Format(null, convert, ", from_flax=True")),
            ("adapter_model.safetensors", "an adapter without its base model; merge them with PEFT's merge_and_unload() and save the result"),
            ("*.onnx", "an exported graph; use the Hugging Face checkpoint that it was made from"),
            ("*.gguf", "a file for llama.cpp; use the Hugging Face checkpoint that it was made from"),
            ("*.safetensors", "not under the name that Hugging Face gives; rename it to " + Single),
        ];
        foreach ((string pattern, string what) in others)
        {
            if (Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal).FirstOrDefault() is { } found)
            {
                return new CheckpointException($"{folder}: has no {Single}; {Path.GetFileName(found)} is {what}");
            }
        }
        return new CheckpointException($"{folder}: has neither {Single} nor {Index}: download the weights too");
    }
}
