// Dots to draw on: what a monochrome display shows.
using System.Text;

namespace IBert.Edge.Boards.Displays;

/// <summary>
/// Dots in rows of bytes as displays have them: a byte is eight dots below each other, the lowest bit is the highest. Nothing is allocated
/// after it is made.
/// </summary>
public sealed class Canvas
{
    private readonly byte[] dots;

    /// <summary>Makes an empty one.</summary>
    /// <param name="width">Dots across.</param>
    /// <param name="height">Dots down, a multiple of 8.</param>
    public Canvas(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (height < 8 || height % 8 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(height), $"a height of {height} dots: a multiple of 8");
        }
        (Width, Height) = (width, height);
        dots = new byte[width * height / 8];
    }

    /// <summary>Dots across.</summary>
    public int Width { get; }

    /// <summary>Dots down.</summary>
    public int Height { get; }

    /// <summary>Letters in a line of a scale of one.</summary>
    public int Columns => Width / BitmapFont.CellWidth;

    /// <summary>Lines of a scale of one.</summary>
    public int Lines => Height / BitmapFont.CellHeight;

    /// <summary>The bytes: <see cref="Height"/> / 8 pages of <see cref="Width"/> columns.</summary>
    public ReadOnlySpan<byte> Bytes => dots;

    /// <summary>Whether a dot is lit; false outside.</summary>
    public bool this[int x, int y]
    {
        get => Contains(x, y) && (dots[(y / 8 * Width) + x] & (1 << (y % 8))) != 0;
        set
        {
            if (Contains(x, y))
            {
                ref byte column = ref dots[(y / 8 * Width) + x];
                column = (byte)(value ? column | (1 << (y % 8)) : column & ~(1 << (y % 8)));
            }
        }
    }

    /// <summary>Puts all dots out.</summary>
    public void Clear() => Array.Clear(dots);

    /// <summary>Fills a rectangle; what is outside is left out.</summary>
    public void Fill(int x, int y, int width, int height, bool lit = true)
    {
        for (int row = Math.Max(y, 0); row < Math.Min(y + height, Height); row++)
        {
            for (int column = Math.Max(x, 0); column < Math.Min(x + width, Width); column++)
            {
                this[column, row] = lit;
            }
        }
    }

    /// <summary>Draws a frame one dot wide.</summary>
    public void Frame(int x, int y, int width, int height)
    {
        Fill(x, y, width, 1);
        Fill(x, y + height - 1, width, 1);
        Fill(x, y, 1, height);
        Fill(x + width - 1, y, 1, height);
    }

    /// <summary>Draws a bar: a frame, filled from the left.</summary>
    /// <param name="x">Left edge.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="width">Of the frame.</param>
    /// <param name="height">Of the frame.</param>
    /// <param name="millionths">How much of it is filled, 0 to 1,000,000.</param>
    public void Bar(int x, int y, int width, int height, int millionths)
    {
        Frame(x, y, width, height);
        long filled = (long)Math.Clamp(millionths, 0, 1_000_000) * (width - 4) / 1_000_000;
        Fill(x + 2, y + 2, (int)filled, height - 4);
    }

    /// <summary>Draws a line of text; what does not fit is left out. Controls are empty boxes.</summary>
    /// <param name="x">Left edge.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="utf8">The text; invalid bytes are empty boxes.</param>
    /// <param name="scale">1: cells of 6 x 8 dots; 2: twice that; ...</param>
    /// <returns>Where the next letter would begin.</returns>
    public int Text(int x, int y, ReadOnlySpan<byte> utf8, int scale = 1)
    {
        while (!utf8.IsEmpty && x < Width)
        {
            Rune.DecodeFromUtf8(utf8, out Rune rune, out int taken);
            utf8 = utf8[taken..];
            // An accent of its own stands on the letter before it, which has none here.
            if (rune.Value is >= 0x300 and < 0x370)
            {
                continue;
            }
            ReadOnlySpan<byte> glyph = BitmapFont.Glyph(rune);
            for (int column = 0; column < glyph.Length; column++)
            {
                for (int row = 0; row < BitmapFont.CellHeight; row++)
                {
                    if ((glyph[column] & (1 << row)) != 0)
                    {
                        Fill(x + (column * scale), y + (row * scale), scale, scale);
                    }
                }
            }
            x += BitmapFont.CellWidth * scale;
        }
        return x;
    }

    /// <summary>Draws a picture; its bytes are as <see cref="Bytes"/>.</summary>
    /// <param name="x">Left edge.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="width">Dots across.</param>
    /// <param name="picture">Pages of <paramref name="width"/> columns.</param>
    public void Picture(int x, int y, int width, ReadOnlySpan<byte> picture)
    {
        for (int i = 0; i < picture.Length; i++)
        {
            for (int row = 0; row < 8; row++)
            {
                if ((picture[i] & (1 << row)) != 0)
                {
                    this[x + (i % width), y + (i / width * 8) + row] = true;
                }
            }
        }
    }

    private bool Contains(int x, int y) => (uint)x < (uint)Width && (uint)y < (uint)Height;
}
