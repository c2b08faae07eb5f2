// Where tokenizing puts its ids, and how it learns that it may stop.
namespace IBert.Edge.Text;

/// <summary>Keeps the first ids that fit and counts on, until more tokens exist than anyone asked about.</summary>
/// <param name="ids">Room for the ids; may be empty to count only.</param>
/// <param name="limit">More tokens than this need not be looked for.</param>
internal ref struct TokenSink(Span<int> ids, int limit)
{
    private readonly Span<int> ids = ids;

    /// <summary>Tokens so far, kept or not.</summary>
    public int Count { get; private set; }

    public readonly bool IsFull => Count > limit;

    public void Add(int id)
    {
        if (Count < ids.Length)
        {
            ids[Count] = id;
        }
        Count++;
    }

    /// <summary>Takes back all tokens but the first, for a word that turns out to be unknown.</summary>
    public void Rewind(int count) => Count = count;
}
