// Writes safetensors files (format: https://github.com/huggingface/safetensors).
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using IBert.Edge.Files;

namespace IBert.Edge.Checkpoints;

/// <summary>How weights are stored.</summary>
internal enum WeightType
{
    /// <summary>Single precision: nothing is lost.</summary>
    F32,

    /// <summary>Half precision, rounded to nearest, ties to even.</summary>
    F16,
}

/// <summary>A tensor to be written: the format's name of its type, its shape, and its elements, little-endian and row-major.</summary>
/// <param name="Name">Its name; no other of the file has it.</param>
/// <param name="Type">Such as F32 or I8.</param>
/// <param name="Shape">Its dimensions; none for one element.</param>
/// <param name="Length">Number of bytes.</param>
/// <param name="Parts">The bytes, in parts that are made when they are written.</param>
internal sealed record SafetensorsEntry(string Name, string Type, long[] Shape, long Length, IEnumerable<byte[]> Parts)
{
    private const int PartElements = 1 << 20;

    /// <summary>A tensor of elements as they lie in memory, which are copied.</summary>
    public static SafetensorsEntry Of<T>(string name, string type, ReadOnlySpan<T> elements, params long[] shape) where T : unmanaged
    {
        byte[] bytes = MemoryMarshal.AsBytes(elements).ToArray();
        return new(name, type, shape, bytes.Length, [bytes]);
    }

    /// <summary>A tensor of floats, which are not copied.</summary>
    public static SafetensorsEntry OfFloats(string name, WeightType type, float[] values, params long[] shape) =>
        new(name, type.ToString(), shape, values.LongLength * (type == WeightType.F16 ? 2 : 4), Encode(values, type));

    /// <summary>Elements as they are stored, some at a time: a span cannot cover the 2 GB and more that a tensor may have.</summary>
    private static IEnumerable<byte[]> Encode(float[] values, WeightType type)
    {
        for (int done = 0; done < values.Length; done += PartElements)
        {
            ReadOnlySpan<float> part = values.AsSpan(done, Math.Min(PartElements, values.Length - done));
            yield return type == WeightType.F16 ? [.. MemoryMarshal.AsBytes(Halves(part).AsSpan())] : [.. MemoryMarshal.AsBytes(part)];
        }

        static Half[] Halves(ReadOnlySpan<float> part)
        {
            Half[] halves = new Half[part.Length];
            for (int i = 0; i < halves.Length; i++)
            {
                halves[i] = (Half)part[i];
            }
            return halves;
        }
    }
}

internal static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <summary>
    /// A whole file in memory, tensors in the order given: those with the widest elements first, so that all are aligned.
    /// </summary>
    public static byte[] Write(IReadOnlyList<SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata) =>
        Join(Header(tensors, metadata), [.. tensors.SelectMany(tensor => tensor.Parts).SelectMany(part => part)]);

    /// <summary>Writes a file, which takes its place when it is complete. Only a part of a tensor at a time is in memory twice.</summary>
    /// <exception cref="UnwritableFileException">It cannot be written; what was there is still there.</exception>
    public static void Save(string path, IReadOnlyList<SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using OutputFile file = new(path);
        file.Write(Join(Header(tensors, metadata), []));
        foreach (byte[] part in tensors.SelectMany(tensor => tensor.Parts))
        {
            file.Write(part);
        }
        file.Complete();
    }

    /// <summary>A file of a header, whatever it says, and the tensors' bytes.</summary>
    public static byte[] Join(ReadOnlySpan<byte> header, ReadOnlySpan<byte> data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }

    private static byte[] Header(IReadOnlyList<SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata)
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
                json.WriteNumberValue(end += tensor.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Spaces behind the header bring the elements to a multiple of eight.
        header.Write(Encoding.ASCII.GetBytes(new string(' ', (int)(-header.Length & (Alignment - 1)))));
        return header.ToArray();
    }
}
