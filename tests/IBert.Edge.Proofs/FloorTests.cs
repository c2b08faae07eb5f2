// The floors of each library: references run down only. Read from the compiled assemblies, so that no import hides one.
using IBert.Edge.Proofs.Il;
using Mono.Cecil;
using Xunit;

namespace IBert.Edge.Proofs;

public class FloorTests
{
    /// <summary>The order of each library's types, from the ground up; docs/ARCHITECTURE.md says it in words.</summary>
    private static readonly Dictionary<string, Floors> s_floors = new()
    {
        ["IBert.Edge"] = new(
            // What the front door is called by, and lower floors name as well.
            ["IBert.Edge.Numerics", "IBert.Edge.Memory", "IBert.Edge.HeadKind", "IBert.Edge.ModelFormatException",
                "IBert.Edge.ModelChangedException"],
            ["IBert.Edge.Kernels", "IBert.Edge.Text"],
            ["IBert.Edge.Format"],
            ["IBert.Edge.Graph"],
            ["IBert.Edge.Inference"],
            ["IBert.Edge"])
        {
            // Front ends do: text today, sound next.
            Apart = [("IBert.Edge.Graph", "IBert.Edge.Text"), ("IBert.Edge.Inference", "IBert.Edge.Text"),
                ("IBert.Edge.Format", "IBert.Edge.Text")],
        },
        ["IBert.Edge.Checkpoints"] = new(["IBert.Edge.Checkpoints"], ["IBert.Edge.Checkpoints.Tokenizers"]),
        ["IBert.Edge.Quantization"] = new(
            ["IBert.Edge.Quantization.Reference"],
            ["IBert.Edge.Quantization.Tokenizers"],
            ["IBert.Edge.Quantization.Texts"],
            ["IBert.Edge.Quantization.Calibration"],
            ["IBert.Edge.Quantization.Lowering.Records"],
            ["IBert.Edge.Quantization.Lowering"],
            // Of a file that the device program is compiled with as well.
            ["IBert.Edge.Evaluation"],
            ["IBert.Edge.Quantization.Evaluation"],
            ["IBert.Edge.Quantization.Output"],
            ["IBert.Edge.Quantization"]),
    };

    // Two floors of planted types: all of Lower reaches up.
    private static readonly Floors s_planted =
        new(["IBert.Edge.Planted.Floors.Lower", "IBert.Edge.Planted.Floors.Beside"], ["IBert.Edge.Planted.Floors"]);

    public static TheoryData<string> Libraries => [.. s_floors.Keys];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void No_reference_runs_back_up(string library) =>
        Assert.Empty(s_floors[library].Check(new Assemblies().Load(IlTests.Built(library)), "IBert.Edge"));

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Every_room_of_the_table_is_there(string library) =>
        Assert.Empty(s_floors[library].EmptyRooms(new Assemblies().Load(IlTests.Built(library))));

    /// <summary>The check is worth what it finds: each member of the lower floor has one reference up, or next door.</summary>
    [Fact]
    public void Every_planted_reference_up_is_found_by_its_member()
    {
        AssemblyDefinition planted = new Assemblies().Load(Path.Combine(AppContext.BaseDirectory, "Planted.dll"));
        TypeDefinition[] lower = [.. planted.MainModule.Types.Where(type => type.Namespace == "IBert.Edge.Planted.Floors.Lower")];
        TypeDefinition reaching = lower.Single(type => type.Name == "Reaching");

        var found = s_planted.Check(planted, "IBert.Edge.Planted.Floors").Select(arrow => arrow.From).ToHashSet();

        IEnumerable<string> members =
        [
            .. reaching.Fields.Select(field => field.FullName),
            .. reaching.Methods.Where(method => !method.IsConstructor).Select(method => method.FullName),
            .. lower.Where(type => type.Name.StartsWith("Reaching", StringComparison.Ordinal) && type != reaching)
            .Select(type => type.FullName),
        ];
        Assert.Empty(members.Except(found));
        Assert.True(members.Count() > 12);
        Assert.Contains(found, from => from.Contains("/<>c::", StringComparison.Ordinal));
    }

    [Fact]
    public void References_down_and_within_a_room_are_not_reported()
    {
        AssemblyDefinition planted = new Assemblies().Load(Path.Combine(AppContext.BaseDirectory, "Planted.dll"));

        var found = s_planted.Check(planted, "IBert.Edge.Planted.Floors");

        Assert.DoesNotContain(found, arrow => arrow.From.Contains("Floors.Lower.Content::", StringComparison.Ordinal)
            || arrow.From.Contains("Floors.Upper::", StringComparison.Ordinal));
    }

    [Fact]
    public void A_reference_down_is_reported_where_two_rooms_stay_apart()
    {
        AssemblyDefinition planted = new Assemblies().Load(Path.Combine(AppContext.BaseDirectory, "Planted.dll"));
        Floors table = new(["IBert.Edge.Planted.Floors.Lower"], ["IBert.Edge.Planted.Floors"])
        {
            Apart = [("IBert.Edge.Planted.Floors", "IBert.Edge.Planted.Floors.Lower")],
        };

        Assert.Contains(table.Check(planted, "IBert.Edge.Planted.Floors"),
            arrow => arrow.From.Contains("Floors.Upper::Read", StringComparison.Ordinal));
    }

    [Fact]
    public void A_type_without_a_floor_and_a_floor_without_types_are_reported()
    {
        AssemblyDefinition planted = new Assemblies().Load(Path.Combine(AppContext.BaseDirectory, "Planted.dll"));
        Floors table = new(["IBert.Edge.Planted.Floors.Lower"], ["IBert.Edge.Planted.Floors.Gone"]);

        Assert.Contains(table.Check(planted, "IBert.Edge.Planted.Floors"), arrow => arrow.From == "IBert.Edge.Planted.Floors.Upper");
        Assert.Equal(["IBert.Edge.Planted.Floors.Gone"], table.EmptyRooms(planted));
    }
}
