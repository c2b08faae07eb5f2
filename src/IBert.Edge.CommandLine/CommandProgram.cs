// A program from its command line to its exit status: whatever goes wrong ends in one line, never in a stack trace.
using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using IBert.Edge.Files;
using IBert.Edge.Files.Data;

namespace IBert.Edge.CommandLine;

internal static partial class CommandProgram
{
    // Of Linux on every processor that .NET runs on, and of macOS.
    private const PosixSignal FileTooLarge = (PosixSignal)25;

    /// <summary>Parses the command line, runs one command, turns what went wrong into one line and an exit status.</summary>
    /// <param name="name">The program's name.</param>
    /// <param name="create">Makes the program's options and commands.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="explain">
    /// Turns exceptions that the program's own libraries throw into an end; null for one that it does not know.
    /// </param>
    public static int Run(string name, Func<ProgramWithExamples> create, string[] arguments, Func<Exception, CommandException?> explain)
    {
        Messages.Program = name;
        // What no one catches, as in a thread of its own or when the program is over already.
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) => EndAtOnce(unhandled.ExceptionObject as Exception);
        // Writing beyond the limit of ulimit -f then fails with a message, instead of ending the program.
        using PosixSignalRegistration? limit =
            OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(FileTooLarge, context => context.Cancel = true);
        try
        {
            // A text that begins with @ is a text, not a file of arguments.
            ParserConfiguration plain = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
            ParseResult parsed = create().Parse(arguments, plain);
            if (parsed.Action is ParseErrorAction || (parsed.Action is null && parsed.Errors.Count > 0))
            {
                throw UsageError(parsed);
            }
            RefuseUnknownOptions(parsed);
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (ClosedPipeException)
        {
            // Whoever read the results has seen enough.
            return ExitStatus.Done;
        }
        catch (Exception error)
        {
            CommandException end = Explain(error, explain);
            Messages.Error(end.Message);
            return end.Status;
        }
    }

    /// <summary>An exception in one line that says what is wrong and, in words of the program, what to do.</summary>
    internal static CommandException Explain(Exception error, Func<Exception, CommandException?> explain)
    {
        // What threads that work together throw comes wrapped, and so does what static data throws.
        while (error is AggregateException or TypeInitializationException && error.InnerException is { } inner)
        {
            error = inner;
        }
        return error as CommandException ?? explain(error) ?? error switch
        {
            IOException or UnauthorizedAccessException or DataFileException => CommandException.Usage(error.Message),
            OutOfMemoryException => new CommandException(
                ExitStatus.Internal, "out of memory; free some, or ask for less: a smaller --max-length, fewer --threads, shorter texts"),
            _ => new CommandException(
                ExitStatus.Internal, $"a fault of this program ({error.GetType().Name}: {error.Message}); please report it with the " +
                    "command line and the file that it reads"),
        };
    }

    /// <summary>A mistyped option is not a text: the parser would take it for one.</summary>
    private static void RefuseUnknownOptions(ParseResult parsed)
    {
        HashSet<Token> operands =
            [.. parsed.CommandResult.Command.Arguments.SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? [])];
        foreach (Token token in parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash))
        {
            if (operands.Contains(token) && token.Value is ['-', '-' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z'), ..]
                && !token.Value.Contains(' '))
            {
                throw CommandException.Usage(
                    $"{token.Value}: no such option; a text that begins like one comes after --; see {CommandName(parsed)} --help");
            }
        }
    }

    private static CommandException UsageError(ParseResult parsed)
    {
        // An unknown command is reported as a missing one first; the last error names it.
        bool isCommandUnknown = parsed.CommandResult.Command is RootCommand { Action: null };
        string what = parsed.Errors.Count == 0 ? "nothing to do" : parsed.Errors[isCommandUnknown ? ^1 : 0].Message.TrimEnd('.');
        return CommandException.Usage($"{what}; see {CommandName(parsed)} --help");
    }

    private static string CommandName(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? Messages.Program : $"{Messages.Program} {parsed.CommandResult.Command.Name}";

    private static void EndAtOnce(Exception? error)
    {
        OutputFile.RemoveParts();
        Messages.Error(Explain(error ?? new InvalidOperationException(), _ => null).Message);
        if (OperatingSystem.IsWindows())
        {
            Environment.Exit(ExitStatus.Internal);
        }
        // The runtime would print its stack trace and abort.
        ExitNow(ExitStatus.Internal);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitNow(int status);
}
