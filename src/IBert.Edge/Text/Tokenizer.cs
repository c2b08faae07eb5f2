// From UTF-8 text to token ids: what every kind of tokenizer shares (added tokens, templates, truncation).
using IBert.Edge.Memory;

namespace IBert.Edge.Text;

/// <summary>
/// A tokenizer over tables that stay in the mapped file. One thread at a time; any number share the tables that were proven once. Nothing
/// is allocated after opening.
/// </summary>
internal abstract class Tokenizer
{
    private readonly AddedTokens added;
    private readonly NativeSpan<TemplateItem> single;
    private readonly NativeSpan<TemplateItem> pair;

    /// <summary>Reads the part of the section that all kinds have; <paramref name="section"/> stands behind kind and version.</summary>
    protected Tokenizer(ref TokenizerSection section)
    {
        VocabularySize = section.ReadInt("the vocabulary size", 1, DoubleArrayTrie.MaxValue);
        int pieceBytes = section.ReadInt("the size of the vocabulary's text", 0, int.MaxValue);
        int addedCount = section.ReadInt("the number of added tokens", 0, DoubleArrayTrie.MaxValue);
        int addedBytes = section.ReadInt("the size of the added tokens' text", 0, int.MaxValue);
        int rawUnits = section.ReadInt("the size of the trie of added tokens", 0, int.MaxValue);
        int normalizedUnits = section.ReadInt("the size of the trie of normalized added tokens", 0, int.MaxValue);
        int singleItems = section.ReadInt("the length of the template", 1, TokenizerSection.MaxTemplateItems);
        int pairItems = section.ReadInt("the length of the template of pairs", 2, TokenizerSection.MaxTemplateItems);
        single = ReadTemplate(ref section, singleItems, "the template", [TemplateItem.First], maxType: 0);
        pair = ReadTemplate(ref section, pairItems, "the template of pairs", [TemplateItem.First, TemplateItem.Second], maxType: 1);
        Pieces = StringTable.Open(
            section.ReadTable<uint>(VocabularySize + 1, "the vocabulary"),
            section.ReadTable<byte>(pieceBytes, "the vocabulary"),
            "the pieces");
        NativeSpan<AddedToken> tokens = section.ReadTable<AddedToken>(addedCount, "the added tokens");
        StringTable contents = StringTable.Open(
            section.ReadTable<uint>(addedCount + 1, "the added tokens"),
            section.ReadTable<byte>(addedBytes, "the added tokens"),
            "the added tokens");
        added = new AddedTokens(
            tokens,
            contents,
            section.ReadTable<uint>(rawUnits, "the trie of added tokens"),
            section.ReadTable<uint>(normalizedUnits, "the trie of normalized added tokens"),
            VocabularySize);
    }

    /// <summary>Shares the tables of another tokenizer.</summary>
    protected Tokenizer(Tokenizer proven)
    {
        VocabularySize = proven.VocabularySize;
        single = proven.single;
        pair = proven.pair;
        Pieces = proven.Pieces;
        CutsStart = proven.CutsStart;
        added = new AddedTokens(proven.added);
    }

    /// <summary>Number of ids, those of added tokens included; every id that is written is below it.</summary>
    public int VocabularySize { get; }

    /// <summary>Special tokens that a single text gets: the smallest length that <see cref="Encode"/> takes.</summary>
    public int SpecialTokens => single.Length - 1;

    /// <summary>Special tokens that a pair gets: the smallest length that <see cref="EncodePair"/> takes.</summary>
    public int PairSpecialTokens => pair.Length - 2;

    /// <summary>The smallest length that every text and pair can be cut to; 3 at least, for a token between two special ones.</summary>
    public int LeastLength => Math.Max(3, Math.Max(SpecialTokens, PairSpecialTokens));

    /// <summary>What tokenizing has cost since opening, in lookups of its tables: for tests that show that it is linear.</summary>
    public long Steps => added.Steps + WordSteps;

    /// <summary>Whether a text that is too long loses its start, not its end; it is then read to its end, however long it is.</summary>
    public bool CutsStart { get; private set; }

    /// <summary>Of the steps, those that words have cost.</summary>
    protected abstract long WordSteps { get; }

    protected AddedTokens Added => added;

    protected StringTable Pieces { get; }

    /// <summary>Opens the tokenizer of a model file.</summary>
    /// <param name="section">The section, laid out as TokenizerSection.cs says; must stay mapped and unchanged.</param>
    /// <exception cref="ModelFormatException">The section is broken, or of a kind or version that this program does not know.</exception>
    public static Tokenizer Open(NativeSpan<byte> section)
    {
        var reader = new TokenizerSection(section);
        int kind = reader.ReadInt("the kind");
        int version = reader.ReadInt("the version");
        if (version != TokenizerSection.Version)
        {
            throw new ModelFormatException(
                $"The tokenizer section has version {version}; this program reads version {TokenizerSection.Version}. "
                + "Rebuild the model with the ibert-quantize of this program, or update the program.");
        }
        return kind switch
        {
            TokenizerSection.WordPieceKind => new WordPieceTokenizer(ref reader),
            TokenizerSection.BytePairKind => new BytePairTokenizer(ref reader),
            _ => throw new ModelFormatException(
                $"The tokenizer section is of kind {kind}, which this program does not know. Update the program, or rebuild the model."),
        };
    }

    /// <summary>Another tokenizer over the same tables, for another thread: nothing is read or proven again.</summary>
    public abstract Tokenizer Another();

    /// <summary>The piece of an id, UTF-8, as the vocabulary has it (a WordPiece inside a word with its prefix).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative or not below <see cref="VocabularySize"/>.</exception>
    public virtual ReadOnlySpan<byte> Piece(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize);
        return Pieces[id];
    }

    /// <summary>Tokenizes a text, special tokens included, cut to what fits, at the end or at the start. All token types are 0.</summary>
    /// <param name="text">UTF-8; invalid bytes count as U+FFFD.</param>
    /// <param name="ids">Where the ids go; its length is the maximal length, at least <see cref="SpecialTokens"/>.</param>
    /// <param name="truncated">Whether something was cut.</param>
    /// <returns>Number of ids.</returns>
    public int Encode(ReadOnlySpan<byte> text, Span<int> ids, out bool truncated)
    {
        int room = Room(ids.Length, SpecialTokens);
        int position = 0;
        truncated = false;
        foreach (TemplateItem item in single.Span)
        {
            if (item.Id >= 0)
            {
                ids[position++] = item.Id;
                continue;
            }
            var sink = new TokenSink(ids.Slice(position, room), room, CutsStart);
            EncodeText(text, ref sink);
            sink.Finish();
            truncated = sink.Count > room;
            position += Math.Min(sink.Count, room);
        }
        return position;
    }

    /// <summary>
    /// Tokenizes a pair, special tokens included; where it does not fit, the longer text is cut first, then both evenly, each on the side
    /// of a single text. An empty second text is no second text, as transformers has it: the template is then that of one.
    /// </summary>
    /// <param name="a">The first text, UTF-8.</param>
    /// <param name="b">The second text, UTF-8.</param>
    /// <param name="ids">Where the ids go; its length is the maximal length, at least <see cref="PairSpecialTokens"/>.</param>
    /// <param name="typeIds">Where the token types go, one per id; at least as long as <paramref name="ids"/>.</param>
    /// <param name="truncated">Whether something was cut.</param>
    /// <returns>Number of ids.</returns>
    public int EncodePair(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, Span<int> ids, Span<byte> typeIds, out bool truncated)
    {
        if (typeIds.Length < ids.Length)
        {
            throw new ArgumentException($"{typeIds.Length} token types are too few for {ids.Length} ids", nameof(typeIds));
        }
        if (b.IsEmpty)
        {
            int length = Encode(a, ids, out truncated);
            typeIds[..length].Clear();
            return length;
        }
        int room = Room(ids.Length, PairSpecialTokens);
        int countA = Count(a, room), countB = Count(b, room);
        int keepA = countA, keepB = countB;
        truncated = countA > room || countB > room - countA;
        if (truncated)
        {
            // As truncate_encodings of Hugging Face's tokenizers: the shorter is kept whole up to half, the odd one goes to the longer.
            bool longerA = room % 2 != 0 && countA > room && countB > room ? IsLonger(a, b) : countA > countB;
            int shorter = Math.Min(Math.Min(countA, countB), room / 2);
            (keepA, keepB) = longerA ? (room - shorter, shorter) : (shorter, room - shorter);
        }
        int position = 0;
        foreach (TemplateItem item in pair.Span)
        {
            int start = position;
            if (item.Id >= 0)
            {
                ids[position++] = item.Id;
            }
            else
            {
                int keep = item.Id == TemplateItem.First ? keepA : keepB;
                if (keep > 0)
                {
                    var sink = new TokenSink(ids.Slice(position, keep), keep - 1, CutsStart);
                    EncodeText(item.Id == TemplateItem.First ? a : b, ref sink);
                    sink.Finish();
                }
                position += keep;
            }
            typeIds[start..position].Fill((byte)item.TypeId);
        }
        return position;
    }

    /// <summary>Tokenizes text in which no added token is looked for, until it ends or the sink is full.</summary>
    protected abstract void EncodeSegment(ReadOnlySpan<byte> text, ref TokenSink sink);

    /// <summary>The options: those of the kind, and <see cref="TokenizerSection.CutStartOption"/>, which all kinds have.</summary>
    /// <param name="section">Stands before them.</param>
    /// <param name="own">Those that the kind has.</param>
    /// <returns>Of these, the ones that are set.</returns>
    protected int ReadOptions(ref TokenizerSection section, int own)
    {
        int options = section.ReadInt("the options");
        if ((options & ~(own | TokenizerSection.CutStartOption)) != 0)
        {
            throw TokenizerSection.Broken($"the options are {options}, of which this kind knows {own | TokenizerSection.CutStartOption}");
        }
        CutsStart = (options & TokenizerSection.CutStartOption) != 0;
        return options & own;
    }

    /// <summary>An id of the vocabulary, read from the section.</summary>
    protected int ReadId(ref TokenizerSection section, string name, int from = 0) => section.ReadInt(name, from, VocabularySize - 1);

    private NativeSpan<TemplateItem> ReadTemplate(
        ref TokenizerSection section, int count, string name, ReadOnlySpan<int> texts, uint maxType)
    {
        NativeSpan<TemplateItem> items = section.ReadTable<TemplateItem>(count, name);
        int next = 0;
        foreach (TemplateItem item in items.Span)
        {
            if (item.TypeId > maxType || item.Id >= VocabularySize || item.Id < 0 && (next == texts.Length || item.Id != texts[next++]))
            {
                throw TokenizerSection.Broken($"{name} has an item of id {item.Id} and type {item.TypeId}, which cannot stand there");
            }
        }
        if (next != texts.Length)
        {
            throw TokenizerSection.Broken($"{name} has no place for the text");
        }
        // An empty text must still be a sequence.
        return count > next ? items : throw TokenizerSection.Broken($"{name} has no special token");
    }

    private static int Room(int length, int specialTokens) => length >= specialTokens
        ? length - specialTokens
        : throw new ArgumentException($"a length of {length} is too short: the special tokens alone are {specialTokens}");

    private void EncodeText(ReadOnlySpan<byte> text, ref TokenSink sink)
    {
        AddedTokenSearch search = added.FindIn(text);
        while (!sink.IsFull && search.Next(out AddedTokenMatch match))
        {
            if (match.Start > match.Before)
            {
                EncodeSegment(text[match.Before..match.Start], ref sink);
                if (sink.IsFull)
                {
                    return;
                }
            }
            if (match.Id >= 0)
            {
                sink.Add(match.Id);
            }
        }
        if (!sink.IsFull && search.Free < text.Length)
        {
            EncodeSegment(text[search.Free..], ref sink);
        }
    }

    /// <summary>The number of tokens of a text, exact up to a limit; beyond it only that it is more.</summary>
    private int Count(ReadOnlySpan<byte> text, int limit)
    {
        var sink = new TokenSink([], limit);
        EncodeText(text, ref sink);
        return sink.Count;
    }

    /// <summary>Whether a has more tokens than b: the one with fewer bytes is counted wholly, the other until it has more.</summary>
    private bool IsLonger(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        if (a.Length <= b.Length)
        {
            int countA = Count(a, int.MaxValue);
            return countA > Count(b, countA);
        }
        int countB = Count(b, int.MaxValue);
        return Count(a, countB) > countB;
    }
}
