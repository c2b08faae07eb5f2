// Finds in the source what refusals of checkpoints say, so that none is without a test that provokes it.
using System.Text;
using System.Text.RegularExpressions;
using IBert.Edge.Checkpoints;

namespace IBert.Edge.Quantization.Tests.Refusals;

/// <summary>A text in the source, between the places where values are put in.</summary>
internal readonly record struct MessagePart(string Place, string Text);

/// <summary>
/// Reads C# far enough to tell texts, comments and code apart. A text belongs to a refusal that stands among the arguments of
/// CheckpointException, of a method that returns one or requires something of a tokenizer, or in the body of such a method.
/// </summary>
internal sealed partial class SourceMessages
{
    // Shorter ones, and single words, are joints and names.
    private const int LeastLetters = 6;

    private readonly List<(string Name, char[] Code, List<(int Start, string Text)> Texts)> files = [];

    public static IEnumerable<MessagePart> Find(params ReadOnlySpan<string> projects)
    {
        SourceMessages source = new();
        foreach (string folder in projects)
        {
            foreach (string path in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                string relative = Path.GetRelativePath(folder, path);
                if (!relative.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
                {
                    source.Read(relative, File.ReadAllText(path));
                }
            }
        }
        return source.Parts();
    }

    private void Read(string name, string text)
    {
        char[] code = text.ToCharArray();
        List<(int, string)> texts = [];
        Lex(text, 0, text.Length, code, texts);
        files.Add((name, code, texts));
    }

    private IEnumerable<MessagePart> Parts()
    {
        HashSet<string> makers = ["Require"];
        foreach ((_, char[] code, _) in files)
        {
            makers.UnionWith(Maker().Matches(new string(code)).Select(match => match.Groups["name"].Value));
        }
        Regex calls = new($@"\bnew CheckpointException\(|(?<![\w.] )\b({string.Join('|', makers)})\(");
        foreach ((string name, char[] code, List<(int Start, string Text)> texts) in files)
        {
            string all = new(code);
            List<(int Start, int End)> regions =
                [.. calls.Matches(all).Select(match => (match.Index, Close(all, match.Index + match.Length - 1)))];
            foreach (Match maker in Maker().Matches(all))
            {
                int body = Close(all, maker.Index + maker.Length - 1) + 1;
                int brace = all.IndexOf('{', body), arrow = all.IndexOf("=>", body, StringComparison.Ordinal);
                regions.Add((body, arrow >= 0 && (brace < 0 || arrow < brace) ? Close(all, arrow, ';') : Close(all, brace)));
            }
            foreach ((int start, string text) in texts)
            {
                if (text.Count(char.IsLetter) >= LeastLetters && text.Trim().Contains(' ')
                    && regions.Exists(region => region.Start <= start && start < region.End))
                {
                    yield return new($"{name}:{all.AsSpan(0, start).Count('\n') + 1}", text);
                }
            }
        }
    }

    /// <summary>Where a bracket is closed; or from anywhere, where an end stands outside of brackets.</summary>
    private static int Close(string code, int at, char end = '\0')
    {
        int depth = 0;
        for (int i = at; i < code.Length; i++)
        {
            depth += code[i] is '(' or '[' or '{' ? 1 : code[i] is ')' or ']' or '}' ? -1 : 0;
            if ((end == '\0' && depth == 0) || (depth == 0 && code[i] == end))
            {
                return i;
            }
        }
        return code.Length;
    }

    /// <summary>Blanks texts and comments of a stretch of code, and keeps the texts.</summary>
    private static int Lex(string text, int from, int to, char[] code, List<(int, string)> texts, bool isHole = false)
    {
        int depth = 0;
        for (int i = from; i < to;)
        {
            ReadOnlySpan<char> rest = text.AsSpan(i, to - i);
            if (isHole && depth == 0 && (rest[0] == '}' || (rest[0] == ':' && !rest.StartsWith("::"))))
            {
                return i;
            }
            if (rest.StartsWith("//"))
            {
                int end = rest.IndexOf('\n');
                i = Blank(code, i, end < 0 ? to : i + end);
            }
            else if (rest.StartsWith("\"\"\"") || rest.StartsWith("$\"\"\""))
            {
                int start = text.IndexOf("\"\"\"", i, StringComparison.Ordinal) + 3;
                i = Blank(code, i, text.IndexOf("\"\"\"", start, StringComparison.Ordinal) + 3);
            }
            else if (rest.StartsWith("$\"") || rest.StartsWith("\"") || rest.StartsWith("@\""))
            {
                i = LexText(text, i, to, code, texts);
            }
            else if (rest[0] == '\'')
            {
                int end = rest[1] == '\\' ? rest[2..].IndexOf('\'') + 2 : 2;
                i = Blank(code, i, i + end + 1);
            }
            else
            {
                depth += rest[0] is '(' or '[' or '{' ? 1 : rest[0] is ')' or ']' or '}' ? -1 : 0;
                i++;
            }
        }
        return to;
    }

    private static int LexText(string text, int from, int to, char[] code, List<(int, string)> texts)
    {
        bool isVerbatim = text[from] == '@', isInterpolated = text[from] == '$';
        int i = from + (isVerbatim || isInterpolated ? 2 : 1), start = i;
        StringBuilder part = new();
        while (i < to)
        {
            char c = text[i];
            if (c == '"' || (c is '{' && isInterpolated && text[i + 1] != '{'))
            {
                texts.Add((from, part.ToString()));
                part.Clear();
                Blank(code, i == start ? from : start - 1, i + 1);
                if (c == '"')
                {
                    Blank(code, from, start);
                    return i + 1;
                }
                i = Lex(text, i + 1, to, code, texts, isHole: true);
                int end = text.IndexOf('}', i);
                Blank(code, i, end + 1);
                (i, start) = (end + 1, end + 1);
                continue;
            }
            if (c is '{' or '}' && isInterpolated)
            {
                i++;
            }
            else if (c == '\\' && !isVerbatim)
            {
                c = text[++i];
            }
            part.Append(c);
            code[i++] = ' ';
        }
        return to;
    }

    private static int Blank(char[] code, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            code[i] = code[i] == '\n' ? '\n' : ' ';
        }
        return to;
    }

    [GeneratedRegex(@"(?<!new )CheckpointException\??\s+(?<name>\w+)\(")]
    private static partial Regex Maker();
}
