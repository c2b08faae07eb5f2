// The programs of examples/, run as their README says.
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using IBert.Edge.EndToEnd.Device;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd;

public sealed partial class ExampleTests
{
    private const string Sentiment = "models/sentiment.ibert";

    // Far beyond what anything takes here.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    [Fact]
    public void Line_answers_the_given_text_or_its_own()
    {
        Assert.Matches("^positive 9[0-9]{2}/1000, 8 tokens\n$", Run("line", []).Output);
        Assert.Matches("^negative 9[0-9]{2}/1000, [0-9]+ tokens\n$", Run("line", ["a waste of time"]).Output);
    }

    [Fact]
    public void Scores_shows_every_label_with_one_per_cent_or_more()
    {
        Assert.Matches("^(iot_[a-z_]+ [0-9]+%\n)+$", Run("scores", []).Output);
    }

    [Fact]
    public void Stream_answers_each_line_before_the_next_one_comes()
    {
        using Process process = Start("stream", [Sentiment]);
        foreach (string text in new[] { "a fine film", "", "a dull one" })
        {
            process.StandardInput.WriteLine(text);
            process.StandardInput.Flush();
            Assert.Equal(Expected([text], Path.Combine(Shared.Repository, Sentiment))[0], ReadLine(process));
        }
        process.StandardInput.Close();
        Assert.Null(ReadLine(process));
        Assert.True(process.WaitForExit(s_patience));
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task Server_answers_many_clients_at_once_whatever_bad_ones_do()
    {
        string[] texts = [.. Enumerable.Range(0, 20).Select(i => $"text {i} is {(i % 3 == 0 ? "a delight" : "a bore")}"), "", "wörter 電影"];
        string[] expected = Expected(texts);
        using Server server = new("0");

        List<Socket> bad = [];
        // One that says nothing, and one that stops within a line.
        bad.Add(await server.ConnectAsync());
        bad.Add(await server.ConnectAsync());
        await bad[^1].SendAsync("half a li"u8.ToArray(), Ended);
        // One that is gone with its answers under way.
        Socket gone = await server.ConnectAsync();
        await gone.SendAsync(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("good\n", 500))), Ended);
        gone.LingerState = new LingerOption(true, 0);
        gone.Dispose();
        // More than the machine has processors that send without end and never take an answer.
        byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("x\n", 4096)));
        List<Task> floods = [];
        for (int i = 0; i <= Environment.ProcessorCount; i++)
        {
            Socket flood = await server.ConnectAsync();
            bad.Add(flood);
            floods.Add(Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                while (true)
                {
                    await flood.SendAsync(lines, Ended);
                }
            }));
        }

        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ => Assert.Equal(expected, await server.AskAsync(texts))));

        // Bytes that are no text are a text to the tokenizer.
        Assert.Single(await server.AskAsync("\xff\0\x01\xfe"));
        Assert.Equal(expected, await server.AskAsync(texts));
        bad.ForEach(socket => socket.Dispose());
        await Task.WhenAll(floods);
        server.Stop();
    }

    [Fact]
    public async Task Server_answers_a_last_line_without_an_end_and_one_with_two_characters_of_end()
    {
        using Server server = new("0");
        using Socket client = await server.ConnectAsync();
        await client.SendAsync("a fine film\r\na dull one"u8.ToArray(), Ended);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(Expected(["a fine film", "a dull one"]), await Server.ReadLinesAsync(client));
        server.Stop();
    }

    [Fact]
    public async Task Server_refuses_a_line_that_is_too_long_and_goes_on()
    {
        const int most = 16 * 1024;
        using Server server = new("0");
        using (Socket client = await server.ConnectAsync())
        {
            await client.SendAsync(Encoding.UTF8.GetBytes(new string('x', most)), Ended);
            Assert.Equal([$"error: a text has at most {most - 1} bytes"], await Server.ReadLinesAsync(client));
        }
        string longest = string.Concat(Enumerable.Repeat("good ", most / 5));
        Assert.Equal(Expected([longest]), await server.AskAsync(longest));
        server.Stop();
    }

    [Fact]
    public async Task Server_answers_on_a_Unix_socket_and_leaves_nothing_behind()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "ibert.sock");
        using (Server server = new(path))
        {
            Assert.Equal(Expected(["a fine film"]), await server.AskAsync("a fine film"));
            Outcome second = Run("server", [Sentiment, path]);
            Assert.Equal(2, second.ExitCode);
            Assert.Matches("^server: .+\n$", second.Error);
            server.Stop();
        }
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData("usage: .*")]
    [InlineData("server: .*missing.ibert.*", "missing.ibert", "0")]
    [InlineData("server: README.md is not a model.*", "README.md", "0")]
    [InlineData("server: .*", Sentiment, "/no/such/folder/socket")]
    [InlineData("server: .*", Sentiment, "")]
    public void Server_tells_in_one_line_what_it_cannot_do(string said, params string[] arguments)
    {
        Outcome outcome = Run("server", arguments);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Equal("", outcome.Output);
        Assert.Matches($"^{said}\n$", outcome.Error);
    }

    [Fact]
    public async Task Server_as_a_native_program_is_the_same()
    {
        Assert.SkipUnless(LongTests.Wanted, "takes a minute: IBERT_LONG_TESTS=1");
        (int exitCode, string said) = Published.Run(
            Path.Combine(Shared.Repository, "build", "publish.sh"), "linux-x64", "--example", "server");
        Assert.SkipWhen(exitCode == 2, said);
        Assert.True(exitCode == 0, said);
        string[] texts = ["a fine film", "a dull one"];
        using Server server = new("0", Path.Combine(Shared.Repository, "artifacts", "examples", "linux-x64", "server"));
        Assert.Equal(Expected(texts), await server.AskAsync(texts));
        server.Stop();
    }

    [Theory]
    [InlineData("README.md", "line", "scores")]
    [InlineData("src/IBert.Edge/README.md", "line")]
    public void The_blocks_of_a_README_are_the_examples(string readme, params string[] examples)
    {
        string text = File.ReadAllText(Path.Combine(Shared.Repository, readme));
        // The comment that every file opens with stands in the README as prose.
        Assert.Equal(
            examples.Select(example => string.Join('\n', File.ReadLines(Path.Combine(Folder(example), "Program.cs")).Skip(1))),
            Block().Matches(text).Select(match => match.Groups[1].Value));
    }

    [Fact]
    public void Every_example_is_in_the_README_and_in_this_test()
    {
        IEnumerable<string> folders = Directory.GetDirectories(Folder("")).Select(folder => Path.GetFileName(folder)!).Order();
        Assert.Equal(["line", "scores", "server", "stream"], folders);
        Assert.Equal(folders, Section().Matches(File.ReadAllText(Folder("README.md"))).Select(match => match.Groups[1].Value).Order());
    }

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    private static string Folder(string example) => Path.Combine(Shared.Repository, "examples", example);

    private static string Assembly(string example) =>
        Path.Combine(Folder(example), "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", $"{example}.dll");

    private static string[] Expected(string[] texts, string? model = null)
    {
        using Classifier classifier = Classifier.Open(model ?? TestModels.Tiny);
        return [.. texts.Select(text => classifier.Classify(text).ToString())];
    }

    private static Outcome Run(string example, string[] arguments)
    {
        using Process process = Start(example, arguments);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(Ended), error = process.StandardError.ReadToEndAsync(Ended);
        Assert.True(process.WaitForExit(s_patience));
        return new Outcome(process.ExitCode, output.Result, error.Result);
    }

    private static Process Start(string example, string[] arguments) => Start("dotnet", [Assembly(example), .. arguments], example);

    private static Process Start(string program, string[] arguments, string example)
    {
        Assert.True(File.Exists(Assembly(example)), $"{Assembly(example)} was not built");
        return Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Shared.Repository,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static string? ReadLine(Process process)
    {
        Task<string?> line = process.StandardOutput.ReadLineAsync(Ended).AsTask();
        Assert.True(line.Wait(s_patience, Ended), "no answer came");
        return line.Result;
    }

    [GeneratedRegex("^```csharp\n(.*?)\n```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^## ([a-z]+): ", RegexOptions.Multiline)]
    private static partial Regex Section();

    /// <summary>The server example as a running process.</summary>
    private sealed class Server : IDisposable
    {
        private readonly Process process;
        private readonly EndPoint address;

        public Server(string place, string? native = null)
        {
            process = native is null ? Start("server", [TestModels.Tiny, place]) : Start(native, [TestModels.Tiny, place], "server");
            string said = ReadLine(process) ?? throw new InvalidOperationException(process.StandardError.ReadToEnd());
            Assert.StartsWith("listening on ", said);
            string listening = said["listening on ".Length..];
            address = IPEndPoint.TryParse(listening, out IPEndPoint? ip) ? ip : new UnixDomainSocketEndPoint(place);
        }

        public async Task<Socket> ConnectAsync()
        {
            Socket client = new(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
            await client.ConnectAsync(address, Ended);
            return client;
        }

        /// <summary>Sends the texts as one client, a line each, and reads all answers.</summary>
        public async Task<string[]> AskAsync(params string[] texts)
        {
            using Socket client = await ConnectAsync();
            // Latin-1 where a test wants bytes that are not UTF-8.
            Encoding encoding = texts.Any(text => text.Contains('\xff')) ? Encoding.Latin1 : Encoding.UTF8;
            await client.SendAsync(encoding.GetBytes(string.Concat(texts.Select(text => text + "\n"))), Ended);
            client.Shutdown(SocketShutdown.Send);
            return await ReadLinesAsync(client);
        }

        public static async Task<string[]> ReadLinesAsync(Socket client)
        {
            using MemoryStream answers = new();
            byte[] buffer = new byte[4096];
            while (await client.ReceiveAsync(buffer, Ended).AsTask().WaitAsync(s_patience, Ended) is int count and > 0)
            {
                answers.Write(buffer, 0, count);
            }
            string text = Encoding.UTF8.GetString(answers.ToArray());
            Assert.EndsWith("\n", text);
            return text[..^1].Split('\n');
        }

        /// <summary>Tells it to stop, which it does in order.</summary>
        public void Stop()
        {
            // The shell's own: a bare machine has no program of that name.
            Assert.Equal(0, Published.Run("sh", "-c", $"kill -TERM {process.Id}").ExitCode);
            Assert.True(process.WaitForExit(s_patience), "the server did not stop");
            Assert.Equal("", process.StandardError.ReadToEnd());
            Assert.Equal(0, process.ExitCode);
        }

        public void Dispose()
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
            process.Dispose();
        }
    }
}
