// The models that mutants are made of: one of every scheme, architecture, head and tokenizer, and what only a model written by hand has.
using IBert.Edge.Format;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.TestSupport;

namespace IBert.Edge.Fuzz;

internal static class Bases
{
    /// <summary>Names, with their mutators.</summary>
    public static (string Name, Mutator Mutator)[] All() =>
    [
        .. ModelKinds.Some.Select(kind => ($"{kind}", MutatorOf(ModelKinds.Make(kind).Sections))),
        ("published functions by hand", MutatorOf(PublishedModel.Sections)),
    ];

    /// <summary>A mutant, the same in every process.</summary>
    public static byte[] Mutant((string Name, Mutator Mutator)[] bases, int seed, int number) =>
        bases[number % bases.Length].Mutator.Mutate((int)(((uint)seed * 0x9E3779B1) ^ ((uint)number * 0x85EBCA77)));

    private static Mutator MutatorOf(IReadOnlyList<ModelSection> sections) => new(
        sections.Any(section => section.Kind == SectionKind.Provenance)
            ? sections
            : [.. sections, new(SectionKind.Provenance, false, "{}"u8.ToArray())]);
}
