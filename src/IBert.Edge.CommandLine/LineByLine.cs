// One line in, one line out, whatever the line is.
namespace IBert.Edge.CommandLine;

internal static class LineByLine
{
    /// <summary>Answers every text of the input. One that cannot be answered is told in its place, and the next one is answered.</summary>
    /// <param name="input">The texts.</param>
    /// <param name="output">Where the answers go.</param>
    /// <param name="json">Whether an answer is a JSON object.</param>
    /// <param name="answer">Writes the answer to the text at hand.</param>
    /// <param name="isOver">Whether no further text can be answered after that exception.</param>
    /// <returns>The exit status.</returns>
    public static int AnswerEach(TextInput input, ResultWriter output, bool json, Action answer, Func<Exception, bool> isOver)
    {
        int status = ExitStatus.Done;
        while (input.Next())
        {
            string? problem = input.Error ?? Try(output, answer, isOver);
            if (problem is not null)
            {
                status = ExitStatus.Failure;
                WriteProblem($"line {input.Number}: {problem}", output, json);
            }
            else if (input.IsCut && !json)
            {
                Messages.Error($"line {input.Number}: only its first {input.Most} bytes were read");
            }
        }
        output.Flush();
        return status;
    }

    /// <summary>What to say where a text cannot be answered for a reason that is not the text's.</summary>
    public static string Describe(Exception error) => error is OutOfMemoryException
        ? "out of memory; split the text, or free some"
        : $"this text cannot be answered, by a fault of this program ({error.GetType().Name}: {error.Message}); please report it";

    /// <summary>Whether an exception is about the program's own streams, so that nothing more can be said.</summary>
    public static bool IsAboutStreams(Exception error) => error is ClosedPipeException or CommandException;

    private static string? Try(ResultWriter output, Action answer, Func<Exception, bool> isOver)
    {
        try
        {
            answer();
            return null;
        }
        catch (Exception error) when (!IsAboutStreams(error) && !isOver(error))
        {
            output.DropLine();
            return Describe(error);
        }
    }

    private static void WriteProblem(string problem, ResultWriter output, bool json)
    {
        if (json)
        {
            output.Json.WriteStartObject();
            output.Json.WriteString("error"u8, problem);
            output.Json.WriteEndObject();
            output.EndJson();
        }
        else
        {
            Messages.Error(problem);
            output.EndLine();
        }
    }
}
