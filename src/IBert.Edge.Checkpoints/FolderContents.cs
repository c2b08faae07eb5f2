// What a folder is that is no checkpoint as save_pretrained() writes it, and how one is made of it.
using System.Text.Json;
using IBert.Edge.Files;

namespace IBert.Edge.Checkpoints;

internal static class FolderContents
{
    public const string Config = "config.json", Weights = "model.safetensors";

    private const string Adapter = "adapter_config.json";

    // models--OWNER--NAME/snapshots/REVISION/config.json; a folder of everything is not searched through.
    private const int MostDepth = 3, MostEntries = 10_000;

    /// <summary>Requires a folder with a config.json, and answers with its path.</summary>
    /// <exception cref="CheckpointException">It is something else: the message says what, and the way out.</exception>
    public static string RequireConfig(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw NoFolder(folder);
        }
        string config = Path.Combine(folder, Config);
        return CheckpointFile.IsThere(config) ? config : throw NoConfig(folder);
    }

    /// <summary>The error for a folder without weights that can be read.</summary>
    public static CheckpointException NoWeights(string folder) => Other(folder, Weights)
        ?? new($"{folder}: has neither {Weights} nor {Weights}.index.json: download the weights too, or save the model with " +
            "save_pretrained()");

    private static CheckpointException NoFolder(string path)
    {
        if (path.Length == 0)
        {
            return new CheckpointException(
                "the name of the checkpoint's folder is empty: give the one that holds config.json and model.safetensors");
        }
        if (File.Exists(path))
        {
            return new CheckpointException($"{path}: is a file: give the folder that holds config.json and model.safetensors");
        }
        // As the Hub has them: a name, or an owner's name.
        bool isName = path.Count(c => c == '/') <= 1 && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.')
            && path[0] != '.' && path[0] != '/';
        return new CheckpointException(isName
            ? $"{path}: there is no such folder; if it is a name on the Hugging Face Hub, download it: hf " +
                $"download {path} --local-dir FOLDER"
            : $"{path}: there is no such folder: give the one that holds config.json and model.safetensors");
    }

    private static CheckpointException NoConfig(string folder)
    {
        if (Other(folder, Config) is { } other)
        {
            return other;
        }
        // The Hub's cache and training runs have checkpoints in folders of theirs.
        EnumerationOptions below = new() { RecurseSubdirectories = true, MaxRecursionDepth = MostDepth, IgnoreInaccessible = true };
        string[] found =
        [
            .. Directory.EnumerateFiles(folder, "*", below).Take(MostEntries).Where(path => Path.GetFileName(path) == Config)
                .Select(path => Path.GetDirectoryName(path)!).Order(StringComparer.Ordinal),
        ];
        return new CheckpointException(found.Length == 0
            ? $"{Path.Combine(folder, Config)}: is missing: give a folder as save_pretrained() writes it"
            : $"{Path.Combine(folder, Config)}: is missing; " +
                $"{string.Join(" and ", found.Take(2))}{(found.Length > 2 ? $" and {found.Length - 2} more" : "")} " +
              (found.Length == 1 ? "has one: give that folder" : "have one: give one of these folders"));
    }

    /// <summary>What the folder holds instead of a file; null where it is nothing that is known.</summary>
    private static CheckpointException? Other(string folder, string missing)
    {
        (string Pattern, string What)[] others =
        [
            (Adapter, Merge(folder)),
            ("adapter_model.*", Merge(folder)),
            ("pytorch_model*.bin*", "a pickle, which can run code when it is read: " + Convert("")),
            ("*.ckpt", "a training checkpoint, a pickle, which can run code when it is read: load it in Python and save the model with " +
                "save_pretrained()"),
            ("*.pt", "a pickle, which can run code when it is read: load it in Python and save the model with save_pretrained()"),
            ("*.pth", "a pickle, which can run code when it is read: load it in Python and save the model with save_pretrained()"),
            ("tf_model.h5", "TensorFlow's format: " + Convert(", from_tf=True")),
            ("saved_model.pb",
                "TensorFlow's format, a graph without the checkpoint: use the Hugging Face checkpoint that it was made from"),
            ("flax_model.msgpack", "Flax's format: " + Convert(", from_flax=True")),
            ("rust_model.ot", "a format of Rust's: use the Hugging Face checkpoint that it was made from"),
            ("*.onnx", "an exported graph: use the Hugging Face checkpoint that it was made from"),
            ("*.gguf", "a file for llama.cpp: use the Hugging Face checkpoint that it was made from"),
            ("*.tflite", "an exported graph: use the Hugging Face checkpoint that it was made from"),
            ("openvino_model.*", "an exported graph: use the Hugging Face checkpoint that it was made from"),
            ("*.ibert", "a model that is converted already: run it with ibert"),
            ("*.safetensors", missing == Weights
                ? $"not under the name that Hugging Face gives: rename it to {Weights}"
                : "the weights alone: download the other files of the checkpoint too"),
        ];
        foreach ((string pattern, string what) in others)
        {
            if (Directory.EnumerateFileSystemEntries(folder, pattern).Order(StringComparer.Ordinal).FirstOrDefault() is { } found)
            {
                return new CheckpointException($"{folder}: has no {missing}; {OneLine.Quote(Path.GetFileName(found))} is {what}");
            }
        }
        return null;

        static string Convert(string argument) =>
            $"convert it once in Python: AutoModelForSequenceClassification.from_pretrained(FOLDER{argument}).save_pretrained(FOLDER, " +
                "safe_serialization=True)";
    }

    /// <summary>How an adapter becomes a checkpoint, with its base model's name where the folder tells it.</summary>
    private static string Merge(string folder)
    {
        string? model = null;
        try
        {
            model = CheckpointFile.IsThere(Path.Combine(folder, Adapter))
                && JsonFile.Read(Path.Combine(folder, Adapter), CheckpointFileKind.Config)
                    .Find("base_model_name_or_path") is { ValueKind: JsonValueKind.String } name ? name.GetString() : null;
        }
        catch (CheckpointException)
        {
            // The name would be a help; what is wrong is that the folder is an adapter.
        }
        return
            $"part of an adapter (PEFT), without the weights of its base model{(model is null ? "" : " " + OneLine.Quote(model))}: merge " +
                "them in Python: " +
                "AutoPeftModelForSequenceClassification.from_pretrained(FOLDER).merge_and_unload().save_pretrained(MERGED), and save " +
                "the tokenizer there too";
    }
}
