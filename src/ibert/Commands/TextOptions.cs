// What classify and tokenize have in common.
using System.CommandLine;
using IBert.Edge.CommandLine;

namespace IBert.Edge.Cli.Commands;

internal static class TextOptions
{
    public static Argument<string[]> Texts() =>
        new("TEXT") { Description = "Texts; without any, the lines of standard input", Arity = ArgumentArity.ZeroOrMore };

    public static Option<bool> Pair() => new("--pair")
    {
        Description = "A line is two texts with a tab between; so is an argument, or two arguments without tabs",
    };

    public static Option<bool> Json() => new("--json") { Description = "One JSON object per line" };

    public static Option<bool> JsonInput() => new("--json-input")
    {
        Description = "Each line of standard input is a JSON string or {\"text\": ..., \"text_pair\": ...}",
    };

    /// <summary>What --help says of texts that are longer than anybody reads.</summary>
    public const string Notes = """
        Of a text at most a megabyte is read (for a model of more than 16,384 tokens 64 bytes for each): a longer one is cut there, which is
        told on standard error; with --json "truncated" is true, "cut_at" is the number of bytes, and "text" is what was read. A line that
        cannot be answered is told in its place, {"error": ...} or an empty line and a message, and the program ends with 1.

        A model that is in use is replaced by renaming another one over it, which answers from the next line on:
          scp model.ibert pi:model.ibert.new && ssh pi mv model.ibert.new model.ibert
        Written over or cut in place, it ends the program with 3; --private reads it into memory first.
        """;

    /// <summary>One line in, one line out.</summary>
    /// <inheritdoc cref="LineByLine.AnswerEach"/>
    public static int AnswerEach(TextInput input, ResultWriter output, bool json, Action answer) =>
        LineByLine.AnswerEach(input, output, json, answer, IsOver);

    /// <summary>Whether no further text can be answered: a model that is no longer what was opened answers none.</summary>
    public static bool IsOver(Exception error) => error is ModelFormatException or ModelChangedException;

    /// <summary>Writes whether a text was cut, and where.</summary>
    public static void WriteTruncated(TextInput input, bool truncated, ResultWriter output)
    {
        output.Json.WriteBoolean("truncated"u8, truncated || input.IsCut);
        if (input.IsCut)
        {
            output.Json.WriteNumber("cut_at"u8, input.Most);
        }
    }
}
