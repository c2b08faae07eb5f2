// Small models for tests that run programs, made when first asked for.
using System.Text;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Format;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.Text;

namespace IBert.Edge.TestSupport;

/// <summary>The small random model as files; they go with the process.</summary>
public static class ProgramModels
{
    private static readonly Lazy<string> s_folder = new(() =>
    {
        string folder = Directory.CreateTempSubdirectory("ibert-models-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    });

    private static readonly Lazy<string> s_plain = new(() => Write("plain", SmallModel.File()));

    private static readonly Lazy<string> s_bytePair = new(() => Write("byte pair", ModelBuilder.Assemble(SmallModel.BytePairSections())));

    private static readonly Lazy<string> s_hostile = new(() => Write("hostile", ModelBuilder.Assemble(
    [
        .. SmallModel.Sections.Select(section => section.Kind switch
        {
            SectionKind.Tokenizer => section with { Bytes = HostileTokenizer(BitConverter.ToInt32(section.Bytes, 8)) },
            SectionKind.Labels => section with { Bytes = Replace(section.Bytes, "green", "g\u200Bn") },
            _ => section,
        }),
        new(SectionKind.Provenance, false, Encoding.UTF8.GetBytes(
            "{\"a\u009B2J\": {\"\\u001b[2J\": [\"x\\ny\", \"\u202E\", 1e3, null, true]}}")),
    ])));

    private static readonly Lazy<string> s_hostileText = new(() => Write("hostile text", ModelBuilder.Assemble(
        [.. SmallModel.Sections, new(SectionKind.Provenance, false, Encoding.UTF8.GetBytes("no JSON:\u001B[2J\n\u2028\u202E"))])));

    /// <summary>Labels red, green and blue, up to 16 tokens, with provenance.</summary>
    public static string Plain => s_plain.Value;

    /// <summary>With a tokenizer of bytes and merges, whose template for two texts has four tokens.</summary>
    public static string BytePair => s_bytePair.Value;

    /// <summary>Pieces, a label and the provenance have what moves a terminal's cursor, ends a line or hides.</summary>
    public static string Hostile => s_hostile.Value;

    /// <summary>A provenance that is no JSON, and hostile.</summary>
    public static string HostileText => s_hostileText.Value;

    /// <summary>Texts that become one piece each, which must not be shown as it is.</summary>
    public static string[] HostilePieces => ["\u001B[2J", "a\nb", "c\td", "e f", "\u202Eg", "h\u2028", "\u009Bi", "\u007F"];

    /// <summary>A tokenizer with the hostile pieces as added tokens, and with as many pieces as the model has rows for.</summary>
    private static byte[] HostileTokenizer(int vocabulary)
    {
        IEnumerable<string> letters = Enumerable.Range('a', 26).Select(c => ((char)c).ToString());
        string[] pieces = ["[UNK]", "[CLS]", "[SEP]", .. HostilePieces, .. letters];
        pieces = [.. pieces, .. Enumerable.Range(0, vocabulary - pieces.Length).Select(i => $"##unused{i}")];
        TemplateDefinition[] single = [new(1, 0), new(TemplateItem.First, 0), new(2, 0)];
        return WordPieceTokenizerWriter.Write(new WordPieceDefinition
        {
            Vocabulary = pieces.Index().ToDictionary(x => x.Item, x => x.Index),
            Options = BertNormalizerOptions.All,
            UnknownToken = "[UNK]",
            PaddingToken = null,
            ContinuingPrefix = "##",
            MaxCharacters = 20,
            AddedTokens = [.. HostilePieces.Select((piece, i) => new AddedTokenDefinition(piece, 3 + i, AddedTokenFlags.None))],
            Single = single,
            Pair = [.. single, new(TemplateItem.Second, 1), new(2, 1)],
        });
    }

    /// <summary>Another text of as many bytes.</summary>
    private static byte[] Replace(byte[] bytes, string from, string to)
    {
        bytes = [.. bytes];
        byte[] old = Encoding.UTF8.GetBytes(from), changed = Encoding.UTF8.GetBytes(to);
        changed.CopyTo(bytes.AsSpan(bytes.AsSpan().IndexOf(old), old.Length));
        return bytes;
    }

    private static string Write(string name, byte[] file)
    {
        string path = Path.Combine(s_folder.Value, name + ".ibert");
        File.WriteAllBytes(path, file);
        return path;
    }
}
