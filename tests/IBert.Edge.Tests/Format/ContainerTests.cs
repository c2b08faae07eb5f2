// The file as a container of sections: what the writer writes the reader reads; what is damaged, missing, doubled or unknown is told apart.
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using IBert.Edge.Format;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.TestSupport;
using IBert.Edge.Tests.Hostile;
using Xunit;

namespace IBert.Edge.Tests.Format;

public sealed class ContainerTests
{
    private const uint Unknown = 0x58585858;    // XXXX

    private readonly Draft draft = new();

    [Fact]
    public void What_was_written_is_read()
    {
        draft.Sections.Add(new(SectionKind.Provenance, false, "{\"source\":\"a test\"}"u8.ToArray()));
        byte[] file = draft.Seal();

        using OpenedModel opened = new(file);

        ModelFile model = opened.Model;
        Assert.Equal(file.Length, model.Length);
        Assert.Equal("{\"source\":\"a test\"}", model.Provenance);
        Assert.Equal(SmallModel.Labels, model.Labels);
        Assert.Equal(SmallModel.MaxLength, model.MaxLength);
        Assert.Equal(draft.Sections.Select(section => section.Kind), model.Contents.Sections.Select(section => section.Kind));
        Assert.Equal(draft.Tensors.ToArray(), model.Contents.Tensors.ToArray());
        Assert.Equal(draft.Constants.ToArray(), model.Contents.Constants.ToArray());
        Assert.Equal(draft[SectionKind.Operations], MemoryMarshal.AsBytes(model.Contents.Operations));
        Assert.Equal(draft[SectionKind.Tokenizer], model.Contents.TokenizerSection.Span);
    }

    [Fact]
    public void A_model_without_provenance_says_so()
    {
        using OpenedModel opened = new(draft.Seal());
        Assert.Null(opened.Model.Provenance);
    }

    [Fact]
    public void An_unknown_optional_section_is_skipped()
    {
        draft.Sections.Insert(2, new(Unknown, false, [1, 2, 3]));
        draft.Sections.Insert(2, new(Unknown, false, []));

        using OpenedModel opened = new(draft.Seal());

        Assert.Equal(draft.Sections.Count, opened.Model.Contents.Sections.Count);
    }

    [Fact]
    public void An_unknown_required_section_is_refused_by_name()
    {
        draft.Sections.Add(new(Unknown, true, [1, 2, 3]));
        Assert.Contains(
            "needs section XXXX, which this program does not know", OpenedModel.Refusal(draft.Seal()), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_required_section_is_missed_by_name()
    {
        foreach (ModelSection section in SmallModel.Sections)
        {
            byte[] file = ModelBuilder.Assemble([.. SmallModel.Sections.Where(other => other != section)]);
            Assert.Contains($"lacks section {SectionKind.Name(section.Kind)}", OpenedModel.Refusal(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_section_is_there_once_even_where_one_of_the_two_is_empty()
    {
        foreach (ModelSection section in SmallModel.Sections)
        {
            string expected = $"has section {SectionKind.Name(section.Kind)} twice";
            Assert.Contains(
                expected, OpenedModel.Refusal(ModelBuilder.Assemble([.. SmallModel.Sections, section])), StringComparison.Ordinal);
            ModelSection empty = section with { Bytes = [] };
            ModelSection[] emptyBefore = [.. SmallModel.Sections.SelectMany(other => other == section ? [empty, other] : new[] { other })];
            Assert.Contains(expected, OpenedModel.Refusal(ModelBuilder.Assemble(emptyBefore)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_newer_major_version_is_refused_and_a_newer_minor_one_is_not()
    {
        byte[] file = draft.Seal();
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(10), 7);
        ModelBuilder.Seal(file);
        new OpenedModel(file).Dispose();

        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), 2);
        ModelBuilder.Seal(file);
        Assert.Contains(
            "has format version 2, this program reads 1: update the program", OpenedModel.Refusal(file), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_byte_is_found_wherever_it_is()
    {
        byte[] file = draft.Seal();
        using OpenedModel opened = new(file);
        // The header and its table whole, each section at its ends and here and there; padding between sections counts for nothing.
        IEnumerable<int> header = Enumerable.Range(0, FileHeader.Size + (opened.Model.Contents.Sections.Count * SectionEntry.Size));
        IEnumerable<int> sections = opened.Model.Contents.Sections.SelectMany(
            section => new[] { 0L, 1, (long)section.Length / 2, (long)section.Length / 3, (long)section.Length - 1 }
            .Select(at => (int)((long)section.Offset + at)));
        foreach (int at in header.Concat(sections))
        {
            file[at] ^= 0x10;
            string message = OpenedModel.Refusal(file);
            Assert.True(message.Contains("copy", StringComparison.Ordinal) || message.Contains("convert", StringComparison.Ordinal)
                || message.Contains("sections", StringComparison.Ordinal), message);
            file[at] ^= 0x10;
        }
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        byte[] file = draft.Seal();
        for (int length = 0; length < file.Length; length += 97)
        {
            OpenedModel.Refusal(file[..length]);
        }
        Assert.Contains("was cut or copied badly", OpenedModel.Refusal(file[..^1]), StringComparison.Ordinal);
        Assert.Contains("was cut or copied badly", OpenedModel.Refusal([.. file, 0]), StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_that_overlap_or_leave_the_file_are_refused()
    {
        foreach ((int field, ulong value) in new (int, ulong)[] { (8,
            64), (8, ulong.MaxValue - 63), (8, 1 << 30), (8, 1), (16, ulong.MaxValue), (16, 1 << 30) })
        {
            byte[] file = draft.Seal();
            BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(FileHeader.Size + (3 * SectionEntry.Size) + field), value);
            ModelBuilder.Seal(file);
            Assert.Contains("out of the file, out of order or overlapping", OpenedModel.Refusal(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_provenance_that_no_string_could_hold_is_refused()
    {
        draft.Sections.Add(new(SectionKind.Provenance, false, new byte[(1 << 24) + 1]));
        Assert.Contains("section PROV is longer than", OpenedModel.Refusal(draft.Seal()), StringComparison.Ordinal);
    }
}

/// <summary>Files on disk that are no models.</summary>
public sealed class OpenTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ibert-open-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_model_on_disk_is_opened_and_may_be_deleted_while_it_is()
    {
        string path = Write(SmallModel.File());
        using ModelFile model = ModelFile.Open(path);
        File.Delete(path);
        using Classifier classifier = new(model);
        Assert.Contains(classifier.Classify("a good film").Label, SmallModel.Labels);
    }

    [Fact]
    public void An_empty_file_is_no_model() => Refused("has 0 bytes", []);

    [Fact]
    public void A_text_is_no_model() => Refused("does not begin as one", [.. Enumerable.Repeat((byte)'a', 1000)]);

    [Fact]
    public void A_model_copied_as_text_is_recognized()
    {
        byte[] file = SmallModel.File();
        int crlf = file.AsSpan().IndexOf("\r\n"u8);
        Refused("does not begin as one", [.. file[..crlf], .. file[(crlf + 1)..]]);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_what_they_are()
    {
        Assert.Throws<FileNotFoundException>(() => ModelFile.Open(Path.Combine(folder, "none.ibert")));
        Assert.Throws<UnauthorizedAccessException>(() => ModelFile.Open(folder));
        Assert.Throws<ArgumentException>(() => ModelFile.Open(""));
    }

    private void Refused(string expected, byte[] file)
    {
        string path = Write(file);
        string message = Assert.Throws<ModelFormatException>(() => ModelFile.Open(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    private string Write(byte[] file)
    {
        string path = Path.Combine(folder, "m.ibert");
        File.WriteAllBytes(path, file);
        return path;
    }
}
