// The kernel's GPIO character device: records and calls of include/uapi/linux/gpio.h, both versions.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace IBert.Edge.Boards.Gpio;

internal static class GpioAbi
{
    public const int NameLength = 32;

    /// <summary>Calls of both versions.</summary>
    public const nuint GetChip = 0x8044B401;

    /// <summary>Calls of version 2, since Linux 5.10.</summary>
    public const nuint GetLineInfo = 0xC100B405, GetLine = 0xC250B407, SetConfiguration = 0xC110B40D, GetValues = 0xC010B40E,
        SetValues = 0xC010B40F;

    /// <summary>Calls of version 1, since Linux 4.8.</summary>
    public const nuint GetLineInfo1 = 0xC048B402, GetLine1 = 0xC16CB403, GetEvents1 = 0xC030B404, GetValues1 = 0xC040B408,
        SetValues1 = 0xC040B409;

    /// <summary>Ids of attributes.</summary>
    public const uint OutputValues = 2, Debounce = 3;

    /// <summary>A name that the kernel keeps in 32 bytes, zeros behind it.</summary>
    public static string Name(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    /// <summary>Fills in who holds a line.</summary>
    public static void SetName(Span<byte> bytes, string name)
    {
        bytes.Clear();
        // The last byte stays zero.
        Encoding.UTF8.TryGetBytes(name.AsSpan(0, Math.Min(name.Length, 10)), bytes[..^1], out _);
    }

    [Flags]
    public enum LineFlags : ulong
    {
        Used = 1 << 0,
        ActiveLow = 1 << 1,
        Input = 1 << 2,
        Output = 1 << 3,
        Rising = 1 << 4,
        Falling = 1 << 5,
        OpenDrain = 1 << 6,
        OpenSource = 1 << 7,
        PullUp = 1 << 8,
        PullDown = 1 << 9,
        NoPull = 1 << 10,
    }

    [Flags]
    public enum LineFlags1 : uint
    {
        /// <summary>Of a line's description.</summary>
        Used = 1 << 0, IsOutput = 1 << 1,

        /// <summary>Of a request.</summary>
        Input = 1 << 0, Output =
            1 << 1, ActiveLow = 1 << 2, OpenDrain = 1 << 3, OpenSource = 1 << 4, PullUp = 1 << 5, PullDown = 1 << 6, NoPull = 1 << 7,
    }

    /// <summary>struct gpiochip_info.</summary>
    public struct Chip
    {
        public Text Name, Label;
        public uint Lines;
    }

    /// <summary>struct gpio_v2_line_info.</summary>
    public struct LineInfo
    {
        public Text Name, Consumer;
        public uint Offset, AttributeCount;
        public ulong Flags;
        public InfoAttributes Attributes;
        public uint Padding0, Padding1, Padding2, Padding3;
    }

    /// <summary>struct gpioline_info.</summary>
    public struct LineInfo1
    {
        public uint Offset, Flags;
        public Text Name, Consumer;
    }

    /// <summary>struct gpio_v2_line_config.</summary>
    public struct Configuration
    {
        public ulong Flags;
        public uint AttributeCount, Padding0, Padding1, Padding2, Padding3, Padding4;
        public Attributes Attributes;
    }

    /// <summary>struct gpio_v2_line_request.</summary>
    public struct Request
    {
        public Offsets Offsets;
        public Text Consumer;
        public Configuration Configuration;
        public uint LineCount, EventBufferSize, Padding0, Padding1, Padding2, Padding3, Padding4;
        public int Descriptor;
    }

    /// <summary>struct gpiohandle_request.</summary>
    public struct Request1
    {
        public Offsets Offsets;
        public uint Flags;
        public Values1 Values;
        public Text Consumer;
        public uint LineCount;
        public int Descriptor;
    }

    /// <summary>struct gpioevent_request.</summary>
    public struct EventRequest1
    {
        public uint Offset, Flags, Edges;
        public Text Consumer;
        public int Descriptor;
    }

    /// <summary>struct gpio_v2_line_values.</summary>
    public struct Values
    {
        public ulong Bits, Mask;
    }

    /// <summary>struct gpio_v2_line_event.</summary>
    public struct Event
    {
        public ulong Nanoseconds;
        public uint Edge, Offset, Sequence, LineSequence, Padding0, Padding1, Padding2, Padding3, Padding4, Padding5;
    }

    /// <summary>struct gpioevent_data.</summary>
    public struct Event1
    {
        public ulong Nanoseconds;
        public uint Edge, Padding;
    }

    /// <summary>struct gpio_v2_line_attribute, in a line's description.</summary>
    public struct InfoAttribute
    {
        public uint Id, Padding;
        public ulong Value;
    }

    /// <summary>struct gpio_v2_line_config_attribute.</summary>
    public struct Attribute
    {
        public uint Id, Padding;
        public ulong Value, Mask;
    }

    [InlineArray(NameLength)]
    public struct Text
    {
        private byte first;
    }

    [InlineArray(64)]
    public struct Offsets
    {
        private uint first;
    }

    [InlineArray(64)]
    public struct Values1
    {
        private byte first;
    }

    [InlineArray(10)]
    public struct InfoAttributes
    {
        private InfoAttribute first;
    }

    [InlineArray(10)]
    public struct Attributes
    {
        private Attribute first;
    }
}
