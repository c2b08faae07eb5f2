// Where a model came from, as JSON in its file. Nothing of the machine, the time or the folders: the same input gives the same bytes.
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization.Output;

internal static class Provenance
{
    // Readers may rely on the members of a format; it counts up when one changes its meaning or goes.
    private const int Format = 1;

    /// <summary>The provenance of a result, with its accuracy if it was evaluated.</summary>
    public static string Write(QuantizationResult result)
    {
        using MemoryStream stream = new();
        // Names of columns and labels stay readable: this JSON never stands in HTML.
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteStartObject("quantizer");
            json.WriteString("name", "ibert-quantize");
            json.WriteString("version", Quantizer.Version);
            json.WriteEndObject();
            json.WriteStartObject("source");
            json.WriteString("architecture", result.Checkpoint.Config.Architecture.ToString().ToLowerInvariant());
            json.WriteString("sha256", result.Checkpoint.SourceHash);
            json.WriteEndObject();
            json.WriteStartObject("options");
            json.WriteString("scheme", result.Scheme.ToString().ToLowerInvariant());
            json.WriteNumber("bits", 8);
            json.WriteNumber("max_length", result.MaxLength);
            json.WriteEndObject();
            if (result.Scheme == QuantizationScheme.Int8)
            {
                WriteCalibration(json, result);
            }
            if (result.Accuracy is { } accuracy)
            {
                WriteAccuracy(json, accuracy);
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>The hash of the weights that a model was made from; null where its provenance does not state it.</summary>
    public static string? SourceHash(string provenance)
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

    private static void WriteCalibration(Utf8JsonWriter json, QuantizationResult result)
    {
        json.WriteStartObject("calibration");
        if (result.Options.Calibration is { } source)
        {
            json.WriteString("file", source.FileName);
            json.WriteString("sha256", source.Sha256);
            if (source.TextColumn is not null)
            {
                json.WriteString("text", source.TextColumn);
            }
            if (source.PairColumn is not null)
            {
                json.WriteString("text_pair", source.PairColumn);
            }
        }
        else
        {
            json.WriteBoolean("built_in", true);
            json.WriteString("sha256", CalibrationTexts.BuiltInSha256);
        }
        json.WriteNumber("samples", result.CalibrationCount);
        json.WriteNumber("joined", result.JoinedCount);
        json.WriteNumber("seed", result.Options.Seed);
        json.WriteEndObject();
    }

    private static void WriteAccuracy(Utf8JsonWriter json, Accuracy accuracy)
    {
        json.WriteStartObject("accuracy");
        json.WriteString("file", accuracy.FileName);
        json.WriteString("sha256", accuracy.Sha256);
        json.WriteNumber("examples", accuracy.Examples);
        json.WriteString("metric", accuracy.Metrics[0].Name);
        json.WriteNumber("fp32", Rounded(accuracy.Fp32));
        json.WriteNumber("integer", Rounded(accuracy.Integer));
        if (accuracy.Agreement is { } agreement)
        {
            json.WriteNumber("agreement", Rounded(agreement));
        }
        json.WriteNumber("mean_logit_error", Rounded(accuracy.MeanLogitError));
        json.WriteNumber("largest_logit_error", Rounded(accuracy.LargestLogitError));
        json.WriteEndObject();

        static decimal Rounded(double value) => Math.Round((decimal)value, 6);
    }
}
