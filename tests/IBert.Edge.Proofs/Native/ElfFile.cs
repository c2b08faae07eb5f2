// Reads what the proofs need of a 64-bit little-endian ELF file: function symbols, and the bytes at an address.
using System.Buffers.Binary;
using System.Text;

namespace IBert.Edge.Proofs.Native;

/// <summary>A function in a file: its address (in an object file: its section's index and the offset there).</summary>
internal readonly record struct Symbol(string Name, int Section, ulong Address, int Size);

/// <summary>The ELF format as of the System V ABI, chapter 4 and 5.</summary>
internal sealed class ElfFile
{
    private readonly byte[] file;
    private readonly List<(uint Name, uint Type, ulong Address, ulong Offset, ulong Size, uint Link)> sections = [];
    private readonly bool relocatable;

    public ElfFile(string path)
    {
        file = File.ReadAllBytes(path);
        if (!file.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException($"{path} is not a 64-bit little-endian ELF file");
        }
        relocatable = Half(16) == 1;
        ulong table = Long(40);
        for (int i = 0; i < Half(60); i++)
        {
            ulong at = table + (ulong)(i * Half(58));
            sections.Add((Word(at), Word(at + 4), Long(at + 16), Long(at + 24), Long(at + 32), Word(at + 40)));
        }
    }

    /// <summary>The functions that the symbol table names.</summary>
    public IEnumerable<Symbol> Functions()
    {
        const uint symbolTable = 2;
        const int functionType = 2;
        foreach (var section in sections.Where(s => s.Type == symbolTable))
        {
            ulong names = sections[(int)section.Link].Offset;
            for (ulong at = section.Offset; at < section.Offset + section.Size; at += 24)
            {
                if ((file[at + 4] & 15) == functionType && Half(at + 6) != 0)
                {
                    yield return new(Text(names + Word(at)), Half(at + 6), Long(at + 8), checked((int)Long(at + 16)));
                }
            }
        }
    }

    /// <summary>The code of a function whose symbol may come from this file or from the file of its debug symbols.</summary>
    public ReadOnlyMemory<byte> Code(Symbol symbol)
    {
        const uint noBits = 8;
        var section = relocatable
            ? sections[symbol.Section]
            : sections.First(s => s.Type != noBits && s.Address != 0 && symbol.Address >= s.Address && symbol.Address < s.Address + s.Size);
        ulong start = symbol.Address - (relocatable ? 0 : section.Address) + section.Offset;
        return file.AsMemory(checked((int)start), symbol.Size);
    }

    private ushort Half(ulong at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan((int)at));

    private uint Word(ulong at) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan((int)at));

    private ulong Long(ulong at) => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan((int)at));

    private string Text(ulong at)
    {
        int length = file.AsSpan((int)at).IndexOf((byte)0);
        return Encoding.UTF8.GetString(file.AsSpan((int)at, length));
    }
}
