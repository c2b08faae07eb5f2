// ibert classify: a label for each text.
using System.CommandLine;
using System.Diagnostics;
using IBert.Edge.CommandLine;

namespace IBert.Edge.Cli.Commands;

internal static class ClassifyCommand
{
    public static Command Create()
    {
        Option<string?> model = ModelAccess.Option();
        Argument<string[]> texts = TextOptions.Texts();
        Option<bool> pair = TextOptions.Pair(), json = TextOptions.Json(), jsonInput = TextOptions.JsonInput();
        Option<int?> top = NumberOption.Create("--top", "Show the N best labels, best first (default: 1, of a multi-label model all)");
        Option<bool> all = new("--all") { Description = "Show all labels, best first" };
        Option<bool> isPrivate = ModelAccess.PrivateOption();
        Option<int?> maxLength = ModelAccess.MaxLengthOption();
        Option<int?> threads = ModelAccess.Threads();
        Command command = new CommandWithExamples(
            "classify",
            "Labels texts: the arguments, else the lines of standard input. One line in, one line out: label, tab, score (a tab more for " +
                "each further label); of a regression the value.",
            [
                "ibert classify \"a charming and often affecting journey\"",
                "tail -f reviews.log | ibert classify",
                "ibert classify -m models/intents.ibert --top 3 --json < commands.txt",
                "printf 'A plane takes off.\\tAn air plane is leaving.\\n' | ibert classify -m pairs.ibert --pair",
            ],
            TextOptions.Notes)
        {
            texts, model, pair, top, all, json, jsonInput, maxLength, threads, isPrivate,
        };
        command.SetAction(parsed =>
        {
            using ServedModel served = new(
                parsed.GetValue(model), parsed.GetValue(isPrivate), parsed.GetValue(maxLength),
                ModelAccess.ReadThreads(parsed.GetValue(threads)));
            TextInput input =
                new(parsed.GetValue(texts) ?? [], parsed.GetValue(pair), parsed.GetValue(jsonInput), ModelAccess.TextBytes(served.Model));
            using ResultWriter output = new(input.IsStream);
            return Run(served, input, output, parsed.GetValue(all) ? int.MaxValue : parsed.GetValue(top), parsed.GetValue(json));
        });
        return command;
    }

    /// <summary>Answers line after line. Nothing here is done in floating point.</summary>
    private static int Run(ServedModel served, TextInput input, ResultWriter output, int? top, bool json)
    {
        Ranking ranking = new(served.Classifier.Labels.Count);
        return TextOptions.AnswerEach(input, output, json, () =>
        {
            if (served.Refresh())
            {
                ranking = new(served.Classifier.Labels.Count);
            }
            Classifier classifier = served.Classifier;
            long begun = Stopwatch.GetTimestamp();
            Prediction prediction = input.IsPair ? classifier.Classify(input.Text, input.Pair) : classifier.Classify(input.Text);
            long micros = (Stopwatch.GetTimestamp() - begun) * 1_000_000 / Stopwatch.Frequency;
            ReadOnlySpan<int> best = Shown(prediction.Kind, top) is { } count ? ranking.Best(classifier.Logits, count) : [];
            if (json)
            {
                WriteJson(classifier, input, prediction, micros, best, output);
            }
            else
            {
                WritePlain(classifier, prediction, best, output);
            }
        });
    }

    /// <summary>How many labels are shown with their scores; null for the one answer.</summary>
    private static int? Shown(HeadKind kind, int? top) => kind switch
    {
        HeadKind.Regression => null,
        // Labels that do not exclude each other: the best alone would say too little.
        HeadKind.MultiLabel => top ?? int.MaxValue,
        _ => top,
    };

    private static void WritePlain(Classifier classifier, in Prediction prediction, ReadOnlySpan<int> best, ResultWriter output)
    {
        const int digits = 3;
        if (prediction.Kind == HeadKind.Regression)
        {
            // A value's unit is unknown, so all its digits count.
            output.AppendFraction(prediction.ValueMillionths, Fraction.Digits);
        }
        else if (best.IsEmpty)
        {
            output.Append(prediction.Label).Append((byte)'\t').AppendFraction(prediction.Millionths, digits);
        }
        for (int i = 0; i < best.Length; i++)
        {
            if (i > 0)
            {
                output.Append((byte)'\t');
            }
            output.Append(classifier.Labels[best[i]]).Append((byte)'\t').AppendFraction(classifier.Scores[best[i]], digits);
        }
        output.EndLine();
    }

    private static void WriteJson(
        Classifier classifier, TextInput input, in Prediction prediction, long micros, ReadOnlySpan<int> best, ResultWriter output)
    {
        System.Text.Json.Utf8JsonWriter json = output.Json;
        json.WriteStartObject();
        json.WriteString("text"u8, input.Text);
        if (input.IsPair)
        {
            json.WriteString("text_pair"u8, input.Pair);
        }
        if (prediction.Kind == HeadKind.Regression)
        {
            WriteFraction(json, "value"u8, prediction.ValueMillionths);
        }
        else
        {
            json.WriteString("label"u8, prediction.Label);
            WriteFraction(json, "score"u8, prediction.Millionths);
        }
        json.WriteNumber("tokens"u8, prediction.TokenCount);
        TextOptions.WriteTruncated(input, prediction.Truncated, output);
        json.WriteNumber("micros"u8, micros);
        if (!best.IsEmpty)
        {
            json.WriteStartArray("scores"u8);
            foreach (int label in best)
            {
                json.WriteStartObject();
                json.WriteString("label"u8, classifier.Labels[label]);
                WriteFraction(json, "score"u8, classifier.Scores[label]);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
        output.EndJson();
    }

    private static void WriteFraction(System.Text.Json.Utf8JsonWriter json, ReadOnlySpan<byte> name, long millionths)
    {
        Span<byte> text = stackalloc byte[Fraction.MaxLength];
        int length = Fraction.Format(millionths, Fraction.Digits, text);
        json.WritePropertyName(name);
        json.WriteRawValue(text[..length], skipInputValidation: true);
    }
}
