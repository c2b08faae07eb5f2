// What SharpFuzz writes into the assemblies, and what of it a corpus reaches.
using System.Runtime.CompilerServices;
using dnlib.DotNet;
using dnlib.DotNet.Emit;
using SharpFuzz;
using SharpFuzz.Common;

namespace IBert.Edge.CoverageFuzz;

internal static class Instrumentation
{
    // SharpFuzz's counters: a byte for each pair of blocks that ran one after the other, by a hash of 16 bits.
    private static readonly byte[] s_map = GC.AllocateArray<byte>(1 << 16, pinned: true);

    // What is not read from a file: kernels would run an order of magnitude slower, and tables have no branches.
    private static readonly string[] s_left =
    [
        "IBert.Edge.Kernels.", "IBert.Edge.Numerics.", "IBert.Edge.Text.UnicodeTables", "IBert.Edge.Quantization.Lowering.",
        "IBert.Edge.Quantization.Reference.", "IBert.Edge.Quantization.Calibration.", "IBert.Edge.Quantization.Evaluation.",
        "IBert.Edge.Quantization.Output.",
    ];

    private static readonly string[] s_harness = ["IBert.Edge.CoverageFuzz", "IBert.Edge.Fuzz"];

    /// <summary>Gives instrumented code a place for its counters: before any of it runs, outside of AFL.</summary>
    public static unsafe void UseMap()
    {
        Trace.SharedMem = (byte*)Unsafe.AsPointer(ref s_map[0]);
        Trace.OnBranch = (_, _) => { };
    }

    /// <summary>Instruments the product's assemblies in a folder, in one go, so that no two blocks have one number.</summary>
    public static void Instrument(string folder)
    {
        foreach (string path in Assemblies(folder))
        {
            int types = Fuzzer.Instrument(path, IsRead, Options.Value).Count();
            Console.WriteLine($"{Path.GetFileName(path)}: {types} types");
        }
    }

    /// <summary>The inputs that reach what no smaller one does, smallest first: of a fuzzer's queue what is worth keeping.</summary>
    public static IEnumerable<string> Minimize(ITarget target, IEnumerable<string> files)
    {
        HashSet<int> reached = [];
        bool isFirst = true;
        foreach (string file in files.OrderBy(file => new FileInfo(file).Length).ThenBy(file => file, StringComparer.Ordinal))
        {
            // What runs once in a process is nobody's.
            for (int run = isFirst ? 0 : 1; run < 2; run++)
            {
                Array.Clear(s_map);
                Trace.PrevLocation = 0;
                Targets.Run(target, File.ReadAllBytes(file));
            }
            isFirst = false;
            int before = reached.Count;
            reached.UnionWith(Enumerable.Range(0, s_map.Length).Where(i => s_map[i] != 0));
            if (reached.Count > before)
            {
                yield return file;
            }
        }
    }

    /// <summary>
    /// Runs a corpus on assemblies instrumented with SHARPFUZZ_ENABLE_ON_BRANCH_CALLBACK and prints which part of each type's blocks it
    /// reaches.
    /// </summary>
    public static void PrintCoverage(ITarget target, IEnumerable<string> files)
    {
        HashSet<(int, string)> reached = [];
        Trace.OnBranch = (id, method) => reached.Add((id, method));
        int count = 0;
        foreach (string file in files)
        {
            byte[] input = File.ReadAllBytes(file);
            if (count++ == 0)
            {
                // What a target makes for itself is not what it reads.
                Targets.Run(target, input);
                reached.Clear();
            }
            Targets.Run(target, input);
        }
        Trace.OnBranch = (_, _) => { };

        int all = 0, hit = 0;
        Console.WriteLine("| type | blocks | reached |");
        Console.WriteLine("|---|---|---|");
        foreach (var type in Assemblies(AppContext.BaseDirectory).SelectMany(Blocks).GroupBy(block => block.Type)
            .OrderBy(type => type.Key, StringComparer.Ordinal))
        {
            int blocks = type.Count(), found = type.Count(block => reached.Contains((block.Id, block.Method)));
            // Types that the target has nothing to do with are not what it should reach.
            if (found > 0)
            {
                Console.WriteLine(FormattableString.Invariant($"| {type.Key} | {blocks} | {100.0 * found / blocks:F1} % |"));
                (all, hit) = (all + blocks, hit + found);
            }
        }
        Console.WriteLine(FormattableString.Invariant(
            $"{count} inputs reach {hit} of {all} blocks ({100.0 * hit / Math.Max(all, 1):F1} %) of the types that they reach at all"));
    }

    private static IEnumerable<string> Assemblies(string folder) => Directory.GetFiles(folder, "IBert.Edge*.dll")
        .Where(path => !s_harness.Contains(Path.GetFileNameWithoutExtension(path))).Order(StringComparer.Ordinal);

    private static bool IsRead(string type) =>
        type.StartsWith("IBert.", StringComparison.Ordinal) && !s_left.Any(prefix => type.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>
    /// The instrumented blocks of an assembly, by the callback that each has; not those of members that the compiler gives to records.
    /// </summary>
    private static IEnumerable<(string Type, string Method, int Id)> Blocks(string path)
    {
        using ModuleDefMD module = ModuleDefMD.Load(path);
        foreach (MethodDef method in module.GetTypes().SelectMany(type => type.Methods)
            .Where(method => method.HasBody && !method.CustomAttributes.IsDefined(typeof(CompilerGeneratedAttribute).FullName)))
        {
            IList<Instruction> body = method.Body.Instructions;
            for (int i = 0; i + 2 < body.Count; i++)
            {
                if (body[i].OpCode == OpCodes.Ldsfld && body[i].Operand is IField { Name.String: nameof(Trace.OnBranch) })
                {
                    TypeDef type = method.DeclaringType;
                    while (type.DeclaringType is { } outer)
                    {
                        type = outer;
                    }
                    yield return (type.FullName, (string)body[i + 2].Operand, body[i + 1].GetLdcI4Value());
                }
            }
        }
    }
}
