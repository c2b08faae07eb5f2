// The workstation program: a Hugging Face checkpoint in, one model file out; and looks at what came out.
using System.CommandLine;
using System.CommandLine.Invocation;
using IBert.Edge.Files.Data;

namespace IBert.Edge.Quantization.Cli;

internal static class Program
{
    /// <summary>A subcommand's name with a space; nothing for the program itself.</summary>
    private static string Name(Command command) => command is RootCommand ? "" : $"{command.Name} ";

    private static int Main(string[] arguments)
    {
        ParseResult parsed = new QuantizeCommand().Parse(
            arguments, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        try
        {
            if (parsed.Action is ParseErrorAction || (parsed.Action is null && parsed.Errors.Count > 0))
            {
                throw new UsageException($"{parsed.Errors[0].Message} See ibert-quantize {Name(parsed.CommandResult.Command)}--help");
            }
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception error) when (
            error is UsageException or ArgumentException or CheckpointException or DataFileException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"ibert-quantize: {error.Message}");
            return ExitStatus.Usage;
        }
        catch (Exception error) when (error is ModelFormatException or MissingModelException)
        {
            Console.Error.WriteLine($"ibert-quantize: {error.Message}");
            return ExitStatus.Model;
        }
        catch (OutOfMemoryException)
        {
            Console.Error.WriteLine("ibert-quantize: out of memory; give fewer --threads, or a machine with more memory");
            return ExitStatus.Failure;
        }
    }
}

/// <summary>What the program ends with.</summary>
internal static class ExitStatus
{
    public const int Done = 0;
    public const int Failure = 1;

    /// <summary>Wrong usage, or a file that cannot be read or written.</summary>
    public const int Usage = 2;

    /// <summary>A model that cannot be opened, or does not say what its integers stand for.</summary>
    public const int Model = 3;
}

/// <summary>A command line that cannot be followed: what is wrong and what to do.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>A model that is not there: which and what to do.</summary>
internal sealed class MissingModelException(string message) : Exception(message);
