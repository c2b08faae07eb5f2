// An opened .ibert file: mapped, and proven before anything of it is used.
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Text;

namespace IBert.Edge;

/// <summary>
/// A model file, mapped into memory. Opening proves everything that inference relies on (sizes, offsets, checksums, accumulator bounds,
/// lifetimes in the arena), so nothing a file says can later take an operation out of bounds. Weights stay in the mapping and are shared by
/// all classifiers of the model; keep the model open while any of them is used.
/// </summary>
/// <remarks>
/// Safe for use by several threads at once. Do not write over a file while it is open: put the new one beside it and rename. The file is
/// looked at before every text, so that one which was written over or cut in between gives a <see cref="ModelChangedException"/>; one that
/// is cut while a text is being classified ends the process. Where that cannot be excluded, read it into memory (<see cref="Open"/>).
/// </remarks>
public sealed unsafe class ModelFile : IDisposable
{
    private ModelFile(ModelContents contents)
    {
        Contents = contents;
        Tokenizer = OpenTokenizer();
        InputBounds bounds = TextFrontEnd.BoundsOf(Tokenizer);
        LeastLength = bounds.LeastLength;
        GraphVerifier verifier = new(contents);
        verifier.Verify(bounds);
        Steps = verifier.Steps;
    }

    /// <summary>The file's path.</summary>
    public string Name => Contents.Name;

    /// <summary>The file's size in bytes.</summary>
    public long Length => Contents.Length;

    /// <summary>What the model answers with: one label, labels of their own, or a value.</summary>
    public HeadKind HeadKind => Contents.Head.Kind;

    /// <summary>Names of the labels, in the order of the logits; of a regression the one value's name.</summary>
    public IReadOnlyList<string> Labels => Contents.Labels;

    /// <summary>Largest sequence length in tokens, special tokens included.</summary>
    public int MaxLength => (int)Contents.Graph.MaxLength;

    /// <summary>
    /// Where the model came from, as JSON (source hash, quantizer version, options, calibration, accuracy); null where it is not stated.
    /// </summary>
    public string? Provenance => Contents.Provenance;

    /// <summary>
    /// Smallest length that texts can be cut to: room for the special tokens and, where these are two or fewer, for one more.
    /// </summary>
    internal int LeastLength { get; }

    /// <summary>What the longest text takes (<see cref="Graph.Operations.Operation.Steps"/>).</summary>
    internal long Steps { get; }

    /// <summary>
    /// The tokenizer, opened and proven once; whoever tokenizes takes another one over the same tables
    /// (<see cref="Text.Tokenizer.Another"/>).
    /// </summary>
    internal Tokenizer Tokenizer { get; }

    /// <summary>Its sections and records.</summary>
    internal ModelContents Contents { get; }

    /// <summary>Maps and proves a model file.</summary>
    /// <param name="path">Path of an <c>.ibert</c> file.</param>
    /// <param name="isPrivate">
    /// Reads the file into memory of this process instead, so that whatever happens to it later does not matter. It costs the file's size,
    /// and processes do not share it.
    /// </param>
    /// <returns>The model; dispose it after its classifiers.</returns>
    /// <exception cref="ModelFormatException">
    /// The file is not a model, is damaged, is of a newer version, or says something impossible.
    /// </exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read, or is a folder.</exception>
    /// <exception cref="InsufficientMemoryException">There is not enough memory to read it into.</exception>
    public static ModelFile Open(string path, bool isPrivate = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ModelBytes bytes = new(path, isPrivate);
        try
        {
            return new ModelFile(new ModelContents(path, bytes));
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Proves a model that lies in memory, which the caller keeps alive (and 64-byte aligned).</summary>
    internal static ModelFile FromMemory(string name, byte* start, long length) => new(new ModelContents(name, start, length));

    /// <summary>
    /// Whether another file lies at the path by now, as it should where a model is updated: renamed over the old one. This model is as it
    /// was; open the new one when it suits. Where a file is mapped and nothing but its content changed, the answer is no, and classifying
    /// fails.
    /// </summary>
    public bool WasReplaced() => Successor() is not null;

    /// <summary>Unmaps the file. Classifiers of this model must not be used afterwards.</summary>
    public void Dispose() => Contents.Dispose();

    /// <summary>What <see cref="WasReplaced"/> tells of, so that one file need not be tried twice.</summary>
    internal FileStamp? Successor() => Contents.Successor();

    private Tokenizer OpenTokenizer()
    {
        try
        {
            return Tokenizer.Open(Contents.TokenizerSection);
        }
        catch (ModelFormatException error)
        {
            throw new ModelFormatException($"{Name}: {error.Message}", error);
        }
    }
}
