// ibert inspect: what is in a model file, and what it needs to run.
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using IBert.Edge.Cli.Inspection;
using IBert.Edge.CommandLine;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;

namespace IBert.Edge.Cli.Commands;

internal static class InspectCommand
{
    // Operations are listed for a sequence of this length, where their size depends on it.
    private const int GraphLength = 32;

    public static Command Create()
    {
        Option<string?> model = ModelAccess.Option();
        Option<bool> graph =
            new("--graph") { Description = "List the operations: rows, tensors with their places in the arena, multipliers, products" };
        Option<bool> isPrivate = ModelAccess.PrivateOption();
        Option<bool> json = new("--json") { Description = "One JSON object" };
        Command command = new CommandWithExamples(
            "inspect",
            "Shows what a model is, where it came from, and the memory that each length needs.",
            [
                "ibert inspect -m models/sentiment.ibert",
                "ibert inspect -m models/sentiment.ibert --graph",
            ])
        {
            model, graph, json, isPrivate,
        };
        command.SetAction(parsed =>
        {
            using ModelFile opened = ModelAccess.Open(parsed.GetValue(model), parsed.GetValue(isPrivate));
            KernelSet kernels = ModelAccess.Kernels();
            using ResultWriter output = new();
            if (parsed.GetValue(json))
            {
                WriteJson(opened, kernels, parsed.GetValue(graph), output);
            }
            else
            {
                WritePlain(opened, kernels, parsed.GetValue(graph), output);
            }
            output.Flush();
            return ExitStatus.Done;
        });
        return command;
    }

    private static IEnumerable<int> Lengths(ModelFile model) =>
        new[] { 16, 32, 64, 128, 256, 512, model.MaxLength }.Where(length => length <= model.MaxLength).Distinct().Order();

    private static void WritePlain(ModelFile model, KernelSet kernels, bool graph, ResultWriter output)
    {
        ModelSummary summary = new(model);
        Line($"file        {model.Name}, {model.Length:N0} bytes, format {FileHeader.Major}.{FileHeader.Minor}");
        Line($"network     {summary.Layers} layers x {summary.Hidden}, {summary.Heads} heads of {summary.HeadColumns}, feed-forward ",
            $"{summary.InnerRange}");
        Line($"vocabulary  {summary.Vocabulary:N0} pieces, {summary.Positions} positions, {summary.Types} token types");
        Line($"length      up to {model.MaxLength} tokens");
        Line($"answers     {Answers(model.HeadKind)}");
        Line($"labels      {model.Labels.Count}: {string.Join(", ", model.Labels)}");
        Line($"weights     {string.Join(", ", summary.Weights.Select(w => Text($"{w.Count:N0} of {w.Bits} bits")))}");
        Line($"kernels     {kernels.Name} on this CPU (products {kernels.Product.Name}, the rest {kernels.Elements.Name})");
        output.Line();
        output.Line("section        bytes");
        foreach (SectionEntry section in model.Contents.Sections)
        {
            Line($"{SectionKind.Name(section.Kind),-7} {section.Length,12:N0}");
        }
        output.Line();
        output.Line("memory   arena and scratch   with the file");
        foreach (int length in Lengths(model))
        {
            long memory = Executor.MemoryOf(model.Contents, kernels, length, 1);
            Line($"{length,6}   {memory,17:N0}   {memory + model.Length,13:N0}");
        }
        if (model.Provenance is { } provenance)
        {
            output.Line();
            output.Line("provenance");
            foreach (string line in Provenance.Lines(provenance))
            {
                output.Line(line);
            }
        }
        if (graph)
        {
            WriteGraph(model, output);
        }

        void Line(params FormattableString[] parts) => output.Line(Text(parts));
    }

    private static void WriteGraph(ModelFile model, ResultWriter output)
    {
        output.Line();
        output.Line(Text(
            $"graph at {GraphLength} tokens: operation, rows, tensors (type, columns, place in the arena), multipliers, million products"));
        int index = 0;
        foreach (ref readonly OperationRecord operation in model.Contents.Operations)
        {
            string inputs = Tensors(model, operation.Inputs[..]), outputs = Tensors(model, operation.Outputs[..]);
            long macs = ProductWork.Macs(model, operation, GraphLength);
            string products = macs == 0 ? "" : Text($"  {macs / 1e6:0.000} M");
            output.Line(Text($"{index++,4}  {operation.Code,-9}  {(operation.Rows == RowRange.First ? "first" : "all"),-5}  {inputs} -> ",
                $"{outputs}  {Multipliers(operation)}{products}"));
        }
    }

    private static void WriteJson(ModelFile model, KernelSet kernels, bool graph, ResultWriter output)
    {
        ModelSummary summary = new(model);
        Utf8JsonWriter json = output.Json;
        json.WriteStartObject();
        json.WriteString("file"u8, model.Name);
        json.WriteNumber("bytes"u8, model.Length);
        json.WriteString("format"u8, $"{FileHeader.Major}.{FileHeader.Minor}");
        json.WriteStartObject("config"u8);
        json.WriteNumber("layers"u8, summary.Layers);
        json.WriteNumber("hidden"u8, summary.Hidden);
        json.WriteNumber("heads"u8, summary.Heads);
        json.WriteNumber("head_size"u8, summary.HeadColumns);
        json.WriteNumber("feed_forward"u8, summary.Inner.DefaultIfEmpty().Min());
        json.WriteStartArray("feed_forward_by_layer"u8);
        foreach (int columns in summary.Inner)
        {
            json.WriteNumberValue(columns);
        }
        json.WriteEndArray();
        json.WriteNumber("vocabulary"u8, summary.Vocabulary);
        json.WriteNumber("positions"u8, summary.Positions);
        json.WriteNumber("token_types"u8, summary.Types);
        json.WriteNumber("max_length"u8, model.MaxLength);
        json.WriteEndObject();
        json.WriteString("head"u8, model.HeadKind switch
        {
            HeadKind.SingleLabel => "single_label_classification"u8,
            HeadKind.MultiLabel => "multi_label_classification"u8,
            _ => "regression"u8,
        });
        json.WriteStartArray("labels"u8);
        foreach (string label in model.Labels)
        {
            json.WriteStringValue(label);
        }
        json.WriteEndArray();
        json.WriteStartObject("weights_by_bits"u8);
        foreach ((int bits, long count) in summary.Weights)
        {
            json.WriteNumber(bits.ToString(CultureInfo.InvariantCulture), count);
        }
        json.WriteEndObject();
        json.WriteStartObject("kernels"u8);
        json.WriteString("set"u8, kernels.Name);
        json.WriteString("products"u8, kernels.Product.Name);
        json.WriteString("elements"u8, kernels.Elements.Name);
        json.WriteEndObject();
        json.WriteStartObject("sections"u8);
        foreach (SectionEntry section in model.Contents.Sections)
        {
            json.WriteNumber(SectionKind.Name(section.Kind), section.Length);
        }
        json.WriteEndObject();
        json.WriteStartArray("memory"u8);
        foreach (int length in Lengths(model))
        {
            json.WriteStartObject();
            json.WriteNumber("length"u8, length);
            json.WriteNumber("bytes"u8, Executor.MemoryOf(model.Contents, kernels, length, 1));
            json.WriteNumber("macs"u8, ProductWork.Macs(model, length));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (model.Provenance is { } provenance)
        {
            json.WritePropertyName("provenance"u8);
            Provenance.Write(provenance, json);
        }
        if (graph)
        {
            json.WriteStartArray("graph"u8);
            foreach (ref readonly OperationRecord operation in model.Contents.Operations)
            {
                json.WriteStartObject();
                json.WriteString("operation"u8, operation.Code.ToString());
                json.WriteString("rows"u8, operation.Rows == RowRange.First ? "first" : "all");
                WriteTensors(json, "inputs", model, operation.Inputs[..]);
                WriteTensors(json, "outputs", model, operation.Outputs[..]);
                json.WriteString("multipliers"u8, Multipliers(operation));
                json.WriteNumber("macs_at_32"u8, ProductWork.Macs(model, operation, GraphLength));
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
        output.EndJson();
    }

    private static void WriteTensors(Utf8JsonWriter json, string name, ModelFile model, ReadOnlySpan<ushort> indexes)
    {
        json.WriteStartArray(name);
        foreach (ushort index in indexes)
        {
            if (index != OperationRecord.None)
            {
                TensorEntry tensor = model.Contents.Tensors[index];
                json.WriteStartObject();
                json.WriteNumber("tensor"u8, index);
                json.WriteString("type"u8, tensor.Type.ToString());
                json.WriteNumber("columns"u8, tensor.Columns);
                json.WriteNumber("offset"u8, tensor.OffsetFixed);
                json.WriteNumber("offset_per_token"u8, tensor.OffsetPerToken);
                json.WriteEndObject();
            }
        }
        json.WriteEndArray();
    }

    private static string Tensors(ModelFile model, ReadOnlySpan<ushort> indexes)
    {
        List<string> texts = [];
        foreach (ushort index in indexes)
        {
            if (index != OperationRecord.None)
            {
                TensorEntry tensor = model.Contents.Tensors[index];
                string rows =
                    tensor.Rows switch { RowCount.Sequence => "S", RowCount.SequenceAndFront => "S+1", _ => Text($"{tensor.FixedRows}") };
                texts.Add(Text($"t{index} {tensor.Type} {rows}x{tensor.Columns} @{tensor.OffsetFixed}+{tensor.OffsetPerToken}S"));
            }
        }
        return texts.Count == 0 ? "ids" : string.Join(", ", texts);
    }

    private static string Multipliers(in OperationRecord operation)
    {
        bool perChannel = false, single = false;
        foreach (ref readonly ScaleStage stage in operation.Stages[..])
        {
            if (stage.Exponent != 0)
            {
                perChannel |= stage.Multipliers != OperationRecord.None;
                single |= stage.Multipliers == OperationRecord.None;
            }
        }
        return (perChannel, single) switch
        {
            (true, true) => "per channel and per tensor",
            (true, false) => "per channel",
            (false, true) => "per tensor",
            _ => operation.Code == OperationCode.Embed ? "per row" : "table",
        };
    }

    private static string Answers(HeadKind kind) => kind switch
    {
        HeadKind.SingleLabel => "one label of several (softmax)",
        HeadKind.MultiLabel => "labels of their own (sigmoid)",
        _ => "a value (regression)",
    };

    private static string Text(params FormattableString[] parts) =>
        string.Concat(parts.Select(FormattableString.Invariant));
}
