// Instruction counts of the kernels at MiniLM's shapes, for run-arm64 --count: marks on standard error, their meaning on standard output.
using System.Runtime.InteropServices;
using IBert.Edge.Kernels;

namespace IBert.Edge.Benchmarks;

/// <summary>Runs each kernel once between two marks; run-arm64 counts what lies between. Elsewhere the marks do nothing.</summary>
internal static unsafe partial class Instructions
{
    private const int Rows = 32, Hidden = 384, Head = 32, Inner = 1536;

    private static int s_label;

    public static void Run()
    {
        Count("nothing: what a mark itself costs, to be taken from the others", 1, "call", () => { });
        foreach (string name in KernelSet.Names)
        {
            if (name != "scalar" && KernelSet.Create(name) is { } set)
            {
                CountProducts(set.Product);
                CountElements(set.Elements);
            }
        }
    }

    private static void CountProducts(ProductKernel kernel)
    {
        foreach ((int rows, int inner) in ((int, int)[])[(kernel.TileRows, 384), (kernel.TileRows, 1536), (kernel.TileRows, 32), (1, 384)])
        {
            sbyte* left = New<sbyte>(rows * inner);
            Panels panels = new(New<sbyte>((int)Panels.Bytes(inner, Panels.Columns)), inner) { Bias = New<int>(Panels.Columns) };
            byte* scratch = New<byte>(Math.Max(64, rows * Math.Max(kernel.OperandBytes(inner), kernel.WideOperandBytes(inner))));
            int* tile = New<int>(ProductKernel.TileSize);
            ushort* wide = New<ushort>(rows * inner);
            Operand operand = kernel.Prepare(left, inner, rows, inner, scratch);
            Count($"{kernel.Name} {rows} x {inner} x 16", rows * inner * 16, "MAC", () => kernel.Multiply(operand, rows, panels, 0, tile));
            operand = kernel.PrepareWide(wide, inner * 2, rows, inner, scratch);
            Count($"{kernel.Name} wide {rows} x {inner} x 16", rows * inner * 16, "MAC",
                () => kernel.MultiplyWide(operand, rows, panels, 0, tile));
        }
    }

    private static void CountElements(ElementKernel kernel)
    {
        int* multipliers = New<int>(Inner), addends = New<int>(Inner), tile = New<int>(128), sums = New<int>(8), scores = New<int>(512);
        for (int r = 0; r < 8; r++)
        {
            sums[r] = 5000;
        }
        short* gate = New<short>(4096), a = New<short>(Rows * Inner), b = New<short>(Rows * Inner), wide = New<short>(Rows * Inner);
        sbyte* narrow = New<sbyte>(Rows * Inner), panels = New<sbyte>(Rows * Head);
        ushort* exponentials = New<ushort>(512);
        ChannelScale scale = new() { Multipliers = multipliers, Addends = addends, Shift = 8, Low = -128, High = 127 };
        ContextScale context = new() { Multiplier = 1 << 30, Exponent = 40, Low = -128, High = 127 };
        SoftmaxScale softmax = new() { Limit = 1 << 20, Multiplier = 1 << 30, Shift = 4, Bits = 8 };
        LayerNormScale norm = new() { Channels = Hidden, HeadRoom = LayerNormScale.HeadRoomOf(Hidden), Wide = scale, Narrow = scale };
        string name = kernel.Name;
        Count($"{name} ToInt8, 8 x 16", 128, "element", () => kernel.ToInt8(tile, 8, scale, 0, narrow, Hidden));
        Count($"{name} ToInt16, 8 x 16", 128, "element", () => kernel.ToInt16(tile, 8, scale, 0, wide, Hidden));
        Count($"{name} ContextToInt8, 8 x 16", 128, "element", () => kernel.ContextToInt8(tile, 8, sums, context, narrow, Hidden));
        foreach (int count in (int[])[32, 17])
        {
            Count($"{name} Softmax, 8 rows of {count}", 8 * count, "element",
                () => kernel.Softmax(scores, 8, 64, count, softmax, exponentials, sums));
        }
        Count($"{name} LayerNorm, two inputs and outputs, 384", Hidden, "element", () => kernel.LayerNorm(a, b, norm, wide, narrow));
        Count($"{name} Gate, 1536", Inner, "element", () => kernel.Gate(a, gate, b, 3, narrow, Inner));
        Count($"{name} EmbeddingSum, 384", Hidden, "element", () => kernel.EmbeddingSum(narrow, 3, narrow, 4, narrow, 5, 4, Hidden, wide));
        Count($"{name} PackKeys, 32 x 32", Rows * Head, "element", () => kernel.PackKeys(narrow, Hidden, Rows, Head, panels));
        Count($"{name} PackValues, 32 x 32", Rows * Head, "element", () => kernel.PackValues(narrow, Hidden, Rows, Head, panels));
    }

    private static void Count(string what, int units, string unit, Action run)
    {
        // Once before, so that the second call runs what is compiled already.
        run();
        _ = GetPriority(0x41524D, ++s_label);
        run();
        _ = GetPriority(0x41524D, ++s_label);
        Console.WriteLine($"mark {s_label}: {what}, {units} {unit}");
    }

    private static T* New<T>(int length)
        where T : unmanaged
    {
        nuint bytes = (nuint)(length * sizeof(T));
        void* block = NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(block, bytes);
        return (T*)block;
    }

    [LibraryImport("libc", EntryPoint = "getpriority")]
    private static partial int GetPriority(int which, int who);
}
