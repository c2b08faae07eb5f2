// Where the fields of a record lie, read from the structs of Format/Records.cs.
using System.Reflection;
using System.Runtime.CompilerServices;

namespace IBert.Edge.Fuzz;

/// <summary>A field of a record: its place and its size in bytes.</summary>
internal readonly record struct RecordField(int Offset, int Size);

internal static class RecordFields
{
    /// <summary>All fields of a packed struct, those of structs and inline arrays within it one by one.</summary>
    public static RecordField[] Of<T>() where T : unmanaged
    {
        List<RecordField> fields = [];
        int size = Collect(typeof(T), 0, fields);
        return size == Unsafe.SizeOf<T>() ? [.. fields] : throw new InvalidOperationException($"{typeof(T)} is not packed");
    }

    private static int Collect(Type type, int offset, List<RecordField> fields)
    {
        if (type.IsEnum)
        {
            type = Enum.GetUnderlyingType(type);
        }
        if (type.IsPrimitive)
        {
            int size = type == typeof(byte) ? 1 : type == typeof(ushort) ? 2 : type == typeof(uint) || type == typeof(int) ? 4 : 8;
            fields.Add(new(offset, size));
            return offset + size;
        }
        int repeat = type.GetCustomAttribute<InlineArrayAttribute>()?.Length ?? 1;
        for (int i = 0; i < repeat; i++)
        {
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                .OrderBy(f => f.MetadataToken))
            {
                offset = Collect(field.FieldType, offset, fields);
            }
        }
        return offset;
    }
}
