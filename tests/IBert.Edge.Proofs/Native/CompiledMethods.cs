// Which method became which symbol, as the AOT compiler itself tells it (its .mstat file).
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IBert.Edge.Proofs.Native;

/// <summary>
/// An .mstat file is an assembly; the body of its method <c>Methods</c> is a list of (ldtoken method, code size, GC size, EH size,
/// offset of the symbol's name in the section <c>.names</c>). Format 2, dotnet/runtime MstatObjectDumper.cs.
/// </summary>
internal static class CompiledMethods
{
    private const int Fields = 5;

    /// <summary>
    /// The methods with their symbols. Thunks that the compiler adds come under the method they stand for or a type's own.
    /// </summary>
    public static List<(MethodReference Method, string Symbol)> Read(string path, IAssemblyResolver resolver)
    {
        var assembly = Mono.Cecil.AssemblyDefinition.ReadAssembly(path, new ReaderParameters { AssemblyResolver = resolver });
        if (assembly.Name.Version.Major != 2)
        {
            throw new InvalidDataException($"{path} has format {assembly.Name.Version}; this reader knows 2.x");
        }
        using var image = new PEReader(File.OpenRead(path));
        PEMemoryBlock names = image.GetSectionData(".names");
        var methods = new List<(MethodReference, string)>();
        IList<Instruction> list = assembly.MainModule.Types.SelectMany(t => t.Methods).Single(m => m.Name == "Methods").Body.Instructions;
        for (int i = 0; i + Fields <= list.Count; i += Fields)
        {
            BlobReader reader = names.GetReader(Number(list[i + 4]), names.Length - Number(list[i + 4]));
            methods.Add(((MethodReference)list[i].Operand, reader.ReadSerializedString()!));
        }
        return methods;
    }

    private static int Number(Instruction instruction) => instruction.OpCode.Code switch
    {
        Code.Ldc_I4 => (int)instruction.Operand,
        Code.Ldc_I4_S => (sbyte)instruction.Operand,
        >= Code.Ldc_I4_0 and <= Code.Ldc_I4_8 => instruction.OpCode.Code - Code.Ldc_I4_0,
        _ => throw new InvalidDataException($"{instruction} is not a number"),
    };
}
