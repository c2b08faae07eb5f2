// A checkpoint trained in integer mode: Hugging Face's `ibert` with quant_mode.
using IBert.Edge.Files;

namespace IBert.Edge.Checkpoints;

/// <summary>
/// An I-BERT checkpoint: weights, and what training in integer mode found beside them. Scales are derived from the trained ranges, as the
/// reference's forward pass does: stored scaling factors may be in half precision, stored integers may be zero (docs/numerics.md, traps 10
/// and 14).
/// </summary>
/// <param name="weights">A checkpoint of architecture <see cref="Architecture.IBert"/>.</param>
/// <param name="trained">
/// By names below the architecture's prefix: a QuantAct's <c>x_min</c> and <c>x_max</c>, a LayerNorm's <c>shift</c>.
/// </param>
internal sealed class IBertCheckpoint(Checkpoint weights, IReadOnlyDictionary<string, float> trained)
{
    // What QuantAct starts from: a range that was never trained.
    private const float InitialRange = 1e-5f;

    private const string Low = ".x_min", High = ".x_max", NormShift = ".shift";

    private const string Advice = "train it with quant_mode, or calibrate it with --scheme int8 --calibration DATA.tsv";

    /// <summary>Config and weights.</summary>
    public Checkpoint Weights => weights;

    /// <summary>Reads what a folder has beside its weights.</summary>
    /// <param name="folder">Of an <c>ibert</c> checkpoint.</param>
    /// <param name="weights">Its weights.</param>
    /// <exception cref="CheckpointException">Ranges are missing, have the wrong shape, or were never trained.</exception>
    public static IBertCheckpoint Load(string folder, Checkpoint weights)
    {
        WeightNames names = WeightNames.IBert;
        using WeightFiles files = WeightFiles.Open(folder, names);
        Dictionary<string, float> trained = new(StringComparer.Ordinal);
        foreach (string stored in files.Names.Where(name => name.StartsWith(files.Wrapper, StringComparison.Ordinal)))
        {
            string inner = stored[files.Wrapper.Length..];
            string name = inner.StartsWith(names.Prefix, StringComparison.Ordinal) ? inner[names.Prefix.Length..] : inner;
            if (!((string[])[Low, High, NormShift]).Any(ending => name.EndsWith(ending, StringComparison.Ordinal))
                || !files.TryFind(inner, out SafetensorsFile? file, out SafetensorsTensor? tensor))
            {
                continue;
            }
            trained[name] = tensor.ElementCount == 1
                ? file.ReadFloats(tensor)[0]
                : throw new CheckpointException(
                    $"{folder}: the tensor {OneLine.Quote(stored)} has {tensor.ElementCount} elements, by config.json it has 1: " +
                    "config.json and weights are not of the same model");
        }
        IBertCheckpoint checkpoint = new(weights, trained);
        try
        {
            return Math.Abs(checkpoint.Range("embeddings.output_activation").High) > InitialRange
                ? checkpoint
                : throw new CheckpointException(
                    "the activation ranges are still at their initial +-1e-5, so the checkpoint was never trained " +
                    $"in integer mode: {Advice}");
        }
        catch (CheckpointException error)
        {
            throw new CheckpointException($"{folder}: {error.Message}", error);
        }
    }

    /// <summary>A QuantAct's trained range.</summary>
    /// <exception cref="CheckpointException">The checkpoint has none of that name; the message does not know the folder.</exception>
    public (float Low, float High) Range(string module) => (Trained(module + Low), Trained(module + High));

    /// <summary>How far a LayerNorm's deviations are shifted before they are squared.</summary>
    /// <exception cref="CheckpointException">The checkpoint does not say it; the message does not know the folder.</exception>
    public int Shift(string module) => (int)Trained(module + NormShift);

    /// <summary>Writes a folder as <see cref="Checkpoint.Save"/> does, with the ranges, which stay in single precision.</summary>
    /// <inheritdoc cref="Checkpoint.Save" path="/param"/>
    /// <inheritdoc cref="Checkpoint.Save" path="/exception"/>
    public void Save(string folder, WeightType type) => CheckpointFolder.Write(folder, weights, trained, type);

    private float Trained(string name) => trained.TryGetValue(name, out float value)
        ? value
        : throw new CheckpointException(
            $"the weights lack the tensor 'ibert.{name}', which a checkpoint that was trained in integer mode has: {Advice}");
}
