// The repository's tokenizer data (tests/data/tokenizers), and how lines of texts with ids are compared.
using System.Text;
using System.Text.Json;
using Xunit;

namespace IBert.Edge.TestSupport;

/// <summary>Checkpoint folders with tokenizer files alone, and files of texts with the ids that npm's tokenizers give them.</summary>
internal static class TokenizerData
{
    /// <summary>A file or folder of the data.</summary>
    public static string Path(string name) => System.IO.Path.Combine(Shared.Repository, "tests", "data", "tokenizers", name);

    /// <summary>The lines of a file, one JSON object each.</summary>
    public static IEnumerable<JsonElement> Lines(string name) => Read(Path(name));

    public static IEnumerable<JsonElement> Read(string path) => File.ReadLines(path).Select(line => JsonDocument.Parse(line).RootElement);

    public static int[] Integers(JsonElement line, string name) => [.. line.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    public static string Text(JsonElement line, string name = "text") => line.GetProperty(name).GetString()!;

    /// <summary>Tokenizes the text of every line.</summary>
    /// <returns>How many lines there were.</returns>
    public static int AssertTexts(OpenedTokenizer tokenizer, IEnumerable<JsonElement> lines)
    {
        int count = 0;
        foreach (JsonElement line in lines)
        {
            int[] found = tokenizer.Encode(Text(line));
            Assert.True(Integers(line, "ids").AsSpan().SequenceEqual(found),
                $"line {count + 1}: {line.GetRawText()}\nfound {string.Join(',', found)}");
            count++;
        }
        return count;
    }

    /// <summary>Tokenizes a pair, cut to a length.</summary>
    /// <returns>Whether anything was cut.</returns>
    public static bool AssertPair(OpenedTokenizer tokenizer, JsonElement line, int maxLength, int[]? types)
    {
        var ids = new int[maxLength];
        var typeIds = new byte[maxLength];
        int length = tokenizer.Tokenizer.EncodePair(
            Encoding.UTF8.GetBytes(Text(line, "a")), Encoding.UTF8.GetBytes(Text(line, "b")), ids, typeIds, out bool truncated);
        Assert.True(
            Integers(line, "ids").AsSpan().SequenceEqual(ids.AsSpan(0, length)),
            $"{line.GetRawText()}\nfound {string.Join(',', ids[..length])}");
        Assert.Equal(types ?? new int[length], typeIds[..length].Select(type => (int)type));
        return truncated;
    }
}
