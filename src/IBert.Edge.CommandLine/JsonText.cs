// How texts are written in JSON: readable in every script, and harmless on a terminal.
using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using IBert.Edge.Files;

namespace IBert.Edge.CommandLine;

/// <summary>
/// Escapes what JSON must and what <see cref="Printable"/> would. Everything else stays as it is: a terminal or a file is no web page.
/// </summary>
internal sealed class JsonText : JavaScriptEncoder
{
    private static readonly JavaScriptEncoder s_least = UnsafeRelaxedJsonEscaping;

    private JsonText()
    {
    }

    public static JsonText Encoder { get; } = new();

    public override int MaxOutputCharactersPerInputCharacter => s_least.MaxOutputCharactersPerInputCharacter;

    // The relaxed encoder escapes all beyond 16 bits: emoji, and letters of some languages.
    public override bool WillEncode(int unicodeScalar) =>
        Printable.IsHidden(unicodeScalar) || (unicodeScalar <= char.MaxValue && s_least.WillEncode(unicodeScalar));

    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
    {
        ReadOnlySpan<char> rest = new(text, textLength);
        for (int at = 0; at < textLength;)
        {
            if (Rune.DecodeFromUtf16(rest[at..], out Rune rune, out int length) != OperationStatus.Done || WillEncode(rune.Value))
            {
                return at;
            }
            at += length;
        }
        return -1;
    }

    public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        if (s_least.WillEncode(unicodeScalar))
        {
            return s_least.TryEncodeUnicodeScalar(unicodeScalar, buffer, bufferLength, out numberOfCharactersWritten);
        }
        // What is left is within 16 bits.
        const int escape = 6;
        if (bufferLength < escape)
        {
            numberOfCharactersWritten = 0;
            return false;
        }
        (buffer[0], buffer[1]) = ('\\', 'u');
        for (int i = 0; i < 4; i++)
        {
            buffer[5 - i] = (char)"0123456789ABCDEF"u8[(unicodeScalar >> (4 * i)) & 15];
        }
        numberOfCharactersWritten = escape;
        return true;
    }
}
