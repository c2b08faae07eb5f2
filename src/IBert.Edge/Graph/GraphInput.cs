// What a graph reads, and what is known of it before there is any: between a front end and the graph.
using IBert.Edge.Format;

namespace IBert.Edge.Graph;

/// <summary>What a front end states of every input that it writes. The graph's proof relies on it.</summary>
/// <param name="Kind">What it writes.</param>
/// <param name="LeastLength">Fewest rows that a sequence can be cut to.</param>
/// <param name="GreatestLength">Most rows that it can write.</param>
/// <param name="Vocabulary">Of token ids their number: each id is below it. Otherwise 0.</param>
internal readonly record struct InputBounds(InputKind Kind, int LeastLength, int GreatestLength, int Vocabulary);

/// <summary>One sequence, as a front end wrote it; within its <see cref="InputBounds"/>.</summary>
internal readonly ref struct GraphInput
{
    /// <summary>Token ids with their types.</summary>
    /// <param name="ids">One for each row.</param>
    /// <param name="types">As many; from the last type that the model tells apart on they are that one.</param>
    public GraphInput(ReadOnlySpan<int> ids, ReadOnlySpan<byte> types)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(types.Length, ids.Length);
        Ids = ids;
        Types = types;
    }

    /// <summary>Rows of the sequence.</summary>
    public int Length => Ids.Length;

    /// <summary>Token ids, one for each row.</summary>
    public ReadOnlySpan<int> Ids { get; }

    /// <summary>Type ids, one for each row.</summary>
    public ReadOnlySpan<byte> Types { get; }
}
