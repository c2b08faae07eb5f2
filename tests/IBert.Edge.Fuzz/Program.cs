// Tries mutants of small models in turn, one for each scheme, architecture, head and tokenizer:
//
//   IBert.Edge.Fuzz SEED FIRST COUNT [PROGRESS-FILE]                       the library, in this process, between guard pages
//   IBert.Edge.Fuzz commands PROGRAM SEED FIRST COUNT [PROGRESS-FILE]      commands of the program, until COUNT mutants opened
//
// Ends with 0, a line for each model and the line "COUNT mutants, N opened", or with 1 and what a mutant did; PROGRESS-FILE holds the
// number of the mutant at hand (8 bytes), so that whoever started this knows it even if the process died. One mutant is tried again by its
// seed and number: ... SEED NUMBER 1
using System.Globalization;
using System.IO.MemoryMappedFiles;
using IBert.Edge.Fuzz;
using IBert.Edge.TestSupport;

if (args is ["beyond", string bytes, string beyond])
{
    // For the test that shows that a byte beyond guarded memory ends the process.
    unsafe
    {
        Console.WriteLine(new GuardedMemory(Number(bytes)).Take(Number(bytes))[Number(bytes) + Number(beyond) - 1]);
    }
    return 0;
}
string? program = args is ["commands", string named, ..] ? named : null;
string[] numbers = program is null ? args : args[2..];
if (numbers.Length is < 3 or > 4)
{
    Console.Error.WriteLine("usage: IBert.Edge.Fuzz [commands PROGRAM] SEED FIRST COUNT [PROGRESS-FILE]");
    return 2;
}
int seed = Number(numbers[0]), first = Number(numbers[1]), count = Number(numbers[2]);
using MemoryMappedFile? progressFile =
    numbers.Length == 4 ? MemoryMappedFile.CreateFromFile(numbers[3], FileMode.OpenOrCreate, null, sizeof(long)) : null;
using MemoryMappedViewAccessor? progress = progressFile?.CreateViewAccessor();
using Trial trial = new();
using CommandTrial? commands = program is null ? null : new(program);
(string Name, Mutator Mutator)[] bases = Bases.All();
if (Array.Find(bases, model => !trial.Run(model.Mutator.Original)).Name is string refused)
{
    Console.Error.WriteLine($"the model itself does not open: {refused}: {trial.Refusal}");
    return 1;
}
int[] tried = new int[bases.Length], opened = new int[bases.Length];
for (int i = first; commands is null ? i < first + count : opened.Sum() < count; i++)
{
    progress?.Write(0, (long)i);
    int at = i % bases.Length;
    try
    {
        tried[at]++;
        byte[] mutant = Bases.Mutant(bases, seed, i);
        if (trial.Run(mutant))
        {
            opened[at]++;
            // Bases and commands take turns with each other.
            commands?.Run(mutant, opened.Sum() + at);
        }
        if (count == 1)
        {
            Console.WriteLine(trial.Refusal ?? "opened and classified");
        }
    }
    catch (Exception error)
    {
        Console.WriteLine($"seed {seed}, mutant {i}, {bases[at].Name}: {error}");
        return 1;
    }
}
for (int i = 0; i < bases.Length; i++)
{
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{bases[i].Name}: {opened[i]} of {tried[i]} opened ({100.0 * opened[i] / Math.Max(tried[i], 1):F1} %)"));
}
Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"{tried.Sum()} mutants, {opened.Sum()} opened; " +
        $"{(commands is null ? $"kernels {trial.Kernels}" : $"exit statuses {commands.Statuses}")}, seed {seed}, from {first}"));
return 0;

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
