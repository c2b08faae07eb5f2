// ibert tokenize: what the model sees of a text.
using System.CommandLine;
using IBert.Edge.Cli.Input;
using IBert.Edge.Cli.Output;

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
            "Shows the pieces and ids that the model gets of each text. One line in, one line out: pieces, tab, ids, each separated by spaces.",
            [
                "ibert tokenize \"unflinchingly bleak\"",
                "ibert tokenize --json --max-length 128 < texts.txt",
            ])
        {
            texts, model, pair, maxLength, json, jsonInput, isPrivate,
        };
        command.SetAction(parsed =>
        {
            using ServedModel served = new(parsed.GetValue(model), parsed.GetValue(isPrivate), parsed.GetValue(maxLength));
            TextInput input = new(parsed.GetValue(texts) ?? [], parsed.GetValue(pair), parsed.GetValue(jsonInput));
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
                WriteJson(classifier, truncated, output);
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
            output.Append(classifier.Tokenizer.Piece(id));
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

    private static void WriteJson(Classifier classifier, bool truncated, ResultWriter output)
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
        json.WriteBoolean("truncated"u8, truncated);
        json.WriteEndObject();
        output.EndJson();
    }
}
