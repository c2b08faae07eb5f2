// Which methods of ours can run when some of them do: the call graph over our assemblies, larger than the truth rather than smaller.
using Mono.Cecil;

namespace IBert.Edge.Proofs.Il;

/// <summary>
/// Class hierarchy analysis. A call of a virtual or interface member reaches every implementation of ours. A type that a reachable
/// method mentions may be run by the framework: its static constructor and what it overrides or implements of the framework's
/// (state machines, comparers, Dispose, ToString) are reachable with it.
/// </summary>
internal sealed class Reachable
{
    private readonly HashSet<AssemblyDefinition> ours;
    private readonly Dictionary<MethodDefinition, List<MethodDefinition>> implementations = [];
    private readonly Dictionary<TypeDefinition, List<MethodDefinition>> framework = [];
    private readonly HashSet<MethodDefinition> methods = [];
    private readonly HashSet<TypeDefinition> types = [];
    private readonly Queue<MethodDefinition> queue = [];

    private Reachable(IEnumerable<AssemblyDefinition> ours)
    {
        this.ours = [.. ours];
        foreach (TypeDefinition type in this.ours.SelectMany(a => a.Modules).SelectMany(m => m.GetTypes()))
        {
            Register(type);
        }
    }

    /// <summary>The methods of ours that were reached.</summary>
    public IReadOnlySet<MethodDefinition> Methods => methods;

    /// <summary>The types of ours that were reached.</summary>
    public IReadOnlySet<TypeDefinition> Types => types;

    /// <summary>Walks from the given methods.</summary>
    public static Reachable From(IEnumerable<AssemblyDefinition> ours, IEnumerable<MethodDefinition> roots)
    {
        var walk = new Reachable(ours);
        foreach (MethodDefinition root in roots)
        {
            walk.Add(root);
        }
        while (walk.queue.TryDequeue(out MethodDefinition? method))
        {
            walk.Visit(method);
        }
        return walk;
    }

    private void Visit(MethodDefinition method)
    {
        IEnumerable<TypeReference> signature = [method.DeclaringType, method.ReturnType, .. method.Parameters.Select(p => p.ParameterType)];
        foreach (TypeReference type in signature)
        {
            Add(type);
        }
        if (!method.HasBody)
        {
            return;
        }
        foreach (TypeReference type in method.Body.Variables.Select(v => v.VariableType))
        {
            Add(type);
        }
        foreach (object? operand in method.Body.Instructions.Select(i => i.Operand))
        {
            switch (operand)
            {
                case TypeReference type:
                    Add(type);
                    break;
                case FieldReference field:
                    Add(field.DeclaringType);
                    Add(field.FieldType);
                    break;
                case MethodReference called:
                    Add(called.DeclaringType);
                    foreach (TypeReference argument in called is GenericInstanceMethod generic ? generic.GenericArguments : [])
                    {
                        Add(argument);
                    }
                    if (IsOurs(called.DeclaringType) && called.Resolve() is { } definition)
                    {
                        Add(definition);
                    }
                    break;
            }
        }
    }

    private void Add(MethodDefinition method)
    {
        if (!methods.Add(method))
        {
            return;
        }
        queue.Enqueue(method);
        foreach (MethodDefinition implementation in implementations.GetValueOrDefault(method, []))
        {
            Add(implementation);
        }
    }

    private void Add(TypeReference reference)
    {
        if (reference is GenericInstanceType generic)
        {
            foreach (TypeReference argument in generic.GenericArguments)
            {
                Add(argument);
            }
        }
        if (reference is TypeSpecification specification)
        {
            Add(specification.ElementType);
        }
        else if (reference is not GenericParameter && IsOurs(reference) && reference.Resolve() is { } type && types.Add(type))
        {
            foreach (MethodDefinition method in framework.GetValueOrDefault(type, []))
            {
                Add(method);
            }
        }
    }

    /// <summary>
    /// Notes which of a type's methods answer calls of our own virtual members, and which the framework may call by itself.
    /// </summary>
    private void Register(TypeDefinition type)
    {
        foreach (MethodDefinition method in type.Methods)
        {
            if (method.IsConstructor && method.IsStatic)
            {
                Append(framework, type, method);
            }
        }
        var bases = new List<TypeReference>();
        Collect(type, bases);
        foreach (TypeReference ancestor in bases)
        {
            if (!IsOurs(ancestor))
            {
                // Which members of a framework type are virtual is not asked: every virtual method of ours counts as one.
                foreach (MethodDefinition method in type.Methods.Where(m => m.IsVirtual))
                {
                    Append(framework, type, method);
                }
                continue;
            }
            foreach (MethodDefinition declared in ancestor.Resolve().Methods.Where(m => m.IsVirtual))
            {
                // An inherited method may implement an interface of the heir.
                IEnumerable<MethodDefinition> candidates = [.. type.Methods, .. bases.Where(IsOurs).SelectMany(b => b.Resolve().Methods)];
                foreach (MethodDefinition method in candidates.Where(m => m != declared && Implements(m, declared)))
                {
                    Append(implementations, declared, method);
                }
            }
        }
    }

    /// <summary>Same name (or an explicit implementation of it) and the same number of parameters: enough to miss nothing.</summary>
    private static bool Implements(MethodDefinition method, MethodDefinition declared) =>
        method.Parameters.Count == declared.Parameters.Count &&
        (method.Name == declared.Name || method.Overrides.Any(o => o.Name == declared.Name));

    private void Collect(TypeDefinition type, List<TypeReference> bases)
    {
        IEnumerable<TypeReference> direct =
            [.. type.BaseType is null ? [] : new[] { type.BaseType }, .. type.Interfaces.Select(i => i.InterfaceType)];
        foreach (TypeReference ancestor in direct)
        {
            bases.Add(ancestor);
            // What a framework type inherits in turn is the framework's own.
            if (IsOurs(ancestor))
            {
                Collect(ancestor.Resolve(), bases);
            }
        }
    }

    private bool IsOurs(TypeReference type)
    {
        string name = type.Scope switch
        {
            AssemblyNameReference reference => reference.Name,
            ModuleDefinition module => module.Assembly.Name.Name,
            _ => "",
        };
        return ours.Any(a => a.Name.Name == name);
    }

    private static void Append<TKey>(Dictionary<TKey, List<MethodDefinition>> map, TKey key, MethodDefinition method) where TKey : notnull
    {
        if (!map.TryGetValue(key, out List<MethodDefinition>? list))
        {
            map[key] = list = [];
        }
        list.Add(method);
    }
}
