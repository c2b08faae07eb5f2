// Writes a byte-level BPE tokenizer as the section that TokenizerSection.cs of the runtime lays out.
using System.Text;
using IBert.Edge.Checkpoints;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tokenizers;

/// <summary>
/// Turns a definition into bytes; the same definition gives the same bytes. Every piece is merged from its bytes once: those that come
/// out as themselves are the tokens that a text can have, each with the last of its merges. No other merge ever takes place.
/// </summary>
internal static class BytePairTokenizerWriter
{
    // The pair table starts with this many slots per pair: two thirds of the searches then end at the first one.
    private const int SlotsPerPair = 2;

    private static readonly Dictionary<char, byte> s_bytes = Enumerable.Range(0, 256)
        .ToDictionary(value => (char)ByteLevelAlphabet.ToCodePoint((byte)value), value => (byte)value);

    /// <summary>The section's bytes, a multiple of 4.</summary>
    /// <exception cref="CheckpointException">The definition asks for what the runtime does not take.</exception>
    public static byte[] Write(BytePairDefinition definition)
    {
        var section = new SectionWriter(
            TokenizerSection.BytePairKind, definition, ToLabels, SectionWriter.ToBytes, out byte[][] pieces);
        SectionWriter.Require(
            pieces.Max(piece => piece.Length) <= TokenizerSection.MaxPieceBytes,
            $"a token has more than {TokenizerSection.MaxPieceBytes} bytes");
        int[] byteIds = FindBytes(definition.Vocabulary);
        Merge[] merges = FindMerges(definition, byteIds);
        var tokenOfByte = byteIds.ToHashSet();
        Dictionary<byte[], int> tokens = [];
        foreach (int id in definition.Vocabulary.Values)
        {
            // Label 0 is the byte FF, which no text has.
            if ((merges[id].Rank >= 0 || tokenOfByte.Contains(id)) && !pieces[id].Contains((byte)0))
            {
                tokens.Add(pieces[id], id);
            }
        }
        uint[] pairs = BuildPairTable(merges);
        BuiltTrie trie = TrieBuilder.Build(tokens, []);
        section.Write([(int)definition.Options | SectionWriter.CutOption(definition), pairs.Length, trie.Units.Length]);
        section.Write(merges.SelectMany<Merge, int>(merge => [merge.Left, merge.Right, merge.Rank]));
        section.Write(pairs);
        section.Write(trie.Units);
        return section.ToArray();
    }

    /// <summary>
    /// The bytes that a piece stands for, as labels; a piece that is not written in characters for bytes never comes out.
    /// </summary>
    private static byte[] ToLabels(string piece) => IsBytes(piece)
        ? [.. piece.Select(character => ByteLevelAlphabet.Exchange(s_bytes[character]))]
        : Encoding.UTF8.GetBytes(piece);

    private static bool IsBytes(string piece) => piece.All(s_bytes.ContainsKey);

    private static int[] FindBytes(IReadOnlyDictionary<string, int> vocabulary)
    {
        var ids = new int[256];
        foreach ((char character, byte value) in s_bytes)
        {
            // s_bytes that UTF-8 never has need no token.
            bool found = vocabulary.TryGetValue(character.ToString(), out int id);
            SectionWriter.Require(
                found || value is 0xC0 or 0xC1 or > 0xF4,
                $"the vocabulary has no token '{character}' for the byte 0x{value:X2}, so it is not byte-level BPE that takes every text");
            ids[value] = found ? id : -1;
        }
        return ids;
    }

    private static Merge[] FindMerges(BytePairDefinition definition, int[] byteIds)
    {
        IReadOnlyDictionary<string, int> vocabulary = definition.Vocabulary;
        Dictionary<(int, int), (int Rank, int Id)> ranks = [];
        foreach ((int rank, (string left, string right)) in definition.Merges.Index())
        {
            int IdOf(string piece) => vocabulary.TryGetValue(piece, out int id)
                ? id
                : throw new CheckpointException(
                    $"Merge {rank + 1}, '{left} {right}', needs the token '{piece}', which the vocabulary lacks. "
                    + "Copy vocab.json and merges.txt, or tokenizer.json, again, from one checkpoint.");
            ranks[(IdOf(left), IdOf(right))] = (rank, IdOf(left + right));
        }
        var merges = new Merge[definition.VocabularySize];
        Array.Fill(merges, new Merge(0, 0, -1));
        foreach ((string piece, int id) in vocabulary)
        {
            if (piece.Length > 1 && IsBytes(piece))
            {
                List<int> symbols = [.. piece.Select(character => byteIds[s_bytes[character]])];
                Merge last = MergeAll(symbols, ranks);
                merges[id] = symbols.Count == 1 && symbols[0] == id ? last : merges[id];
            }
        }
        foreach (Merge merge in merges)
        {
            SectionWriter.Require(
                merge.Rank < 0 || merges[merge.Left].Rank < merge.Rank && merges[merge.Right].Rank < merge.Rank,
                $"merge {merge.Rank + 1} comes before the merges that make its two parts; only lists in the order of training are " +
                $"supported");
        }
        return merges;
    }

    /// <summary>
    /// Byte-pair encoding as it is defined: of the pairs with the lowest rank the first is merged, until no pair has one.
    /// </summary>
    private static Merge MergeAll(List<int> symbols, Dictionary<(int, int), (int Rank, int Id)> ranks)
    {
        var last = new Merge(0, 0, -1);
        while (true)
        {
            (int best, int at, int id) = (int.MaxValue, -1, -1);
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                if (ranks.TryGetValue((symbols[i], symbols[i + 1]), out (int Rank, int Id) merge) && merge.Rank < best)
                {
                    (best, at, id) = (merge.Rank, i, merge.Id);
                }
            }
            if (at < 0)
            {
                return last;
            }
            last = new Merge(symbols[at], symbols[at + 1], best);
            symbols[at] = id;
            symbols.RemoveAt(at + 1);
        }
    }

    /// <summary>Places every pair at the first free slot from its home on; with more homes where one would stand too far away.</summary>
    private static uint[] BuildPairTable(Merge[] merges)
    {
        uint homes = (uint)Math.Max(SlotsPerPair * merges.Count(merge => merge.Rank >= 0), 1);
        while (true)
        {
            var slots = new uint[homes + BytePairMerges.MaxProbes - 1];
            bool fits = true;
            for (int id = 0; id < merges.Length && fits; id++)
            {
                if (merges[id].Rank >= 0)
                {
                    (int home, uint tag) = BytePairMerges.Hash(merges[id].Left, merges[id].Right, homes);
                    int free = slots.AsSpan(home, BytePairMerges.MaxProbes).IndexOf(0u);
                    fits = free >= 0;
                    slots[home + Math.Max(free, 0)] = (uint)id << BytePairMerges.IdShift | tag;
                }
            }
            if (fits)
            {
                return slots;
            }
            homes += homes / 2 + 1;
        }
    }

    /// <summary>As <see cref="BytePairMerge"/>.</summary>
    private readonly record struct Merge(int Left, int Right, int Rank);
}
