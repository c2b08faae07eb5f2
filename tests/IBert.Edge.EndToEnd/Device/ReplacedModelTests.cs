// A model that is replaced while the program answers: taken over where it was renamed into place, an error where it was written over.
using System.Diagnostics;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd.Device;

public sealed class ReplacedModelTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ibert-replaced-");
    private readonly string model;

    public ReplacedModelTests()
    {
        model = Path.Combine(folder.FullName, "model.ibert");
        File.Copy(HeadModels.Path(HeadKind.SingleLabel), model);
    }

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("cp \"$2\" \"$1\"")]
    [InlineData("cat \"$2\" > \"$1\"")]
    [InlineData("truncate -s 0 \"$1\"")]
    [InlineData("truncate -s 5000 \"$1\"")]
    [InlineData("dd if=\"$2\" of=\"$1\" conv=notrunc status=none")]
    [InlineData("head -c \"$(stat -c %s \"$1\")\" /dev/zero | tr '\\0' '\\377' | dd of=\"$1\" conv=notrunc status=none")]
    public async Task A_model_that_is_written_over_ends_the_stream_with_3_and_what_to_do(string change)
    {
        foreach (string command in (string[])["classify", "tokenize"])
        {
            File.Copy(HeadModels.Path(HeadKind.SingleLabel), model, overwrite: true);
            using Stream stream = new(command, "-m", model);
            await stream.Ask();

            Run(change, model, HeadModels.Path(HeadKind.MultiLabel));

            Outcome end = await stream.End("a good film");
            Assert.Equal((3, ""), (end.ExitCode, end.Output));
            Assert.Matches(
                "^ibert: .*model\\.ibert was changed in place while it was in use: put a new model beside it and rename it .*\n$",
                end.Error);
        }
    }

    [Fact]
    public async Task A_model_that_is_renamed_into_place_answers_from_the_next_line_on()
    {
        using Stream stream = new("classify", "-m", model, "--max-length", "9");
        Assert.Matches("^(red|green|blue)\t[01]\\.[0-9]{3}$", await stream.Ask());

        Replace(HeadModels.Path(HeadKind.Regression));

        string expected = Ibert.Run(["classify", "-m", model, "a good film"]).Output.TrimEnd('\n');
        Assert.Matches("^-?[0-9]+\\.[0-9]{6}$", expected);
        Assert.Equal(expected, await stream.Ask());
        Replace(HeadModels.Path(HeadKind.MultiLabel));
        // All labels, as the new model's kind has it.
        Assert.Equal(6, (await stream.Ask()).Split('\t').Length);
        Outcome end = await stream.End("a good film");
        Assert.Equal(0, end.ExitCode);
        Assert.Equal(2, end.Error.TrimEnd('\n').Split('\n').Count(
            line => line.EndsWith("model.ibert was replaced: from here on the new model answers", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_new_model_that_does_not_open_leaves_the_old_one_at_work_and_is_told_of_once()
    {
        using Stream stream = new("classify", "-m", model);
        string answer = await stream.Ask();
        byte[] whole = File.ReadAllBytes(HeadModels.Path(HeadKind.Regression));

        // A copy that was begun in place of a deleted file arrives bit by bit.
        File.Delete(model);
        Assert.Equal(answer, await stream.Ask());
        using (FileStream arriving = new(model, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite))
        {
            foreach (byte[] part in whole.Chunk((whole.Length / 3) + 1))
            {
                Assert.Equal(answer, await stream.Ask());
                arriving.Write(part);
                arriving.Flush();
            }
        }
        Assert.NotEqual(answer, await stream.Ask());

        Outcome end = await stream.End("a good film");
        Assert.Equal(0, end.ExitCode);
        string[] said = end.Error.TrimEnd('\n').Split('\n');
        Assert.Equal(2, said.Length);
        Assert.Contains("was replaced, but the old model goes on: ", said[0]);
        Assert.Contains("from here on the new model answers", said[1]);
    }

    [Fact]
    public async Task A_new_model_that_does_not_take_the_length_leaves_the_old_one_at_work()
    {
        using Stream stream = new("classify", "-m", model, "--max-length", "16");
        string answer = await stream.Ask();

        File.WriteAllBytes(model + ".new", SmallModel.File(maxLength: 12));
        File.Move(model + ".new", model, overwrite: true);

        Assert.Equal(answer, await stream.Ask());
        Assert.Contains("but the old model goes on: --max-length 16: this model takes 3 to 12 tokens", (await stream.End("good")).Error);
    }

    [Fact]
    public async Task A_private_model_survives_what_happens_to_its_file_and_is_replaced_by_what_is_whole()
    {
        using Stream stream = new("classify", "--private", "-m", model);
        string answer = await stream.Ask();

        Run("truncate -s 5000 \"$1\"", model);
        Assert.Equal(answer, await stream.Ask());
        Run("cp \"$2\" \"$1\"", model, HeadModels.Path(HeadKind.Regression));
        Assert.NotEqual(answer, await stream.Ask());

        Outcome end = await stream.End("a good film");
        Assert.Equal(0, end.ExitCode);
        Assert.Equal(2, end.Error.TrimEnd('\n').Split('\n').Length);
    }

    [Theory]
    [InlineData("classify")]
    [InlineData("tokenize")]
    public void Help_says_how_a_model_that_is_in_use_is_replaced(string command)
    {
        Assert.Contains(
            "scp model.ibert pi:model.ibert.new && ssh pi mv model.ibert.new model.ibert\n", Ibert.Run([command, "--help"]).Output);
    }

    [Theory]
    [InlineData("classify")]
    [InlineData("tokenize")]
    [InlineData("eval")]
    [InlineData("bench")]
    [InlineData("inspect")]
    [InlineData("selftest")]
    public void Every_command_reads_a_model_into_memory_on_demand_and_says_so_in_its_help(string command)
    {
        Assert.Contains("--private", Ibert.Run([command, "--help"]).Output);
    }


    private void Replace(string path)
    {
        File.Copy(path, model + ".new");
        File.Move(model + ".new", model, overwrite: true);
    }

    private static void Run(string script, params string[] arguments)
    {
        (int exitCode, string said) = Published.Run("sh", ["-c", script, "sh", .. arguments]);
        Assert.True(exitCode == 0, said);
    }

    /// <summary>The program with its streams in pipes, asked line by line.</summary>
    private sealed class Stream(params string[] arguments) : IDisposable
    {
        private readonly Process process = Ibert.Start(arguments);

        public async Task<string> Ask()
        {
            process.StandardInput.Write("a good film\n");
            process.StandardInput.Flush();
            CancellationToken cancelled = TestContext.Current.CancellationToken;
            return await process.StandardOutput.ReadLineAsync(cancelled).AsTask().WaitAsync(s_patience, cancelled)
                ?? throw new EndOfStreamException();
        }

        /// <summary>What follows a last line.</summary>
        public async Task<Outcome> End(string line)
        {
            CancellationToken cancelled = TestContext.Current.CancellationToken;
            process.StandardInput.Write(line + "\n");
            process.StandardInput.Close();
            Task<string> error = process.StandardError.ReadToEndAsync(cancelled);
            string output = await process.StandardOutput.ReadToEndAsync(cancelled).WaitAsync(s_patience, cancelled);
            await process.WaitForExitAsync(cancelled).WaitAsync(s_patience, cancelled);
            return new(process.ExitCode, output, await error);
        }

        public void Dispose()
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
            process.Dispose();
        }
    }
}
