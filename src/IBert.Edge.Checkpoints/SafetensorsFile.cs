// Reads a safetensors file: eight bytes of header length, a JSON header, then the tensors' bytes back to back.
// The file is hostile until proven otherwise: everything the header says is checked before a byte of a tensor is touched.
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IBert.Edge.Files;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.Checkpoints;

/// <summary>One tensor as the header describes it; <see cref="Begin"/> and <see cref="End"/> are byte offsets behind the header.</summary>
internal sealed record SafetensorsTensor(string Name, string Type, long[] Shape, long ElementCount, long Begin, long End);

/// <summary>
/// A safetensors file (format: https://github.com/huggingface/safetensors). It is read, not mapped: of a mapping that another program cuts
/// short the system ends whoever touches it.
/// </summary>
internal sealed class SafetensorsFile : IDisposable
{
    /// <summary>The format's own bound: a longer header is refused before it is read.</summary>
    public const int MaxHeaderBytes = 100_000_000;

    private const int LengthBytes = 8;

    // Elements converted at a time: a span cannot cover the 2 GB and more that a tensor may have.
    private const int ChunkElements = 1 << 20;

    private readonly SafeFileHandle handle;
    private readonly long length;
    private readonly int headerBytes;

    private SafetensorsFile(string path)
    {
        Path = path;
        handle = CheckpointFile.Open(path, CheckpointFileKind.Weights);
        try
        {
            this.length = RandomAccess.GetLength(handle);
            headerBytes = HeaderLength();
            byte[] header = new byte[headerBytes];
            ReadExactly(header, LengthBytes);
            Tensors = ParseHeader(header);
            CheckLayout();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where the file is.</summary>
    public string Path { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsTensor> Tensors { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="CheckpointException">The file cannot be read, or its header breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path) => new(path);

    /// <summary>The values of a tensor of type F32, F16 or BF16, in row-major order.</summary>
    /// <exception cref="CheckpointException">Another type, or a value that is not finite.</exception>
    public float[] ReadFloats(SafetensorsTensor tensor)
    {
        RequireFloats(tensor);
        var values = new float[tensor.ElementCount];
        int size = ElementBytes(tensor.Type)!.Value;
        byte[] buffer = tensor.Type == "F32" ? [] : new byte[Math.Min(values.Length, ChunkElements) * size];
        for (int done = 0; done < values.Length; done += ChunkElements)
        {
            Span<float> target = values.AsSpan(done, Math.Min(ChunkElements, values.Length - done));
            // The format is little-endian, and so is every machine this program runs on.
            Span<byte> bytes = tensor.Type == "F32" ? MemoryMarshal.AsBytes(target) : buffer.AsSpan(0, target.Length * size);
            ReadExactly(bytes, DataOffset(tensor) + ((long)done * size));
            Convert(tensor.Type, bytes, target);
        }
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                throw new CheckpointException(
                    $"{Path}: the tensor {OneLine.Quote(tensor.Name)} holds " +
                    $"{value.ToString(System.Globalization.CultureInfo.InvariantCulture)}: its training diverged, or the file is " +
                    "damaged: use another checkpoint");
            }
        }
        return values;
    }

    /// <summary>The values of a tensor of type I8, I16, I32 or I64, in row-major order.</summary>
    /// <exception cref="CheckpointException">Another type.</exception>
    public long[] ReadIntegers(SafetensorsTensor tensor)
    {
        int size = tensor.Type is "I8" or "I16" or "I32" or "I64" ? ElementBytes(tensor.Type)!.Value : 0;
        if (size == 0 || tensor.ElementCount > Array.MaxLength / size)
        {
            throw new CheckpointException(
                $"{Path}: the tensor {OneLine.Quote(tensor.Name)} has {tensor.ElementCount} elements of type {tensor.Type}; integers of " +
                "I8 to I64 are expected, of at most 2 GB: it is not a dump of integers");
        }
        long[] values = new long[tensor.ElementCount];
        byte[] bytes = new byte[values.Length * size];
        ReadExactly(bytes, DataOffset(tensor));
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> element = bytes.AsSpan(i * size, size);
            values[i] = size switch
            {
                1 => (sbyte)element[0],
                2 => BinaryPrimitives.ReadInt16LittleEndian(element),
                4 => BinaryPrimitives.ReadInt32LittleEndian(element),
                _ => BinaryPrimitives.ReadInt64LittleEndian(element),
            };
        }
        return values;
    }

    /// <summary>Refuses a tensor that <see cref="ReadFloats"/> could not read, by its header alone.</summary>
    public void RequireFloats(SafetensorsTensor tensor)
    {
        if (tensor.Type is not ("F32" or "F16" or "BF16"))
        {
            throw new CheckpointException(
                $"{Path}: the tensor {OneLine.Quote(tensor.Name)} is of type {tensor.Type}, and only F32, F16 and BF16 are supported: " +
                (tensor.Type == "F64"
                    ? "save the model in single precision (model.float().save_pretrained(...))"
                    : "the weights are quantized (use those that they were made from), or of another model"));
        }
        if (tensor.ElementCount > Array.MaxLength)
        {
            throw new CheckpointException(
                $"{Path}: the tensor {OneLine.Quote(tensor.Name)} has {tensor.ElementCount} elements, more than the {Array.MaxLength} " +
                "that this program can hold: use a smaller model");
        }
    }

    /// <summary>Feeds the whole file to a hash.</summary>
    public void AppendTo(IncrementalHash hash)
    {
        byte[] buffer = new byte[ChunkElements];
        for (long done = 0; done < this.length; done += buffer.Length)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, this.length - done));
            ReadExactly(part, done);
            hash.AppendData(part);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => handle.Dispose();

    private long DataOffset(SafetensorsTensor tensor) => LengthBytes + headerBytes + tensor.Begin;

    private void ReadExactly(Span<byte> target, long offset)
    {
        try
        {
            while (!target.IsEmpty)
            {
                int count = RandomAccess.Read(handle, target, offset);
                if (count == 0)
                {
                    throw new CheckpointException($"{Path}: became shorter while it was read: try again when nothing writes to it");
                }
                target = target[count..];
                offset += count;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CheckpointFile.Unreadable(Path, error);
        }
    }

    private static void Convert(string type, ReadOnlySpan<byte> source, Span<float> target)
    {
        for (int i = 0; i < target.Length && type != "F32"; i++)
        {
            ushort bits = BinaryPrimitives.ReadUInt16LittleEndian(source[(2 * i)..]);
            target[i] = type == "F16" ? (float)BitConverter.UInt16BitsToHalf(bits) : BitConverter.UInt32BitsToSingle((uint)bits << 16);
        }
    }

    private int HeaderLength()
    {
        if (this.length < LengthBytes)
        {
            throw Damaged($"the file has {this.length} bytes, too few for a header");
        }
        Span<byte> head = stackalloc byte[(int)Math.Min(this.length, FileSignature.Length)];
        ReadExactly(head, 0);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(head);
        if (head.Length > LengthBytes && head[LengthBytes] == (byte)'{' && length > 0 && length <= MaxHeaderBytes
            && (long)length <= this.length - LengthBytes)
        {
            return (int)length;
        }
        throw FileSignature.Of(head) is { } other ? new CheckpointException($"{Path}: {other}")
            : length > MaxHeaderBytes ? Damaged($"the header's length is {length} bytes, more than the {MaxHeaderBytes} " +
                "that the format allows")
            : (long)length > this.length - LengthBytes ? Damaged($"the header's length is {length} bytes, but the file has {this.length}")
            : Damaged("the header does not start with '{'");
    }

    private Dictionary<string, SafetensorsTensor> ParseHeader(ReadOnlySpan<byte> header)
    {
        var tensors = new Dictionary<string, SafetensorsTensor>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 8 });
            reader.Read();
            bool metadataSeen = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                bool isNew = name == "__metadata__" ? !metadataSeen : !tensors.ContainsKey(name);
                if (!isNew)
                {
                    throw Damaged($"the header names {OneLine.Quote(name)} twice");
                }
                if (name == "__metadata__")
                {
                    metadataSeen = true;
                    reader.Skip();
                }
                else
                {
                    tensors.Add(name, ParseTensor(ref reader, name));
                }
            }
            // Reads to the end: what follows the object may be white space only.
            while (reader.Read())
            {
            }
        }
        // GetString answers text that no UTF-16 can express (a lone surrogate, broken UTF-8) with InvalidOperationException.
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            throw Damaged($"the header is not well-formed JSON ({JsonFile.Describe(e)})");
        }
        return tensors;
    }

    private SafetensorsTensor ParseTensor(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Damaged($"the tensor {OneLine.Quote(name)} is not described by an object");
        }
        string? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            reader.Read();
            bool isNew = true;
            switch (field)
            {
                case "dtype":
                    isNew = type is null;
                    type = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Damaged("the dtype of the tensor " +
                        $"{OneLine.Quote(name)} is not a text");
                    break;
                case "shape":
                    isNew = shape is null;
                    shape = ParseNumbers(ref reader, name, field);
                    break;
                case "data_offsets":
                    isNew = offsets is null;
                    offsets = ParseNumbers(ref reader, name, field);
                    break;
                default:
                    reader.Skip();
                    break;
            }
            if (!isNew)
            {
                throw Damaged($"the tensor {OneLine.Quote(name)} has '{field}' twice");
            }
        }
        if (type is null || shape is null || offsets is not { Length: 2 })
        {
            throw Damaged($"the tensor {OneLine.Quote(name)} lacks a dtype, a shape or two data_offsets");
        }
        int elementBytes = ElementBytes(type) ?? throw new CheckpointException(
            $"{Path}: the tensor {OneLine.Quote(name)} has the unknown dtype {OneLine.Quote(type)}, and only F32, F16 and BF16 are " +
            "supported: the weights are quantized (use those that they were made from), or of another model");
        long elements = 1;
        long bytes;
        try
        {
            foreach (long dimension in shape)
            {
                elements = checked(elements * dimension);
            }
            bytes = checked(elements * elementBytes);
        }
        catch (OverflowException)
        {
            throw Damaged($"the size of the tensor {OneLine.Quote(name)}, shape [{OneLine.Shorten(string.Join(", ", shape))}], overflows");
        }
        if (offsets[1] < offsets[0] || offsets[1] - offsets[0] != bytes)
        {
            throw Damaged($"the tensor {OneLine.Quote(name)} needs {bytes} bytes, its data_offsets are [{offsets[0]}, {offsets[1]}]");
        }
        return new SafetensorsTensor(name, type, shape, elements, offsets[0], offsets[1]);
    }

    private long[] ParseNumbers(ref Utf8JsonReader reader, string name, string field)
    {
        var numbers = new List<long>();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Damaged($"the {field} of the tensor {OneLine.Quote(name)} is not an array");
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
            {
                throw Damaged($"the {field} of the tensor {OneLine.Quote(name)} holds what is no whole number from 0 to 2^63 - 1");
            }
            numbers.Add(number);
        }
        return [.. numbers];
    }

    /// <summary>The tensors lie back to back from the end of the header to the end of the file: no gap, no overlap.</summary>
    private void CheckLayout()
    {
        long end = 0;
        foreach (SafetensorsTensor tensor in Tensors.Values.OrderBy(t => t.Begin).ThenBy(t => t.End))
        {
            if (tensor.Begin != end)
            {
                throw Damaged($"the tensor {OneLine.Quote(tensor.Name)} starts at offset {tensor.Begin}, the one before it ends at {end}");
            }
            end = tensor.End;
        }
        long dataBytes = this.length - LengthBytes - headerBytes;
        if (end != dataBytes)
        {
            throw Damaged($"the tensors take {end} bytes, and behind the header are {dataBytes}");
        }
    }

    private CheckpointException Damaged(string what) =>
        new($"{Path}: {what}: the file is damaged or not a safetensors file: download it or save the model again");

    // The types of the format; those that are not read can still stand beside the weights (position_ids is I64).
    private static int? ElementBytes(string type) => type switch
    {
        "F64" or "I64" or "U64" or "C64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "I8" or "U8" or "BOOL" or "F8_E4M3" or "F8_E5M2" or "F8_E8M0" => 1,
        _ => null,
    };
}
