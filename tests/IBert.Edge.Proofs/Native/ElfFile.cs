// Reads what the proofs need of a 64-bit little-endian ELF file: function symbols, and the bytes at an address.
using System.Buffers.Binary;
using System.Text;

namespace IBert.Edge.Proofs.Native;

/// <summary>A function in a file: its address (in an object file: its section's index and the offset there).</summary>
internal readonly record struct Symbol(string Name, int Section, ulong Address, int Size);

/// <summary>The ELF format as of the System V ABI, chapter 4 and 5.</summary>
internal sealed class ElfFile
{
    private readonly byte[] _file;
    private readonly List<(uint Name, uint Type, ulong Address, ulong Offset, ulong Size, uint Link)> _sections = [];
    private readonly bool _relocatable;

    public ElfFile(string path)
    {
        _file = File.ReadAllBytes(path);
        if (!_file.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException($"{path} is not a 64-bit little-endian ELF file");
        }
        _relocatable = Half(16) == 1;
        ulong table = Long(40);
        for (int i = 0; i < Half(60); i++)
        {
            ulong at = table + (ulong)(i * Half(58));
            _sections.Add((Word(at), Word(at + 4), Long(at + 16), Long(at + 24), Long(at + 32), Word(at + 40)));
        }
    }

    /// <summary>The functions that the symbol table names.</summary>
    public IEnumerable<Symbol> Functions()
    {
        const uint symbolTable = 2;
        const int functionType = 2;
        foreach (var section in _sections.Where(s => s.Type == symbolTable))
        {
            ulong names = _sections[(int)section.Link].Offset;
            for (ulong at = section.Offset; at < section.Offset + section.Size; at += 24)
            {
                if ((_file[at + 4] & 15) == functionType && Half(at + 6) != 0)
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
        var section = _relocatable
            ? _sections[symbol.Section]
            : _sections.First(s => s.Type != noBits && s.Address != 0 && symbol.Address >= s.Address && symbol.Address < s.Address + s.Size);
        ulong start = symbol.Address - (_relocatable ? 0 : section.Address) + section.Offset;
        return _file.AsMemory(checked((int)start), symbol.Size);
    }

    private ushort Half(ulong at) => BinaryPrimitives.ReadUInt16LittleEndian(_file.AsSpan((int)at));

    private uint Word(ulong at) => BinaryPrimitives.ReadUInt32LittleEndian(_file.AsSpan((int)at));

    private ulong Long(ulong at) => BinaryPrimitives.ReadUInt64LittleEndian(_file.AsSpan((int)at));

    private string Text(ulong at)
    {
        int length = _file.AsSpan((int)at).IndexOf((byte)0);
        return Encoding.UTF8.GetString(_file.AsSpan((int)at, length));
    }
}
