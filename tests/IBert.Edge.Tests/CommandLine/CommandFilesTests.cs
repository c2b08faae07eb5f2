// Nothing that is read is replaced, and no two outputs are one file, whatever their names are.
using IBert.Edge.CommandLine;
using IBert.Edge.Files;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests.CommandLine;

public sealed class CommandFilesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ibert-files-").FullName;

    public CommandFilesTests()
    {
        Directory.CreateDirectory(At("checkpoint"));
        foreach (string name in (string[])["config.json", "model.safetensors", "README.md", "old.ibert", "old.md", "old-layers.svg",
            "NOTICE"])
        {
            File.WriteAllText(At("checkpoint/" + name), name);
        }
        File.WriteAllText(At("data.tsv"), "text");
        SpecialFiles.SymbolicLink(At("link"), "data.tsv");
        SpecialFiles.SymbolicLink(At("link to link"), "link");
        SpecialFiles.SymbolicLink(At("folder link"), "checkpoint");
        SpecialFiles.HardLink(At("hard"), At("data.tsv"));
        SpecialFiles.HardLink(At("weights"), At("checkpoint/model.safetensors"));
        // As the hub's cache is: names are links to files elsewhere.
        Directory.CreateDirectory(At("blobs"));
        File.WriteAllText(At("blobs/0123"), "blob");
        SpecialFiles.SymbolicLink(At("checkpoint/vocab.txt"), "../blobs/0123");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("data.tsv")]
    [InlineData("link")]
    [InlineData("link to link")]
    [InlineData("hard")]
    [InlineData("checkpoint/../data.tsv")]
    [InlineData("checkpoint/config.json")]
    [InlineData("checkpoint/model.safetensors")]
    [InlineData("checkpoint/README.md")]
    [InlineData("checkpoint/NOTICE")]
    [InlineData("checkpoint/vocab.txt")]
    [InlineData("folder link/config.json")]
    [InlineData("weights")]
    [InlineData("blobs/0123")]
    public void An_output_that_is_read_is_refused(string output)
    {
        CommandFiles files = new CommandFiles().Read(At("data.tsv")).ReadFolder(At("checkpoint")).Write("-o", At(output));
        string message = Assert.Throws<UnwritableFileException>(() => files.Prepare()).Message;
        Assert.StartsWith($"-o {At(output)} is ", message);
        Assert.EndsWith("would be replaced by what is written: give another name for the output", message);
    }

    [Theory]
    [InlineData("new.ibert")]
    [InlineData("checkpoint/new.ibert")]
    [InlineData("checkpoint/old.ibert")]
    [InlineData("checkpoint/old.md")]
    [InlineData("checkpoint/old-layers.svg")]
    public void What_is_new_or_was_written_there_before_is_no_input(string output)
    {
        string[] before = Directory.GetFileSystemEntries(folder);
        new CommandFiles().Read(At("data.tsv")).ReadFolder(At("checkpoint")).Write("-o", At(output)).Prepare();
        Assert.Equal(before, Directory.GetFileSystemEntries(folder));
    }

    [Theory]
    [InlineData("out", "out")]
    [InlineData("out", "./out")]
    [InlineData("out", "checkpoint/../out")]
    [InlineData("checkpoint/out", "folder link/out")]
    [InlineData("link", "hard")]
    [InlineData("link", "data.tsv")]
    public void Two_outputs_that_are_one_file_are_refused(string first, string second)
    {
        CommandFiles files = new CommandFiles().Write("-o", At(first)).Write("--report", At(second));
        string message = Assert.Throws<UnwritableFileException>(() => files.Prepare()).Message;
        Assert.Equal($"-o {At(first)} and --report {At(second)} are the same file: give another name for one of them", message);
    }

    [Fact]
    public void Standard_output_takes_one_output()
    {
        Assert.True(new CommandFiles().Write("-o", "-").Write("--report", At("r.md")).Prepare().TakeStandardOutput);
        CommandFiles files = new CommandFiles().Write("-o", "-").Write("--report", "-");
        Assert.Contains("both -", Assert.Throws<UnwritableFileException>(() => files.Prepare()).Message);
    }

    [Fact]
    public void What_has_become_an_input_meanwhile_is_refused_at_the_end()
    {
        CommandFiles files = new CommandFiles().Read(At("data.tsv")).Write("-o", At("out")).Prepare();
        using CommandOutput output = files.Create(At("out"));
        SpecialFiles.HardLink(At("out"), At("data.tsv"));
        Assert.Throws<UnwritableFileException>(output.Complete);
        Assert.Equal("text", File.ReadAllText(At("data.tsv")));
    }

    [Fact]
    public void Two_outputs_that_have_become_one_file_meanwhile_are_refused_at_the_end()
    {
        CommandFiles files = new CommandFiles().Write("-o", At("out")).Write("--report", At("report")).Prepare();
        files.Write(At("out"), "model"u8);
        SpecialFiles.SymbolicLink(At("report"), "out");
        Assert.Throws<UnwritableFileException>(() => files.Write(At("report"), "report"u8));
        Assert.Equal("model", File.ReadAllText(At("out")));
    }

    private string At(string name) => Path.Combine(folder, name);
}
