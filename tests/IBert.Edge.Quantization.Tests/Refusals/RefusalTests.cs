// What cannot be converted is refused by name, in one line that says what, where and the way out; and no refusal is without a test.
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using IBert.Edge.Checkpoints;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Refusals;

public sealed partial class RefusalTests
{
    private static readonly Lazy<IReadOnlyDictionary<string, string>> s_messages =
        new(() => RefusalTable.All.ToDictionary(refusal => refusal.Kind, Provoke));

    public static TheoryData<string> Kinds => [.. RefusalTable.All.Select(refusal => refusal.Kind)];

    [Fact]
    public void The_checkpoint_that_is_broken_is_sound()
    {
        using BrokenCheckpoint checkpoint = new();
        checkpoint.Write();
        Assert.Equal(["red", "green", "blue"], Quantizer.Quantize(checkpoint.Folder).Labels);
    }

    /// <summary>The list is for reading as a whole; where it is to change, the test says where the new one lies.</summary>
    [Fact]
    public void Messages_are_those_of_the_list()
    {
        StringBuilder list = new();
        foreach ((string kind, string message) in s_messages.Value)
        {
            list.Append($"{kind}\n    {message}\n");
        }
        string path = Path.Combine(Shared.Repository, "tests", "IBert.Edge.Quantization.Tests", "Refusals", "messages.txt");
        if (!File.Exists(path) || File.ReadAllText(path) != list.ToString())
        {
            string found = Path.Combine(Path.GetTempPath(), "messages.txt");
            File.WriteAllText(found, list.ToString());
            Assert.Fail($"the messages are not those of {path}; read what changed, and if it is meant: cp {found} {path}");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_refusal_is_one_line_that_names_what_it_is_about(string kind)
    {
        string message = s_messages.Value[kind];
        Assert.DoesNotMatch(@"[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]", message);
        Assert.InRange(message.Length, 40, 700);
        // What is wrong, and the way out.
        Assert.Matches("[:;.] [A-Za-z]", message);
    }

    [Fact]
    public void Every_message_in_the_source_is_provoked()
    {
        MessagePart[] parts = [.. SourceMessages.Find(
            [.. new[] { "Checkpoints", "Quantization" }.Select(name => Path.Combine(Shared.Repository, "src", $"IBert.Edge.{name}"))])];
        Assert.InRange(parts.Length, 100, 1000);
        MessagePart[] untested =
            [.. parts.Where(part => !s_messages.Value.Values.Any(message => message.Contains(part.Text, StringComparison.Ordinal)))];
        Assert.True(untested.Length == 0, $"no row of the table provokes these:\n{string.Join('\n', untested)}");
    }

    /// <summary>
    /// A sample of the table through the program, which ends with 2, says one line, and leaves nothing where the model was to be.
    /// </summary>
    [Theory]
    [InlineData("a folder without config.json")]
    [InlineData("an adapter")]
    [InlineData("pytorch_model.bin in place of the weights")]
    [InlineData("config.json is a pipe")]
    [InlineData("model.safetensors is a link to a device")]
    [InlineData("tokenizer.json is large")]
    [InlineData("config.json is a link to a large file")]
    [InlineData("config.json: nested without end")]
    [InlineData("config.json in UTF-16")]
    [InlineData("model_type my\\u001B[2Jmodel\\n")]
    [InlineData("labels: an escape sequence")]
    [InlineData("labels: fewer than the classifier has")]
    [InlineData("an index that names a file of the machine")]
    [InlineData("a header with a name that steers a terminal")]
    [InlineData("a weight of NaN")]
    [InlineData("scores of almost infinity")]
    [InlineData("no tokenizer")]
    public async Task The_program_says_the_same(string kind)
    {
        using BrokenCheckpoint checkpoint = Make(RefusalTable.All.Single(refusal => refusal.Kind == kind));
        using TemporaryFolder output = new();
        ProcessStartInfo start =
            new("dotnet", [Path.Combine(AppContext.BaseDirectory, "ibert-quantize.dll"), checkpoint.Folder, "-o", output["m.ibert"]])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
        using Process program = Process.Start(start)!;
        Task<string> errors = program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string said = program.StandardOutput.ReadToEnd();
        program.WaitForExit();

        Assert.Equal((2, ""), (program.ExitCode, said));
        Assert.Equal($"ibert-quantize: {s_messages.Value[kind]}\n", Normalize(await errors, checkpoint));
        Assert.Empty(Directory.GetFileSystemEntries(output.Path));
    }

    private static BrokenCheckpoint Make(Refusal refusal)
    {
        BrokenCheckpoint checkpoint = refusal.Model is null ? new() : new(refusal.Model());
        refusal.Change?.Invoke(checkpoint);
        checkpoint.Write(refusal.Shards);
        refusal.Break?.Invoke(checkpoint);
        return checkpoint;
    }

    private static string Provoke(Refusal refusal)
    {
        using BrokenCheckpoint checkpoint = Make(refusal);
        string message = "";
        Task use = Task.Run(() =>
        {
            try
            {
                (refusal.Use ?? (b => Quantizer.Quantize(b.Folder, new QuantizerOptions { Samples = 8, Threads = 1 })))(checkpoint);
                message = "NOT REFUSED";
            }
            catch (CheckpointException error)
            {
                message = error.Message;
            }
            catch (Exception error)
            {
                message = $"NOT TYPED: {error}";
            }
        }, TestContext.Current.CancellationToken);
        // Opening a pipe would wait until somebody writes.
        if (Task.WaitAny([use], TimeSpan.FromSeconds(60)) < 0)
        {
            return "NEVER ENDS";
        }
        return Normalize(message, checkpoint);
    }

    /// <summary>
    /// A message without the folder's name; the words of .NET's JSON parser are its own, those of the runtime's proofs are tested there.
    /// </summary>
    private static string Normalize(string message, BrokenCheckpoint checkpoint) => JsonWords().Replace(
        RuntimeWords().Replace(message.Replace(checkpoint.Folder, "CHECKPOINT", StringComparison.Ordinal), "(the quantized model: ...)"),
        "(line $1, byte $2: ...)");

    [GeneratedRegex(@"\(the quantized model: .*\)(?=: )")]
    private static partial Regex RuntimeWords();

    [GeneratedRegex(@"\(line (\d+), byte (\d+): .*\)(?=: )")]
    private static partial Regex JsonWords();
}
