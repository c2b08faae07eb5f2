// BERT's tokenizer: normalize, split at white space and punctuation, then the longest piece first.
using System.Text;

namespace IBert.Edge.Text;

/// <summary>
/// WordPiece (Wu et al. 2016; Devlin et al. 2019) with the results of Hugging Face's fast tokenizers. Text streams through one
/// window that holds the word at hand, so that time is linear in the text and memory does not depend on it.
/// </summary>
internal sealed class WordPieceTokenizer : Tokenizer
{
    private const int Refill = 1024;

    private readonly BertNormalizerOptions options;
    private readonly BertNormalizer normalizer;
    private readonly DoubleArrayTrie pieces;
    private readonly int unknownId;
    private readonly int maxCharacters;
    private readonly int prefixBytes;
    private readonly int continuation;
    private readonly int lookahead;
    private readonly byte[] window;
    private readonly int[] wordIds;
    private long steps;

    /// <summary>Reads the rest of a section of this kind.</summary>
    public WordPieceTokenizer(ref TokenizerSection section) : base(ref section)
    {
        options = (BertNormalizerOptions)ReadOptions(ref section, (int)BertNormalizerOptions.All);
        unknownId = ReadId(ref section, "the unknown token");
        PaddingId = ReadId(ref section, "the padding token", -1);
        maxCharacters = section.ReadInt("the longest word", 1, TokenizerSection.MaxCharacters);
        prefixBytes = section.ReadInt("the length of the continuing prefix", 0, TokenizerSection.MaxAddedBytes);
        continuation = section.ReadInt("the continuation node");
        int units = section.ReadInt("the size of the trie", 256, int.MaxValue);
        pieces = DoubleArrayTrie.Open(section.ReadTable<uint>(units, "the trie"), Pieces, "the trie");
        section.RequireEnd();
        if (continuation != -1 && !pieces.IsInner(continuation))
        {
            throw TokenizerSection.Broken($"the continuation node {continuation} is not an inner node");
        }
        lookahead = Math.Max(4, Added.NormalizedLookahead);
        (normalizer, window, wordIds) = Buffers();
    }

    private WordPieceTokenizer(WordPieceTokenizer proven) : base(proven)
    {
        options = proven.options;
        unknownId = proven.unknownId;
        PaddingId = proven.PaddingId;
        maxCharacters = proven.maxCharacters;
        prefixBytes = proven.prefixBytes;
        continuation = proven.continuation;
        pieces = proven.pieces;
        lookahead = proven.lookahead;
        (normalizer, window, wordIds) = Buffers();
    }

    /// <summary>The padding token's id, or -1.</summary>
    public int PaddingId { get; }

    public override Tokenizer Another() => new WordPieceTokenizer(this);

    protected override long WordSteps => steps;

    protected override void EncodeSegment(ReadOnlySpan<byte> text, ref TokenSink sink)
    {
        Span<byte> buffer = window;
        normalizer.Reset();
        int position = 0;                           // in the text
        int word = 0, cursor = 0, end = 0;          // in the window: where the word starts, what is next, what is filled
        int characters = 0;                         // of the word so far
        int searchFrom = 0, before = -1;            // for normalized added tokens: where one may start again, and the code point before
        bool isTaken = false;                       // whether one has taken the white space up to the next word
        while (!sink.IsFull)
        {
            if (end - cursor < lookahead && position < text.Length)
            {
                buffer[word..end].CopyTo(buffer);
                (cursor, end, searchFrom, word) = (cursor - word, end - word, searchFrom - word, 0);
                end += normalizer.Fill(text, ref position, buffer[end..]);
                continue;
            }
            if (cursor == end)
            {
                EndWord(buffer[word..cursor], characters, ref sink);
                return;
            }
            if (Added.NormalizedLookahead > 0 && cursor >= searchFrom)
            {
                AddedTokenAt found = Added.FindNormalized(before, buffer[cursor..end]);
                searchFrom = cursor + found.Length;
                if (found.Id >= 0)
                {
                    EndWord(buffer[word..cursor], characters, ref sink);
                    // White space that a token takes gives no ids anyway, unless it is a token itself.
                    bool isEmpty = isTaken && (found.Flags & AddedTokenFlags.LeftStrip) != 0 && IsWhiteSpace(buffer[cursor..searchFrom]);
                    if (!isEmpty)
                    {
                        sink.Add(found.Id);
                        isTaken = (found.Flags & AddedTokenFlags.RightStrip) != 0;
                    }
                    Rune.DecodeLastFromUtf8(buffer[cursor..searchFrom], out Rune last, out _);
                    (before, cursor, word, characters) = (last.Value, searchFrom, searchFrom, 0);
                    continue;
                }
            }
            int codePoint = buffer[cursor], size = 1;
            if (codePoint >= 0x80)
            {
                Rune.DecodeFromUtf8(buffer[cursor..end], out Rune rune, out size);
                codePoint = rune.Value;
            }
            before = codePoint;
            CodePointClass kind = UnicodeData.ClassOf(UnicodeData.Properties(codePoint));
            bool isSpace = UnicodeData.IsWhiteSpace(codePoint, kind);
            isTaken &= isSpace;
            if (kind == CodePointClass.Punctuation || isSpace)
            {
                EndWord(buffer[word..cursor], characters, ref sink);
                if (kind == CodePointClass.Punctuation)
                {
                    EncodeWord(buffer.Slice(cursor, size), ref sink);
                }
                cursor += size;
                (word, characters) = (cursor, 0);
                continue;
            }
            cursor += size;
            characters++;
            if (characters > maxCharacters)
            {
                // The word is unknown whatever follows: say so once, and keep none of it, so that the window need not hold it.
                if (characters == maxCharacters + 1)
                {
                    sink.Add(unknownId);
                }
                characters = maxCharacters + 1;
                word = cursor;
            }
        }
    }

    private (BertNormalizer Normalizer, byte[] Window, int[] WordIds) Buffers()
    {
        BertNormalizer stream = new(options, maxCharacters + 1);
        return (stream, new byte[(4 * (maxCharacters + 1)) + lookahead + stream.Headroom + Refill], new int[4 * maxCharacters]);
    }

    private void EndWord(ReadOnlySpan<byte> word, int characters, ref TokenSink sink)
    {
        if (characters > 0 && characters <= maxCharacters)
        {
            EncodeWord(word, ref sink);
        }
    }

    private void EncodeWord(ReadOnlySpan<byte> word, ref TokenSink sink)
    {
        int count = 0, node = DoubleArrayTrie.Root, depth = 0;
        while (word.Length > 0)
        {
            TrieMatch match = node < 0 ? default : pieces.FindLongest(node, depth, word);
            steps += match.Steps;
            if (match.Length == 0)
            {
                sink.Add(unknownId);
                return;
            }
            wordIds[count++] = match.Value;
            word = word[match.Length..];
            (node, depth) = (continuation, prefixBytes);
        }
        foreach (int id in wordIds.AsSpan(0, count))
        {
            sink.Add(id);
        }
    }

    private static bool IsWhiteSpace(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf8(text, out Rune rune, out int size);
            if (!UnicodeData.IsWhiteSpace(rune.Value))
            {
                return false;
            }
            text = text[size..];
        }
        return true;
    }
}
