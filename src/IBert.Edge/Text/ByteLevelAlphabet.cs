// How byte-level BPE writes bytes: as characters in vocabularies, and as trie labels in a model file.
namespace IBert.Edge.Text;

/// <summary>
/// GPT-2's <c>bytes_to_unicode</c> (Radford et al. 2019): printable bytes are the characters of their own, the others those from U+0100
/// on, in order. In a section the bytes 00 and FF change places, because a trie has no label 0 and no UTF-8 text has FF.
/// </summary>
internal static class ByteLevelAlphabet
{
    /// <summary>The character of a vocabulary that stands for a byte.</summary>
    public static int ToCodePoint(byte value) => value switch
    {
        <= 0x20 => 0x100 + value,
        >= 0x7F and <= 0xA0 => 0x100 + 0x21 + (value - 0x7F),
        0xAD => 0x100 + 0x21 + 0x22,
        _ => value,
    };

    /// <summary>The label of a byte, or the byte of a label.</summary>
    public static byte Exchange(byte value) => value is 0x00 or 0xFF ? (byte)~value : value;
}
