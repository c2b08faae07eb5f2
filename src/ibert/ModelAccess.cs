// Finds, opens and sets up the model that a command works with.
using System.CommandLine;
using IBert.Edge.CommandLine;
using IBert.Edge.Files;
using IBert.Edge.Kernels;

namespace IBert.Edge.Cli;

/// <summary>Which model: the option, else IBERT_MODEL, else sentiment.ibert in the program's folder or in models/ beside it.</summary>
internal static class ModelAccess
{
    public const string Variable = "IBERT_MODEL";

    private const string DefaultName = "sentiment.ibert";

    // A text that fills a model has some bytes for each token; what is longer than this is no text that anybody reads.
    private const int LeastTextBytes = 1 << 20, MostTextBytes = 1 << 24, BytesPerToken = 64;

    public static Option<string?> Option() => PathOption.Create(
        "--model", "MODEL", $"The .ibert file (default: ${Variable}, else {DefaultName} beside the program or in models/ beside it)", "-m");

    public static Option<bool> PrivateOption() => new("--private")
    {
        Description = "Read the model into memory instead of mapping the file: it may then be written over while it is in use",
    };

    public static Option<int?> MaxLengthOption() =>
        NumberOption.Create("--max-length", "Longest text in tokens, special tokens included; longer ones are cut (default: the model's)");

    public static Option<int?> Threads() => ThreadsOption.Create("Threads that share the work of one text (default: 1)");

    /// <summary>The number of threads to use.</summary>
    public static int ReadThreads(int? asked) => ThreadsOption.Read(asked, 1, ClassifierOptions.MostThreads);

    /// <summary>Bytes of a text that are read: a megabyte, and more for a model of very many tokens.</summary>
    public static int TextBytes(ModelFile model) => (int)Math.Clamp((long)BytesPerToken * model.MaxLength, LeastTextBytes, MostTextBytes);

    /// <summary>The model's path, or null where nothing was said and no default file exists.</summary>
    public static string? Find(string? option)
    {
        if (option is not null)
        {
            return option;
        }
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } variable)
        {
            return variable;
        }
        string program = AppContext.BaseDirectory;
        string[] places = [Path.Combine(program, DefaultName), Path.Combine(program, "models", DefaultName)];
        return Array.Find(places, File.Exists);
    }

    /// <summary>Opens the model.</summary>
    /// <exception cref="CommandException">There is none, or it cannot be used.</exception>
    public static ModelFile Open(string? option, bool isPrivate)
    {
        string path = Find(option)
            ?? throw CommandException.Model(
                $"no model: {DefaultName} is neither in {AppContext.BaseDirectory} nor in models/ there; name one with -m or {Variable}");
        try
        {
            InputFile.Open(path).Dispose();
            return ModelFile.Open(path, isPrivate);
        }
        catch (ModelFormatException error)
        {
            throw CommandException.Model(
                error.Message.Contains(path, StringComparison.Ordinal) ? error.Message : $"{path}: {error.Message}");
        }
        catch (Exception error)
            when (error is UnreadableFileException { Nature: FileNature.Missing } or FileNotFoundException or DirectoryNotFoundException)
        {
            throw CommandException.Model($"{path}: no such file; name a model with -m or {Variable}");
        }
        catch (UnreadableFileException error)
        {
            throw CommandException.Model($"{path} {error.Message}; name a model file with -m or {Variable}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw CommandException.Model($"{path} cannot be opened ({error.Message}); name a model with -m or {Variable}");
        }
    }

    /// <summary>The kernels that IBERT_KERNELS names, else the best ones.</summary>
    /// <exception cref="CommandException">The name is unknown, or this CPU lacks them.</exception>
    public static KernelSet Kernels()
    {
        try
        {
            return KernelSet.Select();
        }
        catch (ArgumentException error)
        {
            throw CommandException.Usage(
                error.Message.Contains(KernelSet.Variable, StringComparison.Ordinal)
                    ? error.Message
                    : $"{KernelSet.Variable}: {error.Message}");
        }
    }

    /// <summary>A classifier on an opened model.</summary>
    /// <exception cref="CommandException">An option is out of its range.</exception>
    public static Classifier Classifier(ModelFile model, int? maxLength = null, int threads = 1)
    {
        Kernels();
        if (maxLength is { } length)
        {
            RequireLength(model, length, $"--max-length {length}");
        }
        return new Classifier(model, new ClassifierOptions { MaxLength = maxLength ?? 0, Threads = threads });
    }

    /// <summary>Requires a number of tokens that the model takes.</summary>
    /// <exception cref="CommandException">It is too small or too large.</exception>
    public static void RequireLength(ModelFile model, int length, string option)
    {
        if (length < model.LeastLength || length > model.MaxLength)
        {
            throw CommandException.Usage($"{option}: this model takes {model.LeastLength} to {model.MaxLength} tokens");
        }
    }
}
