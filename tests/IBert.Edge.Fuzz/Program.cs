// Tries mutants of a small model:  IBert.Edge.Fuzz SEED FIRST COUNT [PROGRESS-FILE]
//
// Ends with 0 and the line "COUNT mutants, N opened", or with 1 and what a mutant did; PROGRESS-FILE holds the number of the mutant at hand (8
// bytes), so that whoever started this knows it even if the process died. One mutant is tried again by its seed and number: ... SEED NUMBER 1
using System.Globalization;
using System.IO.MemoryMappedFiles;
using IBert.Edge.Fuzz;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.TestSupport;

if (args.Length is < 3 or > 4)
{
    Console.Error.WriteLine("usage: IBert.Edge.Fuzz SEED FIRST COUNT [PROGRESS-FILE]");
    return 2;
}
int seed = int.Parse(args[0], CultureInfo.InvariantCulture), first = int.Parse(args[1], CultureInfo.InvariantCulture), count = int.Parse(args[2], CultureInfo.InvariantCulture);
using MemoryMappedFile? progressFile = args.Length == 4 ? MemoryMappedFile.CreateFromFile(args[3], FileMode.OpenOrCreate, null, sizeof(long)) : null;
using MemoryMappedViewAccessor? progress = progressFile?.CreateViewAccessor();

using Trial trial = new();
if (!trial.Run(SmallModel.File()))
{
    Console.Error.WriteLine($"the model itself does not open: {trial.Refusal}");
    return 1;
}
Mutator mutator = new([.. SmallModel.Sections, new ModelSection(IBert.Edge.Format.SectionKind.Provenance, false, "{}"u8.ToArray())]);
int opened = 0;
for (int i = first; i < first + count; i++)
{
    progress?.Write(0, (long)i);
    try
    {
        opened += trial.Run(mutator.Mutate(HashCode(seed, i))) ? 1 : 0;
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
