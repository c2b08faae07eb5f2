// The file's checksum.
using System.Numerics;
using System.Runtime.InteropServices;

namespace IBert.Edge.Format;

/// <summary>CRC-32C (Castagnoli, as in iSCSI, RFC 3720): both CPU families compute it in hardware.</summary>
internal static class Checksum
{
    /// <summary>The checksum of some bytes, or of more bytes after an earlier result.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="earlier">Result for what came before, 0 at the start.</param>
    public static uint Crc32C(ReadOnlySpan<byte> bytes, uint earlier = 0)
    {
        uint crc = ~earlier;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }
        foreach (byte b in bytes[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, b);
        }
        return ~crc;
    }
}
