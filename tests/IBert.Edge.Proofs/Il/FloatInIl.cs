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
        "System.Numerics.BFloat16", "System.Numerics.Complex", "System.Numerics.Vector2", "System.Numerics.Vector3",
        "System.Numerics.Vector4", "System.Numerics.Quaternion", "System.Numerics.Plane", "System.Numerics.Matrix3x2",
        "System.Numerics.Matrix4x4", "System.Numerics.IFloatingPoint`1", "System.Numerics.IFloatingPointIeee754`1",
        "System.Numerics.IBinaryFloatingPointIeee754`1", "System.Numerics.IRootFunctions`1", "System.Numerics.IExponentialFunctions`1",
        "System.Numerics.ILogarithmicFunctions`1", "System.Numerics.ITrigonometricFunctions`1", "System.Numerics.IHyperbolicFunctions`1",
        "System.Numerics.IPowerFunctions`1",
        "System.MathF",
    ];

    private static readonly HashSet<Code> s_instructions =
    [
        Code.Ldc_R4, Code.Ldc_R8, Code.Conv_R4, Code.Conv_R8, Code.Conv_R_Un, Code.Ldind_R4, Code.Ldind_R8, Code.Stind_R4, Code.Stind_R8,
        Code.Ldelem_R4, Code.Ldelem_R8, Code.Stelem_R4, Code.Stelem_R8, Code.Ckfinite,
    ];

    /// <summary>Everything in an assembly.</summary>
    public static List<Violation> Check(AssemblyDefinition assembly) =>
        [.. assembly.Modules.SelectMany(m => m.GetTypes()).SelectMany(Check)];

    /// <summary>A type with all its members, without the types nested in it.</summary>
    public static List<Violation> Check(TypeDefinition type) => [.. CheckDeclaration(type), .. type.Methods.SelectMany(Check)];

    /// <summary>What a type is apart from its methods: bases, constraints, fields, constants.</summary>
    public static IEnumerable<Violation> CheckDeclaration(TypeDefinition type)
    {
        foreach (string name in Mentioned.Bases(type).SelectMany(Floats))
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
        foreach (string name in Mentioned.Signature(method).SelectMany(Floats))
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
            foreach (string name in Mentioned.Operand(instruction.Operand).SelectMany(Floats).Distinct())
            {
                yield return new(method.FullName, $"{name} in {instruction}");
            }
        }
    }

    /// <summary>Names of the floating-point types inside a type.</summary>
    private static IEnumerable<string> Floats(TypeReference? type) =>
        Mentioned.In(type).Select(inner => inner.FullName).Where(s_floats.Contains);
}
