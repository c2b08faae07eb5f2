// The format's rules (https://github.com/huggingface/safetensors), and files that break each of them.
using System.Text;
using IBert.Edge.Checkpoints;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    [Theory]
    [InlineData("F32", 1f, -2.5f, 3.1415927f, 1e-30f)]
    [InlineData("F16", 1f, -2.5f, 65504f, 5.9604645e-8f)]
    [InlineData("BF16", 1f, -2.5f, 3.140625f, 1.0022258e-30f)]
    public void Values_of_each_type_are_read_as_written(string type, params float[] values)
    {
        Write(CheckpointWriter.Safetensors(new Dictionary<string, TestTensor> { ["a"] = new(type, [2, 2], values) }));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal([2, 2], file.Tensors["a"].Shape);
        // 1e-30 and its kin are cut to BF16 by the writer: seven bits of mantissa.
        Assert.All(values.Zip(file.ReadFloats(file.Tensors["a"])),
            pair => Assert.Equal(pair.First, pair.Second, Math.Abs(pair.First) * (type == "BF16" ? 0.008f : 0)));
    }

    [Fact]
    public void Integers_of_each_type_are_read_as_written_and_other_types_refused()
    {
        Write(SafetensorsWriter.Write(
            [
                SafetensorsEntry.Of<long>("I64", "I64", [long.MinValue, 1, long.MaxValue], 3),
                SafetensorsEntry.Of<int>("I32", "I32", [int.MinValue, 1, int.MaxValue], 3),
                SafetensorsEntry.Of<short>("I16", "I16", [short.MinValue, 1, short.MaxValue], 3),
                SafetensorsEntry.Of<sbyte>("I8", "I8", [sbyte.MinValue, 1, sbyte.MaxValue], 3),
                SafetensorsEntry.Of<byte>("U8", "U8", [0, 1, 255], 3),
            ],
            new Dictionary<string, string> { ["a \"name\""] = "a <text> of é" }));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal([long.MinValue, 1, long.MaxValue], file.ReadIntegers(file.Tensors["I64"]));
        Assert.Equal([int.MinValue, 1, int.MaxValue], file.ReadIntegers(file.Tensors["I32"]));
        Assert.Equal([short.MinValue, 1, short.MaxValue], file.ReadIntegers(file.Tensors["I16"]));
        Assert.Equal([sbyte.MinValue, 1, sbyte.MaxValue], file.ReadIntegers(file.Tensors["I8"]));
        Assert.Contains("of type U8; integers of I8 to I64 are expected",
            Assert.Throws<CheckpointException>(() => file.ReadIntegers(file.Tensors["U8"])).Message);
    }

    [Fact]
    public void Scalars_empty_tensors_metadata_unknown_fields_and_padding_are_accepted()
    {
        Write(
            """{"__metadata__":{"a":"b"},"s":{"dtype":"F32","shape":[],"data_offsets":[0,4],"new":{"x":[1]}},"e":""" +
            """{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]}}     """,
            4);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal([0f], file.ReadFloats(file.Tensors["s"]));
        Assert.Empty(file.ReadFloats(file.Tensors["e"]));
    }

    [Theory]
    // The header.
    [InlineData("", 0, "does not start with '{'")]
    [InlineData("[]", 0, "does not start with '{'")]
    [InlineData(" {}", 0, "does not start with '{'")]
    [InlineData("{", 0, "well-formed")]
    [InlineData("{}{}", 0, "well-formed")]
    [InlineData("""{"a":}""", 0, "well-formed")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "well-formed")]
    [InlineData("""{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":1}}}}}}}}}""", 0, "well-formed")]
    // Names.
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "'a' twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4,
        "'a' twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "'__metadata__' twice")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "'dtype' twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}""", 4, "'shape' twice")]
    // Descriptions.
    [InlineData("""{"a":1}""", 0, "not described by an object")]
    [InlineData("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4, "lacks a dtype")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", 4, "lacks a dtype, a shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "two data_offsets")]
    [InlineData("""{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}""", 4, "unknown dtype 'F31'")]
    [InlineData("""{"a":{"dtype":5,"shape":[1],"data_offsets":[0,4]}}""", 4, "the dtype of the tensor 'a' is not a text")]
    [InlineData("""{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", 4, "not an array")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}""", 4, "whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[null],"data_offsets":[0,4]}}""", 4, "whole number")]
    // Sizes that overflow: to zero or to what the offsets say, were they not checked.
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "overflows")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}""", 4, "overflows")]
    [InlineData("""{"a":{"dtype":"F32","shape":[18446744073709551617],"data_offsets":[0,4]}}""", 4, "whole number")]
    // Places.
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "needs 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "needs 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "take 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "take 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "starts at offset 4")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "ends at 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6,
        "starts at offset 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", 4,
        "take 9223372036854775807 bytes")]
    public void Broken_rules_are_named(string header, int dataBytes, string complaint)
    {
        Write(header, dataBytes);
        AssertRefused(complaint);
    }

    [Theory]
    [InlineData(new byte[0], "0 bytes")]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0 }, "7 bytes")]
    [InlineData(new byte[] { 3, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}' }, "is 3 bytes, but the file has 10")]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, (byte)'{' }, "more than the 100000000")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 128, (byte)'{' }, "more than the 100000000")]
    [InlineData(new byte[] { 1, 225, 245, 5, 0, 0, 0, 0, (byte)'{' }, "more than the 100000000")]
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'"', 0xC0, (byte)'"' }, "well-formed")]
    public void Broken_lengths_and_bytes_are_named(byte[] bytes, string complaint)
    {
        Write(bytes);
        AssertRefused(complaint);
    }

    [Fact]
    public void A_pointer_of_git_lfs_is_recognized()
    {
        Write(Encoding.ASCII.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 45439980\n"));
        AssertRefused("git lfs pull");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_value_that_is_not_finite_is_refused_with_its_tensors_name(float value)
    {
        foreach (string type in (string[])["F32", "F16", "BF16"])
        {
            Write(CheckpointWriter.Safetensors(new Dictionary<string, TestTensor> { ["the.weight"] = new(type, [2], [1, value]) }));
            using SafetensorsFile file = SafetensorsFile.Open(path);
            Assert.Contains("'the.weight'", Assert.Throws<CheckpointException>(() => file.ReadFloats(file.Tensors["the.weight"])).Message);
        }
    }

    [Fact]
    public void Random_damage_is_refused_or_read_and_nothing_else()
    {
        byte[] sound = CheckpointWriter.Safetensors(new Dictionary<string, TestTensor>
        {
            ["a"] = new("F32", [2, 3], new float[6]),
            ["b"] = new("F16", [5], new float[5]),
        });
        const int seed = 11;
        var random = new Random(seed);
        int opened = 0;
        for (int round = 0; round < 1000; round++)
        {
            byte[] bytes = [.. sound];
            for (int flips = random.Next(1, 3); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            Write(random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(path);
                opened++;
                foreach (SafetensorsTensor tensor in file.Tensors.Values)
                {
                    file.ReadFloats(tensor);
                }
            }
            catch (CheckpointException e)
            {
                Assert.Contains(path, e.Message);
            }
        }
        // Both happen: else the damage would be too little or too much to test anything.
        Assert.InRange(opened, 50, 900);
    }

    private void AssertRefused(string complaint)
    {
        string message = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).Message;
        Assert.Contains(complaint, message);
        Assert.StartsWith(path, message);
    }

    private void Write(string header, int dataBytes) => Write(CheckpointWriter.Safetensors(header, new byte[dataBytes]));

    private void Write(byte[] bytes) => File.WriteAllBytes(path, bytes);
}
