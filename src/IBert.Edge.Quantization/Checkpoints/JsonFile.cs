// A JSON file of a checkpoint folder: read whole, its root an object, and every complaint names the file.
using System.Text.Json;

namespace IBert.Edge.Quantization.Checkpoints;

/// <summary>Fields of a JSON object by name, with errors that say which file, which field and what was expected.</summary>
internal sealed class JsonFile
{
    // Generous: the largest real file (a shard index of a model far too large for a board) has a few megabytes.
    private const long MaxBytes = 100_000_000;

    private readonly JsonElement _root;

    private JsonFile(string path, JsonElement root)
    {
        Path = path;
        _root = root;
    }

    /// <summary>Where the file is.</summary>
    public string Path { get; }

    /// <summary>Reads and parses a file.</summary>
    /// <exception cref="CheckpointException">It cannot be read, is not well-formed, or is not an object.</exception>
    public static JsonFile Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                throw new CheckpointException($"{path}: larger than {MaxBytes} bytes, this cannot be the file that its name says");
            }
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            DecodeTexts(document.RootElement);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new JsonFile(path, document.RootElement.Clone())
                : throw new CheckpointException($"{path}: holds a JSON {document.RootElement.ValueKind}, an object was expected");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path}: is not well-formed JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>The field, or nothing where it is missing or null.</summary>
    public JsonElement? Find(string name) =>
        _root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A whole number within bounds; the fallback where the field is missing.</summary>
    public int Integer(string name, int fallback, int minimum, int maximum)
    {
        if (Find(name) is not { } value)
        {
            return fallback;
        }
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= minimum && number <= maximum
            ? number
            : throw Wrong(name, value, $"a whole number from {minimum} to {maximum}");
    }

    /// <summary>A number within bounds; the fallback where the field is missing.</summary>
    public double Number(string name, double fallback, double minimum, double maximum)
    {
        if (Find(name) is not { } value)
        {
            return fallback;
        }
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= minimum && number <= maximum
            ? number
            : throw Wrong(name, value, FormattableString.Invariant($"a number from {minimum} to {maximum}"));
    }

    /// <summary>True or false; false where the field is missing.</summary>
    public bool Flag(string name)
    {
        return Find(name) switch
        {
            null => false,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            { } value => throw Wrong(name, value, "true or false"),
        };
    }

    /// <summary>A text; nothing where the field is missing.</summary>
    public string? Text(string name) => Find(name) is { } value ? Text(name, value) : null;

    /// <summary>The text of a value found under a name.</summary>
    public string Text(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name, value, "a text");

    /// <summary>A complaint about a field's value.</summary>
    public CheckpointException Wrong(string name, JsonElement value, string expected)
    {
        string raw = value.GetRawText();
        return new CheckpointException($"{Path}: '{name}' is {(raw.Length > 80 ? raw[..80] + "..." : raw)}, expected is {expected}");
    }

    /// <summary>
    /// Decodes every name and text once: the parser leaves broken UTF-8 and lone surrogates to the first who asks for them, who is answered
    /// with InvalidOperationException.
    /// </summary>
    private static void DecodeTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    DecodeTexts(item);
                }
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    DecodeTexts(property.Value);
                }
                break;
        }
    }
}
