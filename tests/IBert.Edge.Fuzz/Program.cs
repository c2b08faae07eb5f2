// Tries mutants of small models in turn, one for each tokenizer, head and set of functions:
//
//   IBert.Edge.Fuzz SEED FIRST COUNT [PROGRESS-FILE]
//
// Ends with 0, a line for each model and the line "COUNT mutants, N opened", or with 1 and what a mutant did; PROGRESS-FILE holds the number of
// the mutant at hand (8 bytes), so that whoever started this knows it even if the process died. One mutant is tried again by its seed and number:
// ... SEED NUMBER 1
using System.Globalization;
using System.IO.MemoryMappedFiles;
using IBert.Edge;
using IBert.Edge.Format;
using IBert.Edge.Fuzz;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.TestSupport;

if (args.Length is < 3 or > 4)
{
    Console.Error.WriteLine("usage: IBert.Edge.Fuzz SEED FIRST COUNT [PROGRESS-FILE]");
    return 2;
}
int seed = args[0] == "beyond" ? 0 : int.Parse(args[0], CultureInfo.InvariantCulture), first = int.Parse(args[1], CultureInfo.InvariantCulture), count = int.Parse(args[2], CultureInfo.InvariantCulture);
using MemoryMappedFile? progressFile = args.Length == 4 ? MemoryMappedFile.CreateFromFile(args[3], FileMode.OpenOrCreate, null, sizeof(long)) : null;
using MemoryMappedViewAccessor? progress = progressFile?.CreateViewAccessor();

if (args[0] == "beyond")
{
    // For the test that shows that a byte beyond guarded memory ends the process.
    unsafe
    {
        Console.WriteLine(new GuardedMemory(first).Take(first)[first + count - 1]);
    }
    return 0;
}
using Trial trial = new();
(string Name, Mutator Mutator)[] models =
[
    ("WordPiece, one label", MutatorOf(SmallModel.Sections)),
    ("WordPiece, labels of their own", MutatorOf(SmallModel.SectionsOf(HeadKind.MultiLabel))),
    ("WordPiece, a value", MutatorOf(SmallModel.SectionsOf(HeadKind.Regression))),
    ("byte-level BPE", MutatorOf(SmallModel.BytePairSections())),
    ("published functions", MutatorOf(PublishedModel.Sections)),
];
if (Array.Find(models, model => !trial.Run(model.Mutator.Original)).Name is string refused)
{
    Console.Error.WriteLine($"the model itself does not open: {refused}: {trial.Refusal}");
    return 1;
}
int[] tried = new int[models.Length], opened = new int[models.Length];
for (int i = first; i < first + count; i++)
{
    progress?.Write(0, (long)i);
    int at = i % models.Length;
    try
    {
        tried[at]++;
        opened[at] += trial.Run(models[at].Mutator.Mutate(HashCode(seed, i))) ? 1 : 0;
        if (count == 1)
        {
            Console.WriteLine(trial.Refusal ?? "opened and classified");
        }
    }
    catch (Exception error)
    {
        Console.WriteLine($"seed {seed}, mutant {i}, {models[at].Name}: {error}");
        return 1;
    }
}
for (int i = 0; i < models.Length; i++)
{
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{models[i].Name}: {opened[i]} of {tried[i]} opened ({100.0 * opened[i] / Math.Max(tried[i], 1):F1} %)"));
}
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} mutants, {opened.Sum()} opened; kernels {trial.Kernels}, seed {seed}, from {first}"));
return 0;

static Mutator MutatorOf(IReadOnlyList<ModelSection> sections) => new([.. sections, new(SectionKind.Provenance, false, "{}"u8.ToArray())]);

// The same in every process, unlike System.HashCode.
static int HashCode(int seed, int number) => (int)(((uint)seed * 0x9E3779B1) ^ ((uint)number * 0x85EBCA77));
