// Microsoft.ML.Tokenizers with vocabularies of real checkpoints, on every text that transformers has tokenized.
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;
using Xunit;

namespace IBert.Edge.RealData.Text;

public sealed class SequenceTokenizerTests
{
    [Fact]
    public void Texts_have_the_ids_of_Hugging_Face_but_for_the_differences_of_the_page()
    {
        string bert = Shared.Require("checkpoints", "tiny-sst2"), roberta = Shared.Require("checkpoints", "ibert-l3-sst2");
        var given = (WordPieceDefinition)TokenizerFiles.Read(bert);
        using OpenedTokenizer uncased =
            new(WordPieceTokenizerWriter.Write(given)), bytePair = new(TokenizerSections.Build(roberta)), cased = new(
                WordPieceTokenizerWriter.Write(
                    given with { Options = BertNormalizerOptions.CleanText | BertNormalizerOptions.HandleChinese }));
        MLDifferences.AssertTable("golden/tokenizer",
        [
            Bert("bert-base-uncased", lowerCase: true, uncased),
            Bert("bert-cased-options", lowerCase: false, cased),
            new("`roberta-bpe`", Lines("roberta-bpe"), MLDifferences.Roberta(roberta), bytePair, MLDifferences.RobertaKinds()),
        ]);

        MLComparison Bert(string name, bool lowerCase, OpenedTokenizer ours) =>
            new($"`{name}`", Lines(name), MLDifferences.Bert(
                Path.Combine(bert, "vocab.txt"), lowerCase), ours, MLDifferences.BertKinds(lowerCase));
    }

    private static IEnumerable<System.Text.Json.JsonElement> Lines(string name) =>
        TokenizerData.Read(Shared.Require("golden", "tokenizer", $"{name}.jsonl"));
}
