// Looks up UnicodeTables: classes, lower case, decomposition and order of marks as the tokenizers of Hugging Face have them.
// Nothing here asks .NET, whose Unicode version differs from theirs and between its own versions.
namespace IBert.Edge.Text;

/// <summary>What a BERT tokenizer does with a code point (the lowest three bits of its properties).</summary>
internal enum CodePointClass
{
    Word = 0,
    Removed = 1,
    Space = 2,
    Punctuation = 3,
    Cjk = 4,
}

/// <summary>The class of a code point (bits 0 to 2) and what else is asked of it.</summary>
[Flags]
internal enum CodePointProperties
{
    ClassMask = 7,

    /// <summary>A non-spacing mark, which accent stripping drops.</summary>
    Mark = 8,

    /// <summary>Has a canonical decomposition that accent stripping changes it into (Hangul is apart).</summary>
    Decomposes = 16,

    /// <summary>Has a lower case other than itself.</summary>
    Lowers = 32,

    /// <summary>Has a canonical combining class other than 0, so it takes part in canonical ordering.</summary>
    Nonstarter = 64,

    /// <summary><c>\w</c> of Rust's regular expressions, which decides where a single-word added token may stand.</summary>
    WordCharacter = 128,
}

/// <summary>What the regular expression of byte-level BPE takes a code point for.</summary>
internal enum ByteLevelClass
{
    Other = 0,
    Letter = 1,
    Number = 2,
    Space = 3,
}

internal static class UnicodeData
{
    /// <summary>The one code point with a lower case of two code points: i and a dot above.</summary>
    public const int CapitalIWithDot = 0x130;

    private const int HangulFirst = 0xAC00, HangulLast = 0xD7A3;

    public static CodePointProperties Properties(int codePoint) =>
        (CodePointProperties)UnicodeTables.Properties[(UnicodeTables.Index[codePoint >> 7] << 7) | (codePoint & 127)];

    public static CodePointClass ClassOf(CodePointProperties properties) =>
        (CodePointClass)(properties & CodePointProperties.ClassMask);

    /// <summary>The class of a code point in GPT-2's regular expression.</summary>
    public static ByteLevelClass ByteLevelClassOf(int codePoint)
    {
        int four = UnicodeTables.ByteLevelClasses[(UnicodeTables.ByteLevelIndex[codePoint >> 7] << 5) | (codePoint & 127) >> 2];
        return (ByteLevelClass)(four >> 2 * (codePoint & 3) & 3);
    }

    /// <summary>Unicode's White_Space: what BERT splits at, and three controls that text cleaning removes before.</summary>
    public static bool IsWhiteSpace(int codePoint) => IsWhiteSpace(codePoint, ClassOf(Properties(codePoint)));

    /// <summary>The same of a code point whose class is known.</summary>
    public static bool IsWhiteSpace(int codePoint, CodePointClass kind) =>
        kind == CodePointClass.Space || codePoint is 0x0B or 0x0C or 0x85;

    public static bool IsWordCharacter(int codePoint) => (Properties(codePoint) & CodePointProperties.WordCharacter) != 0;

    public static bool IsHangulSyllable(int codePoint) => codePoint is >= HangulFirst and <= HangulLast;

    /// <summary>The lower case of a code point that has another, except <see cref="CapitalIWithDot"/>.</summary>
    public static int ToLower(int codePoint)
    {
        ReadOnlySpan<int> runs = UnicodeTables.LowerRuns;
        int run = FindRun(runs, 4, codePoint);
        return codePoint <= runs[run + 1] && (codePoint - runs[run]) % runs[run + 2] == 0 ? codePoint + runs[run + 3] : codePoint;
    }

    /// <summary>The canonical combining class of a mark that accent stripping keeps; 0 for any other code point.</summary>
    public static int CombiningClass(int codePoint)
    {
        ReadOnlySpan<int> order = UnicodeTables.Order;
        int run = FindRun(order, 3, codePoint);
        return codePoint >= order[run] && codePoint <= order[run + 1] ? order[run + 2] : 0;
    }

    /// <summary>Writes what is left of a code point that <see cref="CodePointProperties.Decomposes"/>; at most 3 code points.</summary>
    public static int Strip(int codePoint, Span<int> to)
    {
        int value = UnicodeTables.StripValues[UnicodeTables.StripKeys.BinarySearch(codePoint)];
        int length = value >> 24;
        if (length == 0)
        {
            to[0] = value;
            return 1;
        }
        UnicodeTables.StripExpansions.Slice(value & 0xFFFFFF, length).CopyTo(to);
        return length;
    }

    /// <summary>The jamo of a Hangul syllable (The Unicode Standard, section 3.12); 2 or 3 code points.</summary>
    public static int DecomposeHangul(int syllable, Span<int> to)
    {
        const int VowelCount = 21, TrailingCount = 28;
        int index = syllable - HangulFirst;
        to[0] = 0x1100 + index / (VowelCount * TrailingCount);
        to[1] = 0x1161 + index / TrailingCount % VowelCount;
        to[2] = 0x11A7 + index % TrailingCount;
        return to[2] == 0x11A7 ? 2 : 3;
    }

    /// <summary>Where the last run starts that begins at or before the code point; the first run when there is none.</summary>
    private static int FindRun(ReadOnlySpan<int> runs, int width, int codePoint)
    {
        int low = 0, high = runs.Length / width;
        while (high - low > 1)
        {
            int middle = (low + high) >> 1;
            if (runs[middle * width] <= codePoint)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }
        return low * width;
    }
}
