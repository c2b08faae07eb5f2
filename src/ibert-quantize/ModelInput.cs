// The model that a command looks at.
using IBert.Edge.CommandLine;
using IBert.Edge.Files;

namespace IBert.Edge.Quantization.Cli;

internal static class ModelInput
{
    /// <summary>Opens a model.</summary>
    /// <exception cref="CommandException">It is not a regular file.</exception>
    /// <exception cref="ModelFormatException">It is not a model.</exception>
    public static ModelFile Open(string path)
    {
        if (Directory.Exists(path))
        {
            throw CommandException.Usage($"{path} is a folder, and stands where a model file is expected: mind the order of the arguments");
        }
        try
        {
            InputFile.Open(path).Dispose();
        }
        catch (UnreadableFileException error)
        {
            throw CommandException.Model(error.Nature == FileNature.Missing
                ? $"{path}: {error.Message}; ibert-quantize CHECKPOINT -o {path} makes a model"
                : $"{path} {error.Message}; give a model file");
        }
        return ModelFile.Open(path);
    }
}
