// RoBERTa's tokenizer: split as GPT-2's regular expression does, then byte-level BPE.
using System.Text;

namespace IBert.Edge.Text;

/// <summary>What byte-level BPE does beside merging. The values are those of the file.</summary>
[Flags]
internal enum BytePairOptions
{
    None = 0,

    /// <summary>A text, or what an added token leaves of it, gets a space in front unless it has one.</summary>
    AddPrefixSpace = 1,

    All = AddPrefixSpace,
}

/// <summary>
/// Byte-level byte-pair encoding (Radford et al. 2019; Sennrich et al. 2016) with the results of Hugging Face's fast tokenizers. Time
/// is linear in the text (n log n for tables made to hurt), memory does not depend on it.
/// </summary>
internal sealed class BytePairTokenizer : Tokenizer
{
    private readonly bool addPrefixSpace;
    private readonly BytePairEncoder encoder;
    private readonly byte[] piece;

    /// <summary>Reads the rest of a section of this kind.</summary>
    public BytePairTokenizer(ref TokenizerSection section) : base(ref section)
    {
        var options = (BytePairOptions)ReadOptions(ref section, (int)BytePairOptions.All);
        int slots = section.ReadInt("the size of the pair table", BytePairMerges.MaxProbes, int.MaxValue);
        int units = section.ReadInt("the size of the trie", 256, int.MaxValue);
        if (Pieces.Longest is 0 or > TokenizerSection.MaxPieceBytes)
        {
            throw TokenizerSection.Broken($"the longest piece has {Pieces.Longest} bytes, not 1 to {TokenizerSection.MaxPieceBytes}");
        }
        BytePairMerges merges = BytePairMerges.Open(
            section.ReadTable<BytePairMerge>(VocabularySize, "the merges"), section.ReadTable<uint>(slots, "the pair table"), Pieces);
        DoubleArrayTrie tokens = DoubleArrayTrie.Open(section.ReadTable<uint>(units, "the trie"), Pieces, "the trie");
        section.RequireEnd();
        RequireBytes(tokens);
        addPrefixSpace = (options & BytePairOptions.AddPrefixSpace) != 0;
        encoder = new BytePairEncoder(tokens, merges, Pieces);
        piece = new byte[2 * Pieces.Longest];
    }

    private BytePairTokenizer(BytePairTokenizer proven) : base(proven)
    {
        addPrefixSpace = proven.addPrefixSpace;
        encoder = new BytePairEncoder(proven.encoder);
        piece = new byte[proven.piece.Length];
    }

    /// <summary>Of the steps, as many as one byte can take in one pass over a word.</summary>
    public long LookupsPerByte => encoder.LookupsPerByte;

    public override Tokenizer Another() => new BytePairTokenizer(this);

    protected override long WordSteps => encoder.Steps;

    /// <summary>The piece as the vocabulary has it, in characters that stand for bytes; valid until the next one is asked for.</summary>
    public override ReadOnlySpan<byte> Piece(int id)
    {
        ReadOnlySpan<byte> labels = base.Piece(id);
        if (Added.Contains(id, labels))
        {
            return labels;
        }
        int length = 0;
        foreach (byte label in labels)
        {
            length += new Rune(ByteLevelAlphabet.ToCodePoint(ByteLevelAlphabet.Exchange(label))).EncodeToUtf8(piece.AsSpan(length));
        }
        return piece.AsSpan(0, length);
    }

    protected override void EncodeSegment(ReadOnlySpan<byte> text, ref TokenSink sink)
    {
        // No normalizer stands between the two searches for added tokens, but the second only sees what the first has left.
        AddedTokenSearch search = Added.FindInNormalized(text);
        while (search.Next(out AddedTokenMatch match))
        {
            if (match.Start > match.Before)
            {
                EncodeWords(text[match.Before..match.Start], ref sink);
            }
            if (sink.IsFull)
            {
                return;
            }
            if (match.Id >= 0)
            {
                sink.Add(match.Id);
            }
        }
        EncodeWords(text[search.Free..], ref sink);
    }

    private void EncodeWords(ReadOnlySpan<byte> text, ref TokenSink sink)
    {
        bool addSpace = addPrefixSpace && !text.IsEmpty && text[0] != ' ';
        while (!text.IsEmpty && !sink.IsFull)
        {
            int length = WordLength(text, addSpace);
            encoder.Encode(new BytePairWord(text[..length], addSpace), ref sink);
            text = text[length..];
            addSpace = false;
        }
    }

    /// <summary>
    /// The length of the match of <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c> at the start of
    /// a text; of the text alone where a space is added.
    /// </summary>
    internal static int WordLength(ReadOnlySpan<byte> text, bool addSpace)
    {
        if (!addSpace && ContractionLength(text) is > 0 and int contraction)
        {
            return contraction;
        }
        int position = !addSpace && text[0] == ' ' ? 1 : 0;
        if (position == text.Length)
        {
            return position;
        }
        ByteLevelClass kind = ClassAt(text[position..], out int size);
        if (kind != ByteLevelClass.Space)
        {
            while ((position += size) < text.Length && ClassAt(text[position..], out size) == kind)
            {
            }
            return position;
        }
        // White space leaves its last character to a word that follows, unless it is that one alone.
        int last = position;
        bool isAlone = !addSpace && position == 0;
        while ((position += size) < text.Length && ClassAt(text[position..], out size) == ByteLevelClass.Space)
        {
            (last, isAlone) = (position, false);
        }
        return position == text.Length || isAlone ? position : last;
    }

    private static int ContractionLength(ReadOnlySpan<byte> text)
    {
        if (text[0] != '\'' || text.Length < 2)
        {
            return 0;
        }
        return text[1] switch
        {
            (byte)'s' or (byte)'t' or (byte)'m' or (byte)'d' => 2,
            (byte)'r' or (byte)'v' when text.Length > 2 && text[2] == 'e' => 3,
            (byte)'l' when text.Length > 2 && text[2] == 'l' => 3,
            _ => 0,
        };
    }

    private static ByteLevelClass ClassAt(ReadOnlySpan<byte> text, out int size)
    {
        int codePoint = text[0];
        size = 1;
        if (codePoint >= 0x80)
        {
            Rune.DecodeFromUtf8(text, out Rune rune, out size);
            codePoint = rune.Value;
        }
        return UnicodeData.ByteLevelClassOf(codePoint);
    }

    /// <summary>Every byte that UTF-8 can have must be a token, so that every text has an encoding.</summary>
    private static void RequireBytes(DoubleArrayTrie tokens)
    {
        Span<byte> label = stackalloc byte[1];
        for (int value = 0; value <= 0xF4; value++)
        {
            label[0] = ByteLevelAlphabet.Exchange((byte)value);
            if (value is not (0xC0 or 0xC1) && tokens.FindLongest(DoubleArrayTrie.Root, 0, label).Length != 1)
            {
                throw TokenizerSection.Broken($"no token is the byte 0x{value:X2}");
            }
        }
    }
}
