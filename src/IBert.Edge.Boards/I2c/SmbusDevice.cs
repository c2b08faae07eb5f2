// I2C by SMBus commands, for adapters that have nothing else (i2c_stub, some of PCs and USB).
using System.Device.I2c;
using System.Globalization;
using System.Runtime.CompilerServices;
using IBert.Edge.Boards.Native;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Boards.I2c;

/// <summary>
/// A device behind SMBus commands: what is written goes out as byte, byte data, or I2C blocks of a command and at most 32 bytes; what is
/// read comes in likewise. A longer write is parted into blocks with the same command, which is how displays take data; devices that count
/// their registers on do not.
/// </summary>
public sealed unsafe class SmbusDevice : I2cDevice
{
    // Calls of linux/i2c-dev.h, functions and sizes of linux/i2c.h.
    private const nuint SetAddress = 0x0703, GetFunctions = 0x0705, Transfer = 0x0720;
    private const ulong PlainI2c = 1, WritesByte = 0x00040000, WritesBlocks = 0x08000000;
    private const byte ToDevice = 0, FromDevice = 1;
    private const uint Byte = 1, ByteData = 2, Block = 8;
    private const int MostBytes = 32;

    private readonly SafeFileHandle file;
    private readonly string name;

    private SmbusDevice(SafeFileHandle file, I2cConnectionSettings settings)
    {
        (this.file, ConnectionSettings) = (file, settings);
        name = $"the device at 0x{settings.DeviceAddress:x2} of I2C bus {settings.BusId}";
    }

    /// <inheritdoc/>
    public override I2cConnectionSettings ConnectionSettings { get; }

    /// <summary>Opens a device by what its adapter can do: plain I2C by System.Device.Gpio's own, else SMBus commands.</summary>
    /// <exception cref="BoardException">There is no such bus, or it may not be used.</exception>
    public static I2cDevice Open(int bus, int address)
    {
        string path = $"/dev/i2c-{bus.ToString(CultureInfo.InvariantCulture)}";
        SafeFileHandle file = Libc.Open(path, Libc.ReadWrite);
        if (file.IsInvalid)
        {
            int error = Libc.Error;
            file.Dispose();
            throw new BoardException(
                error switch
                {
                    Libc.NoEntry => $"{path} does not exist: enable the bus (raspi-config: Interface Options, " +
                        "I2C; or dtparam=i2c_arm=on in config.txt)",
                    Libc.NoAccess or Libc.NotPermitted =>
                        $"{path} may not be opened: add the user to its group (sudo usermod -aG i2c $USER), and log in again",
                    _ => $"{path} cannot be opened: {Libc.Text(error)}",
                },
                error);
        }
        I2cConnectionSettings settings = new(bus, address);
        nuint functions = 0;
        if (Libc.Control(file, GetFunctions, &functions) < 0)
        {
            int error = Libc.Error;
            file.Dispose();
            throw new BoardException($"{path} is no I2C bus: {Libc.Text(error)}", error);
        }
        if ((functions & PlainI2c) != 0)
        {
            file.Dispose();
            return Create(settings);
        }
        if ((functions & WritesByte) == 0)
        {
            file.Dispose();
            throw new BoardException(
                $"{path} has neither plain I2C nor SMBus commands that a device needs (functions {functions:x})", Libc.NotSupported);
        }
        if (Libc.Control(file, SetAddress, address) < 0)
        {
            int error = Libc.Error;
            file.Dispose();
            throw new BoardException(
                error == Libc.Busy
                    ? $"address 0x{address:x2} of {path} is in use by a driver of the kernel"
                    : $"address 0x{address:x2} of {path}: {Libc.Text(error)}", error);
        }
        return new SmbusDevice(file, settings);
    }

    /// <inheritdoc/>
    public override byte ReadByte()
    {
        Buffer buffer;
        Command(FromDevice, 0, Byte, &buffer);
        return buffer[0];
    }

    /// <inheritdoc/>
    public override void WriteByte(byte value) => Command(ToDevice, value, Byte, null);

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length < 2)
        {
            if (!buffer.IsEmpty)
            {
                WriteByte(buffer[0]);
            }
            return;
        }
        byte command = buffer[0];
        for (ReadOnlySpan<byte> rest = buffer[1..]; !rest.IsEmpty;)
        {
            int count = Math.Min(rest.Length, MostBytes);
            Buffer block = default;
            if (count == 1)
            {
                block[0] = rest[0];
                Command(ToDevice, command, ByteData, &block);
            }
            else
            {
                block[0] = (byte)count;
                rest[..count].CopyTo(((Span<byte>)block)[1..]);
                Command(ToDevice, command, Block, &block);
            }
            rest = rest[count..];
        }
    }

    /// <inheritdoc/>
    public override void Read(Span<byte> buffer)
    {
        foreach (ref byte value in buffer)
        {
            value = ReadByte();
        }
    }

    /// <inheritdoc/>
    public override void WriteRead(ReadOnlySpan<byte> writeBuffer, Span<byte> readBuffer)
    {
        if (writeBuffer.Length != 1)
        {
            throw new BoardException($"{name}: SMBus commands can read after one byte, not after {writeBuffer.Length}", Libc.NotSupported);
        }
        for (int done = 0; done < readBuffer.Length;)
        {
            int count = Math.Min(readBuffer.Length - done, MostBytes);
            Buffer block = default;
            block[0] = (byte)count;
            Command(FromDevice, (byte)(writeBuffer[0] + done), Block, &block);
            ((Span<byte>)block).Slice(1, count).CopyTo(readBuffer[done..]);
            done += count;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        file.Dispose();
        base.Dispose(disposing);
    }

    private void Command(byte direction, byte command, uint size, Buffer* data)
    {
        Request request = new() { Direction = direction, Command = command, Size = size, Data = data };
        if (Libc.Control(file, Transfer, &request) < 0)
        {
            int error = Libc.Error;
            throw new BoardException(
                error is Libc.NoDevice6 or Libc.NoDevice or Libc.RemoteIO or Libc.TimedOut
                    ? $"{name} does not answer: is it connected, and has it power?"
                    : $"{name}: {Libc.Text(error)}",
                error);
        }
    }

    /// <summary>struct i2c_smbus_ioctl_data.</summary>
    private struct Request
    {
        public byte Direction, Command;
        public uint Size;
        public Buffer* Data;
    }

    /// <summary>union i2c_smbus_data: a count and 32 bytes, and one to spare.</summary>
    [InlineArray(MostBytes + 2)]
    private struct Buffer
    {
        private byte first;
    }
}
