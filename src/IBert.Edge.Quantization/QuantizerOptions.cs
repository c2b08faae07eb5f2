using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization;

/// <summary>How a checkpoint is quantized; the defaults suit every checkpoint.</summary>
public sealed class QuantizerOptions
{
    /// <summary>Fewest calibration texts.</summary>
    public const int LeastSamples = CalibrationTexts.LeastSamples;

    /// <summary>
    /// How integers are chosen; null: <see cref="QuantizationScheme.IBert"/> for a checkpoint of that kind, else
    /// <see cref="QuantizationScheme.Int8"/>.
    /// </summary>
    public QuantizationScheme? Scheme { get; init; }

    /// <summary>
    /// Texts like those that the model will see, from which the ranges of its tensors are learned; null: a small built-in set of English
    /// sentences, with which accuracy may be lower.
    /// </summary>
    public TextSource? Calibration { get; init; }

    /// <summary>
    /// How many of the calibration texts are taken, at random and without replacement; all where there are fewer. From 8.
    /// </summary>
    public int Samples { get; init; } = 512;

    /// <summary>Chooses the texts that are taken. The same seed takes the same texts on every machine.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Longest sequence in tokens, special tokens included, that the model will take; 0: the checkpoint's.</summary>
    public int MaxLength { get; init; }

    /// <summary>Folder of the tokenizer's files; null: the checkpoint's.</summary>
    public string? TokenizerFolder { get; init; }

    /// <summary>
    /// Texts with labels, on which FP32 and the integer model are compared; null: no comparison. The model states the result.
    /// </summary>
    public LabelledTexts? Evaluation { get; init; }

    /// <summary>Number of threads, from 1. The model's bytes do not depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// Told the name of a stage of work and the share of it that is done, 0..1, which never falls; from several threads, but never at once.
    /// </summary>
    public Action<string, double>? Progress { get; init; }

    /// <summary>
    /// Reports a stage's share: threads count what they did first and report it later, so a smaller share may come after a larger one.
    /// </summary>
    internal Action<double> Stage(string name)
    {
        double largest = 0;
        return share =>
        {
            largest = Math.Max(largest, share);
            Progress?.Invoke(name, largest);
        };
    }
}
