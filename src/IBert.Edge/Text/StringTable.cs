// Byte strings by index, read where the file is mapped.
using IBert.Edge.Memory;

namespace IBert.Edge.Text;

/// <summary>Strings one after another, with the offset of each and the end of the last.</summary>
internal readonly struct StringTable
{
    private readonly NativeSpan<uint> offsets;
    private readonly NativeSpan<byte> bytes;

    private StringTable(NativeSpan<uint> offsets, NativeSpan<byte> bytes, int longest)
    {
        this.offsets = offsets;
        this.bytes = bytes;
        Longest = longest;
    }

    public int Count => offsets.Length - 1;

    /// <summary>Bytes of the longest string.</summary>
    public int Longest { get; }

    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            int start = (int)offsets[index];
            return bytes.Slice(start, (int)offsets[index + 1] - start);
        }
    }

    public static StringTable Open(NativeSpan<uint> offsets, NativeSpan<byte> bytes, string name)
    {
        uint last = offsets[0], longest = 0;
        if (last != 0)
        {
            throw TokenizerSection.Broken($"the first of {name} starts at {last}, not at 0");
        }
        foreach (uint offset in offsets.Span)
        {
            if (offset < last)
            {
                throw TokenizerSection.Broken($"the offsets of {name} go back from {last} to {offset}");
            }
            longest = Math.Max(longest, offset - last);
            last = offset;
        }
        if (last != (uint)bytes.Length)
        {
            throw TokenizerSection.Broken($"{name} end at {last}, but have {bytes.Length} bytes");
        }
        return new StringTable(offsets, bytes, (int)longest);
    }
}
