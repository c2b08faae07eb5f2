// Gives a model that may be hostile to the program itself, as a file, with one command after the other.
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace IBert.Edge.Fuzz;

/// <summary>
/// Runs commands of the device program on models that opened. Whatever a model is, a command ends with a status of 0 to 4 and says what is
/// wrong in lines of its own; what it answers in JSON is JSON, and a line in is a line out.
/// </summary>
internal sealed class CommandTrial : IDisposable
{
    private const int Patience = 120_000, HighestStatus = 4;

    private const string Lines = "a good film\n\nthe [M]best Film,ing of the \u00C9\u302E \U0001F600\tand a bad one\nx\tthe film\n";

    // Many times each what takes milliseconds, now and then what takes a second.
    private static readonly string[][] s_quick =
    [
        ["classify"], ["classify", "--json"], ["classify", "--all"], ["classify", "--json", "--all"], ["classify", "--pair"],
        ["classify", "--pair", "--json", "--all"], ["classify", "--top", "2", "--threads", "2"], ["classify", "--max-length", "5"],
        ["classify", "--private", "--json"], ["tokenize"], ["tokenize", "--json"], ["tokenize", "--pair"], ["tokenize", "--pair", "--json"],
        ["inspect"], ["inspect", "--json"], ["inspect", "--graph"], ["inspect", "--graph", "--json"],
        ["eval", "$data", "--text", "text", "--label", "label"], ["eval", "$data", "--text", "text", "--label", "label", "--json"],
        ["eval", "$data", "--text", "text", "--text-pair", "pair", "--label", "label", "--predictions", "$out"],
    ];

    private static readonly string[][] s_slow =
        [["bench", "--lengths", "4"], ["bench", "--lengths", "1,3", "--json"], ["selftest"], ["selftest", "--classifications", "3"]];

    private readonly string program;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ibert-fuzz-");
    private readonly int[] statuses = new int[HighestStatus + 1];

    /// <param name="program">The native program, or <c>ibert.dll</c>.</param>
    public CommandTrial(string program)
    {
        this.program = program;
        // Truths that a model has, by index.
        File.WriteAllText(Path("data"), "text\tpair\tlabel\na good film\tthe film\t0\n\tbad\t0\nthe best\t\t0\n");
    }

    /// <summary>How often each status was the answer.</summary>
    public string Statuses => string.Join(", ", statuses.Select((count, status) => $"{status}: {count}"));

    /// <summary>Runs the command whose turn it is.</summary>
    /// <exception cref="TrialException">The program did what it never may.</exception>
    public void Run(byte[] model, int turn)
    {
        File.WriteAllBytes(Path("model"), model);
        string[][] commands = turn % 40 == 39 ? s_slow : s_quick;
        string[] command = commands[turn / (commands == s_slow ? 40 : 1) % commands.Length];
        string[] arguments =
            [command[0], "-m", Path("model"), .. command[1..].Select(word => word.StartsWith('$') ? Path(word[1..]) : word)];

        (int status, string output, string error) = Run(arguments);

        string line = string.Join(' ', command);
        Require(status is >= 0 and <= HighestStatus, $"{line} ended with {status}: {error}{output}");
        statuses[status]++;
        Require(error.Length == 0 || error.TrimEnd('\n').Split('\n').All(said => said.StartsWith("ibert: ", StringComparison.Ordinal)),
            $"{line} said: {error}");
        Require((status == 0) == (error.Length == 0), $"{line} ended with {status} and said: {error}");
        Require(!(output + error).Contains("a fault of this program", StringComparison.Ordinal),
            $"{line} ended with {status} and answered: {output}{error}");
        if (status == 0 && command.Contains("--json"))
        {
            foreach (string answer in output.TrimEnd('\n').Split('\n'))
            {
                Parse(line, answer);
            }
        }
        if (status == 0 && command[0] is "classify" or "tokenize" && !command.Contains("--pair"))
        {
            int answers = output.Count(c => c == '\n');
            Require(answers == Lines.Count(c => c == '\n'), $"{line} answered with {answers} lines: {output}");
        }
    }

    public void Dispose() => folder.Delete(recursive: true);

    private string Path(string name) => System.IO.Path.Combine(folder.FullName, name);

    private (int Status, string Output, string Error) Run(string[] arguments)
    {
        bool managed = program.EndsWith(".dll", StringComparison.Ordinal);
        ProcessStartInfo start = new(managed ? "dotnet" : program, managed ? [program, .. arguments] : arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment.Remove("IBERT_MODEL");
        // A crash is told by the status; a dump of it would be as large as the model's arena.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.BaseStream.Write(
                Encoding.UTF8.GetBytes(Lines.Replace("\n", arguments.Contains("--pair") ? "\tpair\n" : "\n")));
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all of it: the exit status tells.
        }
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            throw new TrialException($"{string.Join(' ', arguments)} did not end in {Patience / 1000} s");
        }
        return (process.ExitCode, output.Result, error.Result);
    }

    private static void Parse(string command, string json)
    {
        try
        {
            JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 512 }).Dispose();
        }
        catch (JsonException error)
        {
            throw new TrialException($"{command} answered what is no JSON ({error.Message}): {json}");
        }
    }

    private static void Require(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new TrialException(complaint);
        }
    }
}
