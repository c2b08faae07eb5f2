// Where a model came from, as JSON in its file. Nothing of the machine, the time or the folders: the same input gives the same bytes.
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization.Output;

internal static class Provenance
{
    // Readers may rely on the members of a format; it counts up when one changes its meaning or goes.
    private const int Format = 1;

    /// <summary>The provenance of a model, with its accuracy if it was evaluated.</summary>
    public static string Write(ModelOrigin origin)
    {
        using MemoryStream stream = new();
        // Names of columns and labels stay readable: this JSON never stands in HTML.
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteStartObject("quantizer");
            json.WriteString("name", "ibert-quantize");
            json.WriteString("version", QuantizerVersion.Text);
            json.WriteEndObject();
            json.WriteStartObject("source");
            json.WriteString("architecture", origin.Config.Architecture.ToString().ToLowerInvariant());
            json.WriteString("sha256", origin.SourceHash);
            json.WriteEndObject();
            json.WriteStartObject("options");
            json.WriteString("scheme", origin.Scheme);
            json.WriteNumber("bits", 8);
            json.WriteNumber("max_length", origin.MaxLength);
            json.WriteEndObject();
            if (origin.Calibrated)
            {
                WriteCalibration(json, origin);
            }
            if (origin.Accuracy is { } accuracy)
            {
                WriteAccuracy(json, accuracy);
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteCalibration(Utf8JsonWriter json, ModelOrigin origin)
    {
        json.WriteStartObject("calibration");
        if (origin.Calibration is { } source)
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
        json.WriteNumber("samples", origin.Texts.Chosen.Count);
        json.WriteNumber("joined", origin.Texts.Joined.Count);
        json.WriteNumber("seed", origin.Seed);
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
