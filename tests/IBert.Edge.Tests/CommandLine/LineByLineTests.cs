// An exception inside one line answers that line, and the others are answered as ever.
using System.Runtime.InteropServices;
using System.Text.Json;
using IBert.Edge.CommandLine;
using Xunit;

namespace IBert.Edge.Tests.CommandLine;

public sealed partial class LineByLineTests : IDisposable
{
    private readonly string file = Path.GetTempFileName();

    public void Dispose() => File.Delete(file);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_fault_in_one_line_is_told_in_its_place(bool json)
    {
        (int status, string[] lines) = Answer(json, text => text switch
        {
            "b" => new ArgumentOutOfRangeException("start", "a\u001Bb"),
            "d" => new OutOfMemoryException(),
            "e" => new AccessViolationException(),
            _ => null,
        });

        Assert.Equal(ExitStatus.Failure, status);
        Assert.Equal(6, lines.Length);
        if (json)
        {
            string?[] errors = [.. lines.Select(Error)];
            Assert.Equal([null, null, null], new[] { errors[0], errors[2], errors[5] });
            Assert.StartsWith(
                "line 2: this text cannot be answered, by a fault of this program (ArgumentOutOfRangeException: a", errors[1]);
            Assert.StartsWith("line 4: out of memory", errors[3]);
            Assert.DoesNotContain('\u001B', lines[1]);
        }
        else
        {
            Assert.Equal(["<a>", "", "<c>", "", "", "<f>"], lines);
        }
    }

    [Fact]
    public void What_ends_all_lines_is_not_caught()
    {
        Assert.Throws<KeyNotFoundException>(() => Answer(false, text => text == "c" ? new KeyNotFoundException() : null));
        Assert.Throws<CommandException>(() => Answer(false, text => text == "c" ? CommandException.Usage("disk full") : null));
        Assert.Throws<ClosedPipeException>(() => Answer(false, text => text == "c" ? new ClosedPipeException() : null));
    }

    /// <summary>Answers six texts; the fault comes when half of an answer is written.</summary>
    private (int Status, string[] Lines) Answer(bool json, Func<string, Exception?> fault)
    {
        int status;
        using (FileStream stream = new(file, FileMode.Create, FileAccess.Write))
        {
            TextInput input = new(["a", "b", "c", "d", "e", "f"], pairs: false, json: false, most: 100);
            using ResultWriter output = new(flushEachLine: false, descriptor: Inherited((int)stream.SafeFileHandle.DangerousGetHandle()));
            status = LineByLine.AnswerEach(input, output, json, () =>
            {
                string text = System.Text.Encoding.UTF8.GetString(input.Text);
                if (json)
                {
                    output.Json.WriteStartObject();
                    output.Json.WriteString("text"u8, text);
                }
                else
                {
                    output.Append("<"u8).Append(text);
                }
                if (fault(text) is { } error)
                {
                    throw error;
                }
                if (json)
                {
                    output.Json.WriteEndObject();
                    output.EndJson();
                }
                else
                {
                    output.Append(">"u8).EndLine();
                }
            }, error => error is KeyNotFoundException);
        }
        return (status, File.ReadAllText(file).TrimEnd('\n').Split('\n'));
    }

    /// <summary>As a shell gives it: not to be closed at exec.</summary>
    private static int Inherited(int descriptor)
    {
        const int setFlags = 2;
        Control(descriptor, setFlags, 0);
        return descriptor;
    }

    private static string? Error(string line)
    {
        using JsonDocument json = JsonDocument.Parse(line);
        return json.RootElement.TryGetProperty("error", out JsonElement error) ? error.GetString() : null;
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int value);
}
