// Every operation's integers on one text, with what they stand for.
using System.Runtime.InteropServices;
using IBert.Edge.Checkpoints;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Graph.Operations;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.Quantization.Texts;

namespace IBert.Edge.Quantization.Evaluation;

/// <summary>
/// A safetensors file of a text's way through a model. A tensor NAME is <c>NAME.int</c> [rows, columns] in the type the runtime stores it
/// in, without padding; <c>NAME.scale</c> F64 [1] or [columns]; and, where it is not 0, <c>NAME.zero_point</c> [1]: value = (int -
/// zero_point) * scale, and <c>NAME.shift</c> F64 [channels] is to be added where there is one. Columns beyond the channels belong to those
/// that <c>NAME.extra_channels</c> I32 names, and add to their values; -1 is none. The weights inside an attention are
/// <c>NAME.softmax.int</c> [heads, rows, tokens], their scale [1], or [heads, rows, 1] where a row's exponentials are not divided by their
/// sum. <c>input_ids</c>, <c>token_type_ids</c> and <c>logits</c> stand beside them.
/// </summary>
internal static class ModelDump
{
    /// <summary>Runs a text, or a pair of texts, and gives the file.</summary>
    /// <exception cref="ModelFormatException">The model does not say what its integers stand for.</exception>
    public static byte[] Write(ModelFile model, SourceText text)
    {
        IReadOnlyList<QuantizedTensor> tensors = MeaningsSection.Read(model);
        ILookup<int, QuantizedTensor> written = tensors.ToLookup(tensor => tensor.Operation);
        using TextEncoder encoder = new(model.Contents.TokenizerSection.Span.ToArray(), model.MaxLength, HasTypes(model));
        TokenizedText tokens = encoder.Encode(text);
        int length = tokens.Ids.Length;
        List<SafetensorsEntry> entries = [];
        SoftmaxRows softmax = new(length);
        using Executor executor = new(model.Contents, KernelSet.Select(), length, 1);
        executor.AfterSoftmax = (head, _, rows) => softmax.Add(head, rows);
        executor.AfterOperation = operation =>
        {
            if (softmax.Heads > 0)
            {
                bool published = new AttentionRecord(in model.Contents.Operations[operation]).Function == FunctionKind.Published;
                softmax.Take(TensorNames.Softmax(written[operation].First().Name), published, entries);
            }
            foreach (QuantizedTensor tensor in written[operation])
            {
                Add(entries, model.Contents.Tensors[tensor.Index].Type, tensor, ArenaIntegers.Read(model, executor, tensor));
            }
        };
        double step = Math.ScaleB(model.Contents.Head.LogitMultiplier, -model.Contents.Head.LogitExponent);
        double[] logits =
            [.. executor.Run(new(tokens.Ids, [.. tokens.Types.Select(type => (byte)type)])).ToArray().Select(logit => logit * step)];
        entries.Add(SafetensorsEntry.Of<int>("input_ids", "I32", tokens.Ids, length));
        entries.Add(SafetensorsEntry.Of<int>("token_type_ids", "I32", tokens.Types, length));
        entries.Add(SafetensorsEntry.Of<double>("logits", "F64", logits, logits.Length));
        Dictionary<string, string> metadata = new() { ["text"] = text.Text, ["quantizer"] = $"ibert-quantize {QuantizerVersion.Text}" };
        if (text.Pair is not null)
        {
            metadata["text_pair"] = text.Pair;
        }
        return SafetensorsWriter.Write([.. entries.OrderByDescending(entry => Width(entry.Type))], metadata);
    }

    /// <summary>Whether the model tells the second text of a pair from the first by its type.</summary>
    private static bool HasTypes(ModelFile model)
    {
        foreach (ref readonly OperationRecord operation in model.Contents.Operations)
        {
            if (operation.Code == OperationCode.Embed
                && new EmbedRecord(in operation).Table(EmbedRecord.Types) is not OperationRecord.None and ushort types)
            {
                return model.Contents.Constants[types].Rows > 1;
            }
        }
        return false;
    }

    private static void Add(List<SafetensorsEntry> entries, ElementType type, QuantizedTensor tensor, int[] integers)
    {
        long[] shape = [integers.Length / tensor.Columns, tensor.Columns];
        string name = $"{tensor.Name}.int";
        entries.Add(type switch
        {
            ElementType.Int8 => SafetensorsEntry.Of<sbyte>(name, "I8", Array.ConvertAll(integers, x => (sbyte)x), shape),
            ElementType.Int16 => SafetensorsEntry.Of<short>(name, "I16", Array.ConvertAll(integers, x => (short)x), shape),
            _ => SafetensorsEntry.Of<int>(name, "I32", integers, shape),
        });
        double[] scales = tensor.Divisors is null ? [tensor.Scale] : [.. Enumerable.Range(0, tensor.Columns).Select(tensor.Step)];
        entries.Add(SafetensorsEntry.Of<double>($"{tensor.Name}.scale", "F64", scales, scales.Length));
        if (tensor.ZeroPoint != 0)
        {
            entries.Add(SafetensorsEntry.Of<int>($"{tensor.Name}.zero_point", "I32", [tensor.ZeroPoint], 1));
        }
        if (tensor.Shifts is { } shifts)
        {
            entries.Add(
                SafetensorsEntry.Of<double>($"{tensor.Name}.shift", "F64", Array.ConvertAll(shifts, x => (double)x), shifts.Length));
        }
        if (tensor.Extras is { } extras)
        {
            entries.Add(SafetensorsEntry.Of<int>($"{tensor.Name}.extra_channels", "I32", extras, extras.Length));
        }
    }

    private static int Width(string type) => int.Parse(type.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>One operation's exponentials or probabilities, which come head by head and tile by tile.</summary>
    private sealed class SoftmaxRows(int length)
    {
        private readonly List<short> integers = [];

        /// <summary>How many heads came.</summary>
        public int Heads { get; private set; }

        public void Add(int head, ReadOnlySpan<ushort> rows)
        {
            Heads = head + 1;
            int padded = Panels.Padded(length);
            for (int i = 0; i < rows.Length; i++)
            {
                if (i % padded < length)
                {
                    integers.Add((short)rows[i]);
                }
            }
        }

        /// <summary>Moves what came to the entries.</summary>
        public void Take(string name, bool published, List<SafetensorsEntry> entries)
        {
            long rows = integers.Count / Heads / length;
            entries.Add(SafetensorsEntry.Of<short>($"{name}.int", "I16", CollectionsMarshal.AsSpan(integers), Heads, rows, length));
            double[] sums = [.. integers.Chunk(length).Select(row => 1.0 / row.Sum(e => e))];
            entries.Add(published
                ? SafetensorsEntry.Of<double>($"{name}.scale", "F64", [Math.ScaleB(1, -PublishedElements.ProbabilityBits)], 1)
                : SafetensorsEntry.Of<double>($"{name}.scale", "F64", sums, Heads, rows, 1));
            integers.Clear();
            Heads = 0;
        }
    }
}
