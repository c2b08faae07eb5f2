// What the tiny model's vocabulary says of pieces, whatever tokenizes.
namespace IBert.Edge.TestSupport;

/// <summary>Pieces of checkpoint <c>bert</c>, of which <see cref="TestModels.Tiny"/> is made.</summary>
public static class TinyPieces
{
    private static readonly string[] s_pieces = File.ReadAllLines(Path.Combine(Given.Checkpoint("bert"), "vocab.txt"));

    /// <summary>The ids of pieces that are separated by spaces.</summary>
    public static int[] Ids(string pieces) => [.. pieces.Split(' ').Select(piece => Array.IndexOf(s_pieces, piece))];

    /// <summary>The line that <c>ibert tokenize</c> prints for such pieces.</summary>
    public static string Tokens(string pieces) => $"{pieces}\t{string.Join(' ', Ids(pieces))}\n";
}
