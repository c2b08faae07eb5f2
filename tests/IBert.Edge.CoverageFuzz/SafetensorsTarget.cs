// Target `safetensors`: a file of weights is opened and every tensor read.
using System.Buffers.Binary;
using System.Text;
using IBert.Edge.Checkpoints;

namespace IBert.Edge.CoverageFuzz;

internal sealed class SafetensorsTarget : ITarget
{
    private readonly InputFolder folder = new();

    /// <summary>Files of all types, and what is beside tensors in a header.</summary>
    public static IEnumerable<byte[]> Seeds()
    {
        string[] types =
        [
            "F64", "I64", "U64", "C64", "F32", "I32", "U32", "F16", "BF16", "I16", "U16", "I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2",
            "F8_E8M0",
        ];
        foreach (string type in types)
        {
            yield return File($$$"""{"t":{"dtype":"{{{type}}}","shape":[2],"data_offsets":[0,{{{2 * Bytes(type)}}}]}}""", 2 * Bytes(type));
        }
        yield return File("{}", 0);
        yield return File(
            """
            {"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
            "b":{"dtype":"F16","shape":[],"data_offsets":[24,26]}}  
            """,
            26);
        yield return File(
            """
            {"b":{"shape":[0,5],"dtype":"I8","data_offsets":[4,4]},
            "\u0061":{"data_offsets":[0,4],"x":[1,{"y":null}],"dtype":"F32","shape":[1]}}
            """,
            4);
        yield return Encoding.UTF8.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n");

        static int Bytes(string type) =>
            type.Contains("64", StringComparison.Ordinal) ? 8
            : type.Contains("32", StringComparison.Ordinal) ? 4
            : type.Contains("16", StringComparison.Ordinal) ? 2 : 1;

        static byte[] File(string header, int dataBytes)
        {
            byte[] length = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            return [.. length, .. Encoding.UTF8.GetBytes(header), .. Enumerable.Range(0, dataBytes).Select(i => (byte)i)];
        }
    }

    public string? Run(ReadOnlySpan<byte> input)
    {
        string path = folder.Write("model.safetensors", input);
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            string? refusal = null;
            foreach (SafetensorsTensor tensor in file.Tensors.Values)
            {
                // A tensor that is not read as one is read as the other, or refused.
                refusal = Read(tensor, file.ReadFloats) ?? refusal;
                refusal = Read(tensor, file.ReadIntegers) ?? refusal;
            }
            return refusal;
        }
        catch (CheckpointException refused)
        {
            return refused.Message;
        }
    }

    public void Dispose() => folder.Dispose();

    private static string? Read<T>(SafetensorsTensor tensor, Func<SafetensorsTensor, T[]> read)
    {
        try
        {
            return read(tensor).LongLength == tensor.ElementCount
                ? null
                : throw new FindingException($"{tensor.Name} has not its {tensor.ElementCount} elements");
        }
        catch (CheckpointException refused)
        {
            return refused.Message;
        }
    }
}
