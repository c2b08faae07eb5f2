// A calibration must write the same file everywhere: the reference's logits have the same bits with any and without vector instructions.
using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Reference;

public class DeterminismTests(ITestOutputHelper output)
{
    private const string FileVariable = "IBERT_TEST_BITS_FILE";
    private static readonly string s_child = $"{typeof(DeterminismTests).FullName}.{nameof(Write_the_bits)}";

    [Theory]
    [InlineData("EnableHWIntrinsic")]
    [InlineData("EnableAVX")]
    [InlineData("EnableAVX2")]
    public void Bits_are_the_same_with_an_instruction_set_switched_off(string setting)
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64,
            "the instruction sets are those of x64");
        // By `dotnet`, which is on the path: the program beside it looks for .NET where it is not, unless DOTNET_ROOT says so.
        (string vectors, string bits) = RunChild("dotnet", [typeof(DeterminismTests).Assembly.Location], ("DOTNET_" + setting, "0"));
        // What was switched off shows: no vectors, or vectors of four floats.
        Assert.Equal(setting == "EnableHWIntrinsic" ? "False" : "True 4", setting == "EnableHWIntrinsic" ? vectors.Split(' ')[0] : vectors);
        Assert.Equal(Bits(), bits);
    }

    [Fact]
    public void Bits_are_the_same_on_arm64()
    {
        Assert.SkipUnless(LongTests.Wanted, "takes minutes: set IBERT_LONG_TESTS=1");
        string project = Path.Combine(Shared.Repository, "tests", "IBert.Edge.Quantization.Tests");
        (string vectors, string bits) = RunChild(Path.Combine(Shared.Repository, "build", "arm64.sh"), ["cortex-a76", project]);
        Assert.Equal("True 4", vectors);
        Assert.Equal(Bits(), bits);
    }

    [Fact]
    public void Bits_are_the_same_from_any_number_of_threads()
    {
        Checkpoint checkpoint = Checkpoint.Load(TinyData.Checkpoint);
        var model = new Fp32Model(checkpoint);
        int[][] texts = TinyData.DevIds[..100];
        float[][] one = Run(1), four = Run(4);
        Assert.Equal(one, four);

        float[][] Run(int threads)
        {
            var logits = new float[texts.Length][];
            Parallel.For(
                0, texts.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, () => new Fp32Runner(model), (i, _, runner) =>
                {
                    runner.Run(texts[i], [], logits[i] = new float[2]);
                    return runner;
                }, _ => { });
            return logits;
        }
    }

    /// <summary>What the tests above run in another process.</summary>
    [Fact(Explicit = true)]
    public void Write_the_bits()
    {
        string? file = Environment.GetEnvironmentVariable(FileVariable);
        Assert.SkipWhen(file is null, $"{FileVariable} says where to");
        File.WriteAllText(file, $"{Vector.IsHardwareAccelerated} {Vector<float>.Count}\n{Bits()}");
    }

    /// <summary>Every intermediate tensor's bits, hashed, and the logits' bits, of texts by three checkpoints.</summary>
    private static string Bits()
    {
        var lines = new List<string>();
        foreach ((int hidden, int heads, int feedForward) in ((int, int, int)[])[(160, 5, 500), (312, 12, 600)])
        {
            using CheckpointWriter folder = RandomCheckpoint.Bert(hidden, heads, feedForward, seed: 2);
            Add(folder.Write(), [RandomCheckpoint.Text(3, seed: 5), RandomCheckpoint.Text(17, seed: 6)]);
        }
        Add(TinyData.Checkpoint, TinyData.DevIds[..20]);
        return string.Join('\n', lines);

        void Add(string folder, int[][] texts)
        {
            Checkpoint checkpoint = Checkpoint.Load(folder);
            var runner = new Fp32Runner(new Fp32Model(checkpoint));
            foreach (int[] text in texts)
            {
                var logits = new float[checkpoint.Config.Labels.Count];
                var hasher = new Hasher();
                runner.Run(text, [], logits, hasher, wholeLastLayer: true);
                lines.Add(
                    string.Join(' ', logits.Select(logit => BitConverter.SingleToUInt32Bits(logit).ToString("x8"))) + $" {hasher.Hash:x8}");
            }
        }
    }

    private (string Vectors, string Bits) RunChild(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        string file = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo(program, [.. arguments, "-explicit", "only", "-method", s_child])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment[FileVariable] = file;
            foreach ((string name, string value) in environment)
            {
                start.Environment[name] = value;
            }
            using Process child = Process.Start(start)!;
            Task<string> errors = child.StandardError.ReadToEndAsync();
            string text = child.StandardOutput.ReadToEnd();
            child.WaitForExit();
            Assert.True(child.ExitCode == 0, text + errors.Result);
            string[] parts = File.ReadAllText(file).Split('\n', 2);
            output.WriteLine($"vectors {parts[0]}");
            return (parts[0], parts[1]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>FNV-1a over the tensors' bits.</summary>
    private sealed class Hasher : IReferenceObserver
    {
        public uint Hash { get; private set; } = 2166136261;

        public void Observe(TensorSite site, int layer, ReadOnlySpan<float> values, int rows, int columns)
        {
            foreach (float value in values)
            {
                Hash = (Hash ^ BitConverter.SingleToUInt32Bits(value)) * 16777619;
            }
        }
    }
}
