// Finds floating point in compiled code before it is machine code: types, constants, instructions, and what is called.
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IBert.Edge.Proofs.Il;

/// <summary>One place where floating point was found.</summary>
internal readonly record struct Violation(string Where, string What)
{
    public override string ToString() => $"{Where}: {What}";
}

/// <summary>
/// The IL rule. A member breaks it by a floating-point type in its signature, locals, generic arguments or constraints, by an
/// instruction that loads, stores or converts floating point, or by touching a member whose own signature has such a type.
/// Custom attributes do not run and are not looked at.
/// </summary>
internal static class FloatInIl
{
    /// <summary>The primitive types, and the framework's types that consist of them.</summary>
    private static readonly HashSet<string> s_floats =
    [
        "System.Single", "System.Double", "System.Half", "System.Decimal", "System.Runtime.InteropServices.NFloat",
        "System.Numerics.BFloat16", "System.Numerics.Complex", "System.Numerics.Vector2", "System.Numerics.Vector3", "System.Numerics.Vector4",
        "System.Numerics.Quaternion", "System.Numerics.Plane", "System.Numerics.Matrix3x2", "System.Numerics.Matrix4x4",
        "System.Numerics.IFloatingPoint`1", "System.Numerics.IFloatingPointIeee754`1", "System.Numerics.IBinaryFloatingPointIeee754`1",
        "System.Numerics.IRootFunctions`1", "System.Numerics.IExponentialFunctions`1", "System.Numerics.ILogarithmicFunctions`1",
        "System.Numerics.ITrigonometricFunctions`1", "System.Numerics.IHyperbolicFunctions`1", "System.Numerics.IPowerFunctions`1",
        "System.MathF",
    ];

    private static readonly HashSet<Code> s_instructions =
    [
        Code.Ldc_R4, Code.Ldc_R8, Code.Conv_R4, Code.Conv_R8, Code.Conv_R_Un, Code.Ldind_R4, Code.Ldind_R8, Code.Stind_R4, Code.Stind_R8,
        Code.Ldelem_R4, Code.Ldelem_R8, Code.Stelem_R4, Code.Stelem_R8, Code.Ckfinite,
    ];

    /// <summary>Everything in an assembly.</summary>
    public static List<Violation> Check(AssemblyDefinition assembly) => [.. assembly.Modules.SelectMany(m => m.GetTypes()).SelectMany(Check)];

    /// <summary>A type with all its members, without the types nested in it.</summary>
    public static List<Violation> Check(TypeDefinition type) => [.. CheckDeclaration(type), .. type.Methods.SelectMany(Check)];

    /// <summary>What a type is apart from its methods: bases, constraints, fields, constants.</summary>
    public static IEnumerable<Violation> CheckDeclaration(TypeDefinition type)
    {
        IEnumerable<TypeReference?> bases = [type.BaseType, .. type.Interfaces.Select(i => i.InterfaceType), .. Constraints(type)];
        foreach (string name in bases.SelectMany(Floats))
        {
            yield return new(type.FullName, $"inherits or is constrained by {name}");
        }
        foreach (FieldDefinition field in type.Fields)
        {
            foreach (string name in Floats(field.FieldType))
            {
                yield return new(field.FullName, $"a field of {name}");
            }
            if (field.Constant is float or double)
            {
                yield return new(field.FullName, $"the constant {field.Constant}");
            }
        }
    }

    /// <summary>A method's signature, locals and body.</summary>
    public static IEnumerable<Violation> Check(MethodDefinition method)
    {
        IEnumerable<TypeReference?> signature = [method.ReturnType, .. method.Parameters.Select(p => p.ParameterType), .. Constraints(method)];
        foreach (string name in signature.SelectMany(Floats))
        {
            yield return new(method.FullName, $"{name} in its signature");
        }
        if (!method.HasBody)
        {
            yield break;
        }
        foreach (string name in method.Body.Variables.SelectMany(v => Floats(v.VariableType)))
        {
            yield return new(method.FullName, $"a local of {name}");
        }
        foreach (Instruction instruction in method.Body.Instructions)
        {
            if (s_instructions.Contains(instruction.OpCode.Code))
            {
                yield return new(method.FullName, $"the instruction {instruction}");
            }
            foreach (string name in Operands(instruction.Operand).SelectMany(Floats).Distinct())
            {
                yield return new(method.FullName, $"{name} in {instruction}");
            }
        }
    }

    private static IEnumerable<TypeReference?> Constraints(IGenericParameterProvider provider) =>
        provider.GenericParameters.SelectMany(p => p.Constraints).Select(c => c.ConstraintType);

    /// <summary>The types that an instruction's operand names: for a call, those of the callee's signature too.</summary>
    private static IEnumerable<TypeReference?> Operands(object? operand) => operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        MethodReference method =>
        [
            method.DeclaringType, method.ReturnType, .. method.Parameters.Select(p => p.ParameterType),
            .. method is GenericInstanceMethod generic ? generic.GenericArguments : [],
        ],
        CallSite site => [site.ReturnType, .. site.Parameters.Select(p => p.ParameterType)],
        _ => [],
    };

    /// <summary>Names of the floating-point types inside a type: behind arrays, references, pointers, modifiers and generic arguments.</summary>
    private static IEnumerable<string> Floats(TypeReference? type)
    {
        switch (type)
        {
            case null or GenericParameter:
                return [];
            case GenericInstanceType generic:
                return [.. Floats(generic.ElementType), .. generic.GenericArguments.SelectMany(Floats)];
            case FunctionPointerType function:
                return [.. Floats(function.ReturnType), .. function.Parameters.SelectMany(p => Floats(p.ParameterType))];
            case IModifierType modifier:
                return [.. Floats(modifier.ElementType), .. Floats(modifier.ModifierType)];
            case TypeSpecification specification:
                return Floats(specification.ElementType);
            default:
                return s_floats.Contains(type.FullName) ? [type.FullName] : [];
        }
    }
}
