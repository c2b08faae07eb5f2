// Where tokenizing puts its ids, and how it learns that it may stop.
namespace IBert.Edge.Text;

/// <summary>
/// Keeps the first ids that fit, or the last ones, and counts on: until more tokens exist than anyone asked about, or, where the last ones
/// are kept, to the end of the text. <see cref="Finish"/> puts those in order.
/// </summary>
/// <param name="ids">Room for the ids; may be empty to count only.</param>
/// <param name="limit">More tokens than this need not be looked for.</param>
/// <param name="keepsLast">Whether the last ids are kept; the limit is then of no concern.</param>
internal ref struct TokenSink(Span<int> ids, int limit, bool keepsLast = false)
{
    private readonly Span<int> ids = ids;
    private int next;           // where the next id goes; behind the last place it begins again, if the last ids are kept

    /// <summary>Tokens so far, kept or not.</summary>
    public int Count { get; private set; }

    public readonly bool IsFull => !keepsLast && Count > limit;

    public void Add(int id)
    {
        if (next == ids.Length && keepsLast)
        {
            next = 0;
        }
        if (next < ids.Length)
        {
            ids[next++] = id;
        }
        Count++;
    }

    /// <summary>Puts the last ids in the order of the text: the oldest one stands where the next would have gone.</summary>
    public readonly void Finish()
    {
        if (keepsLast && Count > ids.Length)
        {
            // Both parts turned around, and then the whole.
            ids[..next].Reverse();
            ids[next..].Reverse();
            ids.Reverse();
        }
    }
}
