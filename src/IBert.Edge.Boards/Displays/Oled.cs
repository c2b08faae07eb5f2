// OLED panels with an SSD1306 or SH1106 on I2C, of 128 x 64 and 128 x 32 dots.
using System.Device.I2c;

namespace IBert.Edge.Boards.Displays;

/// <summary>The controller of a panel.</summary>
public enum OledController
{
    /// <summary>Solomon Systech SSD1306: most panels of 0.96 inch.</summary>
    Ssd1306,

    /// <summary>Sino Wealth SH1106: most panels of 1.3 inch. It has 132 columns, of which the panel shows the middle 128.</summary>
    Sh1106,
}

/// <summary>
/// A panel that shows a <see cref="Canvas"/>. Only pages that changed are sent, and nothing is allocated. A panel that did not answer (its
/// cable was out, its supply fell) has forgotten how it was set up: it is set up again before it is sent anything.
/// </summary>
public sealed class Oled : IDisposable
{
    // Commands of the data sheets.
    private const byte Commands = 0x00, Data = 0x40, Off = 0xAE, On = 0xAF, Contrast = 0x81, Page = 0xB0;
    private const int Width = 128;

    private readonly I2cDevice device;
    private readonly OledController controller;
    private readonly byte[] shown, message = new byte[Width + 1];
    private readonly byte[] setUp;
    private bool isReady;

    /// <summary>Takes a panel; nothing is sent yet.</summary>
    /// <param name="device">The device, at 0x3c or 0x3d; closed with the panel.</param>
    /// <param name="controller">Its controller.</param>
    /// <param name="height">Dots down: 64 or 32.</param>
    /// <param name="upsideDown">Whether it is mounted the other way round.</param>
    public Oled(I2cDevice device, OledController controller = OledController.Ssd1306, int height = 64, bool upsideDown = false)
    {
        if (height is not (32 or 64))
        {
            throw new ArgumentOutOfRangeException(nameof(height), $"a panel of {height} rows: 64 or 32");
        }
        (this.device, this.controller) = (device, controller);
        Canvas = new Canvas(Width, height);
        shown = new byte[Canvas.Bytes.Length];
        byte alternate = height == 64 ? (byte)0x12 : (byte)0x02;
        byte columns = upsideDown ? (byte)0xA0 : (byte)0xA1, rows = upsideDown ? (byte)0xC0 : (byte)0xC8;
        byte[] supply = controller == OledController.Ssd1306 ? [0x8D, 0x14] : [0xAD, 0x8B];
        setUp =
        [
            // Off; clock; rows; no offset; first line; supply of its own; both orders; pins of the rows; contrast; charge times; level of
            // VCOMH; shows memory, not inverted.
            Commands, Off, 0xD5, 0x80, 0xA8, (byte)(height - 1), 0xD3, 0x00, 0x40, .. supply, columns, rows, 0xDA, alternate, Contrast,
                0xCF, 0xD9, 0xF1, 0xDB, 0x40, 0xA4, 0xA6,
        ];
    }

    /// <summary>What is drawn; <see cref="Show"/> sends it.</summary>
    public Canvas Canvas { get; }

    /// <summary>Sends what changed.</summary>
    /// <exception cref="IOException">The panel does not answer; the next call sets it up and sends all.</exception>
    public void Show()
    {
        try
        {
            if (!isReady)
            {
                device.Write(setUp);
                for (int page = 0; page < Canvas.Height / 8; page++)
                {
                    Send(page);
                }
                device.Write([Commands, On]);
                isReady = true;
                return;
            }
            for (int page = 0; page < Canvas.Height / 8; page++)
            {
                if (!PageOf(Canvas.Bytes, page).SequenceEqual(PageOf(shown, page)))
                {
                    Send(page);
                }
            }
        }
        catch (IOException)
        {
            isReady = false;
            throw;
        }
    }

    /// <summary>Sets how bright it is.</summary>
    /// <exception cref="IOException">The panel does not answer.</exception>
    public void SetContrast(byte contrast) => device.Write([Commands, Contrast, contrast]);

    /// <summary>Puts the panel out and closes the device.</summary>
    public void Dispose()
    {
        try
        {
            if (isReady)
            {
                device.Write([Commands, Off]);
            }
        }
        catch (IOException)
        {
            // It is gone: that is dark too.
        }
        device.Dispose();
    }

    private static ReadOnlySpan<byte> PageOf(ReadOnlySpan<byte> bytes, int page) => bytes.Slice(page * Width, Width);

    private void Send(int page)
    {
        // By pages on both: the SH1106 has no other way.
        int first = controller == OledController.Sh1106 ? 2 : 0;
        device.Write([Commands, (byte)(Page + page), (byte)(first & 15), (byte)(0x10 | (first >> 4))]);
        message[0] = Data;
        ReadOnlySpan<byte> bytes = PageOf(Canvas.Bytes, page);
        bytes.CopyTo(message.AsSpan(1));
        device.Write(message);
        bytes.CopyTo(shown.AsSpan(page * Width));
    }
}
