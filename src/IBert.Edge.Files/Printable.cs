// Text from files and command lines as it may be shown to people: on one line, and nothing in it that moves a cursor or hides.
using System.Buffers;
using System.Globalization;
using System.Text;

namespace IBert.Edge.Files;

/// <summary>
/// What has no shape of its own on paper is written as an escape: <c>\t</c>, <c>\n</c>, <c>\r</c>, <c>\u001B</c>, <c>\U000E0001</c>,
/// <c>\xFF</c> for a byte that is not UTF-8. These are controls, separators of lines and what Unicode calls default ignorable: directions
/// and their overrides, zero widths, tags. Letters of all languages stay as they are, with the variation selectors that choose their shape
/// and the joiners between them.
/// </summary>
internal static class Printable
{
    // Scripts whose letters are joined or kept apart (Arabic, Indic, ...) and emoji come after this one (Unicode 17, Hebrew's first).
    private const int FirstJoined = 0x0590;

    private const int NonJoiner = 0x200C, Joiner = 0x200D;

    /// <summary>The text as it may be shown; itself where nothing is to be escaped.</summary>
    public static string Escape(string text)
    {
        int at = 0, before = 0;
        while (at < text.Length)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out int length) != OperationStatus.Done || MustEscape(rune, before))
            {
                return Escape(text, at, before);
            }
            before = rune.Value;
            at += length;
        }
        return text;
    }

    /// <summary>Appends text as it may be shown, and allocates nothing.</summary>
    public static void Append(ReadOnlySpan<byte> utf8, IBufferWriter<byte> output)
    {
        int before = 0;
        while (!utf8.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(utf8, out Rune rune, out int length);
            if (status != OperationStatus.Done)
            {
                foreach (byte value in utf8[..length])
                {
                    AppendEscape((byte)'x', value, 2, output);
                }
            }
            else if (MustEscape(rune, before))
            {
                Append(rune, output);
            }
            else
            {
                output.Write(utf8[..length]);
                before = rune.Value;
            }
            utf8 = utf8[length..];
        }
    }

    /// <summary>Appends text as it may be shown, and allocates nothing.</summary>
    public static void Append(ReadOnlySpan<char> text, IBufferWriter<byte> output)
    {
        int before = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out Rune rune, out int length) != OperationStatus.Done)
            {
                AppendEscape((byte)'u', text[0], 4, output);
            }
            else if (MustEscape(rune, before))
            {
                Append(rune, output);
            }
            else
            {
                output.Advance(rune.EncodeToUtf8(output.GetSpan(4)));
                before = rune.Value;
            }
            text = text[length..];
        }
    }

    /// <summary>Whether a character has no shape of its own, whatever stands beside it.</summary>
    public static bool IsHidden(int character) => character switch
    {
        // C0, DEL and C1.
        < 0x20 or (>= 0x7F and < 0xA0) => true,
        < 0xAD => false,
        // Default_Ignorable_Code_Point (Unicode 17, DerivedCoreProperties.txt) without variation selectors, joiners and the fillers of
        // Hangul's and Khmer's own syllables; with separators of lines and paragraphs, annotations and what is no character.
        0xAD or 0x034F or 0x061C or 0x180E or 0x200B or 0x200E or 0x200F => true,
        (>= 0x2028 and <= 0x202E) or (>= 0x2060 and <= 0x206F) => true,
        0x3164 or (>= 0xFDD0 and <= 0xFDEF) or 0xFEFF or 0xFFA0 or (>= 0xFFF0 and <= 0xFFFB) => true,
        (>= 0x1BCA0 and <= 0x1BCA3) or (>= 0x1D173 and <= 0x1D17A) or (>= 0xE0000 and <= 0xE00FF) or (>= 0xE01F0 and <= 0xE0FFF) => true,
        _ => (character & 0xFFFE) == 0xFFFE,
    };

    private static bool MustEscape(Rune rune, int before) =>
        rune.Value is NonJoiner or Joiner ? before < FirstJoined : IsHidden(rune.Value);

    private static string Escape(string text, int at, int before)
    {
        StringBuilder result = new(text, 0, at, text.Length + 16);
        while (at < text.Length)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out int length) != OperationStatus.Done)
            {
                result.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[at]:X4}");
            }
            else if (MustEscape(rune, before))
            {
                result.Append(Short(rune.Value) is var letter and not 0
                    ? $"\\{(char)letter}"
                    : rune.IsBmp ? $"\\u{rune.Value:X4}" : $"\\U{rune.Value:X8}");
            }
            else
            {
                result.Append(text, at, length);
                before = rune.Value;
            }
            at += length;
        }
        return result.ToString();
    }

    private static void Append(Rune rune, IBufferWriter<byte> output)
    {
        if (Short(rune.Value) is var letter and not 0)
        {
            Span<byte> two = output.GetSpan(2);
            (two[0], two[1]) = ((byte)'\\', letter);
            output.Advance(2);
        }
        else if (rune.IsBmp)
        {
            AppendEscape((byte)'u', rune.Value, 4, output);
        }
        else
        {
            AppendEscape((byte)'U', rune.Value, 8, output);
        }
    }

    private static byte Short(int character) => character switch
    {
        '\t' => (byte)'t',
        '\n' => (byte)'n',
        '\r' => (byte)'r',
        _ => 0,
    };

    private static void AppendEscape(byte kind, int value, int digits, IBufferWriter<byte> output)
    {
        Span<byte> escape = output.GetSpan(2 + digits);
        (escape[0], escape[1]) = ((byte)'\\', kind);
        for (int i = 0; i < digits; i++)
        {
            escape[1 + digits - i] = "0123456789ABCDEF"u8[(value >> (4 * i)) & 15];
        }
        output.Advance(2 + digits);
    }
}
