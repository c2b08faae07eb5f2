// Every setting of a checkpoint's tokenizer files is done as Hugging Face does it, or refused by name: a row each of settings.jsonl.
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests.Text;

public sealed class TokenizerSettingsTests : IDisposable
{
    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonElement[] s_rows = [.. TokenizerData.Lines("settings.jsonl")];

    private readonly string folder = Directory.CreateTempSubdirectory("ibert-tokenizer-").FullName;

    public static TheoryData<int, string, string> Done => Select(row => row.TryGetProperty("tried", out _));

    public static TheoryData<int, string, string> Refused => Select(row => row.TryGetProperty("says", out _));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Done))]
    public void Is_done(int row, string folderOf, string setting)
    {
        Change(folderOf, s_rows[row]);
        TokenizerDefinition definition = TokenizerFiles.Read(folder);
        if (s_rows[row].TryGetProperty("maxLength", out JsonElement stated))
        {
            Assert.Equal(stated.GetInt32(), definition.MaxLength ?? 0);
        }
        using var tokenizer = new OpenedTokenizer(TokenizerSections.Write(definition));
        int max = s_rows[row].GetProperty("max").GetInt32();
        foreach (JsonElement tried in s_rows[row].GetProperty("tried").EnumerateArray())
        {
            if (tried.TryGetProperty("a", out _))
            {
                TokenizerData.AssertPair(tokenizer, tried, max, TokenizerData.Integers(tried, "types"));
            }
            else
            {
                int[] found = tokenizer.Encode(TokenizerData.Text(tried), max);
                Assert.True(
                    TokenizerData.Integers(tried, "ids").AsSpan().SequenceEqual(found),
                    $"{setting}: {tried.GetRawText()}\nfound {string.Join(',', found)}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Is_refused(int row, string folderOf, string setting)
    {
        Change(folderOf, s_rows[row]);
        CheckpointException error = Assert.Throws<CheckpointException>(() => TokenizerSections.Build(folder));
        foreach (JsonElement says in s_rows[row].GetProperty("says").EnumerateArray())
        {
            Assert.True(
                error.Message.Contains(says.GetString()!, StringComparison.Ordinal), $"{setting}: '{says}' is not in: {error.Message}");
        }
        Assert.False(error.Message.Any(char.IsControl), error.Message);
    }

    private static TheoryData<int, string, string> Select(Func<JsonElement, bool> isChosen)
    {
        var data = new TheoryData<int, string, string>();
        foreach ((int i, JsonElement row) in s_rows.Index().Where(item => isChosen(item.Item)))
        {
            data.Add(i, TokenizerData.Text(row, "base"), TokenizerData.Text(row, "name"));
        }
        return data;
    }

    /// <summary>Copies the tokenizer files, and changes what the row says.</summary>
    private void Change(string folderOf, JsonElement row)
    {
        foreach (string file in Directory.GetFiles(TokenizerData.Path(folderOf)))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
        foreach (JsonElement change in row.GetProperty("changes").EnumerateArray())
        {
            string path = Path.Combine(folder, TokenizerData.Text(change, "file"));
            if (change.TryGetProperty("gone", out _))
            {
                File.Delete(path);
            }
            else if (change.TryGetProperty("text", out JsonElement text))
            {
                File.WriteAllText(path, text.GetString(), new UTF8Encoding(false));
            }
            else
            {
                JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
                string[] place = [.. change.GetProperty("place").EnumerateArray().Select(part => part.GetString()!)];
                JsonNode parent = place[..^1]
                    .Aggregate(root, (node, part) => node is JsonArray list ? list[int.Parse(part)]! : node[part]!);
                Set(parent, place[^1], change.GetProperty("removed").GetBoolean(),
                    JsonNode.Parse(change.GetProperty("value").GetRawText()));
                File.WriteAllText(path, root.ToJsonString(s_plain), new UTF8Encoding(false));
            }
        }
    }

    private static void Set(JsonNode parent, string name, bool removed, JsonNode? value)
    {
        if (parent is JsonArray list)
        {
            int index = int.Parse(name);
            if (index < list.Count)
            {
                list[index] = value;
            }
            else
            {
                list.Add(value);
            }
        }
        else if (removed)
        {
            parent.AsObject().Remove(name);
        }
        else
        {
            parent[name] = value;
        }
    }
}
