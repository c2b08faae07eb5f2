// BERT's text normalization as a stream: UTF-8 in, normalized UTF-8 out, through a buffer of any size.
using System.Text;

namespace IBert.Edge.Text;

/// <summary>Which of BERT's four normalization steps are done, in this order. The values are those of the file.</summary>
[Flags]
internal enum BertNormalizerOptions
{
    None = 0,

    /// <summary>Controls, unassigned and private code points and U+FFFD are removed, white space becomes a space.</summary>
    CleanText = 1,

    /// <summary>Spaces are put around Chinese characters.</summary>
    HandleChinese = 2,

    /// <summary>Canonical decomposition, then non-spacing marks are dropped.</summary>
    StripAccents = 4,

    /// <summary>Each code point becomes its lower case, whatever stands beside it.</summary>
    LowerCase = 8,

    All = CleanText | HandleChinese | StripAccents | LowerCase,
}

/// <summary>
/// Does what <c>BertNormalizer</c> of Hugging Face's tokenizers does, with every combination of its options: invalid UTF-8 is U+FFFD per
/// maximal subpart, stripping and lower casing are tables of their own, and both together are <c>unicode.bert-uncased-map.tsv</c>.
/// Decomposition puts marks in canonical order; most are dropped then, so only runs of those that are kept are ever held back.
/// </summary>
internal sealed class BertNormalizer
{
    private const int LargestExpansion = 32;

    private readonly bool cleanText, handleChinese, stripAccents, lowerCase;
    private readonly int[] pending;
    private readonly byte[] pendingClasses;
    private int pendingCount;

    /// <param name="options">The steps to do.</param>
    /// <param name="longestRun">How many marks in a row are put in order; of a longer run, which is longer than any word that is not
    /// unknown, the order cannot matter.</param>
    public BertNormalizer(BertNormalizerOptions options, int longestRun)
    {
        cleanText = (options & BertNormalizerOptions.CleanText) != 0;
        handleChinese = (options & BertNormalizerOptions.HandleChinese) != 0;
        stripAccents = (options & BertNormalizerOptions.StripAccents) != 0;
        lowerCase = (options & BertNormalizerOptions.LowerCase) != 0;
        pending = new int[longestRun];
        pendingClasses = new byte[longestRun];
        Headroom = 4 * longestRun + LargestExpansion;
    }

    /// <summary>Bytes that must be free in the buffer for one more code point of text to be taken.</summary>
    public int Headroom { get; }

    /// <summary>Forgets the text before.</summary>
    public void Reset() => pendingCount = 0;

    /// <summary>Normalizes text from <paramref name="position"/> on, until it ends or less than <see cref="Headroom"/> is free.</summary>
    /// <returns>Bytes written.</returns>
    public int Fill(ReadOnlySpan<byte> text, ref int position, Span<byte> buffer)
    {
        int written = 0;
        while (position < text.Length && buffer.Length - written >= Headroom)
        {
            int codePoint = text[position];
            if (codePoint < 0x80)
            {
                position++;
            }
            else
            {
                // Invalid bytes come back as U+FFFD, one for each maximal subpart, as Python's and Rust's replacement does.
                Rune.DecodeFromUtf8(text[position..], out Rune rune, out int consumed);
                codePoint = rune.Value;
                position += consumed;
            }
            CodePointProperties properties = UnicodeData.Properties(codePoint);
            CodePointClass kind = UnicodeData.ClassOf(properties);
            if (kind is CodePointClass.Removed or CodePointClass.Space && cleanText)
            {
                if (kind == CodePointClass.Space)
                {
                    WriteStarter(' ', buffer, ref written);
                }
            }
            else if (kind == CodePointClass.Cjk && handleChinese)
            {
                WriteStarter(' ', buffer, ref written);
                Write(codePoint, properties, buffer, ref written);
                WriteStarter(' ', buffer, ref written);
            }
            else
            {
                Write(codePoint, properties, buffer, ref written);
            }
        }
        if (position == text.Length)
        {
            WritePending(buffer, ref written);
        }
        return written;
    }

    private void Write(int codePoint, CodePointProperties properties, Span<byte> buffer, ref int written)
    {
        if (!stripAccents)
        {
            WriteLowered(codePoint, buffer, ref written);
        }
        else if ((properties & CodePointProperties.Decomposes) != 0 || UnicodeData.IsHangulSyllable(codePoint))
        {
            Span<int> parts = stackalloc int[3];
            int count = UnicodeData.IsHangulSyllable(codePoint)
                ? UnicodeData.DecomposeHangul(codePoint, parts)
                : UnicodeData.Strip(codePoint, parts);
            foreach (int part in parts[..count])
            {
                WriteStripped(part, UnicodeData.Properties(part), buffer, ref written);
            }
        }
        else
        {
            WriteStripped(codePoint, properties, buffer, ref written);
        }
    }

    private void WriteStripped(int codePoint, CodePointProperties properties, Span<byte> buffer, ref int written)
    {
        bool isMark = (properties & CodePointProperties.Mark) != 0;
        if ((properties & CodePointProperties.Nonstarter) == 0)
        {
            if (isMark)
            {
                WritePending(buffer, ref written);
            }
            else
            {
                WriteStarter(codePoint, buffer, ref written);
            }
        }
        else if (!isMark)
        {
            Hold(codePoint, buffer, ref written);
        }
    }

    /// <summary>Puts a kept mark behind those of the same or a lower class: canonical ordering is a stable sort of each run.</summary>
    private void Hold(int codePoint, Span<byte> buffer, ref int written)
    {
        if (pendingCount == pending.Length)
        {
            WritePending(buffer, ref written);
        }
        int combiningClass = UnicodeData.CombiningClass(codePoint);
        int at = pendingCount++;
        for (; at > 0 && pendingClasses[at - 1] > combiningClass; at--)
        {
            pending[at] = pending[at - 1];
            pendingClasses[at] = pendingClasses[at - 1];
        }
        pending[at] = codePoint;
        pendingClasses[at] = (byte)combiningClass;
    }

    private void WriteStarter(int codePoint, Span<byte> buffer, ref int written)
    {
        WritePending(buffer, ref written);
        WriteLowered(codePoint, buffer, ref written);
    }

    private void WritePending(Span<byte> buffer, ref int written)
    {
        for (int i = 0; i < pendingCount; i++)
        {
            WriteLowered(pending[i], buffer, ref written);
        }
        pendingCount = 0;
    }

    private void WriteLowered(int codePoint, Span<byte> buffer, ref int written)
    {
        if (lowerCase)
        {
            if (codePoint == UnicodeData.CapitalIWithDot)
            {
                buffer[written++] = (byte)'i';
                codePoint = 0x307;
            }
            else if ((UnicodeData.Properties(codePoint) & CodePointProperties.Lowers) != 0)
            {
                codePoint = UnicodeData.ToLower(codePoint);
            }
        }
        if (codePoint < 0x80)
        {
            buffer[written++] = (byte)codePoint;
        }
        else
        {
            written += new Rune(codePoint).EncodeToUtf8(buffer[written..]);
        }
    }
}
