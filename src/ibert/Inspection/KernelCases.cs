// What kernels are tried with: the one list that the self-test and the kernels' tests walk.
using IBert.Edge.Kernels;
using IBert.Edge.Memory;

namespace IBert.Edge.Cli.Inspection;

/// <summary>Calls a set's kernel on a case's inputs.</summary>
/// <param name="set">The kernels.</param>
/// <param name="output">At least <see cref="KernelCase.OutputBytes"/>, 64-byte aligned.</param>
/// <param name="scratch">At least <see cref="KernelCase.ScratchBytes"/> of that set, 64-byte aligned.</param>
internal unsafe delegate void KernelCall(KernelSet set, byte* output, byte* scratch);

/// <summary>One method of a kernel on inputs of its own; every set has to give the definition's bytes.</summary>
/// <param name="method">The method's name.</param>
/// <param name="what">Its shape, for a message.</param>
/// <param name="outputBytes">Bytes of all outputs, gaps between their rows included; nothing beyond may be written.</param>
/// <param name="call">The call.</param>
internal sealed class KernelCase(string method, string what, int outputBytes, KernelCall call)
{
    public string Method { get; } = method;

    public int OutputBytes { get; } = outputBytes;

    /// <summary>Bytes that a set's product needs to prepare its left side; all others need none.</summary>
    public Func<ProductKernel, int> ScratchBytes { get; init; } = _ => 0;

    public KernelCall Call { get; } = call;

    public override string ToString() => $"{Method}: {what}";
}

/// <summary>
/// All cases: every row count of a tile, lengths that are no multiples of anything, the extremes of every range that the verifier lets
/// through. The same on every machine.
/// </summary>
internal sealed unsafe class KernelCases : IDisposable
{
    public const int Seed = 20260101;

    /// <summary>Most bytes of a case's outputs, and of its scratch.</summary>
    public const int MostBytes = 1 << 17;

    private const int Block = Panels.Columns, LargestWide = (1 << ProductKernel.WideBits) - 1;

    private static readonly int[] s_innerLengths = [16, 32, 48, 64, 80, 112, 160, 384, 512, 1536];

    // The largest case has the inputs, multipliers and addends of the widest LayerNorm.
    private readonly NativeBlock inputs = new(1 << 20);
    private Random random = new(Seed);
    private int used;

    /// <summary>The methods that have cases.</summary>
    public static IReadOnlyList<string> Methods { get; } =
    [
        nameof(ProductKernel.Multiply), nameof(ProductKernel.MultiplyWide), nameof(ElementKernel.ToInt8), nameof(ElementKernel.ToInt16),
        nameof(ElementKernel.ToInt32), nameof(ElementKernel.ContextToInt8), nameof(ElementKernel.Softmax), nameof(ElementKernel.LayerNorm),
        nameof(ElementKernel.Gate), nameof(ElementKernel.EmbeddingSum), nameof(ElementKernel.PackKeys), nameof(ElementKernel.PackValues),
    ];

    /// <summary>A method's cases. Each is good until the next one is asked for: all have their inputs in the same memory.</summary>
    /// <exception cref="ArgumentException">The method has none.</exception>
    public IEnumerable<KernelCase> Of(string method)
    {
        random = new(Seed);
        return method switch
        {
            nameof(ProductKernel.Multiply) => Products(),
            nameof(ProductKernel.MultiplyWide) => WideProducts(),
            nameof(ElementKernel.ToInt8) => Requantizations(method, 8),
            nameof(ElementKernel.ToInt16) => Requantizations(method, 16),
            nameof(ElementKernel.ToInt32) => Requantizations(method, 32),
            nameof(ElementKernel.ContextToInt8) => Enumerable.Range(0, 300).Select(Context),
            nameof(ElementKernel.Softmax) => from count in (int[])[.. Enumerable.Range(1, 40), 127, 128, 129, 256, 511, 512]
                                             from attempt in Enumerable.Range(0, 12)
                                             select Softmax(count, attempt),
            nameof(ElementKernel.LayerNorm) => from channels in (int[])[1, 2, 15, 16, 17, 64, 128, 160, 312, 384, 1024, 16384]
                                               from attempt in Enumerable.Range(0, channels > 1024 ? 6 : 30)
                                               from two in (bool[])[true, false]
                                               from wide in (bool[])[true, false]
                                               select LayerNorm(channels, attempt, two, wide),
            nameof(ElementKernel.Gate) => from count in (int[])[16, 32, 48, 1536]
                                          from zeroPoint in (int[])[-128, 0, 127]
                                          select Gate(count, zeroPoint),
            nameof(ElementKernel.EmbeddingSum) => from attempt in Enumerable.Range(0, 60)
                                                  from three in (bool[])[true, false]
                                                  select EmbeddingSum(attempt, three),
            nameof(ElementKernel.PackKeys) or nameof(ElementKernel.PackValues) => from columns in (int[])[16, 32, 64, 80]
                                                                                  from count in Enumerable.Range(1, 50)
                                                                                  select Packing(method, columns, count),
            _ => throw new ArgumentException($"there are no cases of {method}"),
        };
    }

    public void Dispose() => inputs.Dispose();

    private IEnumerable<KernelCase> Products()
    {
        foreach (int inner in s_innerLengths)
        {
            for (int rows = 1; rows <= ProductKernel.MaxTileRows; rows++)
            {
                yield return Product(rows, inner, rows % 2 == 0, () => Any(sbyte.MinValue), () => Any(-127));
                yield return Product(rows, inner, rows % 2 != 0, () => Any(sbyte.MinValue), () => Any(-127));
            }
        }
        // More rows than a tile: the later ones are where Operand.From says.
        yield return Product(13, 48, true, () => Any(sbyte.MinValue), () => Any(-127));
        foreach (sbyte left in (sbyte[])[-128, 127])
        {
            foreach (sbyte right in (sbyte[])[-127, 127])
            {
                yield return Product(ProductKernel.MaxTileRows, 384, false, () => left, () => right);
            }
        }
        yield return Product(
            ProductKernel.MaxTileRows, 384, true, () => random.Next(2) == 0 ? sbyte.MinValue : sbyte.MaxValue, () =>
                (sbyte)(random.Next(2) == 0 ? -127 : 127));
    }

    private IEnumerable<KernelCase> WideProducts()
    {
        foreach (int inner in s_innerLengths)
        {
            for (int rows = 1; rows <= ProductKernel.MaxTileRows; rows++)
            {
                yield return WideProduct(
                    rows, inner, _ => random.Next(8) == 0 ? LargestWide : random.Next(LargestWide + 1), _ => Any(-127));
            }
        }
        yield return WideProduct(ProductKernel.MaxTileRows, 512, _ => LargestWide, _ => 127);
        yield return WideProduct(ProductKernel.MaxTileRows, 512, _ => LargestWide, _ => -127);
        yield return WideProduct(ProductKernel.MaxTileRows, 512, k => k % 2 * LargestWide, k => k % 3 == 0 ? 127 : -127);
    }

    private IEnumerable<KernelCase> Requantizations(string method, int bits) =>
        from attempt in Enumerable.Range(0, 300)
        from clamp in ((int, int)[])[(-128, 127), (-127, 127), (-128, 40), (-1, 0)]
        select Requantize(method, bits, attempt, clamp);

    private KernelCase Product(int rows, int inner, bool biased, Func<sbyte> left, Func<sbyte> right)
    {
        Begin();
        // The second of two panels, rows that do not follow one another.
        int stride = inner + (Block * random.Next(3));
        sbyte* a = Fill<sbyte>(rows * stride, _ => left()), b = Fill<sbyte>((int)Panels.Bytes(inner, 2 * Block), _ => right());
        Panels panels = new(b, inner) { Bias = biased ? Fill<int>(2 * Block, _ => random.Next(int.MinValue, int.MaxValue)) : null };
        string what = $"{rows} rows of {inner}, stride {stride}, bias {biased}";
        return new(nameof(ProductKernel.Multiply), what, rows * Block * sizeof(int), (set, output, scratch) =>
        {
            Operand operand = set.Product.Prepare(a, stride, rows, inner, scratch);
            for (int r = 0; r < rows; r += set.Product.TileRows)
            {
                set.Product.Multiply(operand.From(r), Math.Min(set.Product.TileRows, rows - r), panels, 1, (int*)output + (r * Block));
            }
        })
        {
            ScratchBytes = product => rows * product.OperandBytes(inner),
        };
    }

    private KernelCase WideProduct(int rows, int inner, Func<int, int> left, Func<int, int> right)
    {
        Begin();
        ushort* a = Fill<ushort>(rows * inner, i => (ushort)left(i));
        Panels panels = new(Fill<sbyte>((int)Panels.Bytes(inner, 2 * Block), i => (sbyte)right(i)), inner);
        return new(nameof(ProductKernel.MultiplyWide), $"{rows} rows of {inner}", rows * Block * sizeof(int), (set, output, scratch) =>
        {
            Operand operand = set.Product.PrepareWide(a, inner * sizeof(ushort), rows, inner, scratch);
            for (int r = 0; r < rows; r += set.Product.TileRows)
            {
                set.Product.MultiplyWide(operand.From(r), Math.Min(set.Product.TileRows, rows - r), panels, 1, (int*)output + (r * Block));
            }
        })
        {
            ScratchBytes = product => rows * product.WideOperandBytes(inner),
        };
    }

    private KernelCase Requantize(string method, int bits, int attempt, (int Low, int High) clamp)
    {
        Begin();
        int rows = random.Next(1, ProductKernel.MaxTileRows + 1), column = Block * random.Next(3), stride = Block * random.Next(1, 5);
        int preShift = attempt % 3 == 0 ? random.Next(25) : 0;
        // Clamp and zero point of 8 bits, brought to the output's width.
        int factor = bits switch { 8 => 1, 16 => 200, _ => 4_000_000 }, zeroFactor = bits == 8 ? 1 : 100;
        ChannelScale scale = new()
        {
            Multipliers = Fill<int>(column + Block, _ => Extreme(int.MaxValue)),
            PreShift = preShift,
            Shift = random.Next(1, 31),
            ZeroPoint = random.Next(-128, 128) * zeroFactor,
            Low = clamp.Low * factor,
            High = clamp.High * factor,
        };
        int* tile = Fill<int>(rows * Block, _ => Extreme((1L << (31 - preShift)) - 1));
        string what =
            $"{rows} rows from column {column}, k {preShift}, s {scale.Shift}, clamp {scale.Low}..{scale.High}, zero {scale.ZeroPoint}";
        return new(method, what, rows * stride * (bits / 8), (set, output, _) =>
        {
            switch (bits)
            {
                case 8:
                    set.Elements.ToInt8(tile, rows, scale, column, (sbyte*)output, stride);
                    break;
                case 16:
                    set.Elements.ToInt16(tile, rows, scale, column, (short*)output, stride * sizeof(short));
                    break;
                default:
                    set.Elements.ToInt32(tile, rows, scale, column, (int*)output, stride * sizeof(int));
                    break;
            }
        });
    }

    private KernelCase Context(int attempt)
    {
        Begin();
        int rows = random.Next(1, ProductKernel.MaxTileRows + 1), stride = Block * random.Next(1, 5), power = random.Next(24);
        int* sums = Fill<int>(rows, r => r == 0 ? 1 << power : random.Next(1 << power, (2 << power) - 1));
        int* tile = Fill<int>(rows * Block, _ => Extreme(int.MaxValue));
        ContextScale scale = new()
        {
            Multiplier = attempt % 5 == 0 ? int.MaxValue : random.Next(1 << 30, int.MaxValue),
            Exponent = random.Next(33, 63) - power,
            ZeroPoint = random.Next(-128, 128),
            Low = -128,
            High = attempt % 2 == 0 ? 127 : 100,
        };
        return new(
            nameof(ElementKernel.ContextToInt8), $"{rows} rows, sums from 2^{power}, exponent {scale.Exponent}", rows * stride,
            (set, output, _) => set.Elements.ContextToInt8(tile, rows, sums, scale, (sbyte*)output, stride));
    }

    private KernelCase Softmax(int count, int attempt)
    {
        Begin();
        int preShift = attempt % 4 == 0 ? random.Next(8) : 0, spread = 1 << random.Next(4, 30);
        SoftmaxScale scale = new()
        {
            Limit = (int)((1L << (31 - preShift)) - 1) >> random.Next(12),
            Multiplier = random.Next(1, int.MaxValue),
            PreShift = preShift,
            Shift = random.Next(1, 16),
            Bits = attempt < 2 ? ProductKernel.WideBits : random.Next(1, ProductKernel.WideBits + 1),
        };
        int rows = random.Next(1, 4), stride = Panels.Padded(count) + (Block * random.Next(2));
        int exponentials = rows * stride * sizeof(ushort);
        // What is read beyond a row must not matter.
        int* scores = Fill<int>(rows * stride, i => i % stride >= count ? Extreme(int.MaxValue) : random.Next(-spread, spread) % (1 << 30));
        return new(
            nameof(ElementKernel.Softmax), $"{rows} rows of {count}, {scale.Bits} bits, k {preShift}, s {scale.Shift}, spread {spread}",
            exponentials + (rows * sizeof(int)),
            (set, output, _) => set.Elements.Softmax(scores, rows, stride, count, scale, (ushort*)output, (int*)(output + exponentials)));
    }

    private KernelCase LayerNorm(int channels, int attempt, bool two, bool wide)
    {
        Begin();
        int padded = Panels.Padded(channels), spread = 1 << random.Next(16);
        short Value(int c) => (short)(c >= channels ? 0 : (attempt % 6) switch
        {
            // A flat row, extremes that saturate in the sum, one outlier, anything.
            0 => 1234,
            1 => random.Next(2) == 0 ? short.MinValue : short.MaxValue,
            2 => c == 0 ? short.MaxValue : 0,
            _ => random.Next(-spread, spread),
        });
        short* a = Fill<short>(padded, Value), b = two ? Fill<short>(padded, Value) : null;
        LayerNormScale scale = new()
        {
            Channels = channels,
            Epsilon = attempt % 3 == 0 ? 0 : random.NextInt64(1L << random.Next(61)),
            HeadRoom = LayerNormScale.HeadRoomOf(channels),
            Wide = Affine(padded, short.MinValue, short.MaxValue, 0),
            Narrow = Affine(padded, sbyte.MinValue, sbyte.MaxValue, random.Next(-128, 128)),
        };
        int wideBytes = wide ? padded * sizeof(short) : 0;
        return new(
            nameof(ElementKernel.LayerNorm), $"{channels} channels, {attempt}, two inputs {two}, two outputs {wide}", wideBytes + padded,
            (set, output, _) => set.Elements.LayerNorm(a, b, scale, wide ? (short*)output : null, (sbyte*)(output + wideBytes)));
    }

    private KernelCase Gate(int count, int zeroPoint)
    {
        Begin();
        // Of table and multipliers none is -32768.
        short* gate = Fill<short>(4096, i => i % 64 == 0 ? short.MaxValue : (short)random.Next(-32767, 32768));
        short* input = Fill<short>(count, i => (i % Block) switch
        {
            3 => short.MinValue,
            5 => short.MaxValue,
            _ => (short)random.Next(-32768, 32768),
        });
        short* multipliers = Fill<short>(count, i => i % 7 == 0 ? short.MaxValue : (short)random.Next(-32767, 32768));
        return new(
            nameof(ElementKernel.Gate), $"{count} values, zero point {zeroPoint}", count,
            (set, output, _) => set.Elements.Gate(input, gate, multipliers, zeroPoint, (sbyte*)output, count));
    }

    private KernelCase EmbeddingSum(int attempt, bool three)
    {
        Begin();
        int columns = Block * random.Next(1, 30), shift = random.Next(1, 25);
        // 128 (ma + mb + mt) + 2^(s-1) stays below 2^31.
        int largest = (int)(((1L << 31) - (1L << (shift - 1)) - 1) / 128 / 3) - 1;
        sbyte* a = Fill<sbyte>(columns, _ => Any(sbyte.MinValue)), b = Fill<sbyte>(columns, _ => Any(sbyte.MinValue));
        sbyte* t = three ? Fill<sbyte>(columns, _ => Any(sbyte.MinValue)) : null;
        int ma = random.Next(largest), mb = attempt % 4 == 0 ? largest : random.Next(largest), mt = three ? random.Next(largest) : 0;
        return new(
            nameof(ElementKernel.EmbeddingSum), $"{columns} columns, s {shift}, three tables {three}", columns * sizeof(short),
            (set, output, _) => set.Elements.EmbeddingSum(a, ma, b, mb, t, mt, shift, columns, (short*)output));
    }

    private KernelCase Packing(string method, int columns, int count)
    {
        Begin();
        int stride = columns + (Block * random.Next(3));
        sbyte* rows = Fill<sbyte>(((count - 1) * stride) + columns, _ => Any(-127));
        return new(method, $"{count} rows of {columns}, stride {stride}", (int)Panels.Bytes(columns, count), (set, output, _) =>
        {
            if (method == nameof(ElementKernel.PackKeys))
            {
                set.Elements.PackKeys(rows, stride, count, columns, (sbyte*)output);
            }
            else
            {
                set.Elements.PackValues(rows, stride, count, columns, (sbyte*)output);
            }
        });
    }

    private ChannelScale Affine(int channels, int low, int high, int zeroPoint) => new()
    {
        Multipliers = Fill<int>(channels, _ => Extreme(int.MaxValue)),
        Addends = Fill<int>(channels, _ => Extreme((1 << 30) - 1)),
        Shift = random.Next(1, 31),
        ZeroPoint = zeroPoint,
        Low = low,
        High = high,
    };

    /// <summary>Gives the inputs' memory to the next case.</summary>
    private void Begin() => used = 0;

    private T* Fill<T>(int count, Func<int, T> value)
        where T : unmanaged
    {
        T* values = (T*)(inputs.Pointer + used);
        used = (used + (count * sizeof(T)) + 63) & ~63;
        if (used > inputs.Bytes)
        {
            throw new InvalidOperationException("a case has more inputs than there is memory for");
        }
        for (int i = 0; i < count; i++)
        {
            values[i] = value(i);
        }
        return values;
    }

    private sbyte Any(int least) => random.Next(10) switch { 0 => (sbyte)least, 1 => sbyte.MaxValue, _ => (sbyte)random.Next(least, 128) };

    /// <summary>A value within the bound, often at it, near zero, or small.</summary>
    private int Extreme(long bound) => (int)(random.Next(8) switch
    {
        0 => bound,
        1 => -bound,
        2 => 0,
        3 => random.Next(-2, 3) % (bound + 1),
        4 => random.NextInt64(-bound, bound) >> random.Next(24),
        _ => random.NextInt64(-bound, bound),
    });
}
