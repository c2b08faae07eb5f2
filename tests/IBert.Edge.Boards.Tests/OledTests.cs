// A panel shows what was drawn: the picture is put together from the bytes on the bus, as the controller would.
using IBert.Edge.Boards.Displays;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Boards.Tests;

public sealed class OledTests
{
    private readonly RecordedBus bus = new();

    [Theory]
    [InlineData(OledController.Ssd1306, 64)]
    [InlineData(OledController.Ssd1306, 32)]
    [InlineData(OledController.Sh1106, 64)]
    [InlineData(OledController.Sh1106, 32)]
    public void The_glass_shows_the_canvas(OledController controller, int height)
    {
        using Oled oled = new(bus, controller, height);
        Panel panel = new(controller, height);
        Draw(oled.Canvas, "positive");
        oled.Show();
        panel.Take(bus.Messages);
        AssertShows(oled.Canvas, panel);
        Assert.True(panel.IsSetUp);

        // Then only what changed: one page of eight.
        bus.Messages.Clear();
        oled.Canvas[5, 9] = !oled.Canvas[5, 9];
        oled.Show();
        Assert.Equal([4, 129], bus.Messages.Select(message => message.Length));
        panel.Take(bus.Messages);
        AssertShows(oled.Canvas, panel);

        bus.Messages.Clear();
        oled.Show();
        Assert.Empty(bus.Messages);
    }

    [Fact]
    public void A_panel_that_did_not_answer_is_set_up_again()
    {
        using Oled oled = new(bus);
        Draw(oled.Canvas, "one");
        oled.Show();
        oled.Canvas.Clear();
        Draw(oled.Canvas, "two");
        bus.Nacks = 1;
        Assert.ThrowsAny<IOException>(oled.Show);
        // It lost its supply meanwhile: it is as new.
        Panel panel = new(OledController.Ssd1306, 64);
        bus.Messages.Clear();
        oled.Show();
        panel.Take(bus.Messages);
        AssertShows(oled.Canvas, panel);
        Assert.True(panel.IsSetUp && panel.IsOn);
    }

    [Fact]
    public void It_goes_out_when_it_is_closed()
    {
        Oled oled = new(bus);
        oled.Show();
        oled.Dispose();
        Panel panel = new(OledController.Ssd1306, 64);
        panel.Take(bus.Messages);
        Assert.False(panel.IsOn);
    }

    [Fact]
    public void Letters_stand_where_they_are_drawn()
    {
        Canvas canvas = new(18, 8);
        Assert.Equal(12, canvas.Text(0, 0, "Hi"u8));
        Assert.Equal(
            """
            #...#...#...
            #...#.......
            #...#..##...
            #####...#...
            #...#...#...
            #...#...#...
            #...#..###..
            ............
            """.ReplaceLineEndings("\n"),
            Picture(canvas, 12));
    }

    [Theory]
    [InlineData("é", "e")]
    [InlineData("Żółć", "Zolc")]
    [InlineData("“it’s”", "\"it's\"")]
    [InlineData("e\u0301", "e")]
    [InlineData("a\u001B[2J", "a\u0001[2J")]
    [InlineData("中", "\u0001")]
    public void What_the_font_lacks_is_the_letter_below_or_a_box(string text, string same)
    {
        Canvas one = new(128, 8), other = new(128, 8);
        one.Text(0, 0, System.Text.Encoding.UTF8.GetBytes(text));
        other.Text(0, 0, System.Text.Encoding.UTF8.GetBytes(same));
        Assert.Equal(Picture(other, 128), Picture(one, 128));
    }

    [Fact]
    public void Every_letter_and_icon_is_another_picture()
    {
        IEnumerable<string> letters = Enumerable.Range(0x21, 0x7F - 0x21).Select(value =>
        {
            Canvas canvas = new(6, 8);
            canvas.Text(0, 0, [(byte)value]);
            return Picture(canvas, 6);
        });
        IEnumerable<string> icons = Icons.Names.Select(name => Convert.ToHexString(Icons.Find(name)));
        Assert.Equal(0x7F - 0x21, letters.Distinct().Count());
        Assert.Equal(Icons.Names.Count, icons.Distinct().Count());
        Assert.All(icons, picture => Assert.Equal(16, picture.Length));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(500_000, 48)]
    [InlineData(1_000_000, 96)]
    [InlineData(-5, 0)]
    [InlineData(2_000_000, 96)]
    public void A_bar_is_filled_by_its_share(int millionths, int dots)
    {
        Canvas canvas = new(100, 8);
        canvas.Bar(0, 0, 100, 8, millionths);
        Assert.Equal(dots, Enumerable.Range(2, 96).Count(x => canvas[x, 4]));
    }

    [Fact]
    public void What_is_outside_is_left_out()
    {
        Canvas canvas = new(16, 16);
        canvas.Fill(-100, -100, 1000, 1000);
        canvas.Text(-3, 12, "abc"u8, scale: 3);
        canvas.Picture(14, 14, 8, Icons.Find("heart"));
        canvas[int.MaxValue, int.MinValue] = true;
        Assert.All(canvas.Bytes.ToArray(), value => Assert.Equal(0xFF, value));
    }

    [Fact]
    public void Nothing_of_ours_is_allocated_for_a_frame()
    {
        using Oled oled = new(new SilentBus());
        Frame(0);
        Assert.Equal(0, Allocations.Of(100, i => Frame(i)));

        void Frame(int i)
        {
            oled.Canvas.Clear();
            oled.Canvas.Text(i % 9, 0, "größer als 7"u8, scale: 2);
            oled.Canvas.Bar(0, 40, 128, 10, i * 10_000);
            oled.Show();
        }
    }

    private static void Draw(Canvas canvas, string text)
    {
        canvas.Text(0, 0, System.Text.Encoding.UTF8.GetBytes(text), scale: 2);
        canvas.Picture(110, 2, 8, Icons.Find("smile"));
        canvas.Bar(0, canvas.Height - 10, 128, 10, 700_000);
    }

    private static void AssertShows(Canvas canvas, Panel panel)
    {
        for (int y = 0; y < canvas.Height; y++)
        {
            for (int x = 0; x < canvas.Width; x++)
            {
                Assert.True(canvas[x, y] == panel[x, y], $"the dot at {x}, {y}");
            }
        }
    }

    private static string Picture(Canvas canvas, int width) =>
        string.Join(
            '\n', Enumerable.Range(0, 8).Select(y => string.Concat(Enumerable.Range(0, width).Select(x => canvas[x, y] ? '#' : '.'))));

    private sealed class SilentBus : System.Device.I2c.I2cDevice
    {
        public override System.Device.I2c.I2cConnectionSettings ConnectionSettings { get; } = new(1, 0x3C);

        public override byte ReadByte() => 0;

        public override void Read(Span<byte> buffer) => buffer.Clear();

        public override void WriteByte(byte value)
        {
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
        }

        public override void WriteRead(ReadOnlySpan<byte> writeBuffer, Span<byte> readBuffer) => readBuffer.Clear();
    }
}
