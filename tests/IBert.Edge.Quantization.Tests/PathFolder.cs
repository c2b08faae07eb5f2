// A folder full of paths that lead somewhere odd, for tests of what a program reads and writes.
using System.Diagnostics;
using System.Text;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests;

/// <summary>A folder with a checkpoint, a model, data, and names that lead to them or nowhere; and the program.</summary>
public abstract class PathFolder : IDisposable
{
    private readonly TemporaryFolder folder = new();

    // A link for each of its files, as in the hub's cache.
    private static readonly string[] s_checkpointFiles =
    [
        "config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "tokenizer.json", "README.md",
        "pytorch_model.bin",
    ];

    private static readonly Lazy<byte[]> s_modelBytes = new(() =>
    {
        (CheckpointWriter checkpoint, TextSource texts, _) = TinyData.Letters(24, 2, 48);
        using (checkpoint)
        {
            return Quantizer.Quantize(checkpoint.Folder, new QuantizerOptions { Calibration = texts, Samples = 16 }).File.ToArray();
        }
    });

    protected PathFolder()
    {
        (CheckpointWriter checkpoint, _, _) = TinyData.Letters(24, 2, 48);
        using (checkpoint)
        {
            Directory.CreateDirectory(At("checkpoint"));
            foreach (string file in Directory.GetFiles(checkpoint.Folder))
            {
                File.Copy(file, At("checkpoint/" + Path.GetFileName(file)));
            }
        }
        File.Move(At("checkpoint/data.tsv"), At("data"));
        foreach (string name in s_checkpointFiles.Where(name => !File.Exists(At("checkpoint/" + name))))
        {
            File.WriteAllText(At("checkpoint/" + name), "{}");
        }
        // The tokenizer is vocab.txt; a tokenizer.json without a model would be refused.
        File.Delete(At("checkpoint/tokenizer.json"));
        Directory.CreateDirectory(At("tokenizer"));
        File.Copy(At("checkpoint/vocab.txt"), At("tokenizer/vocab.txt"));
        Directory.CreateDirectory(At("golden"));
        File.WriteAllText(At("golden/00.safetensors"), "golden");
        Directory.CreateDirectory(At("folder"));
        File.WriteAllText(At("eval"), "text\tlabel\na b\tred\n");
        SpecialFiles.SymbolicLink(At("link to data"), "data");
        SpecialFiles.SymbolicLink(At("link to eval"), "eval");
        SpecialFiles.SymbolicLink(At("link to weights"), "checkpoint/model.safetensors");
        SpecialFiles.SymbolicLink(At("link to checkpoint"), "checkpoint");
        SpecialFiles.SymbolicLink(At("link to folder"), "folder");
        SpecialFiles.SymbolicLink(At("link to device"), "/dev/null");
        SpecialFiles.SymbolicLink(At("link to descriptor"), "/proc/self/fd/1");
        SpecialFiles.SymbolicLink(At("link into nothing"), "nothing/out");
        SpecialFiles.SymbolicLink(At("circle"), "circle");
        SpecialFiles.HardLink(At("hard link to data"), At("data"));
        SpecialFiles.HardLink(At("hard link to weights"), At("checkpoint/model.safetensors"));
        SpecialFiles.HardLink(At("hard link to config"), At("checkpoint/config.json"));
        SpecialFiles.HardLink(At("hard link to vocabulary"), At("tokenizer/vocab.txt"));
        SpecialFiles.Pipe(At("pipe"));
        SpecialFiles.Socket(At("socket"));
        File.WriteAllBytes(At("model"), s_modelBytes.Value);
        SpecialFiles.SymbolicLink(At("link to model"), "model");
        SpecialFiles.HardLink(At("hard link to model"), At("model"));
        // A picture that --report r.md would write, and is another file's name.
        SpecialFiles.HardLink(At("r-layer-1.svg"), At("checkpoint/config.json"));
        SpecialFiles.SymbolicLink(At("s-layers.svg"), "data");
        SpecialFiles.Pipe(At("t-head.svg"));
        Directory.CreateDirectory(At("u-embeddings.svg"));
    }

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected string At(string name) => folder[name];

    /// <summary>Everything in the folder: names, links, contents.</summary>
    protected string Snapshot()
    {
        StringBuilder all = new();
        foreach (string path in Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
        {
            FileInfo file = new(path);
            bool isFile = Files.FileStatus.OfLink(path) is { Nature: Files.FileNature.Regular };
            all.Append(path).Append(' ').Append(file.LinkTarget).Append(' ').Append(file.Attributes).Append(' ')
                .Append(isFile ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))) : "")
                .Append('\n');
        }
        return all.ToString();
    }

    protected static (int Status, string Output, string Errors) Run(params string[] arguments)
    {
        (int status, byte[] output, string errors) = RunBytes(arguments);
        return (status, Encoding.UTF8.GetString(output), errors);
    }

    protected static (int Status, byte[] Output, string Errors) RunBytes(string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "ibert-quantize.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        using MemoryStream output = new();
        Task reading = child.StandardOutput.BaseStream.CopyToAsync(output);
        if (!child.WaitForExit(TimeSpan.FromMinutes(5)))
        {
            child.Kill();
            throw new TimeoutException($"no end: {string.Join(' ', arguments)}");
        }
        reading.Wait();
        return (child.ExitCode, output.ToArray(), errors.Result);
    }
}
