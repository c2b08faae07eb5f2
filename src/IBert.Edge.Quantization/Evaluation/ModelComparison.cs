// A model file beside the checkpoint that it was made from: the error of every tensor on some texts.
using System.Text.Json;
using IBert.Edge.Checkpoints;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization.Evaluation;

/// <summary>What a comparison found.</summary>
/// <param name="Model">The model's path.</param>
/// <param name="SourceHash">SHA-256 of the checkpoint's weights.</param>
/// <param name="Source">The file of the texts.</param>
/// <param name="Texts">How many of them were run.</param>
/// <param name="Seed">What chose them.</param>
/// <param name="Errors">The error of every tensor, in the order of the operations.</param>
internal sealed record ModelComparison(
    string Model, string SourceHash, TextSource Source, int Texts, ulong Seed, IReadOnlyList<TensorError> Errors)
{
    /// <summary>Runs the FP32 reference and the model's operations on texts of a file.</summary>
    /// <param name="checkpointFolder">The checkpoint.</param>
    /// <param name="model">The model.</param>
    /// <param name="source">The texts.</param>
    /// <param name="samples">How many are taken, at random and without replacement; all where there are fewer.</param>
    /// <param name="seed">Chooses them.</param>
    /// <param name="threads">Number of threads; the result does not depend on it.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <exception cref="CheckpointException">The checkpoint cannot be read, or is not the one that the model was made from.</exception>
    /// <exception cref="ModelFormatException">The model does not say what its integers stand for.</exception>
    /// <exception cref="DataFileException">There are no texts.</exception>
    public static ModelComparison Run(
        string checkpointFolder, ModelFile model, TextSource source, int samples, ulong seed, int threads, Action<double>? progress)
    {
        IReadOnlyList<QuantizedTensor> tensors = MeaningsSection.Read(model);
        if (source.Count == 0)
        {
            throw new DataFileException($"{source.FileName} has no texts: there is nothing to compare on");
        }
        Checkpoint checkpoint = Checkpoint.Load(checkpointFolder);
        if (model.Provenance is not { } provenance || SourceHashOf(provenance) != checkpoint.SourceHash)
        {
            throw new CheckpointException(
                $"{model.Name}: was not made from the weights in {checkpointFolder} (SHA-256 {checkpoint.SourceHash}): give the " +
                "checkpoint that it was made from (ibert inspect shows its hash), or convert this one");
        }
        Fp32Model reference = new(checkpoint);
        new FloatOperations(reference).RequireFit(model, tensors);
        using TextEncoder encoder = new(model.Contents.TokenizerSection.Span.ToArray(), model.MaxLength, checkpoint.Config.TypeCount > 1);
        if (encoder.VocabularySize > checkpoint.Config.VocabularySize || model.MaxLength > checkpoint.Config.MaxPositions)
        {
            throw new CheckpointException(
                $"{model.Name}: takes {encoder.VocabularySize} ids and {model.MaxLength} tokens, and the checkpoint in " +
                $"{checkpointFolder} {checkpoint.Config.VocabularySize} and {checkpoint.Config.MaxPositions}: give the one that the " +
                "model was made from");
        }
        TokenizedText[] texts = [.. source.Draw(samples, seed).Select(text => encoder.Encode(text))];
        return new(model.Name, checkpoint.SourceHash, source, texts.Length, seed, ErrorAnalysis.Run(
            model, tensors, reference, texts, threads, progress));
    }

    /// <summary>The hash of the weights that a model was made from; null where its provenance does not state it.</summary>
    private static string? SourceHashOf(string provenance)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(provenance);
            return json.RootElement.GetProperty("source").GetProperty("sha256").GetString();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}
