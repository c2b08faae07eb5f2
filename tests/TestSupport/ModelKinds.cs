// Every kind of model there is, each made in a few milliseconds from random weights: for tests that no kind may be left out of.
using System.Collections.Concurrent;
using IBert.Edge.Checkpoints;
using IBert.Edge.Format;
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Calibration;
using IBert.Edge.Quantization.Lowering;

namespace IBert.Edge.TestSupport;

/// <summary>
/// What distinguishes models: how their integers were chosen, the network, the answers, the tokenizer, and what stands beside the required
/// sections.
/// </summary>
internal sealed record ModelKind(QuantizationScheme Scheme, Architecture Architecture, HeadKind Head, bool BytePair, bool Described)
{
    public override string ToString() =>
        $"{Scheme} {Architecture} {Head} {(BytePair ? "byte-level BPE" : "WordPiece")}{(Described ? "" : ", required sections alone")}";
}

/// <summary>A model of a kind.</summary>
/// <param name="Sections">The file's.</param>
/// <param name="Checkpoint">Folder of what it was made from.</param>
/// <param name="Path">The file.</param>
internal sealed record MadeModel(IReadOnlyList<ModelSection> Sections, string Checkpoint, string Path);

internal static class ModelKinds
{
    private static readonly ConcurrentDictionary<ModelKind, Lazy<MadeModel>> s_made = new();

    private static readonly Lazy<string> s_folder = new(() =>
    {
        string folder = Directory.CreateTempSubdirectory("ibert-kinds-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    });

    private static readonly Architecture[] s_architectures = [Architecture.Bert, Architecture.DistilBert, Architecture.Roberta];

    /// <summary>
    /// Every scheme with every head, and with every architecture that it has; tokenizers and optional sections take turns, so that each
    /// meets each of the others.
    /// </summary>
    public static IReadOnlyList<ModelKind> Some { get; } = [.. All().Where(kind =>
        kind.BytePair == ((int)kind.Head + (int)kind.Architecture) % 2 > 0
            && kind.Described == ((int)kind.Head % 2 > 0 == (kind.Architecture != Architecture.DistilBert)))];

    /// <summary>All combinations. Integers of the reference I-BERT are made from that architecture alone.</summary>
    public static IEnumerable<ModelKind> All() =>
        from scheme in Enum.GetValues<QuantizationScheme>()
        from architecture in scheme == QuantizationScheme.IBert ? [Architecture.IBert] : s_architectures
        from head in Enum.GetValues<HeadKind>()
        from bytePair in (bool[])[false, true]
        from described in (bool[])[true, false]
        select new ModelKind(scheme, architecture, head, bytePair, described);

    /// <summary>The model of a kind, made when first asked for; its files go with the process.</summary>
    public static MadeModel Make(ModelKind kind) => s_made.GetOrAdd(kind, _ => new(() => MakeNew(kind))).Value;

    private static MadeModel MakeNew(ModelKind kind)
    {
        string folder = Directory.CreateDirectory(Path.Combine(s_folder.Value, $"{Guid.NewGuid():N}")).FullName;
        byte[] tokenizer = kind.BytePair ? SmallModel.BytePair() : SmallModel.WordPiece();
        Random random = new(1);
        (Checkpoint checkpoint, Calibrator calibrator) = SmallModel.Weights(
            kind.Architecture, kind.Head, random, BitConverter.ToInt32(tokenizer, 8));
        SmallCheckpoint.Write(checkpoint, calibrator, folder);
        (IReadOnlyList<ModelSection> sections, IReadOnlyList<QuantizedTensor> meanings) = Lower(
            kind.Scheme, checkpoint, calibrator, folder, tokenizer);
        if (kind.Described)
        {
            string provenance = $$$"""{"format": 1, "source": {"sha256": "{{{Checkpoint.Load(folder).SourceHash}}}"}}""";
            sections =
            [
                .. sections, new(SectionKind.Meanings, false, MeaningsSection.Write(meanings)),
                new(SectionKind.Provenance, false, System.Text.Encoding.UTF8.GetBytes(provenance)),
            ];
        }
        string path = Path.Combine(folder, "model.ibert");
        File.WriteAllBytes(path, ModelBuilder.Assemble(sections));
        return new MadeModel(sections, folder, path);
    }

    private static (IReadOnlyList<ModelSection>, IReadOnlyList<QuantizedTensor>) Lower(
        QuantizationScheme scheme, Checkpoint checkpoint, Calibrator calibrator, string folder, byte[] tokenizer)
    {
        if (scheme == QuantizationScheme.IBert)
        {
            IBertLowering published = new(IBertCheckpoint.Load(folder, checkpoint));
            return (published.Lower(SmallModel.MaxLength, tokenizer), published.Meanings);
        }
        Int8Lowering lowering = new(checkpoint, calibrator.Ranges(), new Int8Options());
        return (lowering.Lower(SmallModel.MaxLength, tokenizer), lowering.Meanings);
    }
}
