// Scores as decimal fractions, from integers.
namespace IBert.Edge.Cli.Output;

internal static class Fraction
{
    /// <summary>Digits of a millionth.</summary>
    public const int Digits = 6;

    /// <summary>Longest result: <c>0.123456</c>.</summary>
    public const int MaxLength = Digits + 2;

    /// <summary>Writes millionths, 0..1,000,000, rounded to 1..6 digits after the point; returns the length.</summary>
    public static int Format(int millionths, int digits, Span<byte> destination)
    {
        int unit = 1;
        for (int i = digits; i < Digits; i++)
        {
            unit *= 10;
        }
        int value = (millionths + (unit / 2)) / unit;
        for (int i = digits + 1; i > 1; i--)
        {
            destination[i] = (byte)('0' + (value % 10));
            value /= 10;
        }
        destination[1] = (byte)'.';
        destination[0] = (byte)('0' + value);
        return digits + 2;
    }
}
