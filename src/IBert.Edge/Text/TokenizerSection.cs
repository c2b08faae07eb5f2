// The tokenizer's part of a model file: its layout, and a reader that cannot leave it.
//
// All fields are little-endian; the section starts 4-byte aligned, and after every table it is padded with zeros to the next multiple of 4.
// Counts are of elements. Offsets tables have one more element than strings: the end of the last.
//
//   u32 kind                       1 WordPiece, 2 byte-level BPE
//   u32 version                    1
//   u32 V                          vocabulary size, added tokens included: 1 .. 2^23 - 1
//   u32 pieceBytes
//   u32 A                          added tokens, 0 .. 2^23 - 1
//   u32 addedBytes
//   u32 rawUnits, normalizedUnits  of the two tries of added tokens; multiples of 256; 0: none
//   u32 singleItems, pairItems     of the templates, at most 16 each
//   {i32 id, u32 type}[singleItems]    the template of one text: id >= 0 a special token, -1 the text; type 0
//   {i32 id, u32 type}[pairItems]      of two: -1 the first, -2 the second text, in this order; type 0 or 1
//   u32[V + 1] pieceOffsets, u8[pieceBytes] pieces             by id; kind 1: UTF-8, continuing prefix included; kind 2: see there
//   {u32 id, u32 flags}[A]         added tokens; flags: 1 single_word, 2 lstrip, 4 rstrip, 8 normalized, 16 split: it is found, so that no
//                                  other is inside it, but stays text
//   u32[A + 1] addedOffsets, u8[addedBytes] added              what is looked for, at most 256 bytes each, not empty: the content, where
//                                  flag 8 is set as the normalizer leaves it
//   u32[rawUnits]                  trie of the added tokens without flag 8, looked for in the text as given; leaves are indices of them
//   u32[normalizedUnits]           trie of those with flag 8, looked for in the normalized text
//
// Then, for kind 1:
//
//   u32 options                    1 clean_text, 2 handle_chinese_chars, 4 strip_accents, 8 lower_case; 16 cut_start: a text that is too
//                                  long loses its start, not its end
//   i32 unknown                    id of the unknown token
//   i32 padding                    id of the padding token; -1: none
//   u32 maxCharacters              longer words are unknown, 1 .. 1000
//   u32 prefixBytes                length of the continuing prefix ("##": 2)
//   i32 continuation               unit of the trie that the prefix leads to, where pieces inside a word start; -1: there are none
//   u32 units                      of the trie of pieces
//   u32[units]                     trie of pieces; leaves are ids. DoubleArrayTrie.cs has the unit
//
// For kind 2, whose pieces are the bytes that they stand for, 00 and FF exchanged (ByteLevelAlphabet.cs), at most 1024 each:
//
//   u32 options                    1 add_prefix_space; 16 cut_start, as kind 1 has it
//   u32 slots                      of the pair table, at least 64
//   u32 units                      of the trie of tokens
//   {i32 left, i32 right, i32 rank}[V]     the merge that makes a token: ids, whose own ranks are lower, and its rank from 0 on;
//                                  rank -1: no merge makes this one. The bytes of the two are those of the token
//   u32[slots]                     pair table: from two ids to the token they are merged to. BytePairMerges.cs has the slot
//   u32[units]                     trie of the tokens that merging can give, a token of each byte that UTF-8 has among them; leaves are ids
//
// Nothing follows. Tries lead to each leaf by the bytes of its string and by no others, and BytePairEncoder.MaxLookups bounds what tries
// and merges may cost at a byte of text.
using IBert.Edge.Memory;

namespace IBert.Edge.Text;

/// <summary>An item of a template: a special token, or the place of a text.</summary>
internal readonly struct TemplateItem
{
    public const int First = -1;
    public const int Second = -2;

    public readonly int Id;
    public readonly uint TypeId;
}

/// <summary>An added token's id and where it is found.</summary>
internal readonly struct AddedToken
{
    public readonly uint Id;
    public readonly AddedTokenFlags Flags;
}

/// <summary>As in Hugging Face's <c>AddedToken</c>.</summary>
[Flags]
internal enum AddedTokenFlags : uint
{
    None = 0,
    SingleWord = 1,
    LeftStrip = 2,
    RightStrip = 4,
    Normalized = 8,

    /// <summary>As <c>split_special_tokens</c> has it: the text of a special token is text.</summary>
    Split = 16,

    All = 31,
}

/// <summary>Reads a tokenizer section from front to back; whatever would leave it is a <see cref="ModelFormatException"/>.</summary>
internal unsafe ref struct TokenizerSection
{
    public const int WordPieceKind = 1;
    public const int BytePairKind = 2;
    public const int Version = 1;
    public const int CutStartOption = 16;
    public const int MaxTemplateItems = 16;
    public const int MaxAddedBytes = 256;
    public const int MaxPieceBytes = 1024;
    public const int MaxCharacters = 1000;

    private readonly NativeSpan<byte> section;
    private int position;

    public TokenizerSection(NativeSpan<byte> section)
    {
        if ((nuint)section.Pointer % 4 != 0)
        {
            throw Broken("it does not start at a multiple of 4 bytes");
        }
        this.section = section;
    }

    /// <summary>The error for a section that cannot be used.</summary>
    public static ModelFormatException Broken(string what) =>
        new($"The tokenizer section is broken: {what}. Copy the model file again, or rebuild it with ibert-quantize.");

    public int ReadInt(string name) => ReadTable<int>(1, name)[0];

    /// <summary>A number that must lie in a range.</summary>
    public int ReadInt(string name, int from, int to)
    {
        int value = ReadInt(name);
        return value >= from && value <= to ? value : throw Broken($"{name} is {value}, not {from} to {to}");
    }

    public NativeSpan<T> ReadTable<T>(int count, string name) where T : unmanaged
    {
        long bytes = (long)count * sizeof(T);
        if (count < 0 || bytes > section.Length - position)
        {
            throw Broken($"{name} needs {(count < 0 ? (uint)count : bytes)} bytes at {position}, and {section.Length - position} are left");
        }
        var table = new NativeSpan<T>((T*)(section.Pointer + position), count);
        position = (int)Math.Min(((long)position + bytes + 3) & ~3L, section.Length);
        return table;
    }

    public readonly void RequireEnd()
    {
        if (position != section.Length)
        {
            throw Broken($"{section.Length - position} bytes follow its last table");
        }
    }
}
