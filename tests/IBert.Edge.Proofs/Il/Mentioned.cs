// Which types compiled code mentions.
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IBert.Edge.Proofs.Il;

/// <summary>
/// Types in declarations, signatures and bodies. Constants of other types are not there: the compiler puts their values in place of their
/// names.
/// </summary>
internal static class Mentioned
{
    /// <summary>The types inside a type: behind arrays, references, pointers, modifiers and generic arguments.</summary>
    public static IEnumerable<TypeReference> In(TypeReference? type) => type switch
    {
        null or GenericParameter => [],
        GenericInstanceType generic => [.. In(generic.ElementType), .. generic.GenericArguments.SelectMany(In)],
        FunctionPointerType function => [.. In(function.ReturnType), .. function.Parameters.SelectMany(p => In(p.ParameterType))],
        IModifierType modifier => [.. In(modifier.ElementType), .. In(modifier.ModifierType)],
        TypeSpecification specification => In(specification.ElementType),
        _ => [type],
    };

    /// <summary>Bases, interfaces and constraints of a type.</summary>
    public static IEnumerable<TypeReference?> Bases(TypeDefinition type) =>
        [type.BaseType, .. type.Interfaces.Select(i => i.InterfaceType), .. Constraints(type)];

    /// <summary>Result, parameters and constraints of a method.</summary>
    public static IEnumerable<TypeReference?> Signature(MethodDefinition method) =>
        [method.ReturnType, .. method.Parameters.Select(p => p.ParameterType), .. Constraints(method)];

    /// <summary>The types that an instruction's operand names: for a call, those of the callee's signature too.</summary>
    public static IEnumerable<TypeReference?> Operand(object? operand) => operand switch
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

    /// <summary>All that a method's body mentions: locals, caught errors, operands.</summary>
    public static IEnumerable<TypeReference?> Body(MethodDefinition method) => !method.HasBody ? [] :
    [
        .. method.Body.Variables.Select(v => v.VariableType),
        .. method.Body.ExceptionHandlers.Select(h => h.CatchType),
        .. method.Body.Instructions.SelectMany(i => Operand(i.Operand)),
    ];

    private static IEnumerable<TypeReference?> Constraints(IGenericParameterProvider provider) =>
        provider.GenericParameters.SelectMany(p => p.Constraints).Select(c => c.ConstraintType);
}
