// Values of a tokenizer's JSON files, with errors that name the file and the place.
using System.Text.Json;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <summary>Kinds of JSON values.</summary>
[Flags]
internal enum JsonKinds
{
    Null = 1,
    Text = 2,
    Flag = 4,

    /// <summary>A number without a fraction.</summary>
    Whole = 8,

    List = 16,
    Object = 32,
}

/// <summary>A JSON value and where it stands.</summary>
internal readonly struct TokenizerJson
{
    private static readonly (JsonKinds Kind, string Name)[] s_kindNames =
    [
        (JsonKinds.Text, "a text"), (JsonKinds.Flag, "true or false"), (JsonKinds.Whole, "a whole number"), (JsonKinds.List, "a list"),
        (JsonKinds.Object, "an object"), (JsonKinds.Null, "null"),
    ];

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

    public bool IsObject => element.ValueKind == JsonValueKind.Object;

    public bool IsList => element.ValueKind == JsonValueKind.Array;

    public string Text => IsText ? element.GetString()! : throw Wrong("a text");

    public int Integer =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) ? value : throw Wrong("a whole number");

    /// <summary>Whether it is a number above those that <see cref="Integer"/> can give.</summary>
    public bool IsBeyondIntegers =>
        element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value) && value > int.MaxValue;

    public bool IsZero => element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value) && value == 0;

    /// <summary>The members of an object, in order.</summary>
    public IEnumerable<(string Name, TokenizerJson Value)> Members
    {
        get
        {
            JsonElement self = RequireKind(JsonValueKind.Object, "an object");
            string here = Place;
            return self.EnumerateObject().Select(member => (member.Name, new TokenizerJson(member.Value, $"{here}.{member.Name}")));
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

    /// <summary>Whether an object has a member, which may be null; false where the object is missing.</summary>
    public bool Has(string name) => !IsNull && RequireKind(JsonValueKind.Object, "an object").TryGetProperty(name, out _);

    /// <summary>Refuses a value of another kind; a missing one is null.</summary>
    public void Require(JsonKinds kinds)
    {
        JsonKinds kind = element.ValueKind switch
        {
            JsonValueKind.String => JsonKinds.Text,
            JsonValueKind.True or JsonValueKind.False => JsonKinds.Flag,
            JsonValueKind.Number => element.TryGetDouble(out double number) && number == Math.Floor(number) ? JsonKinds.Whole : 0,
            JsonValueKind.Array => JsonKinds.List,
            JsonValueKind.Object => JsonKinds.Object,
            _ => JsonKinds.Null,
        };
        if ((kinds & kind) == 0)
        {
            throw Wrong(string.Join(" or ", s_kindNames.Where(item => (kinds & item.Kind) != 0).Select(item => item.Name)));
        }
    }

    public bool FlagOr(bool fallback) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => IsNull ? fallback : throw Wrong("true or false"),
    };

    public string TextOr(string fallback) => IsNull ? fallback : Text;

    /// <summary>The root of a file that is not there.</summary>
    public static TokenizerJson Missing(string name) => new(default, name);

    /// <summary>Reads a file whose root is an object; null where there is no such file.</summary>
    /// <exception cref="CheckpointException">It cannot be read, is not JSON, or not an object.</exception>
    public static TokenizerJson Read(string path, CheckpointFileKind kind)
    {
        string name = Path.GetFileName(path);
        if (!CheckpointFile.IsThere(path))
        {
            return Missing(name);
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(CheckpointFile.ReadText(path, kind));
            var root = new TokenizerJson(document.RootElement.Clone(), name);
            // First: a complaint quotes what it complains of.
            root.RequireTexts();
            root.RequireKind(JsonValueKind.Object, "an object");
            return root;
        }
        catch (JsonException error)
        {
            throw new CheckpointException(
                $"{name} in {Path.GetDirectoryName(path)} is not valid JSON: {JsonFile.Describe(error)}. Copy it again.", error);
        }
    }

    /// <summary>The error for a value that cannot be used.</summary>
    public CheckpointException Wrong(string expected) => new(
        $"{Place} is {(IsNull ? "missing" : Shorten(element.GetRawText()))}; expected {expected}. "
        + "Save the tokenizer again with save_pretrained of transformers.");

    private static string Shorten(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 60), "...");

    private JsonElement RequireKind(JsonValueKind kind, string expected) => element.ValueKind == kind ? element : throw Wrong(expected);

    /// <summary>
    /// Decodes every name and text once: the parser leaves broken UTF-8 and lone surrogates to the first who asks for them, who is answered
    /// with InvalidOperationException.
    /// </summary>
    private void RequireTexts()
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                Decode(element, value => value.GetString());
                break;
            case JsonValueKind.Array:
                // Merges are lists by the ten thousand: a place is only made for what is inside an object.
                foreach (JsonElement value in element.EnumerateArray())
                {
                    new TokenizerJson(value, Place).RequireTexts();
                }
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    string name = Decode(member, value => value.Name);
                    if (member.Value.ValueKind is JsonValueKind.String or JsonValueKind.Array or JsonValueKind.Object)
                    {
                        new TokenizerJson(member.Value, $"{Place}.{name}").RequireTexts();
                    }
                }
                break;
        }
    }

    private T Decode<TFrom, T>(TFrom from, Func<TFrom, T> read)
    {
        try
        {
            return read(from);
        }
        catch (InvalidOperationException)
        {
            throw new CheckpointException(
                $"{Place} has a text that is broken UTF-8 or has lone surrogates. Save the tokenizer again " +
                "with save_pretrained of transformers.");
        }
    }
}
