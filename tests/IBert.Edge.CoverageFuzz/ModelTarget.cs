// Target `model`: an .ibert file, sealed with right checksums, is opened; if it opens, it classifies texts and a pair between guard pages.
using System.Runtime.InteropServices;
using IBert.Edge.Format;
using IBert.Edge.Fuzz;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.TestSupport;

namespace IBert.Edge.CoverageFuzz;

internal sealed class ModelTarget : ITarget
{
    // A model with each kind of head, with the other tokenizer, and with the published operations. DATA is last: changes reach all else.
    private static readonly Lazy<byte[][]> s_files = new(() =>
    [
        File(SmallModel.Sections), File(SmallModel.SectionsOf(HeadKind.MultiLabel)), File(SmallModel.SectionsOf(HeadKind.Regression)),
        File(SmallModel.BytePairSections()), File(PublishedModel.Sections),
    ]);

    // Two bytes a step reach 128 KiB, all of each file.
    private static readonly Lazy<Patches> s_patches = new(() => new Patches(2, s_files.Value));

    private readonly Trial trial = new();

    /// <summary>Each model, and a word of each record of the tables.</summary>
    public static IEnumerable<byte[]> Seeds() => s_patches.Value.Seeds(Places);

    public string? Run(ReadOnlySpan<byte> input)
    {
        byte[] file = s_patches.Value.Apply(input);
        Seal(file);
        return trial.Run(file) ? null : trial.Refusal;
    }

    public void Dispose() => trial.Dispose();

    private static byte[] File(IReadOnlyList<ModelSection> sections) => ModelBuilder.Assemble(
        [.. sections.Take(sections.Count - 1), new(SectionKind.Provenance, false, "{}"u8.ToArray()), sections[^1]]);

    private static IEnumerable<int> Places(byte[] file)
    {
        for (int i = 0; i < FileHeader.Size; i += 8)
        {
            yield return i;
        }
        foreach (SectionEntry section in Table(file).ToArray())
        {
            int step = section.Kind switch
            {
                SectionKind.Graph or SectionKind.Head => 4,
                SectionKind.Tensors => TensorEntry.Size,
                SectionKind.Constants => 4 * ConstantEntry.Size,
                SectionKind.Operations => OperationRecord.Size / 4,
                SectionKind.Labels => 4,
                SectionKind.Tokenizer => 512,
                _ => 1 << 14,
            };
            for (ulong at = 0; at < section.Length; at += (uint)step)
            {
                yield return (int)(section.Offset + at);
            }
        }
    }

    private static ReadOnlySpan<SectionEntry> Table(byte[] file) =>
        MemoryMarshal.Cast<byte, SectionEntry>(file.AsSpan(FileHeader.Size))[..(int)MemoryMarshal.Read<FileHeader>(file).SectionCount];

    /// <summary>Computes all checksums anew, as far as there are sections to compute them of: no fuzzer would guess one.</summary>
    private static void Seal(byte[] file)
    {
        if (file.Length < FileHeader.Size)
        {
            return;
        }
        ref FileHeader header = ref MemoryMarshal.AsRef<FileHeader>(file.AsSpan());
        int entries = (int)Math.Min(header.SectionCount, (uint)((file.Length - FileHeader.Size) / SectionEntry.Size));
        Span<byte> table = file.AsSpan(FileHeader.Size, entries * SectionEntry.Size);
        foreach (ref SectionEntry entry in MemoryMarshal.Cast<byte, SectionEntry>(table))
        {
            if (entry.Offset <= (ulong)file.Length && entry.Length <= (ulong)file.Length - entry.Offset)
            {
                entry.Checksum = Checksum.Crc32C(file.AsSpan((int)entry.Offset, (int)entry.Length));
            }
        }
        header.Checksum = 0;
        header.Checksum = Checksum.Crc32C(file.AsSpan(0, FileHeader.Size + (entries * SectionEntry.Size)));
    }
}
