// The smallest tokenizer that a model can have: for models of which it does not matter.
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.Text;

namespace IBert.Edge.TestSupport;

internal static class SmallTokenizer
{
    private static readonly string[] s_pieces = ["[UNK]", "[CLS]", "[SEP]", .. Enumerable.Range('a', 26).Select(c => ((char)c).ToString())];

    /// <summary>Number of ids.</summary>
    public static int Vocabulary => s_pieces.Length;

    /// <summary>The section.</summary>
    public static byte[] Section()
    {
        TemplateDefinition[] single = [new(1, 0), new(TemplateItem.First, 0), new(2, 0)];
        return WordPieceTokenizerWriter.Write(new WordPieceDefinition
        {
            Vocabulary = s_pieces.Index().ToDictionary(x => x.Item, x => x.Index),
            Options = BertNormalizerOptions.All,
            UnknownToken = "[UNK]",
            PaddingToken = null,
            ContinuingPrefix = "##",
            MaxCharacters = 20,
            AddedTokens = [],
            Single = single,
            Pair = [.. single, new(TemplateItem.Second, 1), new(2, 1)],
        });
    }
}
