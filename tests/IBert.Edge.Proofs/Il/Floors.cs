// Finds references that run up: from a floor of an assembly to one above it, or to the room next door.
using Mono.Cecil;

namespace IBert.Edge.Proofs.Il;

/// <summary>A reference that must not be.</summary>
/// <param name="From">The member that has it.</param>
/// <param name="To">The type that it mentions.</param>
internal readonly record struct Arrow(string From, string To)
{
    public override string ToString() => $"{From} knows {To}";
}

/// <summary>
/// The order of an assembly's types, from the ground up. A room is a namespace with all below it, or a single type by its full name where
/// that has to stand elsewhere than its namespace; the longest name counts. What is in a room knows that room and the floors below, not the
/// other rooms of its floor, nor what it is to stay apart from.
/// </summary>
/// <param name="rooms">The rooms of each floor, ground first.</param>
internal sealed class Floors(params string[][] rooms)
{
    /// <summary>Rooms that must not know a room below them either.</summary>
    public (string Room, string Below)[] Apart { get; init; } = [];

    /// <summary>All references that run up or next door, and all types that stand in no room.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <param name="space">The namespace that holds all of it; what the compiler puts elsewhere is passed over.</param>
    public IEnumerable<Arrow> Check(AssemblyDefinition assembly, string space)
    {
        foreach (TypeDefinition type in assembly.MainModule.GetTypes().Where(type => Within(Outermost(type), space)))
        {
            if (RoomOf(type) is not { } own)
            {
                yield return new(type.FullName, "no floor: the table names neither it nor its namespace");
                continue;
            }
            IEnumerable<(string Member, TypeReference? Type)> mentioned =
            [
                .. Mentioned.Bases(type).Select(t => (type.FullName, t)),
                .. Attributes(type).Select(t => (type.FullName, t)),
                .. type.Fields.Select(field => (field.FullName, field.FieldType)),
                .. type.Methods.SelectMany(method => Mentioned.Signature(method).Concat(Mentioned.Body(method)).Concat(Attributes(method))
                    .Select(t => (method.FullName, t))),
            ];
            var arrows = from mention in mentioned
                         from target in Mentioned.In(mention.Type)
                         where IsOf(assembly, target) && RoomOf(target) is { } its && its != own
                             && (its.Floor >= own.Floor || Apart.Contains((own.Room, its.Room)))
                         select new Arrow(mention.Member, target.FullName);
            foreach (Arrow arrow in arrows.Distinct())
            {
                yield return arrow;
            }
        }
    }

    /// <summary>Rooms that hold nothing: a table that names what is gone.</summary>
    public IEnumerable<string> EmptyRooms(AssemblyDefinition assembly)
    {
        HashSet<(int, string)?> full = [.. assembly.MainModule.GetTypes().Select(RoomOf)];
        return rooms.SelectMany((floor, level) => floor.Where(room => !full.Contains((level, room))));
    }

    private (int Floor, string Room)? RoomOf(TypeReference type)
    {
        TypeReference outermost = Outermost(type);
        (int Floor, string Room)? found = null;
        for (int floor = 0; floor < rooms.Length; floor++)
        {
            foreach (string room in rooms[floor])
            {
                if (Within(outermost, room) && room.Length > (found?.Room.Length ?? 0))
                {
                    found = (floor, room);
                }
            }
        }
        return found;
    }

    private static bool Within(TypeReference type, string room) =>
        type.FullName == room || ("." + type.Namespace + ".").StartsWith("." + room + ".", StringComparison.Ordinal);

    private static TypeReference Outermost(TypeReference type) => type.DeclaringType is null ? type : Outermost(type.DeclaringType);

    private static bool IsOf(AssemblyDefinition assembly, TypeReference type) =>
        type.Scope is ModuleDefinition || (type.Scope as AssemblyNameReference)?.Name == assembly.Name.Name;

    private static IEnumerable<TypeReference?> Attributes(ICustomAttributeProvider provider) =>
        provider.CustomAttributes.Select(a => a.AttributeType);
}
