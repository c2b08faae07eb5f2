// Compiles every method of the runtime assembly, and the planted floats, to machine code with the AOT compiler itself.
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using IBert.Edge.Proofs.Il;
using IBert.Edge.TestSupport;
using Mono.Cecil;
using Xunit;

namespace IBert.Edge.Proofs.Native;

/// <summary>
/// A published program holds only what it calls; here each assembly is a root as a whole. Cross-compiling needs the target's
/// framework for its intrinsics; where the registry lacks it, the x64 framework serves, in which they are unsupported.
/// </summary>
internal sealed partial class WholeAssembly
{
    private static readonly Lazy<WholeAssembly> s_x64 = new(() => new("x64", Published.For("linux-x64")));

    private static readonly Lazy<WholeAssembly> s_arm64 = new(() => new("arm64", Published.For("linux-arm64")));

    public static WholeAssembly X64 => s_x64.Value;

    public static WholeAssembly Arm64 => s_arm64.Value;

    private WholeAssembly(string architecture, Publication publication)
    {
        const int packsAreMissing = 2;
        HasFramework = publication.ExitCode == 0;
        if (!HasFramework)
        {
            Assert.True(publication.ExitCode == packsAreMissing, publication.Output);
            publication = Published.For("linux-x64");
        }
        Assert.True(publication.ExitCode == 0, publication.Output);
        string[] published = File.ReadAllLines(publication.CompilerArguments);

        ObjectFile = Path.Combine(Shared.Repository, "artifacts", "obj", $"proofs-{architecture}.o");
        string statistics = Path.ChangeExtension(ObjectFile, ".mstat");
        string response = Path.ChangeExtension(ObjectFile, ".rsp");
        File.WriteAllLines(response,
        [
            Beside("IBert.Edge.dll"), Beside("Planted.dll"), "--root:IBert.Edge", "--root:Planted", "--nativelib", "-O",
            "--targetos:linux", $"--targetarch:{architecture}", $"-o:{ObjectFile}", $"--mstat:{statistics}",
            // Each method its own code, and static constructors as code too: what is counted is what the assembly has.
            "--methodbodyfolding:none", "--nopreinitstatics", "--resilient",
            .. published.Where(
                l => l.StartsWith("-r:", StringComparison.Ordinal) && !l.EndsWith("IBert.Edge.dll", StringComparison.Ordinal)),
            .. published.Where(l => l.StartsWith("--instruction-set:", StringComparison.Ordinal) && HasFramework),
        ]);
        (int exitCode, string output) = Published.Run(Compiler(published), "@" + response);
        Assert.True(exitCode == 0, output);

        var assemblies = new Assemblies();
        Runtime = assemblies.Load(Beside("IBert.Edge.dll"));
        Planted = assemblies.Load(Beside("Planted.dll"));
        Methods = CompiledMethods.Read(statistics, assemblies);
    }

    /// <summary>False where the packs of the target are missing: then its vector instructions are not compiled.</summary>
    public bool HasFramework { get; }

    public string ObjectFile { get; }

    public AssemblyDefinition Runtime { get; }

    public AssemblyDefinition Planted { get; }

    /// <summary>Every compiled method with its symbol, the framework's too.</summary>
    public List<(MethodReference Method, string Symbol)> Methods { get; }

    /// <summary>The symbols that were compiled from an assembly.</summary>
    public List<(MethodReference Method, string Symbol)> Of(AssemblyDefinition assembly) =>
        [.. Methods.Where(m => m.Method.DeclaringType.GetElementType().Scope.Name == assembly.Name.Name)];

    private static string Beside(string name) => Path.Combine(AppContext.BaseDirectory, name);

    /// <summary>The compiler lies in the package folder beside the framework pack that it was given, in the same version.</summary>
    private static string Compiler(string[] arguments)
    {
        Match pack = arguments.Select(a => FrameworkPack().Match(a)).First(m => m.Success);
        string host = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();
        return Path.Combine(pack.Groups["packages"].Value, $"runtime.linux-{host}.microsoft.dotnet.ilcompiler",
            pack.Groups["version"].Value, "tools", "ilc");
    }

    [GeneratedRegex("^-r:(?<packages>.*)/microsoft.netcore.app.runtime.nativeaot.[^/]*/(?<version>[^/]*)/")]
    private static partial Regex FrameworkPack();
}
