// A checkpoint trained in integer mode: Hugging Face's `ibert` with quant_mode.
namespace IBert.Edge.Quantization.Checkpoints;

/// <summary>
/// Weights by name and the trained ranges (<c>x_min</c>, <c>x_max</c>) of an I-BERT checkpoint. Scales are derived from them, as the reference's
/// forward pass does: stored scaling factors may be in half precision, stored integers may be zero (docs/numerics.md, traps 10 and 14).
/// </summary>
internal sealed class IBertCheckpoint : IDisposable
{
    // What QuantAct starts from: a range that was never trained.
    private const float InitialRange = 1e-5f;

    private readonly string folder;
    private readonly WeightFiles files;

    private IBertCheckpoint(string folder, WeightFiles files) => (this.folder, this.files) = (folder, files);

    public required int LayerCount { get; init; }

    public required int HiddenSize { get; init; }

    public required int HeadCount { get; init; }

    public required int FeedForwardSize { get; init; }

    public required int VocabularySize { get; init; }

    public required int PositionRows { get; init; }

    /// <summary>The first position's row: RoBERTa counts from padding_idx + 1.</summary>
    public required int PositionOffset { get; init; }

    /// <inheritdoc cref="CheckpointConfig.UnplacedId"/>
    public required int? UnplacedId { get; init; }

    public required IReadOnlyList<string> Labels { get; init; }

    public required HeadKind HeadKind { get; init; }

    public required string SourceHash { get; init; }

    /// <summary>Reads a folder's weights and ranges.</summary>
    /// <param name="folder">Of an <c>ibert</c> checkpoint.</param>
    /// <param name="config">Its config, as for an ordinary RoBERTa of that shape.</param>
    /// <exception cref="CheckpointException">A tensor is missing or has the wrong shape, or the ranges were never trained.</exception>
    public static IBertCheckpoint Load(string folder, CheckpointConfig config)
    {
        WeightFiles files = WeightFiles.Open(folder, WeightNames.IBert);
        IBertCheckpoint checkpoint = new(folder, files)
        {
            LayerCount = config.LayerCount,
            HiddenSize = config.HiddenSize,
            HeadCount = config.HeadCount,
            FeedForwardSize = config.FeedForwardSize,
            VocabularySize = config.VocabularySize,
            PositionRows = config.PositionRows,
            PositionOffset = config.PositionOffset,
            UnplacedId = config.UnplacedId,
            Labels = config.Labels,
            HeadKind = config.HeadKind,
            SourceHash = files.Hash(),
        };
        try
        {
            return Math.Abs(checkpoint.Range("embeddings.output_activation").High) > InitialRange
                ? checkpoint
                : throw new CheckpointException(
                    $"{folder}: the activation ranges are still at their initial +-1e-5, so the checkpoint was never trained in integer mode: " +
                    "train it with quant_mode, or calibrate it with --scheme int8 --calibration DATA.tsv");
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>A linear layer by its module's name, without the <c>ibert.</c> prefix.</summary>
    public Linear Linear(string name, int outputs, int inputs) =>
        new(outputs, inputs, Tensor($"{name}.weight", outputs * inputs), Tensor($"{name}.bias", outputs));

    /// <summary>A QuantAct's trained range.</summary>
    public (float Low, float High) Range(string name) => (Tensor($"{name}.x_min", 1)[0], Tensor($"{name}.x_max", 1)[0]);

    /// <summary>A tensor, of so many elements.</summary>
    public float[] Tensor(string name, int count)
    {
        if (!files.TryFind($"ibert.{name}", out SafetensorsFile? file, out SafetensorsTensor? tensor) && !files.TryFind(name, out file, out tensor))
        {
            throw new CheckpointException(
                $"{folder}: the weights lack the tensor '{files.Wrapper}ibert.{name}', which a checkpoint that was trained in integer mode has: " +
                "train it with quant_mode, or calibrate it with --scheme int8 --calibration DATA.tsv");
        }
        float[] values = file.ReadFloats(tensor);
        return values.Length == count
            ? values
            : throw new CheckpointException(
                $"{folder}: the tensor '{files.Wrapper}ibert.{name}' has {values.Length} elements, by config.json it has {count}: config.json and weights are not of the same model");
    }

    /// <summary>Closes the files.</summary>
    public void Dispose() => files.Dispose();
}
