// The element-wise operations on eight lanes at a time, for every instruction set.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using IBert.Edge.Numerics;

namespace IBert.Edge.Kernels;

/// <summary>
/// <see cref="ScalarElements"/> in vectors: sixteen channels a step, so that int8 leaves in whole registers. An int8 result is saturated to
/// 16 bits before its zero point is added: zero point and clamp lie within 8 bits, so this changes nothing.
/// </summary>
/// <typeparam name="T">Eight lanes of the instruction set.</typeparam>
internal sealed unsafe class VectorElements<T> : ElementKernel
    where T : struct, ILanes<T>
{
    private const int Columns = Panels.Columns, Half = ILanes<T>.Count;

    public override string Name => T.Name;

    public override void ToInt8(int* tile, int rows, in ChannelScale scale, int column, sbyte* output, nint stride)
    {
        TileScale channels = new(scale, column);
        NarrowPlace place = new(scale.ZeroPoint, scale.Low, scale.High);
        for (; rows > 0; rows--, tile += Columns, output += stride)
        {
            place.Store(channels.Lower(tile), channels.Upper(tile), output);
        }
    }

    public override void ToInt16(int* tile, int rows, in ChannelScale scale, int column, short* output, nint stride)
    {
        TileScale channels = new(scale, column);
        T zeroPoint = T.Create(scale.ZeroPoint);
        Vector128<short> low = Vector128.Create((short)scale.Low), high = Vector128.Create((short)scale.High);
        for (; rows > 0; rows--, tile += Columns, output = (short*)((byte*)output + stride))
        {
            Clamp(T.ToInt16(channels.Lower(tile) + zeroPoint), low, high).Store(output);
            Clamp(T.ToInt16(channels.Upper(tile) + zeroPoint), low, high).Store(output + Half);
        }
    }

    public override void ToInt32(int* tile, int rows, in ChannelScale scale, int column, int* output, nint stride)
    {
        TileScale channels = new(scale, column);
        T zeroPoint = T.Create(scale.ZeroPoint), low = T.Create(scale.Low), high = T.Create(scale.High);
        for (; rows > 0; rows--, tile += Columns, output = (int*)((byte*)output + stride))
        {
            T.Store(T.Min(T.Max(channels.Lower(tile) + zeroPoint, low), high), output);
            T.Store(T.Min(T.Max(channels.Upper(tile) + zeroPoint, low), high), output + Half);
        }
    }

    public override void ContextToInt8(int* tile, int rows, int* sums, in ContextScale scale, sbyte* output, nint stride)
    {
        NarrowPlace place = new(scale.ZeroPoint, scale.Low, scale.High);
        for (; rows > 0; rows--, tile += Columns, output += stride)
        {
            (int multiplier, int shift) = ScalarElements.RowScale(*sums++, scale);
            T m = T.Create(multiplier), half = T.Create(1 << (shift - 1)), count = T.ScaleCount(shift);
            place.Store(T.Scale(T.Load(tile), m, half, count), T.Scale(T.Load(tile + Half), m, half, count), output);
        }
    }

    [SkipLocalsInit]
    public override void Softmax(int* scores, int rows, int stride, int count, in SoftmaxScale scale, ushort* exponentials, int* sums)
    {
        int rest = count % Half;
        bool unwritten = ((count + Half - 1) & Half) != 0;
        // The last scores, where they are not eight: lanes from count on are taken out of the maximum and of the sum.
        Vector128<short> valid = Vector128.LessThan(Vector128<short>.Indices, Vector128.Create((short)rest));
        Exponential exponential = new(scale);
        for (; rows > 0; rows--, scores += stride, exponentials += stride)
        {
            int* whole = scores + (count - rest), s = scores;
            T maxima = T.Create(int.MinValue);
            for (; s < whole; s += Half)
            {
                maxima = T.Max(maxima, T.Load(s));
            }
            if (rest > 0)
            {
                maxima = T.Max(maxima, T.Min(T.Load(s), T.Widen(valid) ^ T.Create(int.MinValue)));
            }
            T maximum = T.Create(T.MaxAcross(maxima));
            Vector128<int> sum = Vector128<int>.Zero;
            short* output = (short*)exponentials;
            for (s = scores; s < whole; s += Half, output += Half)
            {
                Vector128<short> e = exponential.Of(maximum - T.Load(s));
                e.Store(output);
                sum = T.AddPairs(sum, e);
            }
            if (rest > 0)
            {
                Vector128<short> e = exponential.Of(maximum - T.Load(s)) & valid;
                e.Store(output);
                sum = T.AddPairs(sum, e);
                output += Half;
            }
            if (unwritten)
            {
                Vector128<short>.Zero.Store(output);
            }
            *sums++ = Vector128.Sum(sum);
        }
    }

    public override void LayerNorm(short* a, short* b, in LayerNormScale scale, short* wide, sbyte* narrow)
    {
        int padded = Panels.Padded(scale.Channels);
        // Where there is no second input, sixteen zeros stand in, again and again.
        short* zeros = stackalloc short[Columns];
        nint step = b is null ? 0 : Columns;
        b = b is null ? zeros : b;

        Vector128<int> sums = Vector128<int>.Zero;
        Vector128<ulong> squares = Vector128<ulong>.Zero;
        short* x = a, y = b;
        for (short* end = a + padded; x < end; x += Columns, y += step)
        {
            Vector128<short> s0 = T.AddSaturate(Vector128.Load(x), Vector128.Load(y));
            Vector128<short> s1 = T.AddSaturate(Vector128.Load(x + Half), Vector128.Load(y + Half));
            sums = T.AddPairs(T.AddPairs(sums, s0), s1);
            squares = T.AddSquares(T.AddSquares(squares, s0), s1);
        }

        RowNorm row = new(scale, Vector128.Sum(sums), (long)Vector128.Sum(squares));
        Normalization norm = new(row);
        ChannelPlace narrowPlace = new(scale.Narrow);
        NarrowPlace narrowClamp = new(scale.Narrow.ZeroPoint, scale.Narrow.Low, scale.Narrow.High);
        if (wide is null)
        {
            for (sbyte* end = narrow + padded; narrow < end; narrow += Columns, a += Columns, b += step)
            {
                T v0 = norm.Of(T.AddSaturate(Vector128.Load(a), Vector128.Load(b)));
                T v1 = norm.Of(T.AddSaturate(Vector128.Load(a + Half), Vector128.Load(b + Half)));
                narrowClamp.Store(narrowPlace.Of(v0, 0), narrowPlace.Of(v1, Half), narrow);
                narrowPlace.Advance();
            }
            return;
        }
        ChannelPlace widePlace = new(scale.Wide);
        Vector128<short> low = Vector128.Create((short)scale.Wide.Low), high = Vector128.Create((short)scale.Wide.High);
        for (sbyte* end = narrow + padded; narrow < end; narrow += Columns, a += Columns, b += step, wide += Columns)
        {
            // Both halves are read before any is written: wide may be a or b.
            T v0 = norm.Of(T.AddSaturate(Vector128.Load(a), Vector128.Load(b)));
            T v1 = norm.Of(T.AddSaturate(Vector128.Load(a + Half), Vector128.Load(b + Half)));
            Vector128<short> w0 = T.ToInt16(widePlace.Of(v0, 0)), w1 = T.ToInt16(widePlace.Of(v1, Half));
            Clamp(w0, low, high).Store(wide);
            Clamp(w1, low, high).Store(wide + Half);
            narrowClamp.Store(narrowPlace.Of(v0, 0), narrowPlace.Of(v1, Half), narrow);
            widePlace.Advance();
            narrowPlace.Advance();
        }
    }

    public override void Gate(short* input, short* gate, short* multipliers, int zeroPoint, sbyte* output, int count)
    {
        Vector128<short> zero = Vector128.Create((short)zeroPoint);
        for (int i = 0; i < count; i += Columns)
        {
            Vector128<short> y0 = Gated(input + i, gate, multipliers + i), y1 = Gated(input + i + Half, gate, multipliers + i + Half);
            T.ToInt8(T.AddSaturate(y0, zero), T.AddSaturate(y1, zero)).Store(output + i);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector128<short> Gated(short* input, short* gate, short* multipliers)
        {
            Vector128<short> x = Vector128.Load(input);
            // With the sign bit turned over, the upper 12 bits of each lane count the table's entries from its start. No instruction set
            // here looks up 4,096 entries: lanes are taken out one by one and put back as two 64-bit values.
            Vector128<ushort> places = (x ^ Vector128.Create(short.MinValue)).AsUInt16() >> 4;
            ushort* entries = (ushort*)gate;
            ulong low = entries[places.ToScalar()] | ((ulong)entries[places.GetElement(1)] << 16)
                | ((ulong)entries[places.GetElement(2)] << 32) | ((ulong)entries[places.GetElement(3)] << 48);
            ulong high = entries[places.GetElement(4)] | ((ulong)entries[places.GetElement(5)] << 16)
                | ((ulong)entries[places.GetElement(6)] << 32) | ((ulong)entries[places.GetElement(7)] << 48);
            Vector128<short> g = Vector128.Create(low, high).AsInt16();
            return T.MultiplyRoundedQ15(T.MultiplyRoundedQ15(x, g), Vector128.Load(multipliers));
        }
    }

    public override void EmbeddingSum(sbyte* a, int ma, sbyte* b, int mb, sbyte* t, int mt, int shift, int columns, short* output)
    {
        // Without a third table the first stands in, multiplied by zero.
        sbyte* third = t is null ? a : t;
        T m0 = T.Create(ma), m1 = T.Create(mb), m2 = T.Create(t is null ? 0 : mt);
        T half = T.Create(1 << (shift - 1)), count = T.RoundCount(shift);
        for (int c = 0; c < columns; c += Half)
        {
            T sum = (T.Load(a + c) * m0) + (T.Load(b + c) * m1) + (T.Load(third + c) * m2);
            T.ToInt16(T.Round(sum, half, count)).Store(output + c);
        }
    }

    public override void PackKeys(sbyte* rows, nint stride, int count, int inner, sbyte* panels)
    {
        for (int panel = 0; panel < count; panel += Columns, panels += inner * Columns)
        {
            for (int c = 0; c < Columns; c += 4)
            {
                // 4 rows of 4 quads become 4 quads of 4 columns.
                sbyte* source = rows + ((panel + c) * stride), target = panels + (c * Panels.Quad);
                int present = count - panel - c;
                for (int k = 0; k < inner; k += Panels.InnerBlock, source += Panels.InnerBlock, target += Panels.InnerBlock * Columns)
                {
                    Vector128<uint> r0 = Row(source, 0, stride, present).AsUInt32(), r1 = Row(source, 1, stride, present).AsUInt32();
                    Vector128<uint> r2 = Row(source, 2, stride, present).AsUInt32(), r3 = Row(source, 3, stride, present).AsUInt32();
                    Vector128<uint> even = T.ZipLow(r0, r2), odd = T.ZipLow(r1, r3);
                    T.ZipLow(even, odd).AsSByte().Store(target);
                    T.ZipHigh(even, odd).AsSByte().Store(target + Panels.QuadStride);
                    even = T.ZipHigh(r0, r2);
                    odd = T.ZipHigh(r1, r3);
                    T.ZipLow(even, odd).AsSByte().Store(target + (2 * Panels.QuadStride));
                    T.ZipHigh(even, odd).AsSByte().Store(target + (3 * Panels.QuadStride));
                }
            }
        }
    }

    public override void PackValues(sbyte* rows, nint stride, int count, int columns, sbyte* panels)
    {
        int inner = Panels.Padded(count);
        for (int panel = 0; panel < columns; panel += Columns)
        {
            for (int quad = 0; quad < inner; quad += Panels.Quad, panels += Panels.QuadStride)
            {
                sbyte* source = rows + (quad * stride) + panel;
                int present = count - quad;
                Vector128<byte> r0 = Row(source, 0, stride, present).AsByte(), r1 = Row(source, 1, stride, present).AsByte();
                Vector128<byte> r2 = Row(source, 2, stride, present).AsByte(), r3 = Row(source, 3, stride, present).AsByte();
                Vector128<byte> even = T.ZipLow(r0, r2), odd = T.ZipLow(r1, r3);
                T.ZipLow(even, odd).AsSByte().Store(panels);
                T.ZipHigh(even, odd).AsSByte().Store(panels + 16);
                even = T.ZipHigh(r0, r2);
                odd = T.ZipHigh(r1, r3);
                T.ZipLow(even, odd).AsSByte().Store(panels + 32);
                T.ZipHigh(even, odd).AsSByte().Store(panels + 48);
            }
        }
    }

    /// <summary>Sixteen bytes of a row, zeros where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Row(sbyte* source, int row, nint stride, int present) =>
        row < present ? Vector128.Load(source + (row * stride)) : Vector128<sbyte>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Clamp(Vector128<short> x, Vector128<short> low, Vector128<short> high) =>
        Vector128.MinNative(Vector128.MaxNative(x, low), high);

    /// <summary>The requantization of a tile's sixteen channels.</summary>
    [method: MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly struct TileScale(in ChannelScale scale, int column)
    {
        private readonly T lower = T.Load(scale.Multipliers + column), upper = T.Load(scale.Multipliers + column + Half);
        private readonly T preShift = T.Create(scale.PreShift);
        private readonly T half = T.Create(1 << (scale.Shift - 1)), count = T.ScaleCount(scale.Shift);
        private readonly bool shifted = scale.PreShift > 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Lower(int* row) => Of(row, lower);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Upper(int* row) => Of(row + Half, upper);

        // Most ratios are small and need no shift: a branch that is always the same costs less.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private T Of(int* x, T m) =>
            shifted ? T.Scale(T.ShiftLeft(T.Load(x), preShift), m, half, count) : T.Scale(T.Load(x), m, half, count);
    }

    /// <summary>How int8 leaves: zero point, clamp.</summary>
    [method: MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly struct NarrowPlace(int zeroPoint, int low, int high)
    {
        private readonly Vector128<short> zeroPoint = Vector128.Create((short)zeroPoint);
        private readonly Vector128<sbyte> low = Vector128.Create((sbyte)low), high = Vector128.Create((sbyte)high);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(T y0, T y1, sbyte* output)
        {
            Vector128<short> s0 = T.AddSaturate(T.ToInt16(y0), this.zeroPoint), s1 = T.AddSaturate(T.ToInt16(y1), this.zeroPoint);
            Vector128.MinNative(Vector128.MaxNative(T.ToInt8(s0, s1), this.low), this.high).Store(output);
        }
    }

    /// <summary>A LayerNorm output's multipliers and addends, sixteen channels a step.</summary>
    [method: MethodImpl(MethodImplOptions.AggressiveInlining)]
    private struct ChannelPlace(in ChannelScale scale)
    {
        private readonly T half = T.Create(1 << (scale.Shift - 1)), count = T.RoundCount(scale.Shift);
        private int* multipliers = scale.Multipliers, addends = scale.Addends;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly T Of(T v, int channel) => T.ScaleAdd(v, T.Load(multipliers + channel), T.Load(addends + channel), half, count);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Advance()
        {
            multipliers += Columns;
            addends += Columns;
        }
    }

    /// <summary><see cref="RowNorm.Normalize"/> of eight values.</summary>
    [method: MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly struct Normalization(RowNorm row)
    {
        private readonly Vector128<short> channels = Vector128.Create((short)row.Channels);
        private readonly T sum = T.Create(row.Sum), reciprocal = T.Create(row.Reciprocal);
        private readonly T left = T.LeftCount(row.Shift), right = T.RightCount(row.Shift);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Of(Vector128<short> x) =>
            T.MultiplyHigh(T.ShiftEitherWay(T.MultiplyByFirst(x, channels) - sum, left, right), reciprocal);
    }

    /// <summary>
    /// <see cref="IntegerMath.Exp2Negative"/> of eight distances to the maximum. Its constants are fields and its constructor is not
    /// inlined: the compiler then keeps them in registers, where it would make known constants again in every step.
    /// </summary>
    [method: MethodImpl(MethodImplOptions.NoInlining)]
    private readonly struct Exponential(in SoftmaxScale scale)
    {
        private readonly T limit = T.Create(scale.Limit), multiplier = T.Create(scale.Multiplier);
        private readonly T preShift = T.Create(scale.PreShift);
        private readonly T half = T.Create(1 << (scale.Shift - 1)), count = T.ScaleCount(scale.Shift);
        private readonly T last = T.Create(IntegerMath.ExponentLimit);
        private readonly Vector128<short> fraction = Vector128.Create((short)((1 << IntegerMath.ExponentFraction) - 1));
        private readonly Vector128<short> c0 = Vector128.Create((short)IntegerMath.C0), c1 = Vector128.Create((short)IntegerMath.C1);
        private readonly Vector128<short> c2 = Vector128.Create((short)IntegerMath.C2), c3 = Vector128.Create((short)IntegerMath.C3);
        private readonly Vector128<short> drop = T.RightCount16(14 - scale.Bits);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector128<short> Of(T distance)
        {
            T x = T.ShiftLeft(T.Min(distance, limit), preShift);
            T t = T.Min(T.Scale(x, multiplier, half, count), last);
            Vector128<short> f = T.LowHalves(t) & fraction;
            Vector128<short> z = T.ToInt16(T.ShiftRight(t, IntegerMath.ExponentFraction));
            Vector128<short> p = c2 - T.MultiplyQ15(c3, f);
            p = c1 - T.MultiplyQ15(p, f);
            p = c0 - T.MultiplyQ15(p, f);
            return T.ShiftRight(T.RoundHalved(p, z), drop);
        }
    }
}
