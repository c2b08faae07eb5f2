// Floating point in every shape that the proofs must find; each member is one, named for what it hides.
using System.Collections.Generic;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace IBert.Edge.Planted;

/// <summary>Floats that only the IL shows, or that the compiler may fold away.</summary>
public static class HiddenFloats
{
    public const double Constant = 0.5;

    public static readonly Half Field = default;

    public static int Signature(float value) => value > 0 ? 1 : 0;

    public static decimal Returned() => default;

    public static unsafe int Pointer(float* value) => value is null ? 0 : 1;

    public static int Local(int value)
    {
        Span<double> numbers = stackalloc double[1];
        Use(ref MemoryMarshal.GetReference(numbers));
        return value;
    }

    public static int Literal(object target) => target is 1.5f ? 1 : 0;

    public static int Converted(int value) => (int)(value * 0.3);

    public static int Array(int length)
    {
        object numbers = new float[length];
        return numbers.GetHashCode();
    }

    public static object GenericArgument() => new List<Vector128<float>>();

    public static int GenericMethodArgument() => Unsafe.SizeOf<double>();

    public static int NestedGenericArgument() => new Dictionary<int, (long, Half)[]>().Count;

    public static long Called() => (long)TimeSpan.FromTicks(1).TotalMilliseconds;

    public static int CalledAndForgotten(Random random)
    {
        random.NextDouble();
        return 0;
    }

    public static object Boxed() => default(Vector4);

    public static int Constrained<T>(T value) where T : IFloatingPoint<T> => T.Sign(value);

    public static int Indirect(object function) => ((Func<double, int>)function).GetHashCode();

    private static void Use(ref double value) => value += 1;
}

/// <summary>A type that is floating point by what it inherits.</summary>
public sealed class FloatList : List<float>;

/// <summary>Floating point that reaches machine code: each method compiles to at least one instruction that is forbidden.</summary>
public static class MachineFloats
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static long Add(long a, long b) =>
        BitConverter.DoubleToInt64Bits(BitConverter.Int64BitsToDouble(a) + BitConverter.Int64BitsToDouble(b));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Convert(int value) => BitConverter.SingleToInt32Bits(value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Truncate(int bits) => (int)BitConverter.Int32BitsToSingle(bits);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Compare(long a, long b) => BitConverter.Int64BitsToDouble(a) < BitConverter.Int64BitsToDouble(b);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int SquareRoot(int bits) => BitConverter.SingleToInt32Bits(MathF.Sqrt(BitConverter.Int32BitsToSingle(bits)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<int> MultiplyVectors(Vector128<int> a, Vector128<int> b) => (a.AsSingle() * b.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<int> ConvertVector(Vector128<int> value) => Vector128.ConvertToSingle(value).AsInt32();
}

/// <summary>Integer code that a check which cried wolf would report.</summary>
public static class Integers
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector128<int> MultiplyVectors(Vector128<int> a, Vector128<int> b) => a * b;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Sum(ReadOnlySpan<int> values)
    {
        int sum = 0;
        foreach (int value in values)
        {
            sum += value;
        }
        return sum;
    }
}

/// <summary>Integer methods from which the call graph leads to a float, or does not.</summary>
public static class Roads
{
    public static int Virtual(Shape shape) => shape.Area();

    public static int Lambda(int[] values) => values.Count(v => v * 0.5 > 1);

    public static int StaticConstructor() => Table.Entry;

    public static IEnumerable<int> Iterator()
    {
        yield return Environment.ProcessorCount;
        yield return (int)(Environment.ProcessorCount * 0.5);
    }

    public static int Integer(int value) => value + 1;

    public abstract class Shape
    {
        public abstract int Area();
    }

    public sealed class Circle : Shape
    {
        public override int Area() => (int)(Environment.ProcessorCount * 3.14);
    }

    private static class Table
    {
        public static readonly int Entry = (int)(Environment.ProcessorCount * 0.25);
    }
}
