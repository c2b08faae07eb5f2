// The provenance section for people: one value a line, indented as it is nested.
using System.Text;
using System.Text.Json;

namespace IBert.Edge.Cli.Inspection;

internal static class Provenance
{
    /// <summary>Lines for a JSON text; the text itself where it is not JSON.</summary>
    public static IEnumerable<string> Lines(string json)
    {
        List<string> lines = [];
        try
        {
            Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(json));
            string name = "";
            while (reader.Read())
            {
                string indent = new(' ', 2 * reader.CurrentDepth);
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        name = reader.GetString() + ": ";
                        continue;
                    case JsonTokenType.StartObject or JsonTokenType.StartArray:
                        if (reader.CurrentDepth > 0)
                        {
                            lines.Add(indent + name.TrimEnd());
                        }
                        break;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray:
                        break;
                    case JsonTokenType.String:
                        lines.Add(indent + name + reader.GetString());
                        break;
                    default:
                        lines.Add(indent + name + Encoding.UTF8.GetString(reader.ValueSpan));
                        break;
                }
                name = "";
            }
            return lines;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return ["  " + json];
        }
    }

    /// <summary>Writes it as the JSON that it is, else as a string.</summary>
    public static void Write(string text, Utf8JsonWriter json)
    {
        if (!IsJson(text))
        {
            json.WriteStringValue(text);
            return;
        }
        using JsonDocument document = JsonDocument.Parse(text);
        // Not as it stands: its strings may have what moves a terminal's cursor.
        document.RootElement.WriteTo(json);
    }

    /// <summary>Whether it is JSON whose strings are text: half of a surrogate pair is well-formed JSON, and no string.</summary>
    private static bool IsJson(string text)
    {
        try
        {
            Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(text));
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String)
                {
                    _ = reader.GetString();
                }
            }
            return true;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
