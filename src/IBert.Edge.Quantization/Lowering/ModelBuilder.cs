// Collects tensors, constants and operations, plans the arena and lays out the file.
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using IBert.Edge.Checkpoints;
using IBert.Edge.Format;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering.Records;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>A section of a model file.</summary>
/// <param name="Kind">Its four-character code.</param>
/// <param name="Required">Whether a reader that does not know it must refuse the file.</param>
/// <param name="Bytes">What it holds.</param>
internal sealed record ModelSection(uint Kind, bool Required, byte[] Bytes);

/// <summary>A model under construction. Indexes it returns are those of the file's tables.</summary>
internal sealed class ModelBuilder
{
    private readonly List<TensorEntry> tensors = [];
    private readonly List<ConstantEntry> constants = [];
    private readonly List<OperationRecord> operations = [];
    private readonly MemoryStream data = new();

    /// <summary>The operations so far.</summary>
    public IReadOnlyList<OperationRecord> Operations => operations;

    /// <summary>Adds a tensor of a row per token, and one in front where that is asked for, or of one row.</summary>
    public ushort Tensor(ElementType type, int columns, RowRange rows, bool hasFront = false)
    {
        tensors.Add(new TensorEntry
        {
            Type = type,
            Rows = rows == RowRange.First ? RowCount.Fixed : hasFront ? RowCount.SequenceAndFront : RowCount.Sequence,
            FixedRows = rows == RowRange.All ? 0u : 1u,
            Columns = (uint)columns,
        });
        return (ushort)(tensors.Count - 1);
    }

    /// <summary>Adds an operation.</summary>
    public void Add(RecordWriter operation) => operations.Add(operation.ToRecord());

    /// <summary>Adds rows of elements.</summary>
    public ushort Rows<T>(ElementType type, ReadOnlySpan<T> elements, int rows) where T : unmanaged =>
        Constant(type, ConstantLayout.Rows, rows, elements.Length / rows, MemoryMarshal.AsBytes(elements));

    /// <summary>Adds a value for each channel, padded with zeros to a multiple of 16.</summary>
    public ushort Channels(ReadOnlySpan<int> values)
    {
        int[] padded = new int[Panels.Padded(values.Length)];
        values.CopyTo(padded);
        return Rows<int>(ElementType.Int32, padded, 1);
    }

    /// <summary>Adds weights [rows, columns], packed in quads.</summary>
    public ushort Quads(ReadOnlySpan<sbyte> weights, int rows, int columns)
    {
        int inner = Panels.Padded(columns);
        byte[] packed = new byte[Panels.Bytes(columns, rows)];
        for (int n = 0; n < rows; n++)
        {
            for (int k = 0; k < columns; k++)
            {
                packed[Panels.Place(k, n, inner)] = (byte)weights[(n * columns) + k];
            }
        }
        return Constant(ElementType.Int8, ConstantLayout.Quads, rows, columns, packed);
    }

    /// <summary>Plans the arena and returns the required sections, in the order of the file.</summary>
    /// <exception cref="CheckpointException">A label has a name that no model may have.</exception>
    public IReadOnlyList<ModelSection> Build(int maxLength, in HeadEntry head, IReadOnlyList<string> labels, byte[] tokenizer)
    {
        if (LabelNames.Complaint(labels) is { } complaint)
        {
            throw new CheckpointException($"{complaint}: give it another one in 'id2label'");
        }
        GraphHeader graph = new() { Input = InputKind.TokenIds, MaxLength = (uint)maxLength };
        Plan(ref graph);
        return
        [
            new(SectionKind.Graph, true, MemoryMarshal.AsBytes(new ReadOnlySpan<GraphHeader>(in graph)).ToArray()),
            new(SectionKind.Tensors, true, MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(tensors)).ToArray()),
            new(SectionKind.Constants, true, MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(constants)).ToArray()),
            new(SectionKind.Operations, true, MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(operations)).ToArray()),
            new(SectionKind.Head, true, MemoryMarshal.AsBytes(new ReadOnlySpan<HeadEntry>(in head)).ToArray()),
            new(SectionKind.Labels, true, Labels(labels)),
            new(SectionKind.Tokenizer, true, tokenizer),
            new(SectionKind.Data, true, data.ToArray()),
        ];
    }

    /// <summary>Lays out sections behind a header, with their checksums.</summary>
    public static byte[] Assemble(IReadOnlyList<ModelSection> sections)
    {
        SectionEntry[] table = new SectionEntry[sections.Count];
        long end = FileHeader.Size + (sections.Count * (long)SectionEntry.Size);
        for (int i = 0; i < table.Length; i++)
        {
            long start = FileHeader.Aligned(end);
            table[i] = new SectionEntry
            {
                Kind = sections[i].Kind,
                Flags = sections[i].Required ? SectionEntry.Required : 0,
                Offset = (ulong)start,
                Length = (ulong)sections[i].Bytes.Length,
                Checksum = Checksum.Crc32C(sections[i].Bytes),
            };
            end = start + sections[i].Bytes.Length;
        }
        if (end > int.MaxValue)
        {
            // CheckpointConfig refuses what would be that large.
            throw new InvalidOperationException($"the model would have {end} bytes; {int.MaxValue} are the most");
        }
        byte[] file = new byte[end];
        FileHeader header = new()
        {
            Magic = FileHeader.ExpectedMagic,
            MajorVersion = FileHeader.Major,
            MinorVersion = FileHeader.Minor,
            SectionCount = (uint)table.Length,
            FileLength = (ulong)end,
        };
        MemoryMarshal.AsBytes(table.AsSpan()).CopyTo(file.AsSpan(FileHeader.Size));
        for (int i = 0; i < table.Length; i++)
        {
            sections[i].Bytes.CopyTo(file, (long)table[i].Offset);
        }
        MemoryMarshal.Write(file, header);
        Seal(file);
        return file;
    }

    /// <summary>Computes the header's checksum anew.</summary>
    public static void Seal(Span<byte> file)
    {
        ref FileHeader header = ref MemoryMarshal.AsRef<FileHeader>(file);
        header.Checksum = 0;
        header.Checksum = Checksum.Crc32C(file[..(FileHeader.Size + ((int)header.SectionCount * SectionEntry.Size))]);
    }

    private ushort Constant(ElementType type, ConstantLayout layout, int rows, int columns, ReadOnlySpan<byte> bytes)
    {
        data.SetLength(FileHeader.Aligned(data.Length));
        data.Position = data.Length;
        constants.Add(new ConstantEntry
        {
            Type = type,
            Bits = (byte)(8 * type.Bytes()),
            Layout = layout,
            Rows = (uint)rows,
            Columns = (uint)columns,
            Offset = (ulong)data.Position,
            Length = (ulong)bytes.Length,
            BlockMultipliers = OperationRecord.None,
            Codebook = OperationRecord.None,
        });
        data.Write(bytes);
        return (ushort)(constants.Count - 1);
    }

    /// <summary>
    /// Tensors of one row lie in the fixed part, each in a place of its own; tensors of a row per token share the rest: the widest first,
    /// each at the lowest offset that is free while it lives (as TensorFlow Lite Micro's offline planner does).
    /// </summary>
    private void Plan(ref GraphHeader graph)
    {
        int[] first = new int[tensors.Count], last = new int[tensors.Count];
        Array.Fill(first, int.MaxValue);
        Array.Fill(last, -1);
        for (int i = 0; i < operations.Count; i++)
        {
            OperationRecord operation = operations[i];
            foreach (ushort t in operation.Outputs)
            {
                Use(t, i);
            }
            foreach (ushort t in operation.Inputs)
            {
                Use(t, i);
            }
        }
        long fixedEnd = 0, perToken = 0;
        for (int t = 0; t < tensors.Count; t++)
        {
            if (tensors[t].Rows == RowCount.Fixed)
            {
                SetOffsets(t, fixedEnd, 0);
                fixedEnd += FileHeader.Aligned(tensors[t].Stride);
            }
        }
        List<int> placed = [];
        IEnumerable<int> widestFirst = Enumerable.Range(0, tensors.Count).Where(t => tensors[t].Rows != RowCount.Fixed)
            .OrderByDescending(t => tensors[t].Stride).ThenBy(t => first[t]).ThenBy(t => t);
        foreach (int t in widestFirst)
        {
            long offset = 0;
            foreach (int other in placed.Where(o => first[o] <= last[t] && first[t] <= last[o]).OrderBy(o => tensors[o].OffsetPerToken))
            {
                if (offset + FileHeader.Aligned(tensors[t].Stride) > (long)tensors[other].OffsetPerToken)
                {
                    offset = Math.Max(offset, (long)tensors[other].OffsetPerToken + FileHeader.Aligned(tensors[other].Stride));
                }
            }
            SetOffsets(t, fixedEnd, offset);
            perToken = Math.Max(perToken, offset + FileHeader.Aligned(tensors[t].Stride));
            placed.Add(t);
        }
        // A row in front of the others' moves all that lies above by a row, at every length.
        foreach (int t in placed)
        {
            SetOffsets(t, fixedEnd + placed.Where(o => tensors[o].OffsetPerToken < tensors[t].OffsetPerToken).Sum(Front),
                (long)tensors[t].OffsetPerToken);
        }
        fixedEnd += placed.Sum(Front);
        graph.ArenaFixed = (ulong)fixedEnd;
        graph.ArenaPerToken = (ulong)perToken;

        long Front(int t) => tensors[t].Rows == RowCount.SequenceAndFront ? FileHeader.Aligned(tensors[t].Stride) : 0;

        void Use(ushort t, int operation)
        {
            if (t != OperationRecord.None)
            {
                first[t] = Math.Min(first[t], operation);
                last[t] = Math.Max(last[t], operation);
            }
        }

        void SetOffsets(int t, long fixedOffset, long offsetPerToken)
        {
            ref TensorEntry tensor = ref CollectionsMarshal.AsSpan(tensors)[t];
            tensor.OffsetFixed = (ulong)fixedOffset;
            tensor.OffsetPerToken = (ulong)offsetPerToken;
        }
    }

    private static byte[] Labels(IReadOnlyList<string> labels)
    {
        using MemoryStream text = new();
        byte[] head = new byte[4 + (4 * (labels.Count + 1))];
        BinaryPrimitives.WriteUInt32LittleEndian(head, (uint)labels.Count);
        for (int i = 0; i < labels.Count; i++)
        {
            text.Write(Encoding.UTF8.GetBytes(labels[i]));
            BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4 + (4 * (i + 1))), (uint)text.Length);
        }
        return [.. head, .. text.ToArray()];
    }
}
