// A tokenizer opened on a section in native memory, as it is on a mapped file.
using System.Runtime.InteropServices;
using System.Text;
using IBert.Edge.Format;
using IBert.Edge.Memory;
using IBert.Edge.Text;

namespace IBert.Edge.TestSupport;

/// <summary>A section in native memory with the tokenizer opened on it.</summary>
internal sealed unsafe class OpenedTokenizer : IDisposable
{
    private readonly void* memory;
    private readonly int length;

    public OpenedTokenizer(byte[] section)
    {
        length = section.Length;
        memory = NativeMemory.AlignedAlloc((nuint)Math.Max(section.Length, 1), 64);
        section.CopyTo(new Span<byte>(memory, section.Length));
        try
        {
            Tokenizer = Tokenizer.Open(new NativeSpan<byte>((byte*)memory, length));
        }
        catch
        {
            NativeMemory.AlignedFree(memory);
            throw;
        }
    }

    public Tokenizer Tokenizer { get; }

    public void Dispose() => NativeMemory.AlignedFree(memory);

    public int[] Encode(string text, int length = 512) => Encode(Encoding.UTF8.GetBytes(text), length);

    public int[] Encode(byte[] text, int length = 512)
    {
        var ids = new int[length];
        return ids[..Tokenizer.Encode(text, ids, out _)];
    }

    /// <summary>The tokens of a text, special tokens included, separated by spaces.</summary>
    public string Tokens(string text) => string.Join(' ', Encode(text).Select(id => Encoding.UTF8.GetString(Tokenizer.Piece(id))));
}
