// Scores and values as decimal fractions, from integers.
using System.Buffers.Text;

namespace IBert.Edge.CommandLine;

internal static class Fraction
{
    /// <summary>Digits of a millionth.</summary>
    public const int Digits = 6;

    /// <summary>Longest result: that of long.MinValue.</summary>
    public const int MaxLength = 21;

    /// <summary>Writes millionths, rounded to 1..6 digits after the point; returns the length.</summary>
    public static int Format(long millionths, int digits, Span<byte> destination)
    {
        ulong unit = 1, whole = 1;
        for (int i = digits; i < Digits; i++)
        {
            unit *= 10;
        }
        for (int i = 0; i < digits; i++)
        {
            whole *= 10;
        }
        // The magnitude of long.MinValue fits unsigned.
        ulong magnitude = millionths < 0 ? 0 - (ulong)millionths : (ulong)millionths, value = (magnitude + (unit / 2)) / unit;
        int length = 0;
        if (millionths < 0 && value > 0)
        {
            destination[length++] = (byte)'-';
        }
        Utf8Formatter.TryFormat(value / whole, destination[length..], out int written);
        length += written;
        destination[length++] = (byte)'.';
        Utf8Formatter.TryFormat(value % whole, destination[length..], out _, new('D', (byte)digits));
        return length + digits;
    }
}
