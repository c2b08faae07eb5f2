// Opens a model that is not in a file yet, with the runtime's own checks.
using IBert.Edge.Checkpoints;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Memory;

namespace IBert.Edge.Quantization.Evaluation;

/// <summary>A model in native memory, opened by the runtime.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly NativeBlock block;

    /// <exception cref="CheckpointException">The runtime refuses it: calibration found ranges that do not fit its integers.</exception>
    public unsafe LoadedModel(byte[] file)
    {
        block = new NativeBlock(file.Length);
        file.CopyTo(new Span<byte>(block.Pointer, file.Length));
        try
        {
            File = ModelFile.FromMemory("the quantized model", block.Pointer, file.Length);
        }
        catch (ModelFormatException error)
        {
            block.Dispose();
            throw new CheckpointException(
                $"gives a model that ibert would refuse ({error.Message}): its weights are out of proportion, as after a training that " +
                    "diverged: use another checkpoint", error);
        }
    }

    /// <summary>The opened model.</summary>
    public ModelFile File { get; }

    /// <summary>The value of a logit of one.</summary>
    public double LogitStep => Math.ScaleB(File.Contents.Head.LogitMultiplier, -File.Contents.Head.LogitExponent);

    public void Dispose()
    {
        File.Dispose();
        block.Dispose();
    }
}
