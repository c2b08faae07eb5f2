// ibert tokenize: what the model sees of a text.
using System.CommandLine;
using IBert.Edge.CommandLine;

namespace IBert.Edge.Cli.Commands;

internal static class TokenizeCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelAccess.Option();
        Argument<string[]> texts = TextOptions.Texts();
        Option<bool> pair = TextOptions.Pair(), json = TextOptions.Json(), jsonInput = TextOptions.JsonInput();
        Option<int?> maxLength = ModelAccess.MaxLengthOption();
        Option<bool> isPrivate = ModelAccess.PrivateOption();
        Command command = new CommandWithExamples(
            "tokenize",
            "Shows the pieces and ids that the model gets of each text. One line in, one line out: pieces, tab, ids, " +
                "each separated by spaces.",
            [
                "ibert tokenize \"unflinchingly bleak\"",
                "ibert tokenize --json --max-length 128 < texts.txt",
            ],
            TextOptions.Notes)
        {
            texts, model, pair, maxLength, json, jsonInput, isPrivate,
        };
        command.SetAction(parsed =>
        {
            using ServedModel served = new(parsed.GetValue(model), parsed.GetValue(isPrivate), parsed.GetValue(maxLength));
            TextInput input =
                new(parsed.GetValue(texts) ?? [], parsed.GetValue(pair), parsed.GetValue(jsonInput), ModelAccess.TextBytes(served.Model));
            using ResultWriter output = new(input.IsStream);
            return Run(served, input, output, parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(ServedModel served, TextInput input, ResultWriter output, bool json) =>
        TextOptions.AnswerEach(input, output, json, () =>
        {
            served.Refresh();
            Classifier classifier = served.Classifier;
            bool truncated;
            if (input.IsPair)
            {
                classifier.TokenizePair(input.Text, input.Pair, out truncated);
            }
            else
            {
                classifier.Tokenize(input.Text, out truncated);
            }
            if (json)
            {
                WriteJson(classifier, input, truncated, output);
            }
            else
            {
                WritePlain(classifier, output);
            }
        });

    private static void WritePlain(Classifier classifier, ResultWriter output)
    {
        byte separator = 0;
        foreach (int id in classifier.TokenIds)
        {
            if (separator != 0)
            {
                output.Append(separator);
            }
            WritePiece(classifier.Tokenizer.Piece(id), output);
            separator = (byte)' ';
        }
        separator = (byte)'\t';
        foreach (int id in classifier.TokenIds)
        {
            output.Append(separator).Append(id);
            separator = (byte)' ';
        }
        output.EndLine();
    }

    /// <summary>A piece on its own stays one: a space in it would look like the end of it.</summary>
    private static void WritePiece(ReadOnlySpan<byte> piece, ResultWriter output)
    {
        for (int space; (space = piece.IndexOf((byte)' ')) >= 0; piece = piece[(space + 1)..])
        {
            output.Append(piece[..space]).Append("\\u0020"u8);
        }
        output.Append(piece);
    }

    private static void WriteJson(Classifier classifier, TextInput input, bool truncated, ResultWriter output)
    {
        System.Text.Json.Utf8JsonWriter json = output.Json;
        json.WriteStartObject();
        json.WriteStartArray("ids"u8);
        foreach (int id in classifier.TokenIds)
        {
            json.WriteNumberValue(id);
        }
        json.WriteEndArray();
        json.WriteStartArray("type_ids"u8);
        foreach (byte type in classifier.TypeIds)
        {
            json.WriteNumberValue((int)type);
        }
        json.WriteEndArray();
        json.WriteStartArray("tokens"u8);
        foreach (int id in classifier.TokenIds)
        {
            json.WriteStringValue(classifier.Tokenizer.Piece(id));
        }
        json.WriteEndArray();
        TextOptions.WriteTruncated(input, truncated, output);
        json.WriteEndObject();
        output.EndJson();
    }
}
