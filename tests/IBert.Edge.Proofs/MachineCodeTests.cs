// No floating point in machine code: our functions in the published program, and every method of the runtime for x64 and ARM64.
using IBert.Edge.Proofs.Native;
using IBert.Edge.TestSupport;
using Mono.Cecil;
using Xunit;

namespace IBert.Edge.Proofs;

public class MachineCodeTests(ITestOutputHelper output)
{
    [Fact]
    public void Our_functions_in_the_published_program_have_no_floating_point()
    {
        Publication publication = Published.For("linux-x64");
        Assert.True(publication.ExitCode == 0, publication.Output);
        InferencePath path = InferencePath.Find();
        Assert.SkipWhen(path.Roots.Count == 0, InferencePath.NothingYet);
        HashSet<string> reached = [.. path.Reached.Methods.Select(m => m.FullName)];
        // Folded bodies have one symbol for several methods: a method without one of its own is in another's code.
        HashSet<string> symbols =
        [
            .. from method in CompiledMethods.Read(publication.Program + ".mstat", new Il.Assemblies())
               let definition = method.Method.GetElementMethod()
               let assembly = definition.DeclaringType.GetElementType().Scope.Name
               where assembly == "IBert.Edge"
                   || ((assembly == "ibert" || InferencePath.Libraries.Contains(assembly)) && reached.Contains(definition.FullName))
               select method.Symbol,
        ];

        X64Report report = X64Report.Of(new ElfFile(publication.Program + ".dbg"), new ElfFile(publication.Program), symbols);

        output.WriteLine($"published for linux-x64: {report}");
        Assert.True(report.Functions > 0);
        Assert.Empty(report.Violations);
    }

    [Fact]
    public void Every_method_of_the_runtime_compiled_for_x64_has_no_floating_point()
    {
        WholeAssembly whole = WholeAssembly.X64;
        var file = new ElfFile(whole.ObjectFile);

        X64Report report = X64Report.Of(file, file, Symbols(whole, whole.Runtime));

        output.WriteLine($"whole assembly for x64: {report}");
        Assert.All(NotCompiled(whole), m => Assert.True(IsGeneric(m), m.FullName));
        Assert.Empty(report.Violations);
    }

    [Fact]
    public void Every_method_of_the_runtime_compiled_for_ARM64_has_no_floating_point()
    {
        WholeAssembly whole = WholeAssembly.Arm64;
        Dictionary<string, Arm64Rule.Function> functions = Functions(whole, whole.Runtime);

        List<MethodDefinition> notCompiled = [.. NotCompiled(whole)];

        output.WriteLine(
            $"whole assembly for ARM64: {functions.Count} functions, {functions.Values.Sum(f => f.Instructions.Count)} instructions");
        output.WriteLine($"{Bodies(whole.Runtime).Count()} methods with IL; generic or in generic types, and without code of their own: " +
            $"{notCompiled.Count} ({string.Join(", ", notCompiled.Select(m => $"{m.DeclaringType.Name}.{m.Name}"))})");
        Assert.All(notCompiled, m => Assert.True(IsGeneric(m), m.FullName));
        Assert.Empty(functions.Values.SelectMany(f => Arm64Rule.Check(f).Select(i => $"{f.Symbol}: {i}")));
    }

    [Fact]
    public void The_dot_product_tile_uses_SDOT()
    {
        WholeAssembly whole = WholeAssembly.Arm64;
        Assert.SkipUnless(whole.HasFramework, "the registry lacks the ARM64 packs: its vector instructions cannot be compiled here");
        TypeDefinition? kernel = whole.Runtime.MainModule.GetType("IBert.Edge.Kernels.DpProduct");
        Assert.SkipWhen(kernel is null, "IBert.Edge.Kernels.DpProduct does not exist yet");

        int dots = whole.Of(whole.Runtime)
            .Where(m => m.Method.DeclaringType.GetElementType().FullName.StartsWith(kernel.FullName, StringComparison.Ordinal))
            .Select(m => Functions(whole, whole.Runtime)[m.Symbol])
            .Max(f => f.Instructions.Count(i => i.Mnemonic == "sdot"));

        output.WriteLine($"{dots} SDOT in the function of DpProduct that has most");
        Assert.InRange(dots, 16, int.MaxValue);
    }

    [Fact]
    public void Every_planted_float_is_found_in_x64_code()
    {
        WholeAssembly whole = WholeAssembly.X64;
        var file = new ElfFile(whole.ObjectFile);

        foreach ((MethodReference method, string symbol) in Compiled(whole, "MachineFloats"))
        {
            Assert.True(X64Report.Of(file, file, [symbol]).Violations.Count > 0, $"{method} was not found");
        }
        Assert.All(Compiled(whole, "Integers"), m => Assert.Empty(X64Report.Of(file, file, [m.Symbol]).Violations));
    }

    [Fact]
    public void Every_planted_float_is_found_in_ARM64_code()
    {
        WholeAssembly whole = WholeAssembly.Arm64;
        Dictionary<string, Arm64Rule.Function> functions = Functions(whole, whole.Planted);

        foreach ((MethodReference method, string symbol) in Compiled(whole, "MachineFloats"))
        {
            Assert.True(Arm64Rule.Check(functions[symbol]).Any(), $"{method} was not found");
        }
        Assert.All(Compiled(whole, "Integers"), m => Assert.Empty(Arm64Rule.Check(functions[m.Symbol])));
    }

    [Theory]
    [InlineData("fmov\tw0, s0", true)]
    [InlineData("fmov\ts0, w1", true)]
    [InlineData("fmov\td0, #1.0", false)]
    [InlineData("sdot\tv0.4s, v1.16b, v2.4b[0]", true)]
    [InlineData("scvtf\td0, w1", false)]
    [InlineData("fcvtzs\tw0, d1", false)]
    [InlineData("bfdot\tv0.4s, v1.8h, v2.8h", false)]
    [InlineData("b.eq\td10 <Foo+0x10>  // b.none", true)]
    [InlineData("bfi\tx0, x1, #3, #4", true)]
    public void The_ARM64_rule_says(string instruction, bool permitted)
    {
        string[] parts = instruction.Split('\t');
        Assert.Equal(permitted, !Arm64Rule.Check(new("f", [(parts[0], parts[1])])).Any());
    }

    private static List<(MethodReference Method, string Symbol)> Compiled(WholeAssembly whole, string planted)
    {
        var compiled = whole.Of(whole.Planted).Where(m => m.Method.DeclaringType.Name == planted).ToList();
        Assert.Equal(whole.Planted.MainModule.GetType("IBert.Edge.Planted." + planted).Methods.Count, compiled.Count);
        return compiled;
    }

    private static HashSet<string> Symbols(WholeAssembly whole, AssemblyDefinition assembly) =>
        [.. whole.Of(assembly).Select(m => m.Symbol)];

    private static Dictionary<string, Arm64Rule.Function> Functions(WholeAssembly whole, AssemblyDefinition assembly)
    {
        HashSet<string> symbols = Symbols(whole, assembly);
        var functions = Arm64Rule.Disassemble(whole.ObjectFile).Where(f => symbols.Contains(f.Symbol)).ToDictionary(f => f.Symbol);
        Assert.Empty(symbols.Except(functions.Keys));
        return functions;
    }

    /// <summary>The methods of the assembly that have IL of their own.</summary>
    private static IEnumerable<MethodDefinition> Bodies(AssemblyDefinition assembly) =>
        assembly.MainModule.GetTypes().SelectMany(t => t.Methods).Where(m => m.HasBody);

    /// <summary>The runtime's methods that have IL but no machine code.</summary>
    private static IEnumerable<MethodDefinition> NotCompiled(WholeAssembly whole)
    {
        HashSet<MethodDefinition> compiled = [.. whole.Of(whole.Runtime).Select(m => m.Method.Resolve()).OfType<MethodDefinition>()];
        return Bodies(whole.Runtime).Where(m => !compiled.Contains(m));
    }

    /// <summary>
    /// The one kind that may have no code of its own: a generic definition is compiled where something instantiates it, and not even
    /// then when each call of it is inlined, whose code is in the callers.
    /// </summary>
    private static bool IsGeneric(MethodDefinition method)
    {
        for (TypeDefinition? type = method.DeclaringType; type is not null; type = type.DeclaringType)
        {
            if (type.HasGenericParameters)
            {
                return true;
            }
        }
        return method.HasGenericParameters;
    }
}

/// <summary>What was looked at in x64 code, and what was found.</summary>
internal sealed record X64Report(int Functions, int Instructions, List<string> Violations)
{
    public static X64Report Of(ElfFile names, ElfFile code, HashSet<string> symbols)
    {
        int instructions = 0;
        var violations = new List<string>();
        List<Symbol> functions = [.. names.Functions().Where(f => symbols.Contains(f.Name))];
        Assert.Empty(symbols.Except(functions.Select(f => f.Name)));
        foreach (Symbol function in functions)
        {
            (int count, List<string> found) = X64Rule.Check(code.Code(function), function.Address);
            instructions += count;
            violations.AddRange(found.Select(f => $"{function.Name}: {f}"));
        }
        return new(functions.Count, instructions, violations);
    }

    public override string ToString() => $"{Functions} functions, {Instructions} instructions, {Violations.Count} violations";
}
