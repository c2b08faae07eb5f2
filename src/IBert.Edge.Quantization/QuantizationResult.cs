// What quantization gives: a model that can be saved, evaluated and reported on.
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.Quantization.Output;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization;

/// <summary>A quantized model in memory. Used by one thread at a time.</summary>
public sealed class QuantizationResult
{
    private readonly byte[] tokenizer;

    internal QuantizationResult(
        Checkpoint checkpoint, QuantizedModel model, byte[] tokenizer, int maxLength, QuantizerOptions options, CalibrationTexts texts)
    {
        this.tokenizer = tokenizer;
        (Checkpoint, Model, MaxLength, Options, Texts) = (checkpoint, model, maxLength, options, texts);
    }

    /// <summary>Names of the labels, in the order of the logits.</summary>
    public IReadOnlyList<string> Labels => Checkpoint.Config.Labels;

    /// <summary>Longest sequence in tokens that the model takes, special tokens included.</summary>
    public int MaxLength { get; }

    /// <summary>Number of texts that calibrated the model.</summary>
    public int CalibrationCount => Texts.Chosen.Count;

    /// <summary>Where the model came from, as JSON; what the file will state.</summary>
    public string ProvenanceJson => Provenance.Write(this);

    internal Checkpoint Checkpoint { get; }

    internal QuantizedModel Model { get; }

    internal QuantizerOptions Options { get; }

    internal CalibrationTexts Texts { get; }

    /// <summary>The bytes of the model file.</summary>
    public byte[] ToBytes() => Model.ToFile(ProvenanceJson);

    /// <summary>Writes the model file: beside its place, then renamed, so that nothing half-written ever stands there.</summary>
    /// <param name="path">Where; a file that is there is replaced.</param>
    /// <returns>Number of bytes.</returns>
    /// <exception cref="IOException">The folder is missing, the disk full, or the path not that of a regular file; nothing is left behind.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public long Save(string path)
    {
        byte[] bytes = ToBytes();
        AtomicFile.Write(path, bytes);
        return bytes.Length;
    }
}
