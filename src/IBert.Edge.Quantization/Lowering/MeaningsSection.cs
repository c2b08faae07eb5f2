// Section MEAN of a model file: what the integers of each tensor stand for. The runtime does not read it; FORMAT.md has its layout.
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>Writes the section, and reads it back from a file of anybody's.</summary>
internal static class MeaningsSection
{
    private const byte HasDivisors = 1, HasShifts = 2, AllFlags = HasDivisors | HasShifts;

    // Longer than any checkpoint's module names; a name becomes part of a table and of a safetensors header.
    private const int MaxName = 256;

    // Any integer times it is a number in 32 bits.
    private const double LargestStep = 1e25;

    /// <summary>The section of a graph's tensors, which are in the order of the operations.</summary>
    public static byte[] Write(IReadOnlyList<QuantizedTensor> tensors)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write(tensors.Count);
        foreach (QuantizedTensor tensor in tensors)
        {
            byte[] name = Encoding.UTF8.GetBytes(tensor.Name);
            writer.Write(tensor.Index);
            writer.Write((ushort)tensor.Operation);
            writer.Write((byte)tensor.Key.Site);
            writer.Write((byte)((tensor.Divisors is null ? 0 : HasDivisors) | (tensor.Shifts is null ? 0 : HasShifts)));
            writer.Write((short)tensor.Key.Layer);
            writer.Write(tensor.Channels);
            writer.Write(tensor.Columns - tensor.Channels);
            writer.Write((ushort)tensor.Heads);
            writer.Write((ushort)name.Length);
            writer.Write(tensor.ZeroPoint);
            writer.Write(tensor.Scale);
            writer.Write(name);
            writer.Write(MemoryMarshal.AsBytes(tensor.Extras.AsSpan()));
            writer.Write(MemoryMarshal.AsBytes(tensor.Divisors.AsSpan()));
            writer.Write(MemoryMarshal.AsBytes(tensor.Shifts.AsSpan()));
        }
        return stream.ToArray();
    }

    /// <summary>What the tensors of a model stand for: all outputs of all operations, in their order.</summary>
    /// <exception cref="ModelFormatException">The model has no such section, or one that says something impossible.</exception>
    public static IReadOnlyList<QuantizedTensor> Read(ModelFile model)
    {
        ReadOnlySpan<byte> bytes = model.Contents.OptionalSection(SectionKind.Meanings);
        if (bytes.IsEmpty)
        {
            throw new ModelFormatException(
                $"{model.Name} does not say what its integers stand for (it lacks section MEAN): it was made by an older ibert-quantize, " +
                "convert the checkpoint again");
        }
        Cursor cursor = new(model.Name, bytes);
        int count = cursor.Int32();
        List<QuantizedTensor> tensors = [];
        HashSet<ushort> indexes = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            QuantizedTensor tensor = ReadTensor(ref cursor);
            string fault = Fault(model, tensor, i == 0 ? 0 : tensors[^1].Operation)
                ?? (!indexes.Add(tensor.Index) ? "is described twice" : names.Add(tensor.Name) ? "" : "has the " +
                    $"name '{tensor.Name}', as another one");
            if (fault.Length > 0)
            {
                throw cursor.Bad($"tensor {tensor.Index} {fault}");
            }
            tensors.Add(tensor);
        }
        cursor.RequireEnd();
        for (int i = 0; i < model.Contents.Operations.Length; i++)
        {
            foreach (ushort output in model.Contents.Operations[i].Outputs)
            {
                if (output != OperationRecord.None && !indexes.Contains(output))
                {
                    throw cursor.Bad($"tensor {output}, an output of operation {i}, is not described");
                }
            }
        }
        return tensors;
    }

    private static QuantizedTensor ReadTensor(ref Cursor cursor)
    {
        ushort index = cursor.UInt16(), operation = cursor.UInt16();
        (TensorSite site, byte flags, int layer) = ((TensorSite)cursor.Take(1)[0], cursor.Take(1)[0], (short)cursor.UInt16());
        int channels = cursor.Int32(), extraColumns = cursor.Int32(), heads = cursor.UInt16(), nameLength = cursor.UInt16(),
            zeroPoint = cursor.Int32();
        double scale = cursor.Double();
        if (flags > AllFlags || channels is < 1 or > GraphVerifier.MaxColumns || extraColumns is < 0 or > GraphVerifier.MaxColumns
            || nameLength is 0 or > MaxName)
        {
            throw cursor.Bad(
                $"tensor {index} has flags {flags}, {channels} channels, {extraColumns} more columns and a name of {nameLength} bytes");
        }
        ReadOnlySpan<byte> name = cursor.Take(nameLength);
        if (!Utf8.IsValid(name) || name.IndexOfAnyInRange((byte)0, (byte)' ') >= 0)
        {
            throw cursor.Bad($"tensor {index} has a name that is not text without spaces");
        }
        int[]? extras = extraColumns > 0 ? cursor.Array<int>(extraColumns) : null;
        float[]? divisors = (flags & HasDivisors) != 0 ? cursor.Array<float>(channels + extraColumns) : null;
        float[]? shifts = (flags & HasShifts) != 0 ? cursor.Array<float>(channels) : null;
        return new(index, new(site, layer), Encoding.UTF8.GetString(
            name), operation, channels, scale, zeroPoint, divisors, shifts, extras, heads);
    }

    /// <summary>What a description says that cannot be; null for nothing.</summary>
    private static string? Fault(ModelFile model, QuantizedTensor tensor, int operation)
    {
        if (tensor.Operation < operation || tensor.Operation >= model.Contents.Operations.Length
            || !Writes(model.Contents.Operations[tensor.Operation], tensor.Index))
        {
            return $"is not an output of operation {tensor.Operation}, or out of order";
        }
        if (tensor.Heads < 1 || tensor.Channels % tensor.Heads != 0 || tensor.Width != model.Contents.Tensors[tensor.Index].Columns
            || (tensor.Heads > 1 && tensor.Extras is not null))
        {
            return $"has {model.Contents.Tensors[tensor.Index].Columns} columns, not {tensor.Columns} in {tensor.Heads} heads";
        }
        if (tensor.Extras?.Any(channel => channel < QuantizedTensor.NoChannel || channel >= tensor.Channels) == true)
        {
            return $"has a column of a channel beyond its {tensor.Channels}";
        }
        if (tensor.Shifts?.All(float.IsFinite) == false)
        {
            return "has a shift that is not a number";
        }
        if (!IsStep(tensor.Scale) || tensor.Divisors?.All(divisor => IsStep(tensor.Scale * divisor)) == false)
        {
            return $"has a scale that is not a number above 0, up to {LargestStep}";
        }
        if (!Enum.IsDefined(tensor.Key.Site) || tensor.Key.Layer < -1)
        {
            return $"stands for tensor {(int)tensor.Key.Site} of layer {tensor.Key.Layer}, which there is not";
        }
        return null;

        static bool Writes(OperationRecord operation, ushort tensor) =>
            tensor != OperationRecord.None && (operation.Outputs[0] == tensor || operation.Outputs[1] == tensor);

        static bool IsStep(double step) => step is > 0 and <= LargestStep;
    }

    /// <summary>Takes bytes from the front of the section.</summary>
    private ref struct Cursor(string model, ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> rest = rest;

        public ReadOnlySpan<byte> Take(int count)
        {
            if (count > rest.Length)
            {
                throw Bad("ends too early");
            }
            ReadOnlySpan<byte> taken = rest[..count];
            rest = rest[count..];
            return taken;
        }

        public T[] Array<T>(int count)
            where T : unmanaged => MemoryMarshal.Cast<byte, T>(Take(count * Unsafe.SizeOf<T>())).ToArray();

        public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

        public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

        public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

        public readonly void RequireEnd()
        {
            if (!rest.IsEmpty)
            {
                throw Bad($"has {rest.Length} bytes too many");
            }
        }

        public readonly ModelFormatException Bad(string what) => new($"{model}: section MEAN: {what}; convert the checkpoint again");
    }
}
