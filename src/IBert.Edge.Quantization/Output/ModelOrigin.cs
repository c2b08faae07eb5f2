// Where a model came from: what its provenance and its report say.
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization.Output;

/// <summary>What was quantized, and how.</summary>
/// <param name="CheckpointName">The checkpoint's folder, without where it lies.</param>
/// <param name="Config">Its config.</param>
/// <param name="SourceHash">SHA-256 of its weights.</param>
/// <param name="Calibrated">Whether the integers were chosen by calibration; else they are the checkpoint's own.</param>
/// <param name="MaxLength">The longest sequence that the model takes.</param>
/// <param name="Calibration">The file of the texts; null for the built-in sentences.</param>
/// <param name="Seed">What chose the texts.</param>
/// <param name="Texts">The texts, of which a model that was not calibrated has only those that it is compared on.</param>
/// <param name="Accuracy">FP32 and integers side by side; null where no labelled texts were given.</param>
internal sealed record ModelOrigin(
    string CheckpointName, CheckpointConfig Config, string SourceHash, bool Calibrated, int MaxLength, TextSource? Calibration, ulong Seed,
    CalibrationTexts Texts, Accuracy? Accuracy)
{
    /// <summary>How the integers were chosen, as the command line calls it.</summary>
    public string Scheme => Calibrated ? "int8" : "ibert";
}
