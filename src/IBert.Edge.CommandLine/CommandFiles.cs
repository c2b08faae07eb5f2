// The files that a command line names: nothing that is read is replaced, and no two outputs are one file.
using IBert.Edge.Files;

namespace IBert.Edge.CommandLine;

/// <summary>
/// What a command reads and writes. Files are told apart as the system does it, by device and inode behind all links, so neither another
/// name nor a link makes an input an output. <c>-</c> is standard output wherever an output is named.
/// </summary>
internal sealed class CommandFiles
{
    /// <summary>What stands for standard output.</summary>
    public const string StandardOutput = "-";

    private static readonly string[] s_standardNames = ["standard input", "standard output", "standard error"];

    private readonly List<string> read = [], folders = [];
    private readonly List<(string What, string Path)> written = [];

    /// <summary>Whether an output goes to standard output: what is otherwise printed there then goes to standard error.</summary>
    public bool TakeStandardOutput => written.Exists(output => output.Path == StandardOutput);

    /// <summary>Where results are printed.</summary>
    public int ResultDescriptor => TakeStandardOutput ? StandardDescriptor.Error : StandardDescriptor.Output;

    /// <summary>Takes in a file that is read; null for none.</summary>
    public CommandFiles Read(string? path)
    {
        if (path is not null)
        {
            read.Add(path);
        }
        return this;
    }

    /// <summary>Takes in a folder whose files are read; null for none.</summary>
    public CommandFiles ReadFolder(string? path)
    {
        if (path is not null)
        {
            folders.Add(path);
        }
        return this;
    }

    /// <summary>Takes in a file that is written; null for none.</summary>
    /// <param name="what">What the user calls it: the option.</param>
    /// <param name="path">Its path.</param>
    public CommandFiles Write(string what, string? path)
    {
        if (path is not null)
        {
            written.Add((what, path));
        }
        return this;
    }

    /// <summary>Finds out before the work begins what would be found out at its end.</summary>
    /// <exception cref="UnwritableFileException">An output cannot be written, is read, or is written twice.</exception>
    public CommandFiles Prepare()
    {
        Check();
        foreach ((_, string path) in written)
        {
            if (path == StandardOutput)
            {
                StandardDescriptor.Require(StandardDescriptor.Output);
            }
            else
            {
                // As far as a new file, which goes again: so the folder may be written, and its file system too.
                new OutputFile(path).Dispose();
            }
        }
        return this;
    }

    /// <summary>Begins an output; what was checked is checked again when it is complete.</summary>
    public CommandOutput Create(string path) => new(path == StandardOutput ? null : new OutputFile(path, Check));

    /// <summary>Writes an output.</summary>
    public void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using CommandOutput output = Create(path);
        output.Write(bytes);
        output.Complete();
    }

    /// <summary>A model, which no terminal can show.</summary>
    /// <exception cref="CommandException">It would be written to a terminal.</exception>
    public CommandFiles RefuseTerminal()
    {
        if (TakeStandardOutput && !Console.IsOutputRedirected)
        {
            throw CommandException.Usage(
                "- is standard output, which is a terminal, and this output is no text: give the path of a file, or redirect it");
        }
        return this;
    }

    /// <exception cref="UnwritableFileException">An output is read, or is written twice.</exception>
    private void Check()
    {
        Dictionary<FileIdentity, string> inputs = Inputs();
        Dictionary<(FileIdentity, string), string> outputs = [];
        foreach ((string what, string path) in written)
        {
            if (path == StandardOutput)
            {
                if (!outputs.TryAdd(default, what))
                {
                    throw new UnwritableFileException($"{outputs[default]} and {what} are both -: standard output takes one of them");
                }
                continue;
            }
            OutputPlace place = OutputPlace.Find(path);
            if (place.Existing is { } existing && inputs.TryGetValue(existing.Identity, out string? input))
            {
                string same = input == path ? "is read" : $"is {input}, which is in use";
                throw new UnwritableFileException(
                    $"{what} {path} {same}, and would be replaced by what is written: give another name for the output");
            }
            if (!outputs.TryAdd(place.Key, $"{what} {path}"))
            {
                throw new UnwritableFileException(
                    $"{outputs[place.Key]} and {what} {path} are the same file: give another name for one of them");
            }
        }
    }

    private Dictionary<FileIdentity, string> Inputs()
    {
        Dictionary<FileIdentity, string> inputs = [];
        foreach (string path in read.Concat(folders.SelectMany(FilesOf)))
        {
            try
            {
                if (FileStatus.Of(path) is { } status)
                {
                    inputs.TryAdd(status.Identity, path);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // Who reads it says so.
            }
        }
        for (int descriptor = 0; descriptor < s_standardNames.Length; descriptor++)
        {
            if (FileStatus.OfDescriptor(descriptor) is { Nature: FileNature.Regular } status)
            {
                inputs.TryAdd(status.Identity, s_standardNames[descriptor]);
            }
        }
        return inputs;
    }

    /// <summary>
    /// The files of a folder of a checkpoint, a tokenizer or golden integers, read or not: what a person downloaded is not written over.
    /// Models and reports that these programs themselves wrote there before may be.
    /// </summary>
    private static IEnumerable<string> FilesOf(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder).Where(path => !IsOurs(Path.GetFileName(path)))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Who reads it says so.
            return [];
        }
    }

    private static bool IsOurs(string name) =>
        Path.GetExtension(name) is ".ibert" or ".svg"
            || (Path.GetExtension(name) is ".md" && !name.Equals("README.md", StringComparison.OrdinalIgnoreCase));
}

/// <summary>A file in the making, or standard output.</summary>
internal sealed class CommandOutput(OutputFile? file) : IDisposable
{
    private readonly LineBuffer? buffer = file is null ? new LineBuffer() : null;
    private readonly bool terminal = file is null && !Console.IsOutputRedirected;

    /// <summary>Adds bytes.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (file is not null)
        {
            file.Write(bytes);
            return;
        }
        System.Buffers.BuffersExtensions.Write(buffer!, bytes);
        Flush(atLeast: 1 << 16);
    }

    /// <summary>Adds text that comes from a file: as it is, but for a terminal with escapes.</summary>
    public void WriteText(ReadOnlySpan<byte> utf8)
    {
        if (terminal)
        {
            Printable.Append(utf8, buffer!);
        }
        else
        {
            Write(utf8);
        }
    }

    /// <summary>Puts the complete file in its place.</summary>
    public void Complete()
    {
        file?.Complete();
        Flush(atLeast: 0);
    }

    public void Dispose() => file?.Dispose();

    private void Flush(int atLeast)
    {
        if (buffer is not null && buffer.Count >= atLeast)
        {
            StandardDescriptor.Write(StandardDescriptor.Output, buffer.Written);
            buffer.Truncate(0);
        }
    }
}
