// Fuzzes what reads files of others, guided by coverage (build/fuzz-coverage.sh runs all of this in turn):
//
//   IBert.Edge.CoverageFuzz instrument FOLDER       instruments the product's assemblies there
//   IBert.Edge.CoverageFuzz afl TARGET              takes inputs from afl-fuzz
//   IBert.Edge.CoverageFuzz run TARGET PATH...      runs files or folders of inputs, says what became of each; 1: at least one is a finding
//   IBert.Edge.CoverageFuzz seeds TARGET FOLDER     writes inputs to begin with
//   IBert.Edge.CoverageFuzz minimize TARGET FOLDER PATH...   copies to FOLDER the inputs that reach what no smaller one does
//   IBert.Edge.CoverageFuzz coverage TARGET PATH... prints what inputs reach, type by type
using System.Security.Cryptography;
using IBert.Edge.CoverageFuzz;
using SharpFuzz;

switch (args)
{
    case ["instrument", string folder]:
        Instrumentation.Instrument(folder);
        return 0;
    case ["afl", string name]:
        // SharpFuzz takes the place for its counters when it runs: instrumented code must not run before.
        Lazy<ITarget> fuzzed = new(() => Targets.Create(name));
        MemoryStream bytes = new();
        Fuzzer.OutOfProcess.Run(stream =>
        {
            bytes.SetLength(0);
            stream.CopyTo(bytes);
            Targets.Run(fuzzed.Value, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        });
        return 0;
    case ["run", string name, .. string[] paths]:
        return Run(name, Files(paths));
    case ["seeds", string name, string folder]:
        foreach (byte[] seed in Targets.Seeds(name))
        {
            Keep(folder, seed);
        }
        return 0;
    case ["minimize", string name, string folder, .. string[] paths]:
        Instrumentation.UseMap();
        using (ITarget target = Targets.Create(name))
        {
            foreach (string file in Instrumentation.Minimize(target, Files(paths)))
            {
                Keep(folder, File.ReadAllBytes(file));
            }
        }
        return 0;
    case ["coverage", string name, .. string[] paths]:
        Instrumentation.UseMap();
        using (ITarget target = Targets.Create(name))
        {
            Instrumentation.PrintCoverage(target, Files(paths));
        }
        return 0;
    default:
        Console.Error.WriteLine(
            "usage: instrument FOLDER | afl TARGET | run TARGET PATH... | seeds TARGET FOLDER | minimize TARGET FOLDER PATH... | "
            + $"coverage TARGET PATH...; targets: {string.Join(' ', Targets.Names)}");
        return 2;
}

static int Run(string name, IEnumerable<string> files)
{
    int findings = 0;
    using ITarget target = Targets.Create(name);
    foreach (string file in files)
    {
        // Said before: an input may end the process.
        Console.Write($"{Path.GetFileName(file)}: ");
        Console.Out.Flush();
        try
        {
            Console.WriteLine(Targets.Run(target, File.ReadAllBytes(file)) is { } refusal ? $"refused: {refusal}" : "taken");
        }
        catch (Exception error)
        {
            Console.WriteLine($"FINDING {error}");
            findings++;
        }
    }
    return findings > 0 ? 1 : 0;
}

static IEnumerable<string> Files(string[] paths) =>
    paths.SelectMany<string, string>(path => Directory.Exists(path) ? Directory.GetFiles(path).Order(StringComparer.Ordinal) : [path]);

// Named by its hash: the same input is kept once, whoever finds it.
static void Keep(string folder, byte[] input)
{
    Directory.CreateDirectory(folder);
    File.WriteAllBytes(Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(input))[..16]), input);
}
