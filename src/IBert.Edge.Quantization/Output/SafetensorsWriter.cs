// Writes safetensors files (format: https://github.com/huggingface/safetensors).
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace IBert.Edge.Quantization.Output;

/// <summary>A tensor to be written: the format's name of its type, its shape, and its elements, little-endian and row-major.</summary>
internal sealed record SafetensorsEntry(string Name, string Type, long[] Shape, byte[] Bytes)
{
    /// <summary>A tensor of elements as they lie in memory.</summary>
    public static SafetensorsEntry Of<T>(string name, string type, ReadOnlySpan<T> elements, params long[] shape) where T : unmanaged =>
        new(name, type, shape, MemoryMarshal.AsBytes(elements).ToArray());
}

internal static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <summary>A whole file, tensors in the order given: give those with the widest elements first, so that all are aligned.</summary>
    public static byte[] Write(IReadOnlyList<SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using MemoryStream header = new();
        // Names stay readable: this JSON never stands in HTML.
        using (Utf8JsonWriter json = new(header, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string name, string value) in metadata)
            {
                json.WriteString(name, value);
            }
            json.WriteEndObject();
            long end = 0;
            foreach (SafetensorsEntry tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type);
                json.WriteStartArray("shape");
                Array.ForEach(tensor.Shape, json.WriteNumberValue);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(end);
                json.WriteNumberValue(end += tensor.Bytes.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Spaces behind the header bring the elements to a multiple of eight.
        header.Write(Encoding.ASCII.GetBytes(new string(' ', (int)(-header.Length & (Alignment - 1)))));
        return Join(header.ToArray(), [.. tensors.SelectMany(tensor => tensor.Bytes)]);
    }

    /// <summary>A file of a header, whatever it says, and the tensors' bytes.</summary>
    public static byte[] Join(ReadOnlySpan<byte> header, ReadOnlySpan<byte> data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }
}
