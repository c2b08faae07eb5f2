// From text to the sequences that models of BERT and RoBERTa take, by a tokenizer of Microsoft.ML.Tokenizers.
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace IBert.Edge.Tokenizers.ML;

/// <summary>
/// A tokenizer with the special tokens that stand around a text or a pair of texts. It does what the tokenizer in a model file does, by the
/// same contract: ids with special tokens, cut to a length. Their ids are equal on most texts; the package's README has the differences and
/// their causes. Where nothing speaks for another tokenizer, the model's own is faster and allocates nothing.
/// </summary>
public sealed partial class SequenceTokenizer
{
    private readonly Func<string, IReadOnlyList<int>> encode;
    private readonly int start, end, middle;
    private readonly byte secondType;

    private SequenceTokenizer(Func<string, IReadOnlyList<int>> encode, int start, int end, int middle, byte secondType)
    {
        this.encode = encode;
        this.start = start;
        this.end = end;
        this.middle = middle;
        this.secondType = secondType;
    }

    /// <summary>Special tokens of one text: the least length that <see cref="Encode(string, int, out bool)"/> takes.</summary>
    public int SpecialTokens => 2;

    /// <summary>
    /// Special tokens of a pair: the least length that <see cref="Encode(string, string, int, out byte[], out bool)"/> takes.
    /// </summary>
    public int PairSpecialTokens => 2 + middle;

    /// <summary>BERT's sequences: <c>[CLS] A [SEP]</c>, <c>[CLS] A [SEP] B [SEP]</c> with type 1 from B on.</summary>
    /// <param name="tokenizer">With the vocabulary that the model was made with.</param>
    public static SequenceTokenizer ForBert(BertTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new(
            text => tokenizer.EncodeToIds(text, addSpecialTokens: false), tokenizer.ClassificationTokenId, tokenizer.SeparatorTokenId,
            middle: 1, secondType: 1);
    }

    /// <summary>RoBERTa's sequences: <c>&lt;s> A &lt;/s></c>, <c>&lt;s> A &lt;/s>&lt;/s> B &lt;/s></c>, all of type 0.</summary>
    /// <param name="tokenizer">
    /// Byte-level BPE with the vocabulary and merges that the model was made with, which adds no tokens of its own.
    /// <see cref="RobertaOptions"/> makes one.
    /// </param>
    /// <param name="start">Id of <c>&lt;s></c>.</param>
    /// <param name="end">Id of <c>&lt;/s></c>.</param>
    /// <exception cref="ArgumentException">The tokenizer puts a start or an end around texts itself.</exception>
    public static SequenceTokenizer ForRoberta(BpeTokenizer tokenizer, int start, int end)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.EncodeToIds("a").Any(id => id == start || id == end))
        {
            throw new ArgumentException(
                "the tokenizer adds a start or an end of sentence itself: leave these out of its options", nameof(tokenizer));
        }
        return new(text => tokenizer.EncodeToIds(text), start, end, middle: 2, secondType: 0);
    }

    /// <summary>Tokenizes a text.</summary>
    /// <param name="text">Any text, empty included.</param>
    /// <param name="maxLength">Most ids, special tokens included; at least <see cref="SpecialTokens"/>.</param>
    /// <param name="truncated">Whether the text's end was left out.</param>
    /// <returns>The ids, special tokens included.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is too short for the special tokens.</exception>
    public int[] Encode(string text, int maxLength, out bool truncated)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, SpecialTokens);
        IReadOnlyList<int> ids = encode(text);
        int keep = Math.Min(ids.Count, maxLength - SpecialTokens);
        truncated = keep < ids.Count;
        return [start, .. ids.Take(keep), end];
    }

    /// <summary>Tokenizes a pair of texts. An empty second one is none.</summary>
    /// <param name="text">The first text.</param>
    /// <param name="pair">The second text. Where they do not fit, the longer text is cut first, then both evenly.</param>
    /// <param name="maxLength">Most ids, special tokens included; at least <see cref="PairSpecialTokens"/>.</param>
    /// <param name="typeIds">The token type of each id.</param>
    /// <param name="truncated">Whether something was left out.</param>
    /// <returns>The ids, special tokens included.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is too short for the special tokens.</exception>
    public int[] Encode(string text, string pair, int maxLength, out byte[] typeIds, out bool truncated)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, PairSpecialTokens);
        if (pair.Length == 0)
        {
            int[] single = Encode(text, maxLength, out truncated);
            typeIds = new byte[single.Length];
            return single;
        }
        IReadOnlyList<int> first = encode(text), second = encode(pair);
        (int room, int keepFirst, int keepSecond) = (maxLength - PairSpecialTokens, first.Count, second.Count);
        truncated = keepFirst + keepSecond > room;
        if (truncated)
        {
            // As truncate_encodings of Hugging Face's tokenizers: the shorter is kept whole up to half, the odd one goes to the longer.
            int shorter = Math.Min(Math.Min(keepFirst, keepSecond), room / 2);
            (keepFirst, keepSecond) = keepFirst > keepSecond ? (room - shorter, shorter) : (shorter, room - shorter);
        }
        int[] ids = [start, .. first.Take(keepFirst), .. Enumerable.Repeat(end, middle), .. second.Take(keepSecond), end];
        typeIds = new byte[ids.Length];
        typeIds.AsSpan(1 + keepFirst + middle).Fill(secondType);
        return ids;
    }

    /// <summary>Options of a <see cref="BpeTokenizer"/> as RoBERTa's, from the files of a checkpoint.</summary>
    /// <param name="vocabulary">Path of <c>vocab.json</c>.</param>
    /// <param name="merges">Path of <c>merges.txt</c>.</param>
    /// <param name="specialTokens">Special tokens with their ids, which are found in texts; null for none.</param>
    public static BpeOptions RobertaOptions(string vocabulary, string merges, IReadOnlyDictionary<string, int>? specialTokens = null) =>
        new(vocabulary, merges)
        {
            ByteLevel = true,
            // RobertaPreTokenizer has the same expression, but looks for no special tokens.
            PreTokenizer = new RegexPreTokenizer(Words(), specialTokens),
            SpecialTokens = specialTokens,
        };

    /// <summary>GPT-2's (Radford et al. 2019, encoder.py).</summary>
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Words();
}
