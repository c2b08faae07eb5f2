// Records as the kernel has them: sizes and places of include/uapi/linux/gpio.h.
using System.Runtime.InteropServices;
using IBert.Edge.Boards.Gpio;
using Xunit;

namespace IBert.Edge.Boards.Tests;

public sealed unsafe class GpioAbiTests
{
    /// <summary>The size is part of each call's number, so a wrong one is another call.</summary>
    [Fact]
    public void Calls_carry_the_sizes_of_their_records()
    {
        Assert.Equal(sizeof(GpioAbi.Chip), SizeOf(GpioAbi.GetChip));
        Assert.Equal(sizeof(GpioAbi.LineInfo), SizeOf(GpioAbi.GetLineInfo));
        Assert.Equal(sizeof(GpioAbi.Request), SizeOf(GpioAbi.GetLine));
        Assert.Equal(sizeof(GpioAbi.Configuration), SizeOf(GpioAbi.SetConfiguration));
        Assert.Equal(sizeof(GpioAbi.Values), SizeOf(GpioAbi.GetValues));
        Assert.Equal(sizeof(GpioAbi.Values), SizeOf(GpioAbi.SetValues));
        Assert.Equal(sizeof(GpioAbi.LineInfo1), SizeOf(GpioAbi.GetLineInfo1));
        Assert.Equal(sizeof(GpioAbi.Request1), SizeOf(GpioAbi.GetLine1));
        Assert.Equal(sizeof(GpioAbi.EventRequest1), SizeOf(GpioAbi.GetEvents1));
        Assert.Equal(sizeof(GpioAbi.Values1), SizeOf(GpioAbi.GetValues1));
        Assert.Equal(sizeof(GpioAbi.Values1), SizeOf(GpioAbi.SetValues1));
        Assert.Equal(48, sizeof(GpioAbi.Event));
        Assert.Equal(16, sizeof(GpioAbi.Event1));
    }

    [Theory]
    [InlineData(typeof(GpioAbi.Request), nameof(GpioAbi.Request.Consumer), 256)]
    [InlineData(typeof(GpioAbi.Request), nameof(GpioAbi.Request.Configuration), 288)]
    [InlineData(typeof(GpioAbi.Request), nameof(GpioAbi.Request.LineCount), 560)]
    [InlineData(typeof(GpioAbi.Request), nameof(GpioAbi.Request.Descriptor), 588)]
    [InlineData(typeof(GpioAbi.Configuration), nameof(GpioAbi.Configuration.Attributes), 32)]
    [InlineData(typeof(GpioAbi.LineInfo), nameof(GpioAbi.LineInfo.Flags), 72)]
    [InlineData(typeof(GpioAbi.Event), nameof(GpioAbi.Event.LineSequence), 20)]
    [InlineData(typeof(GpioAbi.Request1), nameof(GpioAbi.Request1.Consumer), 324)]
    [InlineData(typeof(GpioAbi.Request1), nameof(GpioAbi.Request1.Descriptor), 360)]
    [InlineData(typeof(GpioAbi.EventRequest1), nameof(GpioAbi.EventRequest1.Descriptor), 44)]
    public void Fields_stand_where_the_kernel_has_them(Type record, string field, int offset) =>
        Assert.Equal(offset, (int)Marshal.OffsetOf(record, field));

    // Bits 16 to 29 of a call's number.
    private static int SizeOf(nuint call) => (int)(call >> 16) & 0x3FFF;
}
