// Inputs that are changes of a well-formed file: a few bytes each, so that a fuzzer mutates what matters and the corpus stays small.
using System.Buffers.Binary;

namespace IBert.Edge.CoverageFuzz;

/// <summary>
/// The first byte names one of several files, or, as <see cref="Raw"/>, says that the rest is the file itself. Changes follow: a place
/// (2 bytes, little-endian, in units of <paramref name="unit"/>), a count (1 byte), and as many bytes, which are written over those at the
/// place. A count of 0 cuts the file there, or lengthens it with zeros.
/// </summary>
internal sealed class Patches(int unit, params byte[][] files)
{
    public const byte Raw = 0xFF;

    private const int HeadBytes = 3;

    /// <summary>The file that an input stands for.</summary>
    public byte[] Apply(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty || input[0] == Raw)
        {
            return input.IsEmpty ? [] : input[1..].ToArray();
        }
        byte[] file = [.. files[input[0] % files.Length]];
        input = input[1..];
        while (input.Length >= HeadBytes)
        {
            int place = BinaryPrimitives.ReadUInt16LittleEndian(input) * unit, count = Math.Min((int)input[2], input.Length - HeadBytes);
            ReadOnlySpan<byte> bytes = input.Slice(HeadBytes, count);
            input = input[(HeadBytes + count)..];
            if (count == 0)
            {
                Array.Resize(ref file, place);
            }
            else if (place < file.Length)
            {
                bytes[..Math.Min(count, file.Length - place)].CopyTo(file.AsSpan(place));
            }
        }
        return file;
    }

    /// <summary>Each file as it is, and with four bytes at each of some places written over by themselves: to be mutated.</summary>
    public IEnumerable<byte[]> Seeds(Func<byte[], IEnumerable<int>> places)
    {
        for (int i = 0; i < files.Length; i++)
        {
            yield return [(byte)i];
            foreach (int place in places(files[i]).Select(place => place / unit).Distinct().Where(place => place <= ushort.MaxValue))
            {
                ReadOnlySpan<byte> there = files[i].AsSpan(place * unit);
                there = there[..Math.Min(4, there.Length)];
                yield return [(byte)i, (byte)place, (byte)(place >> 8), (byte)there.Length, .. there];
            }
        }
    }
}
