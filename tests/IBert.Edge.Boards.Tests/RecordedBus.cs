// An I2C device that keeps what it is sent, and the panels that would be behind it.
using System.Device.I2c;
using IBert.Edge.Boards.Displays;

namespace IBert.Edge.Boards.Tests;

internal sealed class RecordedBus : I2cDevice
{
    public List<byte[]> Messages { get; } = [];

    /// <summary>How many messages are not answered.</summary>
    public int Nacks { get; set; }

    public override I2cConnectionSettings ConnectionSettings { get; } = new(1, 0x3C);

    public override byte ReadByte() => throw new IOException("nothing to read");

    public override void Read(Span<byte> buffer) => throw new IOException("nothing to read");

    public override void WriteByte(byte value) => Write([value]);

    public override void WriteRead(ReadOnlySpan<byte> writeBuffer, Span<byte> readBuffer) => throw new IOException("nothing to read");

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (Nacks > 0)
        {
            Nacks--;
            throw new IOException("Error 121. Failed to perform I2C data transfer.");
        }
        Messages.Add(buffer.ToArray());
    }
}

/// <summary>
/// What a controller does with the commands of its data sheet: memory, where it is written, and whether the panel shows it.
/// </summary>
internal sealed class Panel(OledController controller, int height)
{
    private readonly int columns = controller == OledController.Sh1106 ? 132 : 128;
    private readonly byte[,] memory = new byte[8, 132];
    private int page, column, multiplex = 63;

    public bool IsOn { get; private set; }

    public bool HasSupply { get; private set; }

    public bool IsSetUp => HasSupply && multiplex == height - 1;

    public void Take(IEnumerable<byte[]> messages)
    {
        foreach (byte[] message in messages)
        {
            if (message[0] == 0x40)
            {
                foreach (byte value in message.AsSpan(1))
                {
                    memory[page, column] = value;
                    // Neither wraps into the next page in page mode; the SH1106 stays at its end.
                    column = Math.Min(column + 1, columns - 1);
                }
                continue;
            }
            for (int i = 1; i < message.Length; i++)
            {
                i += Command(message.AsSpan(i));
            }
        }
    }

    /// <summary>Whether the dot at that place of the glass is lit.</summary>
    public bool this[int x, int y] => IsOn && HasSupply && (memory[y / 8, x + ((columns - 128) / 2)] & (1 << (y % 8))) != 0;

    /// <summary>Obeys a command; returns the number of its parameters.</summary>
    private int Command(ReadOnlySpan<byte> bytes)
    {
        switch (bytes[0])
        {
            case 0xAE or 0xAF:
                IsOn = bytes[0] == 0xAF;
                return 0;
            case >= 0xB0 and <= 0xB7:
                page = bytes[0] - 0xB0;
                return 0;
            case <= 0x0F:
                column = (column & 0xF0) | bytes[0];
                return 0;
            case >= 0x10 and <= 0x1F:
                column = (column & 0x0F) | ((bytes[0] & 0x0F) << 4);
                return 0;
            case 0x8D when controller == OledController.Ssd1306:
                HasSupply = bytes[1] == 0x14;
                return 1;
            case 0xAD when controller == OledController.Sh1106:
                HasSupply = bytes[1] == 0x8B;
                return 1;
            case 0xA8:
                multiplex = bytes[1];
                return 1;
            case 0xD5 or 0xD3 or 0xDA or 0x81 or 0xD9 or 0xDB:
                return 1;
            case 0xA0 or 0xA1 or 0xC0 or 0xC8 or 0xA4 or 0xA6 or >= 0x40 and <= 0x7F:
                return 0;
            default:
                throw new InvalidOperationException($"the controller has no command {bytes[0]:x2}");
        }
    }
}
