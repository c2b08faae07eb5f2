// The fixed-size records of an .ibert file, as they lie in it (little-endian). FORMAT.md beside this file is the specification.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using IBert.Edge.Kernels;
using IBert.Edge.Numerics;

namespace IBert.Edge.Format;

/// <summary>The file's first 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct FileHeader
{
    /// <summary>"\x89IBERT\r\n": a text file, or one that went through a text-mode copy, never begins so.</summary>
    public const ulong ExpectedMagic = 0x0A0D_5452_4542_4989;

    public const int Size = 64;
    public const ushort Major = 1, Minor = 0;

    /// <summary>Sections, constants, tensors and parts of the scratch begin at multiples of so many bytes.</summary>
    public const int Alignment = 64;

    public ulong Magic;
    public ushort MajorVersion;
    public ushort MinorVersion;
    public uint SectionCount;
    public ulong FileLength;

    /// <summary>CRC-32C of the header with this field zero, followed by the section table.</summary>
    public uint Checksum;

    public uint Reserved0;
    public ulong Reserved1, Reserved2, Reserved3, Reserved4;

    /// <summary>Rounded up to the next multiple of <see cref="Alignment"/>.</summary>
    public static long Aligned(long bytes) => (bytes + Alignment - 1) & -Alignment;
}

/// <summary>Four-character codes of sections.</summary>
internal static class SectionKind
{
    public const uint Graph = 0x48505247;       // GRPH
    public const uint Tensors = 0x534E4554;     // TENS
    public const uint Constants = 0x54534E43;   // CNST
    public const uint Operations = 0x5245504F;  // OPER
    public const uint Head = 0x44414548;        // HEAD
    public const uint Labels = 0x4C42414C;      // LABL
    public const uint Tokenizer = 0x4E4B4F54;   // TOKN
    public const uint Data = 0x41544144;        // DATA
    public const uint Provenance = 0x564F5250;  // PROV
    public const uint Meanings = 0x4E41454D;    // MEAN: for tools, this assembly does not read it

    /// <summary>The code as text, for messages.</summary>
    public static string Name(uint kind)
    {
        Span<char> name = stackalloc char[4];
        for (int i = 0; i < 4; i++)
        {
            byte c = (byte)(kind >> (8 * i));
            name[i] = c is >= 0x20 and < 0x7F ? (char)c : '?';
        }
        return new string(name);
    }
}

/// <summary>An entry of the section table, which follows the header.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct SectionEntry
{
    public const int Size = 32;

    /// <summary>A reader that does not know the section's kind refuses the file.</summary>
    public const uint Required = 1;

    public uint Kind;
    public uint Flags;
    public ulong Offset;
    public ulong Length;

    /// <summary>CRC-32C of the section's bytes.</summary>
    public uint Checksum;

    public uint Reserved;
}

/// <summary>What a graph reads.</summary>
internal enum InputKind : uint
{
    /// <summary>Token ids with type ids.</summary>
    TokenIds = 1,
}

/// <summary>GRPH: what concerns the whole graph.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct GraphHeader
{
    public const int Size = 32;

    public InputKind Input;

    /// <summary>Largest sequence length, special tokens included.</summary>
    public uint MaxLength;

    /// <summary>The arena has ArenaFixed + ArenaPerToken * S bytes for a sequence of S.</summary>
    public ulong ArenaFixed;

    /// <inheritdoc cref="ArenaFixed"/>
    public ulong ArenaPerToken;

    public ulong Reserved;
}

/// <summary>How many rows a tensor has.</summary>
internal enum RowCount : byte
{
    /// <summary>As many as the sequence.</summary>
    Sequence = 1,

    /// <summary>One more than the sequence: a constant row stands in front (a class token).</summary>
    SequenceAndFront = 2,

    /// <summary>A number of its own.</summary>
    Fixed = 3,
}

/// <summary>An entry of TENS: a tensor in the arena, at OffsetFixed + OffsetPerToken * S.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct TensorEntry
{
    public const int Size = 32;

    public ElementType Type;
    public RowCount Rows;
    public ushort Reserved0;

    /// <summary>The number of rows where it is fixed, else 0.</summary>
    public uint FixedRows;

    /// <summary>True number of columns; a row is padded to a multiple of 16 elements.</summary>
    public uint Columns;

    public uint Reserved1;
    public ulong OffsetFixed;
    public ulong OffsetPerToken;

    public readonly int PaddedColumns => Panels.Padded((int)Columns);

    /// <summary>Bytes from a row to the next.</summary>
    public readonly int Stride => PaddedColumns * Type.Bytes();

    /// <summary>Its rows, for a sequence of that length.</summary>
    public readonly int RowsOf(int sequence) => Rows switch
    {
        RowCount.Sequence => sequence,
        RowCount.SequenceAndFront => sequence + 1,
        _ => (int)FixedRows,
    };

    /// <summary>Where it starts in the arena, for a sequence of that length.</summary>
    public readonly ulong Start(int sequence) => OffsetFixed + (OffsetPerToken * (ulong)sequence);

    /// <summary>Where it ends in the arena, for a sequence of that length.</summary>
    public readonly ulong End(int sequence) => Start(sequence) + ((ulong)Stride * (ulong)RowsOf(sequence));

    /// <summary>Whether one tensor ends before the other begins, in the same order at every length up to the longest.</summary>
    public readonly bool IsApartFrom(in TensorEntry other, int maxLength) => IsBefore(other, maxLength) || other.IsBefore(this, maxLength);

    // Both ends are linear in the length: what holds for the shortest and the longest sequence holds for all.
    private readonly bool IsBefore(in TensorEntry other, int maxLength) =>
        End(1) <= other.Start(1) && End(maxLength) <= other.Start(maxLength);
}

/// <summary>An entry of CNST: an array or a packed matrix in DATA.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct ConstantEntry
{
    public const int Size = 48;

    public ElementType Type;

    /// <summary>Bits of a weight's code; 8 where elements are what they are.</summary>
    public byte Bits;

    public ConstantLayout Layout;

    /// <summary>Flags: bit 0, the panel obeys the lane rule. None is set in this version.</summary>
    public ushort Flags;

    /// <summary>Inputs that share a block multiplier or a codebook; 0: none.</summary>
    public ushort BlockSize;

    /// <summary>Rows; of a packed matrix the true number of output channels.</summary>
    public uint Rows;

    /// <summary>Columns; of a packed matrix the true number of inputs.</summary>
    public uint Columns;

    /// <summary>From the start of DATA, a multiple of 64.</summary>
    public ulong Offset;

    public ulong Length;

    /// <summary>Constant with the block multipliers, or <see cref="OperationRecord.None"/>.</summary>
    public ushort BlockMultipliers;

    /// <summary>Constant with the codebook, or <see cref="OperationRecord.None"/>.</summary>
    public ushort Codebook;

    public uint Reserved0;
    public ulong Reserved1;
}

/// <summary>Codes of operations.</summary>
internal enum OperationCode : ushort
{
    /// <summary>Sum of table rows chosen by token, position and type.</summary>
    Embed = 1,

    /// <summary>LayerNorm of one tensor or of the sum of two; up to two outputs.</summary>
    LayerNorm = 2,

    /// <summary>Product with constant weights, bias, requantization.</summary>
    Linear = 3,

    /// <summary>Multi-head attention from Q, K and V to the context.</summary>
    Attention = 4,

    /// <summary>A function f(x) = x g(x) of each value, g by table, with a multiplier for each channel.</summary>
    Gate = 5,

    /// <summary>Sum of one or two rescaled tensors, each with a rounding of its own.</summary>
    Add = 6,
}

/// <summary>Which rows an operation computes.</summary>
internal enum RowRange : byte
{
    All = 0,

    /// <summary>Row 0 alone, for a head that reads only the first token.</summary>
    First = 1,
}

/// <summary>What of an operation's work is cut between workers.</summary>
internal enum SplitAxis : byte
{
    Rows = 1,
    Columns = 2,
    Heads = 3,
}

/// <summary>Which form of a non-linear function an operation computes.</summary>
internal enum FunctionKind
{
    /// <summary>The closest integer form; FORMAT.md defines it.</summary>
    Closest = 0,

    /// <summary>As I-BERT publishes it (Kim et al. 2021, and Hugging Face's <c>ibert</c>).</summary>
    Published = 1,
}

/// <summary>A change of scale: multiplier / 2^exponent after a pre-shift, zero point and clamp.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct ScaleStage
{
    public const int Size = 24;

    /// <summary>The one multiplier, where <see cref="Multipliers"/> is none.</summary>
    public int Multiplier;

    /// <summary>k, 0..24.</summary>
    public byte PreShift;

    /// <summary>e; 33..62 where nothing else is said. 0: the stage is not used.</summary>
    public byte Exponent;

    public Rounding Rounding;
    public byte Reserved;
    public int ZeroPoint;
    public int Low;
    public int High;

    /// <summary>Constant with a multiplier for each channel, or <see cref="OperationRecord.None"/>.</summary>
    public ushort Multipliers;

    /// <summary>
    /// Constant with an addend for each channel in units of 2^-(e-32), or <see cref="OperationRecord.None"/>. Of a term (Add's inputs, and
    /// the published LayerNorm and Gate) constant with an exponent for each channel, int32, in place of e.
    /// </summary>
    public ushort Addends;
}

/// <summary>Indexes of tensors or constants.</summary>
[InlineArray(4)]
internal struct Index4
{
    private ushort first;
}

/// <inheritdoc cref="Index4"/>
[InlineArray(2)]
internal struct Index2
{
    private ushort first;
}

/// <inheritdoc cref="Index4"/>
[InlineArray(10)]
internal struct Index10
{
    private ushort first;
}

/// <summary>An operation's scale stages: two for its outputs, two for its inputs.</summary>
[InlineArray(4)]
internal struct Stage4
{
    private ScaleStage first;
}

/// <summary>Parameters whose meaning depends on the operation: the typed views in Graph/Operations name them.</summary>
[InlineArray(12)]
internal struct Parameter12
{
    private int first;
}

/// <summary>A record of OPER.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct OperationRecord
{
    public const int Size = 192;

    /// <summary>No tensor, no constant.</summary>
    public const ushort None = 0xFFFF;

    public OperationCode Code;

    /// <summary>No flag is defined in this version: 0.</summary>
    public ushort Flags;

    public RowRange Rows;
    public SplitAxis Split;

    /// <summary>Fewest rows, panels or heads that are worth a worker's start.</summary>
    public ushort Grain;

    public Index4 Inputs;
    public Index2 Outputs;
    public Index10 Constants;

    /// <summary>Largest |accumulator|, as the quantizer proved it; the reader proves it again.</summary>
    public uint AccumulatorBound;

    /// <summary>Bytes a worker needs beyond what kernels ask for themselves: 0 in this version.</summary>
    public uint WorkerScratch;

    public Stage4 Stages;
    public Parameter12 Parameters;
}

/// <summary>HEAD: where the logits are and what they mean.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct HeadEntry
{
    public const int Size = 32;

    public HeadKind Kind;

    /// <summary>Tensor of int32 logits.</summary>
    public ushort Tensor;

    /// <summary>The row of it that is read.</summary>
    public uint Row;

    /// <summary>Number of labels; of a regression 1.</summary>
    public uint Labels;

    /// <summary>A logit's value is integer * LogitMultiplier / 2^LogitExponent.</summary>
    public int LogitMultiplier;

    /// <inheritdoc cref="LogitMultiplier"/>
    public int LogitExponent;

    public uint Reserved0;
    public ulong Reserved1;
}
