// The weights of a checkpoint folder: one model.safetensors, or shards with their index.
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using IBert.Edge.Files;

namespace IBert.Edge.Checkpoints;

/// <summary>All tensors of a folder by name, whichever file they are in.</summary>
internal sealed class WeightFiles : IDisposable
{
    private const string Index = FolderContents.Weights + ".index.json";

    private readonly List<SafetensorsFile> files = [];
    private readonly Dictionary<string, (SafetensorsFile File, SafetensorsTensor Tensor)> tensors = new(StringComparer.Ordinal);

    private WeightFiles() { }

    /// <summary>
    /// What stands in front of every name of the model, as PyTorch's wrappers leave it (<c>module.</c> of DataParallel, <c>_orig_mod.</c>
    /// of compile, <c>model.</c> of Lightning); mostly nothing.
    /// </summary>
    public string Wrapper { get; private set; } = "";

    /// <summary>The names of all tensors.</summary>
    public IEnumerable<string> Names => this.tensors.Keys;

    /// <summary>Opens a folder's weights: headers are read and checked, values are not.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="names">By which its tensors are found again behind a wrapper's prefix.</param>
    /// <exception cref="CheckpointException">No safetensors, a damaged one, or an index that does not fit its shards.</exception>
    public static WeightFiles Open(string folder, WeightNames names)
    {
        var weights = new WeightFiles();
        try
        {
            if (CheckpointFile.IsThere(Path.Combine(folder, FolderContents.Weights)))
            {
                weights.Add(Path.Combine(folder, FolderContents.Weights));
            }
            else if (CheckpointFile.IsThere(Path.Combine(folder, Index)))
            {
                weights.AddShards(folder);
            }
            else
            {
                throw FolderContents.NoWeights(folder);
            }
            weights.FindWrapper(folder, names);
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor by its exact name behind the wrapper's prefix.</summary>
    public bool TryFind(string name, [NotNullWhen(true)] out SafetensorsFile? file, [NotNullWhen(true)] out SafetensorsTensor? tensor)
    {
        bool found = this.tensors.TryGetValue(Wrapper + name, out var entry);
        (file, tensor) = entry;
        return found;
    }

    /// <summary>SHA-256 over the files' bytes, in the order of their names: of a single file what <c>sha256sum</c> prints.</summary>
    public string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (SafetensorsFile file in this.files)
        {
            file.AppendTo(hash);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in this.files)
        {
            file.Dispose();
        }
    }

    private void FindWrapper(string folder, WeightNames names)
    {
        string ending = $"{names.Words}.weight";
        string[] wrappers =
        [
            .. Names.Where(name => name.EndsWith(ending, StringComparison.Ordinal))
                .Select(name => name[..^ending.Length])
                .Select(prefix => prefix.EndsWith(names.Prefix, StringComparison.Ordinal) ? prefix[..^names.Prefix.Length] : prefix)
                .Where(prefix => prefix.Length == 0 || prefix.EndsWith('.'))
                .Distinct(),
        ];
        if (wrappers.Length > 1 && !wrappers.Contains(""))
        {
            throw new CheckpointException(
                $"{folder}: the weights hold several models, under {string.Join(" and ", wrappers.Take(3).Select(OneLine.Quote))}: save " +
                "the one that classifies alone");
        }
        Wrapper = wrappers is [string one] ? one : "";
    }

    private void Add(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        this.files.Add(file);
        foreach (SafetensorsTensor tensor in file.Tensors.Values)
        {
            if (!this.tensors.TryAdd(tensor.Name, (file, tensor)))
            {
                throw new CheckpointException(
                    $"{path}: the tensor {OneLine.Quote(tensor.Name)} is in {Path.GetFileName(this.tensors[tensor.Name].File.Path)} too: " +
                    "save the model again");
            }
        }
    }

    private void AddShards(string folder)
    {
        JsonFile index = JsonFile.Read(Path.Combine(folder, Index), CheckpointFileKind.Index);
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
            if (shard != Path.GetFileName(shard) || shard.Contains('\\') || !shard.EndsWith(".safetensors", StringComparison.Ordinal))
            {
                throw new CheckpointException(
                    $"{index.Path}: 'weight_map' names {OneLine.Quote(shard)}, which is not a .safetensors file in the same folder: save " +
                    "the model again");
            }
            string path = Path.Combine(folder, shard);
            if (!CheckpointFile.IsThere(path))
            {
                throw new CheckpointException($"{path}: is missing, and {Index} names it: download it too");
            }
            Add(path);
        }
        foreach ((string name, string shard) in shardOf)
        {
            if (!this.tensors.TryGetValue(name, out var entry) || Path.GetFileName(entry.File.Path) != shard)
            {
                throw new CheckpointException($"{index.Path}: the tensor {OneLine.Quote(name)} is not in {OneLine.Quote(shard)}, which " +
                    "'weight_map' names: save the model again");
            }
        }
    }
}
