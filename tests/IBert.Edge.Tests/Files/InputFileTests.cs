// What is read is a regular file, opened at once or not at all; a pipe of data is waited for, but not for ever.
using System.Text;
using IBert.Edge.Files;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests.Files;

public sealed class InputFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ibert-input-").FullName;

    public InputFileTests()
    {
        File.WriteAllText(At("file"), "content");
        Directory.CreateDirectory(At("folder"));
        SpecialFiles.Pipe(At("pipe"));
        SpecialFiles.Socket(At("socket"));
        SpecialFiles.SymbolicLink(At("link to pipe"), "pipe");
        SpecialFiles.SymbolicLink(At("link to device"), "/dev/zero");
        SpecialFiles.SymbolicLink(At("link to folder"), "folder");
        SpecialFiles.SymbolicLink(At("link to nothing"), "nothing");
        SpecialFiles.SymbolicLink(At("circle"), "circle");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("folder", nameof(FileNature.Folder))]
    [InlineData("link to folder", nameof(FileNature.Folder))]
    [InlineData("pipe", nameof(FileNature.Pipe))]
    [InlineData("link to pipe", nameof(FileNature.Pipe))]
    [InlineData("socket", nameof(FileNature.Socket))]
    [InlineData("link to device", nameof(FileNature.Device))]
    [InlineData("nothing", nameof(FileNature.Missing))]
    [InlineData("file/x", nameof(FileNature.Missing))]
    [InlineData("link to nothing", nameof(FileNature.BrokenLink))]
    [InlineData("circle", nameof(FileNature.BrokenLink))]
    public void What_is_no_regular_file_is_refused_at_once(string name, string nature)
    {
        Assert.Equal(nature, InputFile.Look(At(name)).ToString());
        Assert.Equal(nature, Assert.Throws<UnreadableFileException>(() => InputFile.Open(At(name))).Nature.ToString());
    }

    [Theory]
    [InlineData("pipe")]
    [InlineData("link to pipe")]
    [InlineData("socket")]
    [InlineData("link to device")]
    [InlineData("folder")]
    [InlineData("nothing")]
    public void A_model_that_is_no_regular_file_is_refused_at_once_by_the_library_too(string name)
    {
        foreach (bool isPrivate in (bool[])[false, true])
        {
            Exception error = Assert.ThrowsAny<Exception>(() => ModelFile.Open(At(name), isPrivate));
            Assert.True(error is ModelFormatException or IOException or UnauthorizedAccessException, error.ToString());
        }
    }

    [Fact]
    public void A_file_is_read_up_to_a_size()
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = InputFile.Open(At("file"));
        Assert.Equal("content"u8, InputFile.ReadAll(file, 7)!);
        Assert.Null(InputFile.ReadAll(file, 6));
    }

    [Fact]
    public async Task A_pipe_is_read_to_its_end_however_long_its_writer_takes()
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 50_000).Select(i => $"line {i}\n")));
        Task<byte[]?> reader = Task.Run(() => InputFile.ReadPipe(At("pipe"), text.Length), TestContext.Current.CancellationToken);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        await using (FileStream writer = new(At("pipe"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0))
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            writer.Write(text.AsSpan(0, 10));
            await Task.Delay(100, TestContext.Current.CancellationToken);
            writer.Write(text.AsSpan(10));
        }
        Assert.Equal(text, await reader);
    }

    [Fact]
    public async Task A_pipe_with_more_than_is_wanted_is_not_read_on()
    {
        Task<byte[]?> reader = Task.Run(() => InputFile.ReadPipe(At("pipe"), 1000), TestContext.Current.CancellationToken);
        await Task.Run(
            () =>
            {
                using FileStream writer = new(At("pipe"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
                writer.Write(new byte[1001]);
            },
            TestContext.Current.CancellationToken);
        Assert.Null(await reader);
    }

    [Fact]
    public void A_pipe_that_nobody_writes_to_ends_by_itself() => Assert.Equal([], InputFile.ReadPipe(At("pipe"), 1000)!);

    private string At(string name) => Path.Combine(folder, name);
}
