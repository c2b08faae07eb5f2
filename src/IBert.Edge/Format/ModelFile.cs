// An opened .ibert file: mapped, and proven before anything of it is used.
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Text;

namespace IBert.Edge;

/// <summary>
/// A model file, mapped into memory. Opening proves everything that inference relies on (sizes, offsets, checksums, accumulator bounds,
/// lifetimes in the arena), so nothing a file says can later take an operation out of bounds. Weights stay in the mapping and are shared by
/// all classifiers of the model; keep the model open while any of them is used.
/// </summary>
/// <remarks>
/// Safe for use by several threads at once. Do not write over a file while it is open: put the new one beside it and rename. The file is looked at
/// before every text, so that one which was written over or cut in between gives a <see cref="ModelChangedException"/>; one that is cut while a text
/// is being classified ends the process. Where that cannot be excluded, read it into memory (<see cref="Open"/>).
/// </remarks>
public sealed unsafe partial class ModelFile : IDisposable
{
    private const int MaxText = 1 << 24;

    // Null of a model that the caller keeps in memory.
    private readonly ModelBytes? bytes;
    private readonly byte* start;
    private readonly long length;

    private ModelFile(string name, byte* start, long length, ModelBytes? bytes)
    {
        Name = name;
        this.start = start;
        this.length = length;
        this.bytes = bytes;
    }

    /// <summary>The file's path.</summary>
    public string Name { get; }

    /// <summary>The file's size in bytes.</summary>
    public long Length => length;

    /// <summary>What the model answers with: one label, labels of their own, or a value.</summary>
    public HeadKind HeadKind => head.Kind;

    /// <summary>Names of the labels, in the order of the logits; of a regression the one value's name.</summary>
    public IReadOnlyList<string> Labels => labels;

    /// <summary>Largest sequence length in tokens, special tokens included.</summary>
    public int MaxLength => (int)graph.MaxLength;

    /// <summary>Smallest length that texts can be cut to: room for the special tokens and, where these are two or fewer, for one more.</summary>
    internal int LeastLength { get; private set; }

    /// <summary>What the longest text takes (<see cref="Graph.Operations.Operation.Steps"/>).</summary>
    internal long Steps { get; private set; }

    /// <summary>Where the model came from, as JSON (source hash, quantizer version, options, calibration, accuracy); null where it is not stated.</summary>
    public string? Provenance { get; private set; }

    internal GraphHeader Graph => graph;

    internal ReadOnlySpan<TensorEntry> Tensors => tensors;

    internal ReadOnlySpan<ConstantEntry> Constants => constants;

    internal ReadOnlySpan<OperationRecord> Operations => operations;

    internal HeadEntry Head => head;

    internal NativeSpan<byte> TokenizerSection { get; private set; }

    internal IReadOnlyList<SectionEntry> Sections => sections;

    private GraphHeader graph;
    private TensorEntry[] tensors = [];
    private ConstantEntry[] constants = [];
    private OperationRecord[] operations = [];
    private SectionEntry[] sections = [];
    private string[] labels = [];
    private HeadEntry head;
    private NativeSpan<byte> data;

    /// <summary>Maps and proves a model file.</summary>
    /// <param name="path">Path of an <c>.ibert</c> file.</param>
    /// <param name="isPrivate">
    /// Reads the file into memory of this process instead, so that whatever happens to it later does not matter. It costs the file's size, and
    /// processes do not share it.
    /// </param>
    /// <returns>The model; dispose it after its classifiers.</returns>
    /// <exception cref="ModelFormatException">The file is not a model, is damaged, is of a newer version, or says something impossible.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read, or is a folder.</exception>
    /// <exception cref="InsufficientMemoryException">There is not enough memory to read it into.</exception>
    public static ModelFile Open(string path, bool isPrivate = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ModelBytes bytes = new(path, isPrivate);
        try
        {
            ModelFile model = new(path, bytes.Pointer, bytes.Length, bytes);
            model.Load();
            return model;
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Proves a model that lies in memory, which the caller keeps alive (and 64-byte aligned).</summary>
    internal static ModelFile FromMemory(string name, byte* start, long length)
    {
        if (length < FileHeader.Size)
        {
            throw new ModelFormatException($"{name} is not a model: it has {length} bytes; convert a checkpoint with ibert-quantize");
        }
        ModelFile model = new(name, start, length, null);
        model.Load();
        return model;
    }

    /// <summary>
    /// Whether another file lies at the path by now, as it should where a model is updated: renamed over the old one. This model is as it was; open
    /// the new one when it suits. Where a file is mapped and nothing but its content changed, the answer is no, and classifying fails.
    /// </summary>
    public bool WasReplaced() => Successor() is not null;

    /// <summary>Unmaps the file. Classifiers of this model must not be used afterwards.</summary>
    public void Dispose() => bytes?.Dispose();

    /// <summary>What <see cref="WasReplaced"/> tells of, so that one file need not be tried twice.</summary>
    internal FileStamp? Successor() => bytes?.Successor();

    /// <summary>Looks whether the mapped file still holds what was proven. It takes a microsecond and allocates nothing: done before each text.</summary>
    /// <exception cref="ModelChangedException">It does not.</exception>
    internal void RequireUnchanged()
    {
        if (bytes is not null && !bytes.AreUnchanged(this))
        {
            throw new ModelChangedException(Name);
        }
    }

    /// <summary>Whether all sections match the checksums that they had when the file was opened.</summary>
    internal bool MatchesItsChecksums()
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

    /// <summary>A constant's bytes.</summary>
    internal byte* Constant(int index) => data.Pointer + constants[index].Offset;

    /// <summary>The bytes of a section that the runtime does not need, which are whatever the file has there; none where it lacks it.</summary>
    internal ReadOnlySpan<byte> OptionalSection(uint kind) => Find(kind) is null ? default : Section(kind).Span;

    /// <summary>The bytes of an arena for a sequence of that length.</summary>
    internal long ArenaBytes(int sequence) => (long)(graph.ArenaFixed + graph.ArenaPerToken * (ulong)sequence);

    private void Load()
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("models are little-endian and mapped as they are; this CPU is big-endian");
        }
        ReadSections();
        graph = Structure<GraphHeader>(SectionKind.Graph);
        tensors = Table<TensorEntry>(SectionKind.Tensors, 1, 4096);
        constants = Table<ConstantEntry>(SectionKind.Constants, 1, 16384);
        operations = Table<OperationRecord>(SectionKind.Operations, 1, 4096);
        head = Structure<HeadEntry>(SectionKind.Head);
        data = Section(SectionKind.Data);
        labels = ReadLabels(Text(SectionKind.Labels));
        TokenizerSection = Section(SectionKind.Tokenizer);
        if (Find(SectionKind.Provenance) is not null)
        {
            NativeSpan<byte> text = Text(SectionKind.Provenance);
            Provenance = Encoding.UTF8.GetString(text.Span);
        }
        Tokenizer tokenizer = OpenTokenizer();
        LeastLength = tokenizer.LeastLength;
        GraphVerifier verifier = new(this, data);
        verifier.Verify(tokenizer);
        Steps = verifier.Steps;
    }

    private Tokenizer OpenTokenizer()
    {
        try
        {
            return Tokenizer.Open(TokenizerSection);
        }
        catch (ModelFormatException error)
        {
            throw new ModelFormatException($"{Name}: {error.Message}", error);
        }
    }

    private void ReadSections()
    {
        FileHeader header = *(FileHeader*)start;
        if (header.Magic != FileHeader.ExpectedMagic)
        {
            throw Bad("is not a model (it does not begin as one); convert a checkpoint with ibert-quantize");
        }
        if (header.MajorVersion != FileHeader.Major)
        {
            throw Bad($"has format version {header.MajorVersion}, this program reads {FileHeader.Major}: update the program, or convert the checkpoint again");
        }
        if (header.FileLength != (ulong)length)
        {
            throw Bad($"has {length} bytes of {header.FileLength}: it was cut or copied badly; copy it again");
        }
        long tableEnd = FileHeader.Size + header.SectionCount * (long)SectionEntry.Size;
        if (header.SectionCount is 0 or > 64 || tableEnd > length)
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
            if (section.Offset % FileHeader.Alignment != 0 || section.Offset < end || section.Offset > (ulong)length
                || section.Length > (ulong)length - section.Offset)
            {
                throw Bad($"section {name} lies at {section.Offset} with {section.Length} bytes: out of the file, out of order or overlapping");
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
