// A JSON file of a checkpoint folder: read whole, its root an object, and every complaint names the file.
using System.Text.Json;
using IBert.Edge.Files;

namespace IBert.Edge.Checkpoints;

/// <summary>Fields of a JSON object by name, with errors that say which file, which field and what was expected.</summary>
internal sealed class JsonFile
{
    // The second of two fields with one name would win, in silence.
    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false };

    private readonly JsonElement root;

    private JsonFile(string path, JsonElement root)
    {
        Path = path;
        this.root = root;
    }

    /// <summary>Where the file is.</summary>
    public string Path { get; }

    /// <summary>Reads and parses a file.</summary>
    /// <exception cref="CheckpointException">It cannot be read, is not well-formed, or is not an object.</exception>
    public static JsonFile Read(string path, CheckpointFileKind kind)
    {
        ReadOnlyMemory<byte> text = CheckpointFile.ReadText(path, kind);
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, s_options);
            DecodeTexts(document.RootElement);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new JsonFile(path, document.RootElement.Clone())
                : throw new CheckpointException($"{path}: is a JSON {document.RootElement.ValueKind.ToString().ToLowerInvariant()}, an " +
                    $"object {{...}} was expected: download it again");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path}: is not well-formed JSON ({Describe(e)}): correct the file, or download it again", e);
        }
    }

    /// <summary>What a JSON parser complains of, with the line as editors count it.</summary>
    public static string Describe(Exception error)
    {
        string message = error.Message;
        int place = new[] { " Path: ", " LineNumber: " }.Select(mark => message.IndexOf(mark, StringComparison.Ordinal))
            .Where(at => at >= 0).DefaultIfEmpty(message.Length).Min();
        string what = OneLine.Shorten(message[..place].TrimEnd('.'));
        // What the parser says of a name that is there twice, and of half a surrogate pair, is said to programmers.
        return error is InvalidOperationException ? "a text in it is not Unicode"
            : what.StartsWith("Duplicate property ", StringComparison.Ordinal) ? $"{OneLine.Quote(what.Split('\'')[1])} is there twice"
            : error is JsonException { LineNumber: { } line } json ? $"line {line + 1}, byte {json.BytePositionInLine + 1}: {what}" : what;
    }

    /// <summary>The field, or nothing where it is missing or null.</summary>
    public JsonElement? Find(string name) =>
        this.root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

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
    public CheckpointException Wrong(string name, JsonElement value, string expected) =>
        new($"{Path}: '{name}' is {OneLine.Shorten(value.GetRawText())}, and has to be {expected}: correct the file, or download it again");

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
