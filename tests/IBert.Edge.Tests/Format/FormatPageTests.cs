// FORMAT.md against the code: records field by field, codes, limits, and other numbers that it states.
using System.Buffers.Binary;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;
using IBert.Edge.TestSupport;
using IBert.Edge.Tests.Hostile;
using Xunit;

namespace IBert.Edge.Tests.Format;

public sealed partial class FormatPageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Shared.Repository, "src", "IBert.Edge", "Format", "FORMAT.md"));

    // For phrases, which a line may end in.
    private static readonly string s_prose = Regex.Replace(s_page, @"\s+", " ");

    // Tables by what stands in their heads; cells without the bars.
    private static readonly Dictionary<string, string[][]> s_tables = Tables();

    /// <summary>The structs of a file: those with a size of their own.</summary>
    public static TheoryData<Type> Records => [.. typeof(FileHeader).Assembly.GetTypes().Where(type =>
        type.Namespace == typeof(FileHeader).Namespace && type.IsValueType && type.GetField("Size") is { IsLiteral: true })];

    /// <summary>The numbers that stand for something.</summary>
    public static TheoryData<Type> Codes => [typeof(HeadKind), .. typeof(FileHeader).Assembly.GetTypes().Where(type =>
        type.IsEnum && (type.Namespace == typeof(FileHeader).Namespace || type.Namespace == typeof(ElementType).Namespace))];

    [Theory]
    [MemberData(nameof(Records))]
    public void A_record_has_the_fields_of_its_table(Type record)
    {
        int size = Size(record);
        Assert.Equal(size, (int)record.GetField("Size")!.GetRawConstantValue()!);

        string[][] rows = Table($"offset | type | {record.Name} ({size}) |");

        Assert.Equal(Fields(record), rows.Select(row => $"{row[0]} {row[1]} {row[2]}"));
    }

    [Fact]
    public void All_records_have_a_table() =>
        Assert.Equal(
            Records.Select(row => row.Data.Name).Order(),
            s_tables.Keys.Select(head => RecordHead().Match(head)).Where(match => match.Success).Select(match => match.Groups[1].Value)
                .Order());

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_code_has_the_number_of_its_row(Type code)
    {
        string row = Assert.Single(Table("codes |"), row => row[0] == code.Name)[1];
        IEnumerable<string> stated = row.Split(';')[0].Split(", ");

        Assert.Equal(
            Enum.GetNames(code).Select(name => $"{Convert.ToInt64(Enum.Parse(code, name), CultureInfo.InvariantCulture)} {name}"), stated);
    }

    [Fact]
    public void No_row_of_codes_is_of_something_else() =>
        Assert.Equal(Codes.Select(row => row.Data.Name).Order(), Table("codes |").Select(row => row[0]).Order());

    [Fact]
    public void Operations_stand_under_their_codes() =>
        Assert.Equal(
            Enum.GetValues<OperationCode>().Select(code => $"{(int)code} {code}"),
            OperationHead().Matches(s_page).Select(match => match.Groups[1].Value));

    [Fact]
    public void Sections_are_those_of_the_code_and_the_required_ones_are_those_that_are_written()
    {
        string[][] rows = Table("section | holds |");
        IEnumerable<FieldInfo> kinds = typeof(SectionKind).GetFields().Where(field => field.IsLiteral);

        Assert.Equal(kinds.Select(kind => SectionKind.Name((uint)kind.GetRawConstantValue()!)).Order(),
            rows.Select(row => row[0].Trim('`')).Order());
        Assert.Equal(
            SmallModel.Sections.Select(section => SectionKind.Name(section.Kind)).Order(),
            rows.Where(row => !row[1].StartsWith("optional", StringComparison.Ordinal)).Select(row => row[0].Trim('`')).Order());
        Assert.All(SmallModel.Sections, section => Assert.True(section.Required));
    }

    [Fact]
    public void Magic_version_and_alignment_are_those_of_the_code()
    {
        string[][] rows = Table($"offset | type | FileHeader ({FileHeader.Size}) |");
        byte[] magic = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(magic, FileHeader.ExpectedMagic);

        Assert.StartsWith($"`{string.Join(' ', magic.Select(value => value.ToString("X2", CultureInfo.InvariantCulture)))}`", rows[0][3],
            StringComparison.Ordinal);
        Assert.StartsWith($"{FileHeader.Major}.", rows[1][3], StringComparison.Ordinal);
        Assert.StartsWith($"{FileHeader.Minor}.", rows[2][3], StringComparison.Ordinal);
        Assert.Contains($"format {FileHeader.Major}.{FileHeader.Minor}\n", s_page, StringComparison.Ordinal);
        Assert.Contains($"sections, each at a multiple of {FileHeader.Alignment},", s_prose, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_are_those_of_the_code()
    {
        Dictionary<string, long> stated = Table("limits |").ToDictionary(row => row[0], row => Number(row[1]));

        foreach ((string name, long value) in ((string, long)[])
        [
            ("TENS, OPER", MostEntries(SectionKind.Tensors)), ("TENS, OPER", MostEntries(SectionKind.Operations)),
            ("CNST", MostEntries(SectionKind.Constants)), ("LABL, PROV", Constant(typeof(ModelContents), "MaxText")),
            ("MaxSequence", GraphVerifier.MaxSequence), ("MaxColumns", GraphVerifier.MaxColumns),
            ("MaxTableRows", GraphVerifier.MaxTableRows), ("MaxArena", GraphVerifier.MaxArena), ("MaxWork", GraphVerifier.MaxWork),
        ])
        {
            Assert.Equal((name, value), (name, stated[name]));
        }
        Assert.Equal(8, stated.Count);
    }

    [Theory]
    // As many as leave the sum of exponentials times values in 32 bits.
    [InlineData(@"Exponentials have (\d+) bits", ProductKernel.WideBits)]
    [InlineData(@"bits at every length up to ([\d,]+) tokens", int.MaxValue / 128 / ((1 << ProductKernel.WideBits) - 1))]
    [InlineData(@"PreShift \| k, 0 to (\d+)", Dyadic.MaxPreShift)]
    [InlineData(@"\[N/(\d+)\]\[K/4\]", Panels.Columns)]
    [InlineData(@"N and K padded to multiples of (\d+)", Panels.InnerBlock)]
    [InlineData(@"0x([0-9A-F]{4}) none", OperationRecord.None)]
    public void A_number_in_the_text_is_that_of_the_code(string pattern, int expected)
    {
        MatchCollection stated = Regex.Matches(s_prose, pattern);
        Assert.NotEmpty(stated);
        Assert.All(stated, match => Assert.Equal(expected, pattern.StartsWith("0x", StringComparison.Ordinal)
            ? int.Parse(match.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture) : Number(match.Groups[1].Value)));
    }

    [Theory]
    [InlineData(@"no text more than 2\^(\d+) steps", GraphVerifier.MaxWork)]
    [InlineData(@"So no text takes longer than 2\^(\d+) multiply-accumulates", GraphVerifier.MaxWork)]
    public void A_power_of_two_in_the_text_is_that_of_the_code(string pattern, long expected) =>
        Assert.Equal(expected, 1L << (int)Number(Regex.Match(s_prose, pattern).Groups[1].Value));

    [Fact]
    public void The_bound_of_reading_is_that_of_the_code() =>
        Assert.Contains(
            $"read at most {Constant(typeof(GraphVerifier), "MostReads")} times what DATA has", s_prose, StringComparison.Ordinal);

    [Fact]
    public void Sites_have_the_numbers_of_their_table() =>
        Assert.Equal(
            Enum.GetValues<TensorSite>().Select(site => $"{(int)site} {site}"),
            Table("site | TensorSite |").Select(row => $"{row[0]} {row[1]}"));

    [Fact]
    public void Meanings_lie_where_their_table_says()
    {
        QuantizedTensor tensor = new(
            0x1234, new(TensorSite.HeadDense, 0x0708), "module.name", 0x2345, 3, 0.1875, -0x01020304, [1, 2, 3, 4, 5], [6, 7, 8], [2, -1],
            0x0506);
        Dictionary<string, object> expected = new()
        {
            ["tensor"] = (ushort)0x1234,
            ["operation"] = (ushort)0x2345,
            ["site"] = (byte)TensorSite.HeadDense,
            ["flags"] = (byte)3,
            ["layer"] = (short)0x0708,
            ["channels"] = 3u,
            ["extra columns"] = 2u,
            ["heads"] = (ushort)0x0506,
            ["name length"] = (ushort)"module.name".Length,
            ["zero point"] = -0x01020304,
            ["scale"] = 0.1875,
            ["name"] = "module.name",
        };
        // Behind the number of tensors.
        ReadOnlySpan<byte> written = MeaningsSection.Write([tensor]).AsSpan(4);
        string[][] rows = Table("offset | type | tensor of MEAN |");

        int end = 0;
        foreach (string[] row in rows.Where(row => row[0].Length > 0))
        {
            Assert.Equal(end, Number(row[0]));
            ReadOnlySpan<byte> rest = written[end..];
            (object value, int size) = row[1] switch
            {
                "u8" => ((object)rest[0], 1),
                "u16" => (BinaryPrimitives.ReadUInt16LittleEndian(rest), 2),
                "i16" => (BinaryPrimitives.ReadInt16LittleEndian(rest), 2),
                "u32" => (BinaryPrimitives.ReadUInt32LittleEndian(rest), 4),
                "i32" => (BinaryPrimitives.ReadInt32LittleEndian(rest), 4),
                "f64" => (BinaryPrimitives.ReadDoubleLittleEndian(rest), 8),
                _ => (System.Text.Encoding.UTF8.GetString(rest[..tensor.Name.Length]), tensor.Name.Length),
            };
            Assert.Equal((row[2], expected[row[2]]), (row[2], value));
            end += size;
        }
        Assert.Equal(expected.Keys, rows.Where(row => row[0].Length > 0).Select(row => row[2]));
        Assert.Equal(["i32 extras[extra columns]", "f32 divisors[channels + extra columns]", "f32 shifts[channels]"],
            rows.Where(row => row[0].Length == 0).Select(row => row[2]));
        Assert.Equal([2, -1], MemoryMarshal.Cast<byte, int>(written[end..(end + 8)]).ToArray());
        Assert.Equal([1f, 2, 3, 4, 5, 6, 7, 8], MemoryMarshal.Cast<byte, float>(written[(end + 8)..]).ToArray());
    }

    [Fact]
    public void The_least_length_that_options_state_is_that_of_the_tokenizers()
    {
        string text = Documentation("P:IBert.Edge.ClassifierOptions.MaxLength");
        using OpenedModel bert = new(new Draft().Seal()), roberta = new(new Draft(SmallModel.BytePairSections()).Seal());

        Assert.Contains($"({bert.Model.LeastLength} of BERT, {roberta.Model.LeastLength} of RoBERTa)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_most_threads_that_options_state_are_those_of_the_code() =>
        Assert.Contains($"to {ClassifierOptions.MostThreads}. Results", Documentation("P:IBert.Edge.ClassifierOptions.Threads"),
            StringComparison.Ordinal);

    private static string Documentation(string member)
    {
        XElement text = XDocument.Load(Path.ChangeExtension(typeof(Classifier).Assembly.Location, ".xml")).Descendants("member")
            .Single(element => (string)element.Attribute("name")! == member);
        return string.Join(' ', text.Value.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>What the reader says of an empty section is how many entries it takes.</summary>
    private static long MostEntries(uint section)
    {
        Draft draft = new();
        draft[section] = [];
        return Number(Regex.Match(OpenedModel.Refusal(draft.Seal()), @"not 1 to (\d+) entries").Groups[1].Value);
    }

    private static long Constant(Type type, string name) =>
        Convert.ToInt64(
            type.GetField(name, BindingFlags.NonPublic | BindingFlags.Static)!.GetRawConstantValue(), CultureInfo.InvariantCulture);

    private static long Number(string text) => long.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    /// <summary>A record's fields as its table has them: reserved ones that follow each other are one.</summary>
    private static List<string> Fields(Type record)
    {
        List<(int Offset, string Type, string Name)> fields = [];
        int reserved = -1, end = 0;
        foreach (FieldInfo field in record.GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            bool isReserved = field.Name.StartsWith("Reserved", StringComparison.Ordinal);
            EndReserved(isReserved);
            if (isReserved)
            {
                reserved = reserved < 0 ? end : reserved;
            }
            else
            {
                fields.Add((end, Name(field.FieldType), field.Name));
            }
            // Records have no padding, which the size of the whole proves.
            end += Size(field.FieldType);
        }
        EndReserved(false);
        Assert.Equal(Size(record), end);
        return [.. fields.Select(field => $"{field.Offset} {field.Type} {field.Name}")];

        void EndReserved(bool goesOn)
        {
            if (reserved >= 0 && !goesOn)
            {
                fields.Add((reserved, $"u8[{end - reserved}]", "Reserved"));
                reserved = -1;
            }
        }
    }

    private static string Name(Type type)
    {
        if (type.GetCustomAttribute<InlineArrayAttribute>() is { } array)
        {
            return $"{Name(type.GetFields(BindingFlags.NonPublic | BindingFlags.Instance)[0].FieldType)}[{array.Length}]";
        }
        Type number = type.IsEnum ? Enum.GetUnderlyingType(type) : type;
        return Type.GetTypeCode(number) switch
        {
            TypeCode.Byte => "u8",
            TypeCode.UInt16 => "u16",
            TypeCode.UInt32 => "u32",
            TypeCode.UInt64 => "u64",
            TypeCode.Int32 => "i32",
            _ => type.Name,
        };
    }

    private static int Size(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static string[][] Table(string head) =>
        Assert.Single(s_tables, table => table.Key.StartsWith(head, StringComparison.Ordinal)).Value;

    private static Dictionary<string, string[][]> Tables() =>
        TableLines().Matches(s_page).Select(match => match.Value.TrimEnd('\n').Split('\n')).ToDictionary(
            lines => lines[0][2..], lines =>
                (string[][])[.. lines[2..].Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))]);

    [GeneratedRegex(@"^\|.*\n\|[-|]+\n(\|.*\n)+", RegexOptions.Multiline)]
    private static partial Regex TableLines();

    [GeneratedRegex(@"^offset \| type \| (\w+) \(\d+\) \|")]
    private static partial Regex RecordHead();

    [GeneratedRegex(@"^### (\d+ \w+):", RegexOptions.Multiline)]
    private static partial Regex OperationHead();
}
