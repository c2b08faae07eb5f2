// What a model file holds: its sections, cut out and checked one by one. What they say together is proven in Graph.
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using IBert.Edge.Memory;

namespace IBert.Edge.Format;

/// <summary>
/// The sections of a model that lies in memory. Sizes, places, checksums and counts are checked when it is read; that the records make
/// sense is for the graph's proof. Safe for use by several threads at once.
/// </summary>
internal sealed unsafe class ModelContents : IDisposable
{
    private const int MaxText = 1 << 24;

    // Null of a model that the caller keeps in memory.
    private readonly ModelBytes? bytes;
    private readonly byte* start;
    private readonly TensorEntry[] tensors;
    private readonly ConstantEntry[] constants;
    private readonly OperationRecord[] operations;
    private SectionEntry[] sections = [];

    /// <summary>Reads a file that was opened, which is then closed with this.</summary>
    /// <exception cref="ModelFormatException">It is not a model, is damaged, or is of a newer version.</exception>
    public ModelContents(string name, ModelBytes bytes) : this(name, bytes.Pointer, bytes.Length) => this.bytes = bytes;

    /// <summary>Reads a model that lies in memory, which the caller keeps alive (and 64-byte aligned).</summary>
    /// <exception cref="ModelFormatException">It is not a model, is damaged, or is of a newer version.</exception>
    public ModelContents(string name, byte* start, long length)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("models are little-endian and mapped as they are; this CPU is big-endian");
        }
        Name = name;
        Length = length;
        this.start = start;
        if (length < FileHeader.Size)
        {
            throw Bad($"is not a model: it has {length} bytes; convert a checkpoint with ibert-quantize");
        }
        ReadSections();
        Graph = Structure<GraphHeader>(SectionKind.Graph);
        tensors = Table<TensorEntry>(SectionKind.Tensors, 1, 4096);
        constants = Table<ConstantEntry>(SectionKind.Constants, 1, 16384);
        operations = Table<OperationRecord>(SectionKind.Operations, 1, 4096);
        Head = Structure<HeadEntry>(SectionKind.Head);
        Data = Section(SectionKind.Data);
        Labels = ReadLabels(Text(SectionKind.Labels));
        TokenizerSection = Section(SectionKind.Tokenizer);
        if (Find(SectionKind.Provenance) is not null)
        {
            Provenance = Encoding.UTF8.GetString(Text(SectionKind.Provenance).Span);
        }
    }

    /// <summary>The file's path, or what else messages call it.</summary>
    public string Name { get; }

    /// <summary>Its size in bytes.</summary>
    public long Length { get; }

    /// <summary>The table of sections.</summary>
    public IReadOnlyList<SectionEntry> Sections => sections;

    /// <summary>What concerns the whole graph.</summary>
    public GraphHeader Graph { get; }

    /// <summary>What lies where in the arena.</summary>
    public ReadOnlySpan<TensorEntry> Tensors => tensors;

    /// <summary>What lies where in <see cref="Data"/>.</summary>
    public ReadOnlySpan<ConstantEntry> Constants => constants;

    /// <summary>The operations, in the order they run.</summary>
    public ReadOnlySpan<OperationRecord> Operations => operations;

    /// <summary>Where the logits are and what they mean.</summary>
    public HeadEntry Head { get; }

    /// <summary>Names of the labels, in the order of the logits.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The tokenizer, laid out as Text/TokenizerSection.cs says.</summary>
    public NativeSpan<byte> TokenizerSection { get; }

    /// <summary>Weights and tables.</summary>
    public NativeSpan<byte> Data { get; }

    /// <summary>Where the model came from, as JSON; null where it is not stated.</summary>
    public string? Provenance { get; }

    /// <summary>A constant's first byte.</summary>
    public byte* Constant(int index) => Data.Pointer + constants[index].Offset;

    /// <summary>
    /// The bytes of a section that the runtime does not need, which are whatever the file has there; none where it lacks it.
    /// </summary>
    public ReadOnlySpan<byte> OptionalSection(uint kind) => Find(kind) is null ? default : Section(kind).Span;

    /// <summary>The bytes of an arena for a sequence of that length.</summary>
    public long ArenaBytes(int sequence) => (long)(Graph.ArenaFixed + (Graph.ArenaPerToken * (ulong)sequence));

    /// <summary>
    /// Looks whether the mapped file still holds what was read. It takes a microsecond and allocates nothing: done before each text.
    /// </summary>
    /// <exception cref="ModelChangedException">It does not.</exception>
    public void RequireUnchanged()
    {
        if (bytes is not null && !bytes.AreUnchanged(this))
        {
            throw new ModelChangedException(Name);
        }
    }

    /// <summary>Whether all sections match the checksums that they had when they were read.</summary>
    public bool MatchesItsChecksums()
    {
        foreach (SectionEntry section in sections)
        {
            if (Checksum.Crc32C(new ReadOnlySpan<byte>(start + section.Offset, (int)section.Length)) != section.Checksum)
            {
                return false;
            }
        }
        return true;
    }

    /// <inheritdoc cref="ModelBytes.Successor"/>
    public FileStamp? Successor() => bytes?.Successor();

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => bytes?.Dispose();

    private void ReadSections()
    {
        FileHeader header = *(FileHeader*)start;
        if (header.Magic != FileHeader.ExpectedMagic)
        {
            throw Bad("is not a model (it does not begin as one); convert a checkpoint with ibert-quantize");
        }
        if (header.MajorVersion != FileHeader.Major)
        {
            throw Bad($"has format version {header.MajorVersion}, this program reads {FileHeader.Major}: update the program, or convert " +
                "the checkpoint again");
        }
        if (header.FileLength != (ulong)Length)
        {
            throw Bad($"has {Length} bytes of {header.FileLength}: it was cut or copied badly; copy it again");
        }
        long tableEnd = FileHeader.Size + header.SectionCount * (long)SectionEntry.Size;
        if (header.SectionCount is 0 or > 64 || tableEnd > Length)
        {
            throw Bad($"states {header.SectionCount} sections");
        }
        FileHeader zeroed = header;
        zeroed.Checksum = 0;
        uint crc = Checksum.Crc32C(MemoryMarshal.AsBytes(new ReadOnlySpan<FileHeader>(ref zeroed)));
        crc = Checksum.Crc32C(new ReadOnlySpan<byte>(start + FileHeader.Size, (int)(tableEnd - FileHeader.Size)), crc);
        if (crc != header.Checksum)
        {
            throw Bad("has a damaged header (its checksum does not match); copy it again");
        }
        sections = new ReadOnlySpan<SectionEntry>(start + FileHeader.Size, (int)header.SectionCount).ToArray();
        ulong end = (ulong)tableEnd;
        for (int i = 0; i < sections.Length; i++)
        {
            SectionEntry section = sections[i];
            string name = SectionKind.Name(section.Kind);
            if (section.Offset % FileHeader.Alignment != 0 || section.Offset < end || section.Offset > (ulong)Length
                || section.Length > (ulong)Length - section.Offset)
            {
                throw Bad(
                    $"section {name} lies at {section.Offset} with {section.Length} bytes: out of the file, out of order or overlapping");
            }
            end = section.Offset + section.Length;
            if (Checksum.Crc32C(new ReadOnlySpan<byte>(start + section.Offset, (int)section.Length)) != section.Checksum)
            {
                throw Bad($"section {name} is damaged (its checksum does not match); copy the file again");
            }
            bool known = section.Kind is SectionKind.Graph or SectionKind.Tensors or SectionKind.Constants or SectionKind.Operations
                or SectionKind.Head or SectionKind.Labels or SectionKind.Tokenizer or SectionKind.Data or SectionKind.Provenance;
            if (!known && (section.Flags & SectionEntry.Required) != 0)
            {
                throw Bad($"needs section {name}, which this program does not know: update the program");
            }
            if (known && Array.FindIndex(sections, other => other.Kind == section.Kind) != i)
            {
                throw Bad($"has section {name} twice");
            }
        }
    }

    private SectionEntry? Find(uint kind)
    {
        foreach (SectionEntry section in sections)
        {
            if (section.Kind == kind)
            {
                return section;
            }
        }
        return null;
    }

    private NativeSpan<byte> Section(uint kind) =>
        Find(kind) is { } section
            ? new(start + section.Offset, (int)section.Length)
            : throw Bad($"lacks section {SectionKind.Name(kind)}");

    /// <summary>A section that becomes strings: far smaller than what memory or a string can hold.</summary>
    private NativeSpan<byte> Text(uint kind) =>
        Section(kind) is { Length: <= MaxText } section
            ? section
            : throw Bad($"section {SectionKind.Name(kind)} is longer than {MaxText} bytes");

    private T Structure<T>(uint kind) where T : unmanaged
    {
        NativeSpan<byte> section = Section(kind);
        return section.Length == sizeof(T)
            ? *(T*)section.Pointer
            : throw Bad($"section {SectionKind.Name(kind)} has {section.Length} bytes, not {sizeof(T)}");
    }

    private T[] Table<T>(uint kind, int least, int most) where T : unmanaged
    {
        NativeSpan<byte> section = Section(kind);
        int count = section.Length / sizeof(T);
        return section.Length % sizeof(T) == 0 && count >= least && count <= most
            ? new ReadOnlySpan<T>(section.Pointer, count).ToArray()
            : throw Bad($"section {SectionKind.Name(kind)} has {section.Length} bytes: not {least} to {most} entries of {sizeof(T)}");
    }

    private string[] ReadLabels(NativeSpan<byte> section)
    {
        // count, then count + 1 offsets into the UTF-8 text that follows them.
        long count = section.Length >= 4 ? *(uint*)section.Pointer : 0;
        long text = 4 + 4 * (count + 1);
        if (count is 0 or > 65536 || text > section.Length)
        {
            throw Bad($"section LABL states {count} labels in {section.Length} bytes");
        }
        uint* offsets = (uint*)(section.Pointer + 4);
        string[] names = new string[count];
        for (int i = 0; i < count; i++)
        {
            if (offsets[i] > offsets[i + 1] || offsets[i + 1] > section.Length - text)
            {
                throw Bad($"section LABL: label {i} lies outside the section");
            }
            ReadOnlySpan<byte> name = section.Slice((int)(text + offsets[i]), (int)(offsets[i + 1] - offsets[i]));
            if (!Utf8.IsValid(name))
            {
                throw Bad($"section LABL: the name of label {i} is not UTF-8");
            }
            names[i] = Encoding.UTF8.GetString(name);
        }
        if (LabelNames.Complaint(names) is { } complaint)
        {
            throw Bad($"section LABL: {complaint}");
        }
        return names;
    }

    private ModelFormatException Bad(string what) => new($"{Name} {what}");
}
