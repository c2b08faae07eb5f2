// Opens a model that may be hostile and, if it opens, classifies with it between guard pages.
using System.Text;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;

namespace IBert.Edge.Fuzz;

/// <summary>
/// The file, the arena and the scratch each end at a page that nobody may touch, the file is read-only, and what lies before them must not
/// change. The arena is filled with one pattern for the best kernels and with another for the scalar ones: what was never written would
/// show as different logits.
/// </summary>
internal sealed unsafe class Trial : IDisposable
{
    // Longest text that is tried: an arena and a scratch for more would only be larger.
    private const int LongestText = 48;

    private static readonly byte[][] s_texts =
    [
        "a good film"u8.ToArray(), [], [0xFF, (byte)'a', 0xC3, 0x00, 0xE4, 0xB8, (byte)' ', 0xED, 0xA0, 0x80, 0xF4, 0x90],
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("the [M]baddest Film,ing \u00C9\u302E\U0001D165\u4E2D ", 12))),
    ];

    private readonly GuardedMemory file = new(4 << 20), arena = new(GraphLimits.Arena), scratch = new(GraphLimits.Scratch);
    private readonly KernelSet[] kernels = [KernelSet.Select(), KernelSet.Create("scalar")!];

    /// <summary>Names of the kernels that are compared.</summary>
    public string Kernels => string.Join(" and ", kernels.Select(set => set.Name));

    /// <summary>Why the last model was refused.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Whether a model opens; if so it has classified.</summary>
    /// <exception cref="TrialException">Something that no model may do was seen.</exception>
    public bool Run(byte[] bytes)
    {
        byte* start = file.Take(bytes.Length);
        bytes.CopyTo(new Span<byte>(start, bytes.Length));
        file.ReadOnly = true;
        try
        {
            Refusal = null;
            using ModelFile model = ModelFile.FromMemory("mutant", start, bytes.Length);
            Classify(model);
            return true;
        }
        catch (ModelFormatException refused)
        {
            Refusal = refused.Message;
            return false;
        }
        finally
        {
            file.ReadOnly = false;
        }
    }

    public void Dispose()
    {
        file.Dispose();
        arena.Dispose();
        scratch.Dispose();
    }

    private void Classify(ModelFile model)
    {
        Tokenizer tokenizer = model.Tokenizer.Another();
        int[] ids = new int[Math.Min(model.MaxLength, LongestText)];
        byte[] types = new byte[ids.Length];
        for (int i = 0; i < s_texts.Length; i++)
        {
            int count = tokenizer.Encode(s_texts[i], ids, out _);
            for (int token = 0; token < count; token++)
            {
                _ = tokenizer.Piece(ids[token]);
            }
            Array.Clear(types);
            Infer(model, ids.AsSpan(0, count), types.AsSpan(0, count));
        }
        int pair = tokenizer.EncodePair(s_texts[0], s_texts[3], ids, types, out _);
        Infer(model, ids.AsSpan(0, pair), types.AsSpan(0, pair));
    }

    private void Infer(ModelFile model, ReadOnlySpan<int> ids, ReadOnlySpan<byte> types)
    {
        int[][] logits = new int[kernels.Length][];
        for (int i = 0; i < kernels.Length; i++)
        {
            // Memory of exactly the sizes that are asked for.
            using Executor executor = new(
                model.Contents, kernels[i], ids.Length, 1, Filled(arena, Executor.ArenaOf(model.Contents, ids.Length), (byte)(0xA5 >> i)),
                Filled(scratch, Executor.ScratchOf(model.Contents, kernels[i], ids.Length, 1), (byte)(0x96 >> i)));
            logits[i] = executor.Run(new(ids, types)).ToArray();
            if (!arena.Intact || !scratch.Intact || !file.Intact)
            {
                throw new TrialException($"{kernels[i].Name} kernels wrote outside their memory");
            }
        }
        if (!logits[0].AsSpan().SequenceEqual(logits[1]))
        {
            throw new TrialException($"logits of {Kernels} differ: {string.Join(' ', logits[0])} and {string.Join(' ', logits[1])}");
        }
        if (model.HeadKind == HeadKind.Regression)
        {
            LabelScores.Value(logits[0][0], model.Contents.Head);
            return;
        }
        int[] scores = new int[model.Labels.Count];
        bool single = model.HeadKind == HeadKind.SingleLabel;
        int best = single
            ? LabelScores.Softmax(logits[0], model.Contents.Head, scores)
            : LabelScores.Sigmoid(logits[0], model.Contents.Head, scores);
        if ((single && scores.Sum() != LabelScores.Whole) || scores.Any(score => score is < 0 or > LabelScores.Whole)
            || model.Labels[best] is null)
        {
            throw new TrialException($"scores {string.Join(' ', scores)} are not parts of {LabelScores.Whole}");
        }
    }

    private static byte* Filled(GuardedMemory memory, long bytes, byte pattern)
    {
        byte* start = memory.Take(bytes);
        // Of a giant arena the rest is as the last mutant left it.
        int part = (int)Math.Min(bytes, 1 << 18);
        new Span<byte>(start, part).Fill(pattern);
        new Span<byte>(start + bytes - part, part).Fill(pattern);
        return start;
    }

    private static class GraphLimits
    {
        public const long Arena = (1L << 30) + 4096, Scratch = 64L << 20;
    }
}

/// <summary>What a mutant did that no model may do.</summary>
internal sealed class TrialException(string message) : Exception(message);
