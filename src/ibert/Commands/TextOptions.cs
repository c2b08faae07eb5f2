// What classify and tokenize have in common.
using System.CommandLine;
using IBert.Edge.Cli.Input;
using IBert.Edge.Cli.Output;

namespace IBert.Edge.Cli.Commands;

internal static class TextOptions
{
    public static Argument<string[]> Texts() => new("TEXT") { Description = "Texts; without any, the lines of standard input", Arity = ArgumentArity.ZeroOrMore };

    public static Option<bool> Pair() => new("--pair")
    {
        Description = "A line is two texts with a tab between; so is an argument, or two arguments without tabs",
    };

    public static Option<bool> Json() => new("--json") { Description = "One JSON object per line" };

    public static Option<bool> JsonInput() => new("--json-input")
    {
        Description = "Each line of standard input is a JSON string or {\"text\": ..., \"text_pair\": ...}",
    };

    /// <summary>One line in, one line out.</summary>
    /// <param name="answer">Answers the line at hand.</param>
    /// <returns>The exit status.</returns>
    public static int AnswerEach(TextInput input, ResultWriter output, bool json, Action answer)
    {
        int status = ExitStatus.Done;
        while (input.Next())
        {
            if (input.Error is { } problem)
            {
                status = ExitStatus.Failure;
                WriteUnreadable(input.Number, problem, output, json);
            }
            else
            {
                answer();
            }
        }
        output.Flush();
        return status;
    }

    /// <summary>The answer to a line that cannot be read, in its place.</summary>
    private static void WriteUnreadable(long number, string problem, ResultWriter output, bool json)
    {
        if (json)
        {
            output.Json.WriteStartObject();
            output.Json.WriteString("error"u8, $"line {number}: {problem}");
            output.Json.WriteEndObject();
            output.EndJson();
        }
        else
        {
            Messages.Error($"line {number}: {problem}");
            output.EndLine();
        }
    }
}
