// A quantized checkpoint: the file's sections, and what its integers stand for.
using System.Text;
using IBert.Edge.Format;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>What quantization gives: everything of the file but its provenance, which is known last.</summary>
internal sealed record QuantizedModel(IReadOnlyList<ModelSection> Sections, IReadOnlyList<QuantizedTensor> Tensors)
{
    /// <summary>The whole file.</summary>
    /// <param name="provenance">JSON that says where the model came from; null to leave it out.</param>
    public byte[] ToFile(string? provenance)
    {
        List<ModelSection> sections = [.. Sections, new(SectionKind.Meanings, false, MeaningsSection.Write(Tensors))];
        if (provenance is not null)
        {
            sections.Add(new(SectionKind.Provenance, false, Encoding.UTF8.GetBytes(provenance)));
        }
        return ModelBuilder.Assemble(sections);
    }
}
