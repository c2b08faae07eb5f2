using IBert.Edge.Format;
namespace IBert.Edge.Text;
internal abstract class Tokenizer
{
    public static Tokenizer Open(NativeSpan<byte> section) => throw new ModelFormatException("stub");
    public abstract int VocabularySize { get; }
    public abstract ReadOnlySpan<byte> Piece(int id);
    public abstract int Encode(ReadOnlySpan<byte> text, Span<int> ids, out bool truncated);
    public abstract int EncodePair(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, Span<int> ids, Span<byte> typeIds, out bool truncated);
}
