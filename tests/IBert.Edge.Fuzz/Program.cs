// Tries mutants of two small models in turn:  IBert.Edge.Fuzz SEED FIRST COUNT [PROGRESS-FILE]
//
// Ends with 0 and the line "COUNT mutants, N opened", or with 1 and what a mutant did; PROGRESS-FILE holds the number of the mutant at hand (8
// bytes), so that whoever started this knows it even if the process died. One mutant is tried again by its seed and number: ... SEED NUMBER 1
using System.Globalization;
using System.IO.MemoryMappedFiles;
using IBert.Edge.Format;
using IBert.Edge.Fuzz;
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
Mutator[] mutators = [.. new[] { SmallModel.Sections, PublishedModel.Sections }.Select(sections => new Mutator([.. sections, new(SectionKind.Provenance, false, "{}"u8.ToArray())]))];
if (Array.Find(mutators, mutator => !trial.Run(mutator.Original)) is not null)
{
    Console.Error.WriteLine($"a model itself does not open: {trial.Refusal}");
    return 1;
}
int opened = 0;
for (int i = first; i < first + count; i++)
{
    progress?.Write(0, (long)i);
    try
    {
        opened += trial.Run(mutators[i % mutators.Length].Mutate(HashCode(seed, i))) ? 1 : 0;
        if (count == 1)
        {
            Console.WriteLine(trial.Refusal ?? "opened and classified");
        }
    }
    catch (Exception error)
    {
        Console.WriteLine($"seed {seed}, mutant {i}: {error}");
        return 1;
    }
}
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} mutants, {opened} opened; kernels {trial.Kernels}, seed {seed}, from {first}"));
return 0;

// The same in every process, unlike System.HashCode.
static int HashCode(int seed, int number) => (int)(((uint)seed * 0x9E3779B1) ^ ((uint)number * 0x85EBCA77));
