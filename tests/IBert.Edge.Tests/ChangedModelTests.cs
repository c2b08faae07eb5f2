// A model's file while it is open: replaced as it should be, written over, cut, touched, gone.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Tests.Hostile;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests;

public sealed class ChangedModelTests : IDisposable
{
    private const string Text = "a good film";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ibert-changed-");
    private readonly string path;

    public ChangedModelTests()
    {
        path = Path.Combine(folder.FullName, "model.ibert");
        File.WriteAllBytes(path, SmallModel.File());
    }

    public void Dispose() => folder.Delete(recursive: true);

    /// <summary>What people's copies do to a file, in place.</summary>
    private static readonly Dictionary<string, Action<FileStream>> s_changes = new()
    {
        ["cut to nothing, as cp and scp begin"] = file => file.SetLength(0),
        ["cut in the middle"] = file => file.SetLength(file.Length / 2),
        ["longer by a byte"] = file => file.SetLength(file.Length + 1),
        ["another model of the same size"] = file => file.Write(Other()),
        ["one bit of a weight"] = file =>
        {
            file.Position = file.Length - 100;
            int value = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(value ^ 1));
        },
        ["what a failing card gives"] = file => file.Write([.. Enumerable.Repeat((byte)0xFF, (int)file.Length)]),
    };

    public static TheoryData<string> Changes => [.. s_changes.Keys];

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_file_that_is_changed_in_place_ends_its_use_with_an_error(string change)
    {
        using Classifier classifier = Classifier.Open(path);
        classifier.Classify(Text);

        Overwrite(change);

        ModelChangedException error = Assert.Throws<ModelChangedException>(() => classifier.Classify(Text));
        Assert.Equal(path, error.FilePath);
        Assert.Contains("put a new model beside it and rename it", error.Message, StringComparison.Ordinal);
        // It stays so, whatever the file holds by then.
        File.WriteAllBytes(path + ".new", SmallModel.File());
        File.Move(path + ".new", path, overwrite: true);
        Assert.Throws<ModelChangedException>(() => classifier.Classify(Text, "film"));
        Assert.Throws<ModelChangedException>(() => classifier.Classify("good"u8));
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_private_model_answers_on_whatever_happens_to_its_file(string change)
    {
        using ModelFile model = ModelFile.Open(path, isPrivate: true);
        using Classifier classifier = new(model);
        Prediction before = classifier.Classify(Text);
        Assert.False(model.WasReplaced());

        Overwrite(change);

        Assert.Equal(before, classifier.Classify(Text));
        Assert.True(model.WasReplaced());
        File.Delete(path);
        Assert.Equal(before, classifier.Classify(Text));
    }

    [Fact]
    public void A_change_is_seen_even_if_its_writer_sets_the_time_back()
    {
        using Classifier classifier = Classifier.Open(path);
        DateTime time = File.GetLastWriteTimeUtc(path);

        Overwrite("another model of the same size");
        File.SetLastWriteTimeUtc(path, time);

        Assert.Throws<ModelChangedException>(() => classifier.Classify(Text));
    }

    [Fact]
    public void A_change_is_seen_right_after_opening()
    {
        // Within one tick of the file system's clock as well, where the times tell nothing.
        for (int i = 0; i < 50; i++)
        {
            File.WriteAllBytes(path, SmallModel.File());
            using Classifier classifier = Classifier.Open(path);
            Overwrite("one bit of a weight");
            Assert.Throws<ModelChangedException>(() => classifier.Classify(Text));
        }
    }

    [Fact]
    public void A_file_that_is_renamed_over_it_leaves_the_model_as_it_was()
    {
        using ModelFile model = ModelFile.Open(path);
        using Classifier classifier = new(model);
        Prediction before = classifier.Classify(Text);
        File.WriteAllBytes(path + ".new", Other());
        Assert.False(model.WasReplaced());

        File.Move(path + ".new", path, overwrite: true);

        Assert.True(model.WasReplaced());
        Assert.Equal(before, classifier.Classify(Text));
        using Classifier next = Classifier.Open(path);
        Assert.NotEqual(before, next.Classify(Text));
    }

    [Fact]
    public void A_file_that_is_touched_linked_renamed_or_deleted_is_still_the_model()
    {
        using ModelFile model = ModelFile.Open(path);
        using Classifier classifier = new(model);
        Prediction before = classifier.Classify(Text);

        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(1));
        Holds();
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead);
            Holds();
        }
        File.Move(path, path + ".old");
        Holds();
        File.Delete(path + ".old");
        Holds();

        void Holds()
        {
            Assert.Equal(before, classifier.Classify(Text));
            Assert.False(model.WasReplaced());
        }
    }

    [Fact]
    public void Looking_at_the_file_allocates_nothing()
    {
        using ModelFile model = ModelFile.Open(path);
        model.WasReplaced();
        model.Contents.RequireUnchanged();

        long allocated = Allocations.Of(1000, _ =>
        {
            model.WasReplaced();
            model.Contents.RequireUnchanged();
        });
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void A_model_may_be_opened_by_a_relative_path_and_the_folder_left()
    {
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        using ModelFile model = ModelFile.Open(relative);

        Assert.False(model.WasReplaced());
        Assert.Equal(relative, model.Name);
    }

    /// <summary>Another model of the same size, which answers differently.</summary>
    private static byte[] Other()
    {
        Draft draft = new([.. SmallModel.Sections, new(SectionKind.Provenance, false, "{}"u8.ToArray())]);
        foreach (ref int bias in draft.Values<int>(new LinearRecord(in draft.Operations[^1]).Bias))
        {
            bias = -bias;
        }
        return draft.Seal();
    }

    private void Overwrite(string change)
    {
        // As another program does it, which asks for no lock.
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0);
        s_changes[change](file);
    }
}
