// Microsoft.ML.Tokenizers behind the contract of our tokenizers: sequences, cuts, labels; differences as counted on the page.
using System.Text.Json;
using IBert.Edge.Checkpoints.Tokenizers;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Tests.Hostile;
using IBert.Edge.Tokenizers.ML;
using Microsoft.ML.Tokenizers;
using Xunit;

namespace IBert.Edge.Tests.Tokenizers;

public sealed class SequenceTokenizerTests
{
    [Fact]
    public void Texts_have_the_ids_of_Hugging_Face_but_for_the_differences_of_the_page()
    {
        using OpenedTokenizer uncased = Ours("uncased"), cased = Ours("cased"), roberta = Ours("roberta");
        MLComparison[] comparisons =
        [
            new("`uncased`", TokenizerData.Lines("uncased.jsonl"), Theirs("uncased"), uncased, MLDifferences.BertKinds(lowerCase: true)),
            new("`cased`", TokenizerData.Lines("cased.jsonl"), Theirs("cased"), cased, MLDifferences.BertKinds(lowerCase: false)),
            new("`roberta`", TokenizerData.Lines("roberta.jsonl"), Theirs("roberta"), roberta, MLDifferences.RobertaKinds()),
        ];
        MLDifferences.AssertTable("tests/data/tokenizers", comparisons);
        MLDifferences.AssertKinds(comparisons[0], comparisons[2]);
    }

    /// <summary>Texts on which the tokenizers differ for other reasons are left out.</summary>
    [Theory]
    [InlineData("uncased", 60)]
    [InlineData("cased", 60)]
    [InlineData("roberta", 150)]
    public void Texts_and_pairs_are_cut_as_Hugging_Face_cuts_them(string folder, int least)
    {
        const int whole = 512;
        SequenceTokenizer theirs = Theirs(folder);
        using OpenedTokenizer ours = Ours(folder);
        int compared = 0, cut = 0;
        foreach (JsonElement line in TokenizerData.Lines($"{folder}.cut.jsonl").Where(line => TokenizerData.Text(line, "side") == "right"))
        {
            bool isPair = line.TryGetProperty("b", out _);
            string[] texts = isPair ? [TokenizerData.Text(line, "a"), TokenizerData.Text(line, "b")] : [TokenizerData.Text(line)];
            int max = line.GetProperty("max").GetInt32();
            if (texts.Any(text => !theirs.Encode(text, whole, out _).SequenceEqual(ours.Encode(text, whole)))
                || max < (isPair ? theirs.PairSpecialTokens : theirs.SpecialTokens))
            {
                continue;
            }
            byte[] types = [];
            bool truncated;
            int[] found =
                isPair ? theirs.Encode(texts[0], texts[1], max, out types, out truncated) : theirs.Encode(texts[0], max, out truncated);
            Assert.True(TokenizerData.Integers(line, "ids").SequenceEqual(found), $"{line.GetRawText()}\nfound {string.Join(',', found)}");
            if (isPair)
            {
                Assert.Equal(TokenizerData.Integers(line, "types"), types.Select(type => (int)type));
            }
            compared++;
            cut += truncated ? 1 : 0;
        }
        Assert.InRange(compared, least, int.MaxValue);
        Assert.InRange(cut, compared / 5, compared - 1);
    }

    [Fact]
    public void Labels_are_those_of_the_models_own_tokenizer()
    {
        SequenceTokenizer tokenizer = MLDifferences.Bert(Path.Combine(Given.Checkpoint("bert"), "vocab.txt"), lowerCase: true);
        using Classifier classifier = Classifier.Open(TestModels.Tiny);
        string[] texts = ["", "a charming film", "What a waste of an evening!", string.Concat(Enumerable.Repeat("good ", 700))];
        foreach (string text in texts)
        {
            Assert.Equal(classifier.Classify(text), classifier.Classify(tokenizer, text));
            foreach (string pair in texts)
            {
                Assert.Equal(classifier.Classify(text, pair), classifier.Classify(tokenizer, text, pair));
            }
        }
    }

    [Fact]
    public void A_tokenizer_of_another_vocabulary_is_told()
    {
        // Its end of a text is an id that the model has, its pieces are not.
        SequenceTokenizer tokenizer = MLDifferences.Bert(TokenizerData.Path("cased/vocab.txt"), lowerCase: false);
        using OpenedModel model = new(SmallModel.File());
        using Classifier classifier = new(model.Model);

        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => classifier.Classify(tokenizer, "what"));

        Assert.Contains("this model has 0 to", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_that_adds_special_tokens_itself_is_refused()
    {
        BpeOptions options = SequenceTokenizer.RobertaOptions(
            TokenizerData.Path("roberta/vocab.json"), TokenizerData.Path("roberta/merges.txt"));
        options.BeginningOfSentenceToken = "<s>";

        Assert.Contains("leave these out", Assert.Throws<ArgumentException>(() =>
            SequenceTokenizer.ForRoberta(BpeTokenizer.Create(options), 0, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_length_without_room_for_the_special_tokens_is_refused()
    {
        SequenceTokenizer tokenizer = Theirs("roberta");
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode("a", 1, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode("a", "b", 3, out _, out _));
        Assert.Equal([0, 2], tokenizer.Encode("a", 2, out bool truncated));
        Assert.True(truncated);
    }

    private static SequenceTokenizer Theirs(string folder) => folder == "roberta"
        ? MLDifferences.Roberta(TokenizerData.Path(folder))
        : MLDifferences.Bert(TokenizerData.Path($"{folder}/vocab.txt"), folder == "uncased");

    private static OpenedTokenizer Ours(string folder) => new(TokenizerSections.Build(TokenizerData.Path(folder)));
}
