// Breaks a model file in ways that a checksum cannot see.
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering;

namespace IBert.Edge.Fuzz;

/// <summary>
/// Makes mutants of one model: a few fields of records get interesting values, records are swapped, copied or dropped, weights and
/// multipliers changed, added tokens, templates and labels made others, bytes flipped, sections moved, the file cut. Nearly all are sealed
/// again with right checksums. A mutant follows from its seed alone.
/// </summary>
internal sealed class Mutator(IReadOnlyList<ModelSection> original)
{
    private static readonly Dictionary<uint, (int Size, RecordField[] Fields)> s_records = new()
    {
        [SectionKind.Graph] = (GraphHeader.Size, RecordFields.Of<GraphHeader>()),
        [SectionKind.Tensors] = (TensorEntry.Size, RecordFields.Of<TensorEntry>()),
        [SectionKind.Constants] = (ConstantEntry.Size, RecordFields.Of<ConstantEntry>()),
        [SectionKind.Operations] = (OperationRecord.Size, RecordFields.Of<OperationRecord>()),
        [SectionKind.Head] = (HeadEntry.Size, RecordFields.Of<HeadEntry>()),
    };

    private static readonly uint[] s_kinds =
    [
        SectionKind.Graph, SectionKind.Tensors, SectionKind.Tensors, SectionKind.Constants, SectionKind.Operations, SectionKind.Operations,
        SectionKind.Operations, SectionKind.Operations, SectionKind.Head,
    ];

    // Names that a terminal, a line or JSON may stumble over; some of them no label may have.
    private static readonly string[] s_names =
    [
        "red", "a, b", "\"", "\\", "caf\u00E9", "\u597D", "\U0001F600", "-1", "0", "label", "{}", new('x', 5000), " ", "\u200F\u05D8",
        "\uFEFF", "a\tb", "\n", "\e[2J", "\u202E", "",
    ];

    private static readonly string[] s_provenances =
        ["", "null", "{}", "{\"a\": {\"b\": [1, 2.5, \"\\u0007\"]}}", "{\"a\": 1, \"a\": 2}", "[[[[", "\"\\ud800\"", new('[', 200),
            "{\"\e]0;t\a\": \"\r\n\"}", "no JSON\nat all"];

    private static readonly RecordField[] s_header = RecordFields.Of<FileHeader>(), s_entry = RecordFields.Of<SectionEntry>();

    private Random random = new(0);
    private List<ModelSection> sections = [];

    /// <summary>The model itself.</summary>
    public byte[] Original => ModelBuilder.Assemble(original);

    /// <summary>One mutant.</summary>
    public byte[] Mutate(int seed)
    {
        random = new Random(seed);
        sections = [.. original.Select(section => section with { Bytes = [.. section.Bytes] })];
        for (int changes = random.Next(1, 5); changes > 0; changes--)
        {
            Change();
        }
        byte[] file = ModelBuilder.Assemble(sections);
        if (random.Next(8) == 0)
        {
            file = ChangeContainer(file);
        }
        // A few keep their wrong checksums.
        if (random.Next(64) != 0)
        {
            Seal(file);
        }
        return file;
    }

    private void Change()
    {
        switch (random.Next(26))
        {
            case >= 23:
                ChangeTemplateOrToken();
                break;
            case 22:
                ChangePieces();
                break;
            case >= 20:
                ChangeText();
                break;
            case < 8:
                ChangeField();
                break;
            case < 10:
                MoveRecords();
                break;
            case < 13:
                ChangeWeight();
                break;
            case < 15:
                ChangeConstant();
                break;
            case < 17:
                ChangeWord(random.Next(2) == 0 ? SectionKind.Tokenizer : SectionKind.Labels);
                break;
            case < 19:
                byte[] bytes = sections[random.Next(sections.Count)].Bytes;
                if (bytes.Length > 0)
                {
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                }
                break;
            default:
                MoveSections();
                break;
        }
    }

    private byte[] Bytes(uint kind) => sections.Find(section => section.Kind == kind)?.Bytes ?? [];

    /// <summary>A field of a record gets another value.</summary>
    private void ChangeField()
    {
        uint kind = s_kinds[random.Next(s_kinds.Length)];
        (int size, RecordField[] fields) = s_records[kind];
        byte[] bytes = Bytes(kind);
        int records = bytes.Length / size;
        if (records > 0)
        {
            RecordField field = fields[random.Next(fields.Length)];
            Replace(bytes.AsSpan((random.Next(records) * size) + field.Offset, field.Size),
                bytes.AsSpan((random.Next(records) * size) + field.Offset, field.Size));
        }
    }

    /// <summary>Two records change places, one is written over another, or one is dropped or doubled.</summary>
    private void MoveRecords()
    {
        uint kind = s_kinds[random.Next(s_kinds.Length)];
        int size = s_records[kind].Size;
        int index = sections.FindIndex(section => section.Kind == kind);
        if (index < 0 || sections[index].Bytes.Length < size)
        {
            return;
        }
        List<byte[]> records = [.. sections[index].Bytes.Chunk(size)];
        int a = random.Next(records.Count), b = random.Next(records.Count);
        switch (random.Next(5))
        {
            case 0:
                records.RemoveAt(a);
                break;
            case 1:
                records.Insert(b, records[a]);
                break;
            case 2:
                records[b] = records[a];
                break;
            default:
                (records[a], records[b]) = (records[b], records[a]);
                break;
        }
        sections[index] = sections[index] with { Bytes = [.. records.SelectMany(record => record)] };
    }

    /// <summary>A weight changes, mostly with its column sum, so that only the accumulators tell.</summary>
    private void ChangeWeight()
    {
        Span<OperationRecord> operations = MemoryMarshal.Cast<byte, OperationRecord>(Bytes(SectionKind.Operations).AsSpan());
        Span<ConstantEntry> constants = MemoryMarshal.Cast<byte, ConstantEntry>(Bytes(SectionKind.Constants).AsSpan());
        byte[] data = Bytes(SectionKind.Data);
        int at = operations.IsEmpty ? -1 : random.Next(operations.Length);
        if (at < 0 || operations[at].Code != OperationCode.Linear || new LinearRecord(in operations[at]).Weights >= constants.Length
            || new LinearRecord(in operations[at]).ColumnSums >= constants.Length)
        {
            return;
        }
        ConstantEntry weights = constants[new LinearRecord(in operations[at]).Weights],
            sums = constants[new LinearRecord(in operations[at]).ColumnSums];
        if (weights.Rows == 0 || weights.Columns == 0 || weights.Offset + weights.Length > (ulong)data.Length
            || sums.Offset + sums.Length > (ulong)data.Length
            || weights.Length > (ulong)data.Length || sums.Length > (ulong)data.Length)
        {
            return;
        }
        // Padding is a channel or an input as well.
        int channel = random.Next(Padded(weights.Rows)), inner = Padded(weights.Columns);
        sbyte value = (sbyte)(random.Next(4) == 0 ? sbyte.MinValue : random.Next(-127, 128));
        int count = random.Next(3) == 0 ? inner : 1, first = count == 1 ? random.Next(inner) : 0, difference = 0;
        for (int k = first; k < first + count; k++)
        {
            long place = (long)weights.Offset + Panels.Place(k, channel, inner);
            if (place < data.Length)
            {
                difference += value - (sbyte)data[place];
                data[place] = (byte)value;
            }
        }
        long sum = (long)sums.Offset + (4L * channel);
        if (random.Next(4) != 0 && sum + 4 <= data.Length)
        {
            BinaryPrimitives.WriteInt32LittleEndian(
                data.AsSpan((int)sum), BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan((int)sum)) + difference);
        }
        if (random.Next(2) == 0)
        {
            operations[at].AccumulatorBound = int.MaxValue;
        }
    }

    /// <summary>An element of a constant gets another value.</summary>
    private void ChangeConstant()
    {
        Span<ConstantEntry> constants = MemoryMarshal.Cast<byte, ConstantEntry>(Bytes(SectionKind.Constants).AsSpan());
        byte[] data = Bytes(SectionKind.Data);
        if (constants.IsEmpty)
        {
            return;
        }
        ConstantEntry constant = constants[random.Next(constants.Length)];
        int size = constant.Type.Bytes();
        if (constant.Offset < (ulong)data.Length && constant.Length <= (ulong)data.Length - constant.Offset
            && constant.Length >= (ulong)size)
        {
            Span<byte> elements = data.AsSpan((int)constant.Offset, (int)constant.Length);
            int elementCount = elements.Length / size;
            Replace(elements.Slice(random.Next(elementCount) * size, size), elements.Slice(random.Next(elementCount) * size, size));
        }
    }

    /// <summary>A 32-bit word of a table changes; half of the time near its start, where the counts are.</summary>
    private void ChangeWord(uint kind)
    {
        byte[] bytes = Bytes(kind);
        int words = bytes.Length / 4;
        if (words > 0)
        {
            int at = 4 * random.Next(random.Next(2) == 0 ? words : Math.Min(words, 24)), other = 4 * random.Next(words);
            Replace(bytes.AsSpan(at, 4), bytes.AsSpan(other, 4));
        }
    }

    /// <summary>An added token is found in another way, or the templates get other items.</summary>
    private void ChangeTemplateOrToken()
    {
        // The layout is that at the top of Text/TokenizerSection.cs; counts that are no longer what they were are not followed.
        byte[] bytes = Bytes(SectionKind.Tokenizer);
        if (bytes.Length < 40)
        {
            return;
        }
        Span<int> words = MemoryMarshal.Cast<byte, int>(bytes.AsSpan());
        int vocabulary = words[2], tokens = words[4], singles = words[8], pairs = words[9];
        long firstToken = 10 + (2L * singles) + (2L * pairs) + vocabulary + 1 + ((words[3] + 3L) / 4);
        if (vocabulary <= 0 || words[3] < 0 || singles is < 1 or > 16 || pairs is < 1 or > 16 || tokens < 0
            || firstToken + (2L * tokens) > words.Length)
        {
            return;
        }
        if (tokens > 0 && random.Next(2) == 0)
        {
            int token = (int)firstToken + (2 * random.Next(tokens));
            words[token + 1] = random.Next(16);
            words[token] = random.Next(3) == 0 ? random.Next(vocabulary) : words[token];
            return;
        }
        bool single = random.Next(2) == 0;
        int start = single ? 10 : 10 + (2 * singles), count = single ? singles : pairs, at = start + (2 * random.Next(count));
        switch (random.Next(3))
        {
            case 0:
                words[at] = random.Next(4) == 0 ? random.Next(-2, 0) : random.Next(vocabulary);
                break;
            case 1:
                words[at + 1] = random.Next(2);
                break;
            default:
                // More special tokens than texts have today.
                int more = random.Next(1, 17 - count > 1 ? 17 - count : 2);
                List<int> longer = [.. words];
                longer.InsertRange(at, Enumerable.Range(0, more).SelectMany(_ => new[] { random.Next(vocabulary), 0 }));
                longer[single ? 8 : 9] += more;
                int index = sections.FindIndex(section => section.Kind == SectionKind.Tokenizer);
                sections[index] = sections[index] with { Bytes = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(longer)).ToArray() };
                break;
        }
    }

    /// <summary>A few bytes of the vocabulary's text become others: controls, quotes, halves of characters.</summary>
    private void ChangePieces()
    {
        byte[] bytes = Bytes(SectionKind.Tokenizer);
        if (bytes.Length < 40)
        {
            return;
        }
        ReadOnlySpan<byte> values = [0, 7, (byte)'\n', (byte)'\r', 0x1B, (byte)'"', (byte)'\\', (byte)' ', 0x7F, 0x80, 0xC3, 0xFF];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            bytes[random.Next(40, bytes.Length)] = values[random.Next(values.Length)];
        }
    }

    /// <summary>Other labels, as many or not, or another provenance.</summary>
    private void ChangeText()
    {
        int provenance = sections.FindIndex(section => section.Kind == SectionKind.Provenance),
            labels = sections.FindIndex(section => section.Kind == SectionKind.Labels);
        if (provenance >= 0 && random.Next(3) == 0)
        {
            sections[provenance] =
                sections[provenance] with { Bytes = Encoding.UTF8.GetBytes(s_provenances[random.Next(s_provenances.Length)]) };
        }
        else if (labels >= 0 && sections[labels].Bytes.Length >= 4)
        {
            int count = random.Next(8) == 0 ? random.Next(1, 9) : BitConverter.ToInt32(sections[labels].Bytes),
                good = s_names.Length - (random.Next(3) == 0 ? 0 : 5);
            byte[][] names = [.. Enumerable.Range(0, Math.Clamp(count, 1, 64))
                .Select(i => Encoding.UTF8.GetBytes(random.Next(2) == 0 ? $"label {i}" : s_names[random.Next(good)]))];
            int end = 0;
            int[] offsets = [0, .. names.Select(name => end += name.Length)];
            sections[labels] = sections[labels] with
            {
                Bytes =
                    [.. BitConverter.GetBytes(names.Length), .. MemoryMarshal.AsBytes(offsets.AsSpan()), .. names.SelectMany(name => name)],
            };
        }
    }

    /// <summary>A section is dropped, doubled, cut, lengthened, moved or made another.</summary>
    private void MoveSections()
    {
        if (sections.Count == 0)
        {
            return;
        }
        int a = random.Next(sections.Count), b = random.Next(sections.Count);
        ModelSection section = sections[a];
        switch (random.Next(7))
        {
            case 0:
                sections.RemoveAt(a);
                break;
            case 1:
                sections.Insert(b, section);
                break;
            case 2:
                sections[a] = section with { Bytes = section.Bytes[..random.Next(section.Bytes.Length + 1)] };
                break;
            case 3:
                sections[a] = section with { Bytes = [.. section.Bytes, .. new byte[random.Next(1, 300)]] };
                break;
            case 4:
                sections[a] = section with { Kind = (uint)random.Next(), Required = random.Next(2) == 0 };
                break;
            default:
                (sections[a], sections[b]) = (sections[b], section);
                break;
        }
    }

    /// <summary>The header or the section table gets another value, or the file another length.</summary>
    private byte[] ChangeContainer(byte[] file)
    {
        ref FileHeader header = ref MemoryMarshal.AsRef<FileHeader>(file.AsSpan());
        int entries = (int)header.SectionCount;
        switch (random.Next(6))
        {
            case 0:
                RecordField field = s_header[random.Next(s_header.Length)];
                Replace(file.AsSpan(field.Offset, field.Size), file.AsSpan(field.Offset, field.Size));
                break;
            case 1:
                int length = random.Next(file.Length);
                if (length >= FileHeader.Size && random.Next(2) == 0)
                {
                    header.FileLength = (ulong)length;
                }
                return file[..length];
            default:
                if (entries > 0)
                {
                    RecordField of = s_entry[random.Next(s_entry.Length)];
                    int at = FileHeader.Size + of.Offset;
                    Replace(
                        file.AsSpan(at + (random.Next(entries) * SectionEntry.Size), of.Size),
                        file.AsSpan(at + (random.Next(entries) * SectionEntry.Size), of.Size));
                }
                break;
        }
        return file;
    }

    /// <summary>Writes an interesting value into a field.</summary>
    /// <param name="field">1, 2, 4 or 8 bytes.</param>
    /// <param name="neighbour">The same field of another record.</param>
    private void Replace(Span<byte> field, ReadOnlySpan<byte> neighbour)
    {
        int bits = 8 * field.Length;
        ulong old = Read(field), all = ulong.MaxValue >> (64 - bits), top = 1UL << (bits - 1);
        ulong value = random.Next(14) switch
        {
            0 => 0,
            1 => 1,
            2 => all,
            3 => top,
            4 => top - 1,
            5 => old + 1,
            6 => old - 1,
            7 => Read(neighbour),
            8 => old << 1,
            9 => old >> 1,
            10 => old ^ (1UL << random.Next(bits)),
            11 => 1UL << random.Next(bits),
            12 => (ulong)random.Next(0, 70),
            _ => (ulong)random.NextInt64(),
        };
        for (int i = 0; i < field.Length; i++)
        {
            field[i] = (byte)(value >> (8 * i));
        }

        static ulong Read(ReadOnlySpan<byte> bytes)
        {
            ulong result = 0;
            for (int i = bytes.Length - 1; i >= 0; i--)
            {
                result = (result << 8) | bytes[i];
            }
            return result;
        }
    }

    /// <summary>Computes all checksums anew, as far as there are sections to compute them of.</summary>
    private static void Seal(byte[] file)
    {
        if (file.Length < FileHeader.Size)
        {
            return;
        }
        ref FileHeader header = ref MemoryMarshal.AsRef<FileHeader>(file.AsSpan());
        int entries = (int)Math.Min(header.SectionCount, (uint)((file.Length - FileHeader.Size) / SectionEntry.Size));
        foreach (ref SectionEntry entry in MemoryMarshal.Cast<byte, SectionEntry>(
            file.AsSpan(FileHeader.Size, entries * SectionEntry.Size)))
        {
            if (entry.Offset <= (ulong)file.Length && entry.Length <= (ulong)file.Length - entry.Offset)
            {
                entry.Checksum = Checksum.Crc32C(file.AsSpan((int)entry.Offset, (int)entry.Length));
            }
        }
        header.Checksum = 0;
        header.Checksum = Checksum.Crc32C(file.AsSpan(0, FileHeader.Size + (entries * SectionEntry.Size)));
    }

    private static int Padded(uint count) => Panels.Padded((int)Math.Min(count, 1u << 20));
}
