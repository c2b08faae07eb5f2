// The integers of a tensor in the executor's arena, without the padding of rows and heads.
using System.Runtime.InteropServices;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering;

namespace IBert.Edge.Quantization.Evaluation;

internal static class ArenaIntegers
{
    /// <summary>A tensor's integers: [rows, Columns], row-major.</summary>
    public static int[] Read(ModelFile model, Executor executor, QuantizedTensor tensor)
    {
        TensorEntry entry = model.Contents.Tensors[tensor.Index];
        ReadOnlySpan<byte> bytes = executor.TensorBytes(tensor.Index);
        int[] integers = new int[bytes.Length / entry.Stride * tensor.Columns];
        for (int i = 0; i < integers.Length; i++)
        {
            ReadOnlySpan<byte> element = bytes[Offset(entry, tensor, i)..];
            integers[i] = entry.Type switch
            {
                ElementType.Int8 => (sbyte)element[0],
                ElementType.Int16 => MemoryMarshal.Read<short>(element),
                _ => MemoryMarshal.Read<int>(element),
            };
        }
        return integers;
    }

    /// <summary>Puts integers in the place of a tensor's own, cut to its type.</summary>
    public static void Write(ModelFile model, Executor executor, QuantizedTensor tensor, ReadOnlySpan<long> integers)
    {
        TensorEntry entry = model.Contents.Tensors[tensor.Index];
        Span<byte> bytes = executor.TensorBytes(tensor.Index);
        for (int i = 0; i < integers.Length; i++)
        {
            Span<byte> element = bytes[Offset(entry, tensor, i)..];
            switch (entry.Type)
            {
                case ElementType.Int8:
                    element[0] = (byte)integers[i];
                    break;
                case ElementType.Int16:
                    MemoryMarshal.Write(element, (short)integers[i]);
                    break;
                default:
                    MemoryMarshal.Write(element, (int)integers[i]);
                    break;
            }
        }
    }

    private static int Offset(in TensorEntry entry, QuantizedTensor tensor, int i) =>
        (i / tensor.Columns * entry.Stride) + (tensor.Place(i % tensor.Columns) * entry.Type.Bytes());
}
