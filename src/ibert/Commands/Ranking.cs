namespace IBert.Edge.Cli.Commands;

/// <summary>Labels from best to worst, without garbage.</summary>
internal sealed class Ranking(int labels)
{
    private readonly int[] order = new int[labels], keys = new int[labels];

    /// <summary>Indexes of the count largest logits, largest first, of equal ones the first in the model first.</summary>
    public ReadOnlySpan<int> Best(ReadOnlySpan<int> logits, int count)
    {
        for (int i = 0; i < labels; i++)
        {
            order[i] = i;
            keys[i] = logits[i];
        }
        int shown = Math.Min(count, labels);
        for (int i = 0; i < shown; i++)
        {
            // A selection keeps equal labels in order if what is passed over moves up by one place.
            int best = i;
            for (int j = i + 1; j < labels; j++)
            {
                if (keys[j] > keys[best])
                {
                    best = j;
                }
            }
            (int label, int key) = (order[best], keys[best]);
            order.AsSpan(i, best - i).CopyTo(order.AsSpan(i + 1));
            keys.AsSpan(i, best - i).CopyTo(keys.AsSpan(i + 1));
            (order[i], keys[i]) = (label, key);
        }
        return order.AsSpan(0, shown);
    }
}
