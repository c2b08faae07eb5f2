// Integer tensors of golden files.
using IBert.Edge.Quantization.Checkpoints;

namespace IBert.Edge.Quantization.Tests.Import;

internal static class GoldenTensors
{
    /// <summary>The values of a tensor of type I8, I16, I32 or I64.</summary>
    public static long[] ReadIntegers(this SafetensorsFile file, string name)
    {
        SafetensorsTensor tensor = file.Tensors[name];
        byte[] bytes = File.ReadAllBytes(file.Path);
        ReadOnlySpan<byte> data = bytes.AsSpan((int)(8 + BitConverter.ToInt64(bytes) + tensor.Begin));
        long[] values = new long[tensor.ElementCount];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = tensor.Type switch
            {
                "I8" => (sbyte)data[i],
                "I16" => BitConverter.ToInt16(data[(2 * i)..]),
                "I32" => BitConverter.ToInt32(data[(4 * i)..]),
                "I64" => BitConverter.ToInt64(data[(8 * i)..]),
                _ => throw new InvalidDataException($"{name} is of type {tensor.Type}"),
            };
        }
        return values;
    }
}
