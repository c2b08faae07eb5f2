// A file is written wholly or not at all, and never where something else than a file stands.
using System.Runtime.Versioning;
using IBert.Edge.Files;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests.Files;

public sealed class OutputFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ibert-output-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_new_file_is_there_when_it_is_complete_and_not_before(bool nameless)
    {
        using (OutputFile file = new(At("m"), nameless: nameless))
        {
            file.Write("ne"u8);
            file.Write("w"u8);
            Assert.False(File.Exists(At("m")));
            Assert.Equal(nameless && OperatingSystem.IsLinux() ? 0 : 1, Directory.GetFileSystemEntries(folder).Length);
            file.Complete();
            Assert.Equal("new", File.ReadAllText(At("m")));
        }
        Assert.Equal([At("m")], Directory.GetFileSystemEntries(folder));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_that_is_there_is_replaced_and_nothing_else_is_left(bool nameless)
    {
        File.WriteAllText(At("m"), "old");
        using (OutputFile file = new(At("m"), nameless: nameless))
        {
            file.Write("new"u8);
            Assert.Equal("old", File.ReadAllText(At("m")));
            file.Complete();
        }
        Assert.Equal("new", File.ReadAllText(At("m")));
        Assert.Equal([At("m")], Directory.GetFileSystemEntries(folder));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_not_complete_leaves_the_old_file_and_nothing_else(bool nameless)
    {
        File.WriteAllText(At("m"), "old");
        using (OutputFile file = new(At("m"), nameless: nameless))
        {
            file.Write(new byte[1_000_000]);
        }
        Assert.Equal("old", File.ReadAllText(At("m")));
        Assert.Equal([At("m")], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_program_that_ends_in_the_middle_takes_its_parts_away()
    {
        using OutputFile file = new(At("m"), nameless: false);
        file.Write("new"u8);
        Assert.Single(Directory.GetFileSystemEntries(folder));
        OutputFile.RemoveParts();
        Assert.Empty(Directory.GetFileSystemEntries(folder));
        Assert.Throws<UnwritableFileException>(file.Complete);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1 << 16)]
    [InlineData((1 << 16) + 1)]
    [InlineData(3_000_000)]
    public void Bytes_arrive_as_they_were_written_whatever_their_number(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        using (OutputFile file = new(At("m")))
        {
            for (int at = 0; at < length;)
            {
                int count = Math.Min(length - at, 1 + (at * 7 % 100_000));
                file.Write(bytes.AsSpan(at, count));
                at += count;
            }
            file.Complete();
        }
        Assert.Equal(bytes, File.ReadAllBytes(At("m")));
    }

    [Fact]
    public void Through_links_the_file_that_they_point_to_is_replaced_and_they_stay()
    {
        Directory.CreateDirectory(At("real"));
        File.WriteAllText(At("real/m"), "old");
        SpecialFiles.SymbolicLink(At("far"), "real/m");
        SpecialFiles.SymbolicLink(At("near"), At("far"));
        OutputFile.Write(At("near"), "new"u8);
        Assert.Equal("new", File.ReadAllText(At("real/m")));
        Assert.Equal(At("far"), new FileInfo(At("near")).LinkTarget);
        Assert.Equal("real/m", new FileInfo(At("far")).LinkTarget);
    }

    [Fact]
    public void A_link_to_a_file_that_is_not_there_yet_makes_it()
    {
        SpecialFiles.SymbolicLink(At("link"), "m");
        OutputFile.Write(At("link"), "new"u8);
        Assert.Equal("new", File.ReadAllText(At("m")));
        Assert.Equal("m", new FileInfo(At("link")).LinkTarget);
    }

    [Fact]
    public void Another_name_of_the_old_file_keeps_it()
    {
        File.WriteAllText(At("m"), "old");
        SpecialFiles.HardLink(At("other"), At("m"));
        OutputFile.Write(At("m"), "new"u8);
        Assert.Equal(["new", "old"], new[] { "m", "other" }.Select(name => File.ReadAllText(At(name))));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Permissions_are_those_of_the_old_file_and_of_a_new_one_what_the_umask_leaves()
    {
        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.WriteAllText(At("m"), "old");
        File.SetUnixFileMode(At("m"), own | UnixFileMode.OtherRead);
        OutputFile.Write(At("m"), "new"u8);
        Assert.Equal(own | UnixFileMode.OtherRead, File.GetUnixFileMode(At("m")));

        File.WriteAllText(At("usual"), "");
        OutputFile.Write(At("n"), "new"u8);
        Assert.Equal(File.GetUnixFileMode(At("usual")), File.GetUnixFileMode(At("n")));
    }

    [Theory]
    [InlineData("folder", "is a folder")]
    [InlineData("link to folder", "is a folder")]
    [InlineData("pipe", "is a pipe")]
    [InlineData("socket", "is a socket")]
    [InlineData("device", "is a device")]
    [InlineData("link to device", "is a device")]
    [InlineData("descriptor", "is an open file of a running program")]
    [InlineData("link to descriptor", "is an open file of a running program")]
    [InlineData("missing/m", "there is no folder")]
    [InlineData("file/m", "there is no folder")]
    [InlineData("link to missing", "there is no folder")]
    [InlineData("circle", "links")]
    [InlineData("folder/", "is a folder")]
    public void What_is_no_place_for_a_file_is_refused_and_stays(string name, string complaint)
    {
        Directory.CreateDirectory(At("folder"));
        File.WriteAllText(At("file"), "");
        SpecialFiles.SymbolicLink(At("link to folder"), "folder");
        SpecialFiles.SymbolicLink(At("link to missing"), "none/m");
        SpecialFiles.SymbolicLink(At("link to device"), "/dev/null");
        SpecialFiles.SymbolicLink(At("link to descriptor"), "/dev/stdout");
        SpecialFiles.SymbolicLink(At("circle"), "circle");
        SpecialFiles.Pipe(At("pipe"));
        SpecialFiles.Socket(At("socket"));
        string[] before = Directory.GetFileSystemEntries(folder);
        string path = name switch { "device" => "/dev/null", "descriptor" => "/proc/self/fd/1", _ => At(name) };

        string message = Assert.Throws<UnwritableFileException>(() => OutputFile.Write(path, "new"u8)).Message;

        Assert.StartsWith($"{path} cannot be written: ", message);
        Assert.Contains(complaint, message);
        Assert.Equal(before, Directory.GetFileSystemEntries(folder));
        Assert.Equal(FileNature.Device, InputFile.Look("/dev/null"));
    }

    [Fact]
    public void A_folder_that_may_not_be_written_is_said()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/sys is Linux's: nobody, not even root, may make a file there");
        Assert.StartsWith(
            "/sys/m cannot be written", Assert.Throws<UnwritableFileException>(() => OutputFile.Write("/sys/m", "new"u8)).Message);
    }

    [Fact]
    public void What_has_changed_at_the_end_is_refused_at_the_end()
    {
        File.WriteAllText(At("m"), "old");
        using OutputFile file = new(At("m"));
        File.Delete(At("m"));
        SpecialFiles.Pipe(At("m"));
        Assert.Throws<UnwritableFileException>(file.Complete);
        Assert.Equal(FileNature.Pipe, InputFile.Look(At("m")));
    }

    [Fact]
    public void Who_is_asked_at_the_end_can_refuse()
    {
        using OutputFile file = new(At("m"), () => throw new UnwritableFileException("no"));
        Assert.Equal("no", Assert.Throws<UnwritableFileException>(file.Complete).Message);
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void Of_many_writers_of_one_place_one_wins_and_nothing_is_left()
    {
        byte[][] contents = [.. Enumerable.Range(0, 8).Select(i => Enumerable.Repeat((byte)i, 10_000).ToArray())];
        Parallel.For(0, 200, i => OutputFile.Write(At("m"), contents[i % contents.Length]));
        Assert.Contains(File.ReadAllBytes(At("m")), contents);
        Assert.Equal([At("m")], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void What_a_power_cut_left_beside_a_place_goes_with_the_next_file_there()
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux(), "the name of a part is the same each time only where files without a name can be made");
        File.WriteAllText(At("m"), "old");
        string? part = null;
        using (OutputFile file = new(At("m")))
        {
            using FileSystemWatcher watcher = new(folder) { IncludeSubdirectories = false, EnableRaisingEvents = true };
            watcher.Created += (_, e) => part ??= e.Name;
            file.Complete();
            Assert.True(SpinWait.SpinUntil(() => part is not null, TimeSpan.FromSeconds(10)));
        }
        File.WriteAllText(At(part!), "left by a power cut");

        OutputFile.Write(At("m"), "new"u8);

        Assert.Equal([At("m")], Directory.GetFileSystemEntries(folder));
        Assert.Equal("new", File.ReadAllText(At("m")));
    }

    [Fact]
    public void A_name_of_the_greatest_length_can_be_replaced()
    {
        string path = At(new string('n', 255));
        File.WriteAllText(path, "old");
        OutputFile.Write(path, "new"u8);
        Assert.Equal("new", File.ReadAllText(path));
    }

    private string At(string name) => Path.Combine(folder, name);
}
