// The files that a command line names: what is read is there, and is not what is written.
namespace IBert.Edge.Quantization.Cli;

internal static class CommandFiles
{
    /// <summary>Opens a model.</summary>
    /// <exception cref="MissingModelException">There is no such file.</exception>
    /// <exception cref="UsageException">It is a folder.</exception>
    /// <exception cref="ModelFormatException">It is not a model.</exception>
    public static ModelFile OpenModel(string path)
    {
        if (Directory.Exists(path))
        {
            throw new UsageException($"{path} is a folder, and stands where a model file is expected: mind the order of the arguments");
        }
        return File.Exists(path)
            ? ModelFile.Open(path)
            : throw new MissingModelException($"{path}: there is no such file; ibert-quantize CHECKPOINT -o {path} makes a model");
    }

    /// <summary>Requires a place for an output that is none of the inputs.</summary>
    /// <exception cref="UsageException">It would replace an input.</exception>
    /// <exception cref="IOException">It cannot be written there.</exception>
    public static void RequireOutput(string output, params ReadOnlySpan<string?> inputs)
    {
        foreach (string? input in inputs)
        {
            if (input is not null && Path.GetFullPath(input) == Path.GetFullPath(output))
            {
                throw new UsageException($"{output} is read, and would be replaced by what is written: give another name for the output");
            }
        }
        Output.AtomicFile.RequirePlace(output);
    }
}
