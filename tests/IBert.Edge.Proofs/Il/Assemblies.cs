// Reads assemblies so that references between ours resolve to the same definitions.
using Mono.Cecil;

namespace IBert.Edge.Proofs.Il;

/// <summary>A set of assemblies that see one another; the framework's are found beside the running one.</summary>
internal sealed class Assemblies : BaseAssemblyResolver
{
    private readonly Dictionary<string, AssemblyDefinition> loaded = [];

    public Assemblies()
    {
        AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
    }

    /// <summary>Reads an assembly; its name then resolves to it.</summary>
    public AssemblyDefinition Load(string path)
    {
        AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(
            path, new ReaderParameters { AssemblyResolver = this, InMemory = true });
        loaded[assembly.Name.Name] = assembly;
        return assembly;
    }

    public override AssemblyDefinition Resolve(AssemblyNameReference name)
    {
        if (!loaded.TryGetValue(name.Name, out AssemblyDefinition? assembly))
        {
            assembly = base.Resolve(name);
            loaded[name.Name] = assembly;
        }
        return assembly;
    }
}
