// What quantization gives: a model that can be saved and reported on.
using IBert.Edge.Checkpoints;
using IBert.Edge.Files;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Output;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization;

/// <summary>A quantized model in memory. Used by one thread at a time.</summary>
public sealed class QuantizationResult
{
    private readonly byte[] file;

    internal QuantizationResult(
        ModelOrigin origin, Fp32Model reference, QuantizedModel model, QuantizationScheme scheme, QuantizerOptions options)
    {
        (Origin, Reference, Model, Scheme, Options) = (origin, reference, model, scheme, options);
        ProvenanceJson = Provenance.Write(origin);
        file = model.ToFile(ProvenanceJson);
    }

    /// <summary>Names of the labels, in the order of the logits.</summary>
    public IReadOnlyList<string> Labels => Origin.Config.Labels;

    /// <summary>How the integers were chosen.</summary>
    public QuantizationScheme Scheme { get; }

    /// <summary>Longest sequence in tokens that the model takes, special tokens included.</summary>
    public int MaxLength => Origin.MaxLength;

    /// <summary>Number of texts that calibrated the model; 0 for a scheme without calibration.</summary>
    public int CalibrationCount => Origin.Calibrated ? Origin.Texts.Chosen.Count : 0;

    /// <summary>
    /// Number of long texts, joined from those, that calibrated the model too; 0 where those are as long as the model takes.
    /// </summary>
    public int JoinedCount => Origin.Calibrated ? Origin.Texts.Joined.Count : 0;

    /// <summary>FP32 and integers side by side; null where no labelled texts were given.</summary>
    public Accuracy? Accuracy => Origin.Accuracy;

    /// <summary>
    /// What may make the model worse than it could be, and what in the data files may not be meant so: a line each, with the way out.
    /// </summary>
    public IReadOnlyList<string> Warnings
    {
        get
        {
            List<string> warnings = [];
            if (Origin.Calibrated)
            {
                warnings.AddRange(Options.Calibration?.Notes ?? []);
                if (Options.Calibration is null)
                {
                    warnings.Add(
                        $"calibrated on {CalibrationCount} built-in English sentences: accuracy may be lower than with texts of the " +
                        "task, give some with --calibration DATA.tsv --text COLUMN");
                }
                else if (Origin.Texts.Complaint(Options.Calibration.FileName) is { } complaint)
                {
                    warnings.Add(complaint);
                }
            }
            return [.. warnings.Concat(Options.Evaluation?.Notes ?? []).Distinct()];
        }
    }

    /// <summary>Where the model came from, as JSON: what the file states.</summary>
    public string ProvenanceJson { get; }

    /// <summary>The bytes of the model file.</summary>
    public ReadOnlyMemory<byte> File => file;

    internal ModelOrigin Origin { get; }

    internal Fp32Model Reference { get; }

    internal QuantizedModel Model { get; }

    internal QuantizerOptions Options { get; }

    /// <summary>Writes the model file; it takes its place when it is complete, so that nothing half-written ever stands there.</summary>
    /// <param name="path">Where; a file that is there is replaced.</param>
    /// <exception cref="IOException">
    /// The folder is missing, the disk full, or the path not that of a regular file; nothing is left behind.
    /// </exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public void Save(string path) => OutputFile.Write(path, file);

    /// <summary>
    /// Writes a report: what was quantized how, the signal-to-noise ratio of every tensor (on calibration texts that were kept back), and
    /// the accuracy. Its plots are SVG files beside it, whose names begin with the report's.
    /// </summary>
    /// <param name="path">Where to write the Markdown file.</param>
    /// <exception cref="IOException">The folder is missing, the disk full, or the path not that of a regular file.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public void WriteReport(string path)
    {
        foreach (ReportFile part in CreateReport(path))
        {
            OutputFile.Write(part.Path!, part.Bytes);
        }
    }

    /// <summary>The report's files.</summary>
    /// <param name="path">Where it will be; null for one without pictures.</param>
    internal IReadOnlyList<ReportFile> CreateReport(string? path) => Report.Create(path, Origin, file.Length, AnalyzeErrors());

    /// <summary>The error of every tensor, in the order of the operations.</summary>
    internal IReadOnlyList<TensorError> AnalyzeErrors()
    {
        using LoadedModel loaded = new(file);
        return ErrorAnalysis.Run(
            loaded.File, Model.Tensors, Reference, Origin.Texts.Compared, Options.Threads, Options.Stage("comparing tensors"));
    }
}
