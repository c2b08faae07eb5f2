// The texts of the self-test: every kind that a device meets.
using System.Text;

namespace IBert.Edge.Cli.Inspection;

internal static class TestTexts
{
    private static readonly byte[][] s_short =
    [
        .. new[]
        {
            "", "a charming and often affecting journey", "unflinchingly bleak and desperate", "turn the lights off in the kitchen",
            "what is the weather like tomorrow?", "I don't know... maybe!", "Ünïcödé, naïve café: déjà vu", "北京 is a city; 東京 too",
            "emoji \U0001F600 and \u200B zero width", "12:30, 99.9%, $5.00", "antidisestablishmentarianism",
            "\t spaces \u3000 everywhere \u00A0",
            // Of 3, 17 and 33 tokens: one above what registers and tiles hold.
            "good", string.Concat(Enumerable.Repeat("it was good ", 5)), string.Concat(Enumerable.Repeat("a ", 31)),
        }.Select(Encoding.UTF8.GetBytes),
        // Invalid UTF-8: lone continuation, overlong, surrogate, cut sequences, beyond the last code point.
        [0x80, 0x20, 0xC0, 0xAF, 0x20, 0xED, 0xA0, 0x80, 0x61, 0xE2, 0x82, 0x20, 0xF4, 0x90, 0x80, 0x80, 0xFF],
        [.. "good "u8, 0xFE, .. " film"u8, 0xC3],
        Enumerable.Repeat((byte)'x', 400).ToArray(),
    ];

    private static readonly byte[][] s_long =
    [
        // More than 512 tokens: cut. About 500 tokens: whole.
        Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Repeat("it 's a film that never quite finds its feet , but", 120))),
        Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Repeat("the movie was good", 125))),
    ];

    /// <summary>All of them, single ones.</summary>
    public static IEnumerable<byte[]> All => s_short.Concat(s_long);

    /// <summary>
    /// Those that even the scalar kernels are done with at once: nothing, a word, a sentence, one token more than tiles hold, and invalid
    /// UTF-8.
    /// </summary>
    public static IEnumerable<byte[]> Few => [s_short[0], s_short[1], s_short[12], s_short[13], s_short[16]];

    /// <summary>One of the short ones.</summary>
    public static byte[] ShortOne(int index) => s_short[index % s_short.Length];

    /// <summary>One of those that fill a model of 512 tokens.</summary>
    public static byte[] LongOne(int index) => s_long[index % s_long.Length];
}
