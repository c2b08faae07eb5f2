// The device program: parses the command line, runs one command, turns what went wrong into one line and an exit status.
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using IBert.Edge.Cli.Commands;
using IBert.Edge.Cli.Output;

namespace IBert.Edge.Cli;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        RootCommand root = new("Classifies text in integers only, with models made by ibert-quantize.");
        root.Subcommands.Add(ClassifyCommand.Create());
        root.Subcommands.Add(TokenizeCommand.Create());
        root.Subcommands.Add(EvalCommand.Create());
        root.Subcommands.Add(BenchCommand.Create());
        root.Subcommands.Add(InspectCommand.Create());
        root.Subcommands.Add(SelfTestCommand.Create());
        foreach (HelpOption help in root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExamples((HelpAction)help.Action!);
        }
        // A text that begins with @ is a text, not a file of arguments.
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        try
        {
            if (parsed.Action is ParseErrorAction || (parsed.Action is null && parsed.Errors.Count > 0))
            {
                throw UsageError(parsed);
            }
            RefuseUnknownOptions(parsed);
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (CommandException error)
        {
            Messages.Error(error.Message);
            return error.Status;
        }
        catch (ModelChangedException error)
        {
            Messages.Error(error.Message);
            return ExitStatus.Model;
        }
        catch (ClosedPipeException)
        {
            // Whoever read the results has seen enough.
            return ExitStatus.Done;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Messages.Error(error.Message);
            return ExitStatus.Usage;
        }
        catch (InsufficientMemoryException error)
        {
            // The model is one for larger machines.
            Messages.Error(error.Message);
            return ExitStatus.Model;
        }
        catch (OutOfMemoryException)
        {
            Messages.Error("out of memory; give a smaller --max-length, or free some memory");
            return ExitStatus.Failure;
        }
    }

    /// <summary>A mistyped option is not a text: the parser would take it for one.</summary>
    private static void RefuseUnknownOptions(ParseResult parsed)
    {
        HashSet<Token> operands = [.. parsed.CommandResult.Command.Arguments.SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? [])];
        foreach (Token token in parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash))
        {
            if (operands.Contains(token) && token.Value is ['-', '-' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z'), ..] && !token.Value.Contains(' '))
            {
                throw CommandException.Usage($"{token.Value}: no such option; a text that begins like one comes after --; see ibert {parsed.CommandResult.Command.Name} --help");
            }
        }
    }

    private static CommandException UsageError(ParseResult parsed)
    {
        string command = parsed.CommandResult.Command is RootCommand ? "ibert" : $"ibert {parsed.CommandResult.Command.Name}";
        // An unknown command is reported as a missing one first; the last error names it.
        string what = parsed.Errors.Count == 0 ? "nothing to do" : parsed.Errors[^1].Message.TrimEnd('.').ReplaceLineEndings(" ");
        return CommandException.Usage($"{what}; see {command} --help");
    }
}
