// The public front of the workstation's library: a checkpoint in, a model out.
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Evaluation;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Output;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.Quantization.Tokenizers;

namespace IBert.Edge.Quantization;

/// <summary>
/// Turns a Hugging Face checkpoint of a BERT-like classifier into a model of 8-bit integers. The same input gives the same bytes on every
/// machine, with any number of threads.
/// </summary>
/// <remarks>
/// <code>
/// TextSource texts = TextSource.Read("train.tsv", "text");
/// QuantizationResult result = Quantizer.Quantize("checkpoint", new QuantizerOptions { Calibration = texts });
/// result.Save("model.ibert");
/// </code>
/// </remarks>
public static class Quantizer
{
    /// <summary>The quantizer's version, as a model's provenance states it.</summary>
    public static string Version { get; } = QuantizerVersion.Text;

    /// <summary>Quantizes a checkpoint after training: calibration on texts, then 8-bit weights and activations.</summary>
    /// <param name="checkpointFolder">A folder as Hugging Face's <c>save_pretrained</c> writes it.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="CheckpointException">The checkpoint or its tokenizer is missing, damaged or not supported.</exception>
    /// <exception cref="DataFileException">
    /// There are too few calibration texts, or a label of the evaluation is not the checkpoint's.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static QuantizationResult Quantize(string checkpointFolder, QuantizerOptions? options = null) =>
        Quantize(checkpointFolder, options ?? new QuantizerOptions(), new Int8Options());

    /// <summary>Quantizes with other than the default options of the scheme.</summary>
    internal static QuantizationResult Quantize(string checkpointFolder, QuantizerOptions options, Int8Options scheme)
    {
        ArgumentNullException.ThrowIfNull(checkpointFolder);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Samples, QuantizerOptions.LeastSamples, nameof(options.Samples));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxLength, nameof(options.MaxLength));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1, nameof(options.Threads));

        Checkpoint checkpoint = Checkpoint.Load(checkpointFolder);
        CheckpointConfig config = checkpoint.Config;
        QuantizationScheme chosen = options.Scheme
            ?? (config.Architecture == Architecture.IBert ? QuantizationScheme.IBert : QuantizationScheme.Int8);
        if (chosen == QuantizationScheme.IBert && (config.Architecture != Architecture.IBert || config.HeadKind != HeadKind.SingleLabel))
        {
            throw new CheckpointException(
                $"{checkpointFolder}: only a single-label classifier of model_type ibert has the integers that --scheme ibert keeps: " +
                "calibrate this one with --scheme int8");
        }
        string tokenizerFolder = options.TokenizerFolder ?? checkpointFolder;
        TokenizerDefinition definition = TokenizerFiles.Read(tokenizerFolder);
        byte[] tokenizer = TokenizerSections.Write(definition);
        int maxLength = options.MaxLength == 0 ? Math.Min(definition.MaxLength ?? int.MaxValue, config.MaxPositions) : options.MaxLength;
        using TextEncoder encoder = Encoder(tokenizerFolder, tokenizer, config, maxLength);
        CalibrationTexts texts = CalibrationTexts.Choose(options.Calibration, options.Samples, options.Seed, encoder);
        double[][]? truths = options.Evaluation?.Truths(Scorecard.Create(config.HeadKind, config.Labels));

        Fp32Model reference = new(checkpoint);
        QuantizedModel model = chosen == QuantizationScheme.IBert ? Import() : Calibrate();
        using LoadedModel loaded = OfCheckpoint(() => new LoadedModel(model.ToFile(null)));
        Accuracy? accuracy = truths is null
            ? null
            : Evaluator.Run(loaded, reference, options.Evaluation!, truths, options.Threads, options.Stage("evaluating"));
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpointFolder)));
        ModelOrigin origin = new(
            name, config, checkpoint.SourceHash, Calibrated: chosen == QuantizationScheme.Int8, maxLength, options.Calibration,
            options.Seed, texts, accuracy);
        return new QuantizationResult(origin, reference, model, chosen, options);

        QuantizedModel Calibrate()
        {
            // The ranges of the function that the integers have; what they are compared with has GELU.
            Fp32Model observed = scheme.GeluStandIn is null ? reference : new Fp32Model(checkpoint, scheme.GeluStandIn);
            Calibrator calibrator = new(observed, [.. texts.Chosen, .. texts.Joined], options.Threads, options.Stage("calibrating"));
            return OfCheckpoint(() =>
            {
                Int8Lowering lowering = new(checkpoint, calibrator.Ranges(), scheme);
                return new QuantizedModel(lowering.Lower(maxLength, tokenizer), lowering.Meanings);
            });
        }

        QuantizedModel Import()
        {
            IBertCheckpoint integers = IBertCheckpoint.Load(checkpointFolder, checkpoint);
            return OfCheckpoint(() =>
            {
                IBertLowering lowering = new(integers);
                return new QuantizedModel(lowering.Lower(maxLength, tokenizer), lowering.Meanings);
            });
        }

        // What weights are made of knows tensors, and not where they lie.
        T OfCheckpoint<T>(Func<T> make)
        {
            try
            {
                return make();
            }
            catch (CheckpointException error)
            {
                throw new CheckpointException($"{checkpointFolder}: {error.Message}", error);
            }
        }
    }

    private static TextEncoder Encoder(string folder, byte[] tokenizer, CheckpointConfig config, int maxLength)
    {
        TextEncoder encoder;
        try
        {
            encoder = new(tokenizer, maxLength, config.TypeCount > 1);
        }
        catch (ModelFormatException error)
        {
            // What the runtime says to do is said of model files.
            throw new CheckpointException(
                $"{folder}: ibert would refuse this tokenizer ({error.Message.Split(". ")[0]}): give another one with --tokenizer", error);
        }
        try
        {
            if (encoder.VocabularySize > config.VocabularySize)
            {
                throw new CheckpointException(
                    $"{folder}: the tokenizer has {encoder.VocabularySize} ids, the model's table of words {config.VocabularySize} rows " +
                    "('vocab_size'): they are not of the same model, give the model's own with --tokenizer");
            }
            if (maxLength < encoder.LeastLength || maxLength > config.MaxPositions)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(QuantizerOptions.MaxLength),
                    $"a length of {maxLength} tokens: this checkpoint takes {encoder.LeastLength} to {config.MaxPositions}");
            }
            return encoder;
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }
}
