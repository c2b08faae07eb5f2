namespace IBert.Edge.Cli.Commands;

/// <summary>Labels from best to worst, without garbage.</summary>
internal sealed class Ranking(int labels)
{
    private readonly long[] keys = new long[labels];
    private readonly int[] order = new int[labels];

    /// <summary>Indexes of the count largest logits, largest first, of equal ones the first in the model first.</summary>
    public ReadOnlySpan<int> Best(ReadOnlySpan<int> logits, int count)
    {
        for (int i = 0; i < labels; i++)
        {
            // Ascending keys are descending logits, and where these are equal ascending indexes.
            keys[i] = ((long)~logits[i] << 32) | (uint)i;
        }
        keys.AsSpan().Sort();
        int shown = Math.Min(count, labels);
        for (int i = 0; i < shown; i++)
        {
            order[i] = (int)keys[i];
        }
        return order.AsSpan(0, shown);
    }
}
