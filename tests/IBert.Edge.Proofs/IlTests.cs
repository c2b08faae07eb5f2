// No floating point in the runtime, nor in what of ours opening, tokenizing and classifying reaches: proven on the IL.
using IBert.Edge.Proofs.Il;
using IBert.Edge.TestSupport;
using Mono.Cecil;
using Xunit;

namespace IBert.Edge.Proofs;

public class IlTests(ITestOutputHelper output)
{
    [Fact]
    public void The_runtime_assembly_has_no_floating_point()
    {
        AssemblyDefinition runtime = new Assemblies().Load(Built("IBert.Edge"));

        Assert.Empty(FloatInIl.Check(runtime));

        output.WriteLine(
            $"{runtime.MainModule.GetTypes().Count()} types, {runtime.MainModule.GetTypes().Sum(t => t.Methods.Count)} methods");
    }

    [Fact]
    public void What_classify_and_tokenize_reach_in_the_program_has_no_floating_point()
    {
        InferencePath path = InferencePath.Find();
        Assert.SkipWhen(path.Roots.Count == 0, InferencePath.NothingYet);

        var violations = path.Reached.Methods.SelectMany(FloatInIl.Check).Concat(path.Reached.Types.SelectMany(FloatInIl.CheckDeclaration));

        Assert.Empty(violations);
        output.WriteLine($"{path.Roots.Count} methods to begin with, {path.Reached.Methods.Count} reached");
    }

    /// <summary>The check is worth what it finds: every planted member but the integer ones is reported.</summary>
    [Fact]
    public void Every_planted_float_is_found()
    {
        AssemblyDefinition planted = new Assemblies().Load(Path.Combine(AppContext.BaseDirectory, "Planted.dll"));
        TypeDefinition hidden = planted.MainModule.GetType("IBert.Edge.Planted.HiddenFloats");
        HashSet<string> found = [.. FloatInIl.Check(planted).Select(v => v.Where)];

        IEnumerable<string> members =
        [
            .. hidden.Fields.Select(f => f.FullName), .. hidden.Methods.Where(m => !m.IsConstructor).Select(m => m.FullName),
            .. planted.MainModule.GetType("IBert.Edge.Planted.MachineFloats").Methods.Select(m => m.FullName),
            "IBert.Edge.Planted.FloatList",
        ];
        Assert.Empty(members.Except(found));
        Assert.True(members.Count() > 20);
    }

    [Fact]
    public void Integer_code_is_not_reported()
    {
        AssemblyDefinition planted = new Assemblies().Load(Path.Combine(AppContext.BaseDirectory, "Planted.dll"));

        Assert.Empty(FloatInIl.Check(planted.MainModule.GetType("IBert.Edge.Planted.Integers")));
    }

    /// <summary>
    /// A float that hides behind a virtual call, a lambda or a static constructor is reached; what nothing mentions is not.
    /// </summary>
    [Theory]
    [InlineData("Virtual", true)]
    [InlineData("Lambda", true)]
    [InlineData("StaticConstructor", true)]
    [InlineData("Iterator", true)]
    [InlineData("Integer", false)]
    public void The_call_graph_reaches_a_planted_float(string root, bool reaches)
    {
        AssemblyDefinition planted = new Assemblies().Load(Path.Combine(AppContext.BaseDirectory, "Planted.dll"));
        MethodDefinition method = planted.MainModule.GetType("IBert.Edge.Planted.Roads").Methods.Single(m => m.Name == root);

        var reached = Reachable.From([planted], [method]);

        Assert.Empty(FloatInIl.Check(method));
        Assert.Equal(reaches, reached.Methods.SelectMany(FloatInIl.Check).Any());
    }

    internal static string Built(string project)
    {
        string path = Path.Combine(Shared.Repository, "src", project, "bin", "Release", "net10.0", project + ".dll");
        Assert.True(File.Exists(path), $"{path} is missing: build the solution in Release first (build/test.sh does)");
        return path;
    }
}

/// <summary>The part of the program that classifies: from the types named for the commands that do, as far as they reach.</summary>
internal sealed record InferencePath(IReadOnlyList<MethodDefinition> Roots, Reachable Reached)
{
    public const string NothingYet = "the program has no type named for classify or tokenize yet";

    /// <summary>What of ours the program consists of, beside its own assembly.</summary>
    public static readonly string[] Libraries = ["IBert.Edge", "IBert.Edge.CommandLine", "IBert.Edge.Files"];

    private static readonly string[] s_commands = ["Classify", "Tokenize"];

    public static InferencePath Find()
    {
        var assemblies = new Assemblies();
        AssemblyDefinition program = assemblies.Load(IlTests.Built("ibert"));
        AssemblyDefinition[] ours = [program, .. Libraries.Select(library => assemblies.Load(IlTests.Built(library)))];
        MethodDefinition[] roots =
        [
            .. from type in program.MainModule.GetTypes()
               where s_commands.Any(c => type.FullName.Contains(c, StringComparison.Ordinal))
               from method in type.Methods
               select method,
        ];
        return new(roots, Reachable.From(ours, roots));
    }
}
