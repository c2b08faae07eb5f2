// The public front door: text in, label out.
using System.Runtime.InteropServices;
using System.Text.Unicode;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;
using IBert.Edge.Text;

namespace IBert.Edge;

/// <summary>
/// Classifies texts with one model, in integers only. All memory is taken when it is created: a classification allocates nothing.
/// </summary>
/// <remarks>
/// A classifier is used by one thread at a time. Several classifiers, on one <see cref="ModelFile"/> or on many, may run at once: they
/// share the mapped weights and nothing else.
/// <code>
/// using var classifier = Classifier.Open("models/sentiment.ibert");
/// Prediction p = classifier.Classify("a charming and often affecting journey");   // p.Label, p.PerMille
/// </code>
/// </remarks>
public sealed unsafe class Classifier : IDisposable
{
    private readonly bool ownsModel;
    private readonly TextFrontEnd frontEnd;
    private readonly Inference inference;
    private readonly Utf8Buffer first = new(), second = new();
    private bool disposed;

    /// <summary>Creates a classifier on an opened model, which must outlive it.</summary>
    /// <param name="model">An opened model; others may use it too.</param>
    /// <param name="options">How to run; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="ArgumentException"><c>IBERT_KERNELS</c> names kernels that do not exist or that this CPU lacks.</exception>
    /// <exception cref="InsufficientMemoryException">This machine has not the memory that the model needs for the longest text.</exception>
    public Classifier(ModelFile model, ClassifierOptions? options = null)
        : this(model, options, ownsModel: false)
    {
    }

    private Classifier(ModelFile model, ClassifierOptions? options, bool ownsModel)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new ClassifierOptions();
        int maxLength = options.MaxLength == 0 ? model.MaxLength : options.MaxLength;
        if (maxLength < model.LeastLength || maxLength > model.MaxLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), $"a length of {maxLength} tokens: this model takes {model.LeastLength} to {model.MaxLength}");
        }
        if (options.Threads is < 1 or > ClassifierOptions.MostThreads)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), $"{options.Threads} threads: 1 to {ClassifierOptions.MostThreads} can be used");
        }
        Model = model;
        this.ownsModel = ownsModel;
        Kernels = KernelSet.Select();
        inference = new Inference(model.Contents, Kernels, maxLength, options.Threads);
        frontEnd = new TextFrontEnd(model.Tokenizer.Another(), maxLength);
    }

    /// <summary>The model.</summary>
    public ModelFile Model { get; }

    /// <summary>Names of the labels, in the order of <see cref="Scores"/>.</summary>
    public IReadOnlyList<string> Labels => Model.Labels;

    /// <summary>Longest sequence in tokens, special tokens included.</summary>
    public int MaxLength => frontEnd.MaxLength;

    /// <summary>Name of the kernels that run: <c>scalar</c>, <c>avx2</c>, <c>advsimd</c> or <c>dp</c>.</summary>
    public string KernelName => Kernels.Name;

    /// <summary>
    /// Scores of all labels for the last text, in millionths, in the model's order. Of a <see cref="HeadKind.SingleLabel"/> model their sum
    /// is exactly 1,000,000; of a <see cref="HeadKind.MultiLabel"/> model each is 0..1,000,000 by itself; a
    /// <see cref="HeadKind.Regression"/> has none.
    /// </summary>
    public ReadOnlySpan<int> Scores => inference.Scores;

    /// <summary>Token ids of the last text, special tokens included.</summary>
    public ReadOnlySpan<int> TokenIds => frontEnd.Input.Ids;

    internal KernelSet Kernels { get; }

    internal Executor Executor => inference.Executor;

    internal Tokenizer Tokenizer => frontEnd.Tokenizer;

    /// <summary>Token type ids of the last text.</summary>
    internal ReadOnlySpan<byte> TypeIds => frontEnd.Input.Types;

    /// <summary>The last text's logits: integers at the scale that the model's head states.</summary>
    internal ReadOnlySpan<int> Logits => inference.Logits;

    /// <summary>Opens a model for this classifier alone.</summary>
    /// <param name="path">Path of an <c>.ibert</c> file.</param>
    /// <param name="options">How to run; null for the defaults.</param>
    /// <exception cref="ModelFormatException">The file is not a usable model.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="ArgumentException">An option, or <c>IBERT_KERNELS</c>, cannot be followed.</exception>
    /// <exception cref="InsufficientMemoryException">This machine has not the memory that the model needs for the longest text.</exception>
    public static Classifier Open(string path, ClassifierOptions? options = null)
    {
        ModelFile model = ModelFile.Open(path);
        try
        {
            return new Classifier(model, options, ownsModel: true);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Classifies a text.</summary>
    /// <param name="text">Any text, empty included; a lone surrogate counts as U+FFFD. Cut at <see cref="MaxLength"/> tokens.</param>
    /// <exception cref="ModelChangedException">The model's file was written over or cut since it was opened.</exception>
    public Prediction Classify(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(disposed, this);
        return Classify(first.Encode(text));
    }

    /// <summary>Classifies a pair of texts.</summary>
    /// <param name="text">The first text.</param>
    /// <param name="pair">The second text. Both are cut, the longer one first, to <see cref="MaxLength"/> tokens together.</param>
    /// <exception cref="ModelChangedException">The model's file was written over or cut since it was opened.</exception>
    public Prediction Classify(string text, string pair)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(pair);
        ObjectDisposedException.ThrowIf(disposed, this);
        return Classify(first.Encode(text), second.Encode(pair));
    }

    /// <summary>Classifies a text in UTF-8.</summary>
    /// <param name="utf8">Any bytes; invalid sequences count as U+FFFD. Cut at <see cref="MaxLength"/> tokens.</param>
    /// <exception cref="ModelChangedException">The model's file was written over or cut since it was opened.</exception>
    public Prediction Classify(ReadOnlySpan<byte> utf8)
    {
        Tokenize(utf8, out bool truncated);
        return Infer(truncated);
    }

    /// <summary>Classifies a pair of texts in UTF-8.</summary>
    /// <param name="utf8">The first text.</param>
    /// <param name="pair">The second text. Both are cut, the longer one first, to <see cref="MaxLength"/> tokens together.</param>
    /// <exception cref="ModelChangedException">The model's file was written over or cut since it was opened.</exception>
    public Prediction Classify(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> pair)
    {
        TokenizePair(utf8, pair, out bool truncated);
        return Infer(truncated);
    }

    /// <summary>Classifies a sequence that another tokenizer has made of a text, in the ids of this model's vocabulary.</summary>
    /// <param name="ids">1 to <see cref="MaxLength"/> ids, special tokens included.</param>
    /// <param name="typeIds">A token type for each id: 0, or 1 of a second text; empty: 0 of all.</param>
    /// <param name="truncated">What <see cref="Prediction.Truncated"/> is to say: whether the text had more tokens.</param>
    /// <exception cref="ArgumentException">There are no ids, more than <see cref="MaxLength"/>, or another number of types.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative or beyond the vocabulary, or a type is neither 0 nor 1.</exception>
    /// <exception cref="ModelChangedException">The model's file was written over or cut since it was opened.</exception>
    public Prediction ClassifyIds(ReadOnlySpan<int> ids, ReadOnlySpan<byte> typeIds = default, bool truncated = false)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (ids.IsEmpty || ids.Length > MaxLength)
        {
            throw new ArgumentException($"{ids.Length} ids: this classifier takes 1 to {MaxLength}", nameof(ids));
        }
        if (!typeIds.IsEmpty && typeIds.Length != ids.Length)
        {
            throw new ArgumentException($"{typeIds.Length} token types for {ids.Length} ids", nameof(typeIds));
        }
        int last = Tokenizer.VocabularySize - 1;
        if (ids.IndexOfAnyExceptInRange(0, last) is int bad and >= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(ids), $"id {ids[bad]} at {bad}: this model has 0 to {last}");
        }
        if (typeIds.IndexOfAnyExceptInRange((byte)0, (byte)1) is int other and >= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(typeIds), $"token type {typeIds[other]} at {other}: there are 0 and 1");
        }
        Model.Contents.RequireUnchanged();
        frontEnd.Write(ids, typeIds);
        return Infer(truncated);
    }

    /// <summary>Releases the arena, and the model if this classifier opened it.</summary>
    public void Dispose()
    {
        if (!disposed)
        {
            disposed = true;
            inference.Dispose();
            first.Dispose();
            second.Dispose();
            if (ownsModel)
            {
                Model.Dispose();
            }
        }
    }

    /// <summary>Fills in <see cref="TokenIds"/> and <see cref="TypeIds"/> without classifying.</summary>
    internal void Tokenize(ReadOnlySpan<byte> utf8, out bool truncated)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        Model.Contents.RequireUnchanged();
        frontEnd.Write(utf8, out truncated);
    }

    /// <inheritdoc cref="Tokenize"/>
    internal void TokenizePair(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> pair, out bool truncated)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        Model.Contents.RequireUnchanged();
        frontEnd.Write(utf8, pair, out truncated);
    }

    private Prediction Infer(bool truncated)
    {
        int best = inference.Run(frontEnd.Input), tokens = frontEnd.Input.Length;
        return Model.HeadKind == HeadKind.Regression
            ? new Prediction(HeadKind.Regression, Model.Labels[0], 0, inference.Value, tokens, truncated)
            : new Prediction(Model.HeadKind, Model.Labels[best], best, inference.Scores[best], tokens, truncated);
    }

    /// <summary>A text's UTF-8 in native memory that grows with the longest text, so that no text is garbage.</summary>
    private sealed class Utf8Buffer : IDisposable
    {
        private byte* memory;
        private nuint capacity;

        public ReadOnlySpan<byte> Encode(string text)
        {
            // A UTF-16 unit becomes at most three bytes.
            nuint needed = (nuint)text.Length * 3;
            if (needed > capacity)
            {
                memory = (byte*)NativeMemory.Realloc(memory, needed);
                capacity = needed;
            }
            Utf8.FromUtf16(
                text, new Span<byte>(memory, (int)Math.Min(capacity, int.MaxValue)), out _, out int written, replaceInvalidSequences: true);
            return new ReadOnlySpan<byte>(memory, written);
        }

        public void Dispose()
        {
            NativeMemory.Free(memory);
            memory = null;
            capacity = 0;
        }
    }
}
