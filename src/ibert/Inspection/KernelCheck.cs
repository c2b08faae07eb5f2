// Every kernel of this CPU against its scalar definition, on random inputs with the extremes mixed in.
using IBert.Edge.Graph;
using IBert.Edge.Kernels;
using IBert.Edge.Memory;

namespace IBert.Edge.Cli.Inspection;

/// <summary>Compares one kernel set with the scalar one, method by method. The same seed gives the same inputs on every machine.</summary>
internal sealed unsafe class KernelCheck : IDisposable
{
    public const int Seed = 20260101;

    // Rows and lengths that are no multiples of anything; the largest sizes that the shapes below need, with room to spare.
    private const int Rounds = 24, MostChannels = 1056, MostKeys = 97, BlockBytes = 1 << 20;

    private readonly Random random = new(Seed);
    private readonly NativeBlock inputs = new(BlockBytes), more = new(BlockBytes), expected = new(BlockBytes), actual = new(BlockBytes), scratch = new(BlockBytes);
    private readonly KernelSet scalar, tested;

    public KernelCheck(KernelSet scalar, KernelSet tested)
    {
        this.scalar = scalar;
        this.tested = tested;
    }

    /// <summary>Names of the methods whose results differ.</summary>
    public IReadOnlyList<string> Run()
    {
        (string Name, Func<bool> Holds)[] checks =
        [
            ("Multiply", Multiply), ("MultiplyWide", MultiplyWide), ("ToInt8", () => Requantize(8)), ("ToInt16", () => Requantize(16)),
            ("ToInt32", () => Requantize(32)), ("ContextToInt8", Context), ("Softmax", Softmax), ("LayerNorm", LayerNorm), ("Gate", Gate),
            ("EmbeddingSum", EmbeddingSum), ("PackKeys", PackKeys), ("PackValues", PackValues),
        ];
        List<string> failed = [];
        foreach ((string name, Func<bool> holds) in checks)
        {
            for (int round = 0; round < Rounds; round++)
            {
                // What neither kernel writes is equal, what one writes too much is not.
                Clear(expected);
                Clear(actual);
                if (!holds())
                {
                    failed.Add(name);
                    break;
                }
            }
        }
        return failed;
    }

    public void Dispose()
    {
        foreach (NativeBlock block in (NativeBlock[])[inputs, more, expected, actual, scratch])
        {
            block.Dispose();
        }
    }

    private bool Multiply()
    {
        int inner = 16 * random.Next(1, 40), rows = random.Next(1, tested.Product.TileRows + 1), stride = inner + (16 * random.Next(0, 3));
        sbyte* left = Int8(inputs, 0, rows * stride, sbyte.MinValue);
        Panels panels = new(Int8(more, 0, inner * 16, -127), inner) { Bias = random.Next(4) == 0 ? null : Int32(more, inner * 16, 16, 1 << 24) };
        foreach ((KernelSet set, NativeBlock result) in Both())
        {
            // The scalar kernel has smaller tiles: row by row it is the same definition.
            int step = Math.Min(rows, set.Product.TileRows);
            Operand operand = set.Product.Prepare(left, stride, rows, inner, scratch.Pointer);
            for (int r = 0; r < rows; r += step)
            {
                set.Product.Multiply(operand.From(r), Math.Min(step, rows - r), panels, 0, (int*)result.Pointer + (r * 16));
            }
        }
        return Same();
    }

    private bool MultiplyWide()
    {
        int inner = 16 * random.Next(1, 33), rows = random.Next(1, tested.Product.TileRows + 1);
        ushort* left = (ushort*)inputs.Pointer;
        Panels panels = new(Int8(more, 0, inner * 16, -127), inner);
        foreach ((KernelSet set, NativeBlock result) in Both())
        {
            Random same = new(inner);
            for (int i = 0; i < rows * inner; i++)
            {
                left[i] = (ushort)(same.Next(8) == 0 ? (1 << ProductKernel.WideBits) - 1 : same.Next(1 << ProductKernel.WideBits));
            }
            int step = Math.Min(rows, set.Product.TileRows);
            // Prepared in place by some kernels, so each gets the values anew.
            Operand operand = set.Product.PrepareWide(left, inner * sizeof(ushort), rows, inner, scratch.Pointer);
            for (int r = 0; r < rows; r += step)
            {
                set.Product.MultiplyWide(operand.From(r), Math.Min(step, rows - r), panels, 0, (int*)result.Pointer + (r * 16));
            }
        }
        return Same();
    }

    private bool Requantize(int bits)
    {
        int rows = random.Next(1, ProductKernel.MaxTileRows + 1), column = 16 * random.Next(0, 4);
        ChannelScale scale = Scale(column + 16, bits, random.Next(0, 8));
        int* tile = Int32(inputs, 0, rows * 16, (int)((1L << (31 - scale.PreShift)) - 1));
        nint stride = 64 + (16 * random.Next(0, 5));
        foreach ((KernelSet set, NativeBlock result) in Both())
        {
            switch (bits)
            {
                case 8:
                    set.Elements.ToInt8(tile, rows, scale, column, (sbyte*)result.Pointer, stride);
                    break;
                case 16:
                    set.Elements.ToInt16(tile, rows, scale, column, (short*)result.Pointer, stride);
                    break;
                default:
                    set.Elements.ToInt32(tile, rows, scale, column, (int*)result.Pointer, stride);
                    break;
            }
        }
        return Same();
    }

    private bool Context()
    {
        int rows = random.Next(1, ProductKernel.MaxTileRows + 1);
        int* sums = (int*)more.Pointer;
        int* tile = (int*)inputs.Pointer;
        for (int r = 0; r < rows; r++)
        {
            // 14-bit exponentials, one of them the largest, of 1 to 512 tokens.
            sums[r] = random.Next((1 << 14) - 1, 512 << 14);
            for (int c = 0; c < 16; c++)
            {
                tile[(r * 16) + c] = (int)random.NextInt64(-127L * sums[r], 127L * sums[r] + 1);
            }
        }
        ContextScale scale = new() { Multiplier = random.Next(1 << 30, int.MaxValue), Exponent = random.Next(22, 38), ZeroPoint = random.Next(-20, 20), Low = -128, High = 127 };
        foreach ((KernelSet set, NativeBlock result) in Both())
        {
            set.Elements.ContextToInt8(tile, rows, sums, scale, (sbyte*)result.Pointer, 64);
        }
        return Same();
    }

    private bool Softmax()
    {
        int count = random.Next(1, 300);
        int* scores = Int32(inputs, 0, Panels.Padded(count), random.Next(4) == 0 ? 0 : 1 << random.Next(8, 30));
        int preShift = random.Next(0, 6);
        SoftmaxScale scale = new()
        {
            Limit = random.Next(1, (1 << (31 - preShift - 1)) - 1),
            Multiplier = random.Next(1 << 20, int.MaxValue),
            PreShift = preShift,
            Shift = random.Next(1, 20),
            Bits = random.Next(1, 15),
        };
        foreach ((KernelSet set, NativeBlock result) in Both())
        {
            // The sum goes behind what is written.
            set.Elements.Softmax(scores, 1, 0, count, scale, (ushort*)result.Pointer, (int*)(result.Pointer + 4096));
        }
        return Same();
    }

    private bool LayerNorm()
    {
        int channels = random.Next(1, MostChannels), padded = Panels.Padded(channels);
        bool two = random.Next(3) > 0, wide = random.Next(3) > 0, flat = random.Next(6) == 0;
        short* a = (short*)inputs.Pointer, b = a + padded;
        short level = (short)random.Next(short.MinValue, short.MaxValue + 1);
        for (int c = 0; c < padded; c++)
        {
            a[c] = c >= channels ? (short)0 : flat ? level : Int16();
            b[c] = c >= channels ? (short)0 : flat ? level : Int16();
        }
        LayerNormScale scale = new()
        {
            Channels = channels,
            Epsilon = random.NextInt64(0, 1L << random.Next(1, 61)),
            HeadRoom = LayerNormScale.HeadRoomOf(channels),
            Wide = wide ? Scale(padded, 16, 0) : default,
            Narrow = Scale(padded, 8, 0),
        };
        // The narrow scale's arrays lie behind the wide one's: see Scale.
        foreach ((KernelSet set, NativeBlock result) in Both())
        {
            set.Elements.LayerNorm(a, two ? b : null, scale, wide ? (short*)result.Pointer : null, (sbyte*)(result.Pointer + 8192));
        }
        return Same();
    }

    private bool Gate()
    {
        int count = 16 * random.Next(1, 200), zeroPoint = random.Next(-128, 128);
        short* input = (short*)inputs.Pointer, gate = (short*)more.Pointer, multipliers = gate + 4096;
        for (int i = 0; i < 4096 + count; i++)
        {
            // Table and multipliers, which are never -32768.
            gate[i] = Math.Max(Int16(), (short)-short.MaxValue);
        }
        for (int i = 0; i < count; i++)
        {
            input[i] = Int16();
        }
        foreach ((KernelSet set, NativeBlock result) in Both())
        {
            set.Elements.Gate(input, gate, multipliers, zeroPoint, (sbyte*)result.Pointer, count);
        }
        return Same();
    }

    private bool EmbeddingSum()
    {
        int columns = 16 * random.Next(1, 66), most = 1 << random.Next(1, 23), shift = random.Next(1, 23);
        sbyte* rows = Int8(inputs, 0, columns * 3, sbyte.MinValue);
        bool typed = random.Next(2) == 0;
        (int ma, int mb, int mt) = (random.Next(most), random.Next(most), typed ? random.Next(most) : 0);
        foreach ((KernelSet set, NativeBlock result) in Both())
        {
            set.Elements.EmbeddingSum(rows, ma, rows + columns, mb, typed ? rows + (2 * columns) : null, mt, shift, columns, (short*)result.Pointer);
        }
        return Same();
    }

    private bool PackKeys()
    {
        int count = random.Next(1, MostKeys), inner = 16 * random.Next(1, 9), stride = inner * random.Next(1, 4);
        sbyte* rows = Int8(inputs, 0, count * stride, sbyte.MinValue);
        foreach ((KernelSet set, NativeBlock result) in Both())
        {
            set.Elements.PackKeys(rows, stride, count, inner, (sbyte*)result.Pointer);
        }
        return Same();
    }

    private bool PackValues()
    {
        int count = random.Next(1, MostKeys), columns = 16 * random.Next(1, 9), stride = columns * random.Next(1, 4);
        sbyte* rows = Int8(inputs, 0, count * stride, sbyte.MinValue);
        foreach ((KernelSet set, NativeBlock result) in Both())
        {
            set.Elements.PackValues(rows, stride, count, columns, (sbyte*)result.Pointer);
        }
        return Same();
    }

    private IEnumerable<(KernelSet Set, NativeBlock Result)> Both() => [(scalar, expected), (tested, actual)];

    private bool Same() => new ReadOnlySpan<byte>(expected.Pointer, BlockBytes).SequenceEqual(new ReadOnlySpan<byte>(actual.Pointer, BlockBytes));

    private static void Clear(NativeBlock block) => new Span<byte>(block.Pointer, BlockBytes).Clear();

    private sbyte* Int8(NativeBlock block, int offset, int count, int least)
    {
        sbyte* values = (sbyte*)block.Pointer + offset;
        for (int i = 0; i < count; i++)
        {
            values[i] = random.Next(10) switch { 0 => (sbyte)least, 1 => sbyte.MaxValue, _ => (sbyte)random.Next(least, 128) };
        }
        return values;
    }

    private short Int16() => random.Next(10) switch { 0 => short.MinValue, 1 => short.MaxValue, _ => (short)random.Next(short.MinValue, short.MaxValue + 1) };

    /// <summary>Values within +-most, the ends mixed in.</summary>
    private int* Int32(NativeBlock block, int offset, int count, int most)
    {
        int* values = (int*)(block.Pointer + offset);
        for (int i = 0; i < count; i++)
        {
            values[i] = random.Next(10) switch { 0 => most, 1 => -most, _ => (int)random.NextInt64(-(long)most, (long)most + 1) };
        }
        return values;
    }

    /// <summary>A scale whose arrays lie in the second input block, those of 8 bits behind those of 16.</summary>
    private ChannelScale Scale(int channels, int bits, int preShift)
    {
        int place = bits == 8 ? 1 << 16 : 0;
        int limit = bits == 32 ? 1 << 29 : 1 << (bits - 1);
        return new ChannelScale
        {
            Multipliers = Int32(more, place, channels, int.MaxValue),
            Addends = Int32(more, place + (channels * sizeof(int)), channels, (1 << 30) - 1),
            PreShift = preShift,
            Shift = random.Next(1, 31),
            ZeroPoint = bits == 8 ? random.Next(-128, 128) : 0,
            Low = -limit,
            High = limit - 1,
        };
    }
}
