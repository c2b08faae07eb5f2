// A model file that a test changes record by record before it is sealed.
using System.Runtime.InteropServices;
using IBert.Edge.Format;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.TestSupport;

namespace IBert.Edge.Tests.Hostile;

/// <summary>The small model's sections, each with bytes of its own.</summary>
internal sealed class Draft
{
    public Draft(IReadOnlyList<ModelSection>? sections = null) =>
        Sections = [.. (sections ?? SmallModel.Sections).Select(section => section with { Bytes = [.. section.Bytes] })];

    public List<ModelSection> Sections { get; }

    public ref GraphHeader Graph => ref Records<GraphHeader>(SectionKind.Graph)[0];

    public Span<TensorEntry> Tensors => Records<TensorEntry>(SectionKind.Tensors);

    public Span<ConstantEntry> Constants => Records<ConstantEntry>(SectionKind.Constants);

    public Span<OperationRecord> Operations => Records<OperationRecord>(SectionKind.Operations);

    public ref HeadEntry Head => ref Records<HeadEntry>(SectionKind.Head)[0];

    /// <summary>A section's bytes.</summary>
    public byte[] this[uint kind]
    {
        get => Sections[IndexOf(kind)].Bytes;
        set => Sections[IndexOf(kind)] = Sections[IndexOf(kind)] with { Bytes = value };
    }

    /// <summary>The first operation of a code.</summary>
    public ref OperationRecord First(OperationCode code) => ref Operations[IndexOfFirst(code)];

    /// <summary>The first attention's query, key or value tensor's producer.</summary>
    public ref OperationRecord Producer(ushort tensor)
    {
        int last = -1;
        for (int i = 0; i < Operations.Length && i <= IndexOfFirst(OperationCode.Attention); i++)
        {
            if (Operations[i].Outputs[0] == tensor || Operations[i].Outputs[1] == tensor)
            {
                last = i;
            }
        }
        return ref Operations[last];
    }

    public int IndexOfFirst(OperationCode code)
    {
        Span<OperationRecord> operations = Operations;
        int index = 0;
        while (operations[index].Code != code)
        {
            index++;
        }
        return index;
    }

    /// <summary>A constant's elements.</summary>
    public Span<T> Values<T>(int constant) where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(this[SectionKind.Data].AsSpan((int)Constants[constant].Offset, (int)Constants[constant].Length));

    /// <summary>Operations, changed as a list.</summary>
    public void Rearrange(Action<List<OperationRecord>> change)
    {
        List<OperationRecord> list = [.. Operations];
        change(list);
        this[SectionKind.Operations] = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(list)).ToArray();
    }

    /// <summary>The file, with right checksums.</summary>
    public byte[] Seal() => ModelBuilder.Assemble(Sections);

    private int IndexOf(uint kind) => Sections.FindIndex(section => section.Kind == kind);

    private Span<T> Records<T>(uint kind) where T : unmanaged => MemoryMarshal.Cast<byte, T>(this[kind].AsSpan());
}

/// <summary>A model that lies in memory of its own.</summary>
internal sealed unsafe class OpenedModel : IDisposable
{
    private readonly GuardedMemory memory;

    /// <exception cref="ModelFormatException">It is none.</exception>
    public OpenedModel(byte[] file)
    {
        memory = new GuardedMemory(file.Length);
        file.CopyTo(new Span<byte>(memory.Take(file.Length), file.Length));
        try
        {
            Model = ModelFile.FromMemory("the model", memory.Pointer, file.Length);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    public ModelFile Model { get; }

    /// <summary>The message with which a file is refused.</summary>
    public static string Refusal(byte[] file) => Xunit.Assert.Throws<ModelFormatException>(() => new OpenedModel(file).Dispose()).Message;

    public void Dispose()
    {
        Model.Dispose();
        memory.Dispose();
    }
}
