// The bytes of one word as byte-level BPE sees them, read piece by piece: a word may be as long as the text.
using System.Buffers;
using System.Text;

namespace IBert.Edge.Text;

/// <summary>
/// A word's labels: a space in front where the tokenizer adds one, invalid bytes as U+FFFD (EF BF BD) per maximal subpart, 00 as FF
/// (<see cref="ByteLevelAlphabet"/>). A copy reads on by itself.
/// </summary>
/// <param name="text">The word in the text.</param>
/// <param name="addSpace">Whether a space comes before it.</param>
internal ref struct BytePairWord(ReadOnlySpan<byte> text, bool addSpace)
{
    private ReadOnlySpan<byte> text = text;
    private bool addSpace = addSpace;
    private int readOfFirst;    // labels of the first code point that were read: tokens may end inside one
    private long left = long.MaxValue;

    public readonly bool IsEmpty => left == 0 || text.IsEmpty && !addSpace;

    /// <summary>As many of the labels as a word of its own.</summary>
    public readonly BytePairWord Take(long count)
    {
        BytePairWord part = this;
        part.left = Math.Min(left, count);
        return part;
    }

    /// <summary>Reads labels until the word ends or no more fit.</summary>
    /// <returns>How many.</returns>
    public int Read(Span<byte> labels)
    {
        int count = 0;
        labels = labels[..(int)Math.Min(labels.Length, left)];
        if (addSpace && !labels.IsEmpty)
        {
            labels[count++] = (byte)' ';
            addSpace = false;
        }
        while (count < labels.Length && !text.IsEmpty)
        {
            byte first = text[0];
            if (first < 0x80)
            {
                labels[count++] = ByteLevelAlphabet.Exchange(first);
                text = text[1..];
                continue;
            }
            bool isValid = Rune.DecodeFromUtf8(text, out _, out int size) == OperationStatus.Done;
            ReadOnlySpan<byte> rest = (isValid ? text[..size] : "\uFFFD"u8)[readOfFirst..];
            int fits = Math.Min(rest.Length, labels.Length - count);
            rest[..fits].CopyTo(labels[count..]);
            count += fits;
            if (fits < rest.Length)
            {
                readOfFirst += fits;
                break;
            }
            readOfFirst = 0;
            text = text[size..];
        }
        left -= count;
        return count;
    }
}
