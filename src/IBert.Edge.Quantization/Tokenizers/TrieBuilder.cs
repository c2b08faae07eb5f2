// Lays out a double-array trie as DoubleArrayTrie of the runtime reads it.
using IBert.Edge.Text;

namespace IBert.Edge.Quantization.Tokenizers;

/// <summary>The units of a trie and the node where strings that begin with the prefix go on.</summary>
/// <param name="Units">A multiple of 256 units; none for no strings.</param>
/// <param name="PrefixNode">The unit that the prefix leads to; -1 when no string begins with it.</param>
internal readonly record struct BuiltTrie(uint[] Units, int PrefixNode);

/// <summary>
/// Places the nodes breadth first, each at the first base where its children fit and that no other node has. The same strings give the
/// same units.
/// </summary>
internal sealed class TrieBuilder
{
    private const int Block = 256;

    private readonly List<uint> units = [];
    private readonly List<bool> taken = [];
    private readonly List<bool> isBase = [];
    private int firstFree;

    private TrieBuilder()
    {
    }

    /// <summary>Builds a trie.</summary>
    /// <param name="strings">Strings without zero bytes, each not empty, with their values; no string twice.</param>
    /// <param name="prefix">A prefix whose node must exist, so that searches can start there.</param>
    public static BuiltTrie Build(IEnumerable<KeyValuePair<byte[], int>> strings, ReadOnlySpan<byte> prefix)
    {
        KeyValuePair<byte[], int>[] sorted = [.. strings];
        Array.Sort(sorted, (x, y) => x.Key.AsSpan().SequenceCompareTo(y.Key));
        return sorted.Length == 0 ? new BuiltTrie([], -1) : new TrieBuilder().Place(sorted, prefix);
    }

    private BuiltTrie Place(KeyValuePair<byte[], int>[] sorted, ReadOnlySpan<byte> prefix)
    {
        int prefixNode = -1;
        Take(DoubleArrayTrie.Root, 0);
        var nodes = new Queue<(int Low, int High, int Depth, int Unit)>([(0, sorted.Length, 0, DoubleArrayTrie.Root)]);
        List<(byte Label, int Low, int High)> children = [];
        while (nodes.TryDequeue(out (int Low, int High, int Depth, int Unit) node))
        {
            int depth = node.Depth;
            if (depth == prefix.Length && sorted[node.Low].Key.AsSpan().StartsWith(prefix))
            {
                prefixNode = node.Unit;
            }
            children.Clear();
            for (int low = node.Low, high; low < node.High; low = high)
            {
                byte label = LabelAt(sorted[low].Key, depth);
                for (high = low + 1; high < node.High && LabelAt(sorted[high].Key, depth) == label; high++)
                {
                }
                children.Add((label, low, high));
            }
            int firstChild = FindBase(children);
            isBase[firstChild] = true;
            units[node.Unit] |= (uint)firstChild << DoubleArrayTrie.ValueShift;
            foreach ((byte label, int low, int high) in children)
            {
                int unit = firstChild ^ label;
                bool onPrefix = depth < prefix.Length && sorted[low].Key.AsSpan().StartsWith(prefix);
                if (label == 0 || high - low == 1 && !onPrefix)
                {
                    Take(unit, (uint)sorted[low].Value << DoubleArrayTrie.ValueShift | DoubleArrayTrie.LeafFlag | label);
                }
                else
                {
                    Take(unit, label);
                    nodes.Enqueue((low, high, depth + 1, unit));
                }
            }
        }
        return new BuiltTrie([.. units], prefixNode);
    }

    private static byte LabelAt(byte[] key, int depth) => depth < key.Length ? key[depth] : (byte)0;

    private int FindBase(List<(byte Label, int Low, int High)> children)
    {
        while (firstFree < taken.Count && taken[firstFree])
        {
            firstFree++;
        }
        for (int slot = firstFree; ; slot++)
        {
            Grow(slot);
            int candidate = slot ^ children[0].Label;
            if (!taken[slot] && !isBase[candidate] && children.TrueForAll(child => !taken[candidate ^ child.Label]))
            {
                return candidate;
            }
        }
    }

    private void Take(int unit, uint value)
    {
        Grow(unit);
        units[unit] = value;
        taken[unit] = true;
    }

    private void Grow(int unit)
    {
        while (unit >= units.Count)
        {
            units.AddRange(new uint[Block]);
            taken.AddRange(new bool[Block]);
            isBase.AddRange(new bool[Block]);
        }
    }
}
