// The texts that a command works on: from its arguments, else a line each from standard input.
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using IBert.Edge.Files.Data;
using Microsoft.Win32.SafeHandles;

namespace IBert.Edge.CommandLine;

/// <summary>
/// Texts or pairs of texts in UTF-8, one after the other. Nothing is decoded, so invalid UTF-8 reaches the tokenizer as it is. A text is
/// cut where no model reads on, so that memory does not grow with what somebody writes.
/// </summary>
internal sealed class TextInput
{
    private readonly byte[][]? arguments;
    private readonly LineReader? lines;
    private readonly bool pairs, json;
    private readonly int mostJson;
    private int nextArgument;
    private byte[] unescaped = [];
    private ReadOnlyMemory<byte> text, pair;

    /// <param name="texts">Texts; without any, standard input is read.</param>
    /// <param name="pairs">
    /// Whether a line is two texts with a tab between. An argument without a tab makes a pair with the next one.
    /// </param>
    /// <param name="json">Whether a line is a JSON string or object.</param>
    /// <param name="most">Bytes that are kept of a text.</param>
    /// <exception cref="CommandException">The options contradict each other, or standard input is closed.</exception>
    public TextInput(string[] texts, bool pairs, bool json, int most)
    {
        this.pairs = pairs;
        this.json = json;
        Most = most;
        // Two texts, each character of them an escape of six, and some members that are passed over.
        mostJson = (12 * most) + 4096;
        if (texts.Length > 0)
        {
            if (json)
            {
                throw CommandException.Usage("--json-input reads standard input; leave the texts out");
            }
            arguments = Array.ConvertAll(texts, Encoding.UTF8.GetBytes);
            return;
        }
        if (!StandardDescriptor.IsInherited(StandardDescriptor.Input))
        {
            throw CommandException.Usage("standard input is closed: give a text as an argument, or lines on standard input");
        }
        FileStream input = new(new SafeFileHandle(StandardDescriptor.Input, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        IsStream = !input.CanSeek;
        // Behind the last byte that is kept a character may go on, and two texts have a tab between them.
        int mostText = most + 4;
        lines = new LineReader(input, json ? mostJson : pairs ? (2 * mostText) + 1 : mostText);
    }

    /// <summary>Bytes that are kept of a text.</summary>
    public int Most { get; }

    /// <summary>Whether lines arrive as somebody writes them, so that each is to be answered at once.</summary>
    public bool IsStream { get; }

    /// <summary>Number of the line, or of the argument, from 1.</summary>
    public long Number => lines?.Number ?? nextArgument;

    /// <summary>The text, or the first of two.</summary>
    public ReadOnlySpan<byte> Text => text.Span;

    /// <summary>The second text.</summary>
    public ReadOnlySpan<byte> Pair => pair.Span;

    /// <summary>Whether there are two texts.</summary>
    public bool IsPair { get; private set; }

    /// <summary>Whether a text was longer than <see cref="Most"/>: the rest of it was not read.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Why the line cannot be read; null where it can.</summary>
    public string? Error { get; private set; }

    /// <summary>Moves on; false at the end.</summary>
    public bool Next()
    {
        text = pair = default;
        IsPair = IsCut = false;
        Error = null;
        if (!(arguments is null ? NextLine() : NextArgument()))
        {
            return false;
        }
        (text, pair) = (Keep(text), Keep(pair));
        return true;
    }

    /// <summary>The text up to a whole character.</summary>
    private ReadOnlyMemory<byte> Keep(ReadOnlyMemory<byte> whole)
    {
        if (whole.Length <= Most)
        {
            return whole;
        }
        IsCut = true;
        int length = Most;
        for (int i = 0; i < 3 && length > 0 && (whole.Span[length] & 0xC0) == 0x80; i++)
        {
            length--;
        }
        return whole[..length];
    }

    private bool NextArgument()
    {
        if (nextArgument == arguments!.Length)
        {
            return false;
        }
        text = arguments[nextArgument++];
        if (pairs && !Split())
        {
            if (nextArgument == arguments.Length)
            {
                throw CommandException.Usage("--pair: the last text has no second one; give two texts, or one with a tab between the two");
            }
            pair = arguments[nextArgument++];
            IsPair = true;
        }
        return true;
    }

    private bool NextLine()
    {
        LineState state;
        ReadOnlyMemory<byte> line;
        try
        {
            state = lines!.Read(out line);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Usage($"standard input cannot be read: {error.Message}");
        }
        if (state == LineState.End)
        {
            return false;
        }
        if (json && state == LineState.TooLong)
        {
            Error = $"longer than {mostJson} bytes: split it";
            return true;
        }
        text = line;
        if (json)
        {
            Error = ReadJson(line.Span);
            Error ??= pairs && !IsPair ? "--pair: no text_pair; write {\"text\": ..., \"text_pair\": ...}" : null;
        }
        else if (pairs && !Split())
        {
            Error = "--pair: no tab; a line is two texts with a tab between";
        }
        return true;
    }

    /// <summary>Cuts the text at its first tab.</summary>
    private bool Split()
    {
        int tab = text.Span.IndexOf((byte)'\t');
        if (tab < 0)
        {
            return false;
        }
        pair = text[(tab + 1)..];
        text = text[..tab];
        IsPair = true;
        return true;
    }

    /// <summary>Takes text and pair from a JSON line; returns what is wrong with it.</summary>
    private string? ReadJson(ReadOnlySpan<byte> line)
    {
        if (!Utf8.IsValid(line))
        {
            return "not UTF-8, which JSON has to be";
        }
        // Unescaping never makes a string longer.
        if (unescaped.Length < line.Length)
        {
            unescaped = new byte[Math.Max(line.Length, 4096)];
        }
        int used = 0;
        bool hasText = false;
        try
        {
            Utf8JsonReader reader = new(line);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                text = Unescape(ref reader, ref used);
                hasText = true;
            }
            else if (reader.TokenType == JsonTokenType.StartObject)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    bool isText = reader.ValueTextEquals("text"u8), isPair = reader.ValueTextEquals("text_pair"u8);
                    reader.Read();
                    if (isText && reader.TokenType == JsonTokenType.String)
                    {
                        text = Unescape(ref reader, ref used);
                        hasText = true;
                    }
                    else if (isPair && reader.TokenType == JsonTokenType.String)
                    {
                        pair = Unescape(ref reader, ref used);
                        IsPair = true;
                    }
                    else if (isText || (isPair && reader.TokenType != JsonTokenType.Null))
                    {
                        return isText ? "\"text\" is not a string" : "\"text_pair\" is not a string";
                    }
                    else
                    {
                        reader.Skip();
                    }
                }
            }
            // Looks at what follows the value: there may be nothing.
            while (reader.Read())
            {
            }
        }
        catch (JsonException error)
        {
            return $"not JSON at byte {error.BytePositionInLine}: a line is a string or {{\"text\": ..., \"text_pair\": ...}}";
        }
        catch (InvalidOperationException)
        {
            return "a string has half of a surrogate pair";
        }
        return hasText ? null : "no \"text\": a line is a string or {\"text\": ..., \"text_pair\": ...}";
    }

    private ReadOnlyMemory<byte> Unescape(ref Utf8JsonReader reader, ref int used)
    {
        int length = reader.CopyString(unescaped.AsSpan(used));
        ReadOnlyMemory<byte> value = unescaped.AsMemory(used, length);
        used += length;
        return value;
    }
}
