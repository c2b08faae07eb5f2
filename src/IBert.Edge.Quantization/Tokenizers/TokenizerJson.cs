// Values of a tokenizer's JSON files, with errors that name the file and the place.
using System.Text.Json;
using IBert.Edge.Quantization.Checkpoints;

namespace IBert.Edge.Quantization.Tokenizers;

/// <summary>A JSON value and where it stands.</summary>
internal readonly struct TokenizerJson
{
    private readonly JsonElement element;

    private TokenizerJson(JsonElement element, string place)
    {
        this.element = element;
        Place = place;
    }

    /// <summary>File and member, for messages.</summary>
    public string Place { get; }

    /// <summary>Whether the value is missing or null.</summary>
    public bool IsNull => element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    public bool IsText => element.ValueKind == JsonValueKind.String;

    public string Text => IsText ? Get(value => value.GetString()!) : throw Wrong("a text");

    public int Integer =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) ? value : throw Wrong("a whole number");

    /// <summary>The members of an object, in order.</summary>
    public IEnumerable<(string Name, TokenizerJson Value)> Members
    {
        get
        {
            JsonElement self = RequireKind(JsonValueKind.Object, "an object");
            string here = Place;
            return self.EnumerateObject().Select(
                member => (new TokenizerJson(self, here).Get(_ => member.Name), new TokenizerJson(member.Value, $"{here}.{member.Name}")));
        }
    }

    /// <summary>The elements of a list.</summary>
    public IEnumerable<TokenizerJson> Elements
    {
        get
        {
            string here = Place;
            return RequireKind(JsonValueKind.Array, "a list").EnumerateArray()
                .Select((value, i) => new TokenizerJson(value, $"{here}[{i}]"));
        }
    }

    /// <summary>A member of an object; null where it, or the object, is missing.</summary>
    public TokenizerJson this[string name]
    {
        get
        {
            JsonElement value = default;
            if (!IsNull)
            {
                RequireKind(JsonValueKind.Object, "an object").TryGetProperty(name, out value);
            }
            return new TokenizerJson(value, $"{Place}.{name}");
        }
    }

    public bool FlagOr(bool fallback) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => IsNull ? fallback : throw Wrong("true or false"),
    };

    public string TextOr(string fallback) => IsNull ? fallback : Text;

    /// <summary>Reads a file whose root is an object; null where there is no such file.</summary>
    /// <exception cref="CheckpointException">It cannot be read, is not JSON, or not an object.</exception>
    public static TokenizerJson Read(string path, CheckpointFileKind kind)
    {
        string name = Path.GetFileName(path);
        if (!CheckpointFile.IsThere(path))
        {
            return new TokenizerJson(default, name);
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(CheckpointFile.ReadText(path, kind));
            var root = new TokenizerJson(document.RootElement.Clone(), name);
            root.RequireKind(JsonValueKind.Object, "an object");
            return root;
        }
        catch (JsonException error)
        {
            throw new CheckpointException(
                $"{name} in {Path.GetDirectoryName(path)} is not valid JSON: {error.Message} Copy it again.", error);
        }
    }

    /// <summary>The error for a value that cannot be used.</summary>
    public CheckpointException Wrong(string expected) => new(
        $"{Place} is {(IsNull ? "missing" : Shorten(element.GetRawText()))}; expected {expected}. "
        + "Save the tokenizer again with save_pretrained of transformers.");

    private static string Shorten(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 60), "...");

    private JsonElement RequireKind(JsonValueKind kind, string expected) => element.ValueKind == kind ? element : throw Wrong(expected);

    private T Get<T>(Func<JsonElement, T> read)
    {
        try
        {
            return read(element);
        }
        catch (InvalidOperationException)
        {
            throw Wrong("text without lone surrogates");
        }
    }
}
