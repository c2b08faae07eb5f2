// A sound checkpoint folder for a test to break: first the model that is written, then the files that were.
using System.Text.Json.Nodes;
using IBert.Edge.TestSupport;

namespace IBert.Edge.Quantization.Tests.Refusals;

/// <summary>A BERT of three labels with a tokenizer of letters, in a folder that goes with it.</summary>
internal sealed class BrokenCheckpoint(CheckpointWriter model) : IDisposable
{
    public BrokenCheckpoint() : this(RandomCheckpoint.Bert(hidden: 8, heads: 2, feedForward: 12, seed: 9))
    {
    }

    public CheckpointWriter Model => model;

    public string Folder => model.Folder;

    /// <summary>A path in the folder.</summary>
    public string this[string name] => Path.Combine(Folder, name);

    /// <summary>Writes the checkpoint as it is now.</summary>
    public void Write(int shards = 1)
    {
        LetterCheckpoint.Write(model);
        if (shards > 1)
        {
            File.Delete(this["model.safetensors"]);
            model.Write(shards);
        }
    }

    public void Config(string field, string json) => model.Config[field] = JsonNode.Parse(json);

    public void Text(string name, string content) => File.WriteAllText(this[name], content);

    public void Bytes(string name, params byte[] content) => File.WriteAllBytes(this[name], content);

    /// <summary>A safetensors file with this header, whatever it says, and so many zeros behind it.</summary>
    public void Weights(string header, int data = 0) => Bytes("model.safetensors", CheckpointWriter.Safetensors(header, new byte[data]));

    public void Delete(string name) => File.Delete(this[name]);

    public void Move(string name, string other) => File.Move(this[name], this[other], overwrite: true);

    public void Copy(string name, string other) => File.Copy(this[name], this[other], overwrite: true);

    /// <summary>Replaces a file by a link.</summary>
    public void Link(string name, string target)
    {
        File.Delete(this[name]);
        File.CreateSymbolicLink(this[name], target);
    }

    /// <summary>Replaces a file by one of that length, which takes no room on the disk.</summary>
    public void Sparse(string name, long length)
    {
        using FileStream stream = File.Create(this[name]);
        stream.SetLength(length);
    }

    /// <summary>Replaces a file by a pipe that nobody writes to.</summary>
    public void Pipe(string name)
    {
        File.Delete(this[name]);
        SpecialFiles.Pipe(this[name]);
    }

    /// <summary>Replaces a file by a socket.</summary>
    public void Socket(string name)
    {
        File.Delete(this[name]);
        SpecialFiles.Socket(this[name]);
    }

    /// <summary>Replaces a file by a folder.</summary>
    public void Directory(string name)
    {
        File.Delete(this[name]);
        System.IO.Directory.CreateDirectory(this[name]);
    }

    /// <summary>Replaces a part of a text.</summary>
    public void Replace(string name, string part, string other) =>
        Text(name, File.ReadAllText(this[name]).Replace(part, other, StringComparison.Ordinal));

    public void Dispose() => model.Dispose();
}
