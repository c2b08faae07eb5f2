// Ids of other tokenizers: the answer of the text they come from, or a typed error.
using IBert.Edge.TestSupport;
using IBert.Edge.Tests.Hostile;
using Xunit;

namespace IBert.Edge.Tests;

public sealed class ClassifyIdsTests : IDisposable
{
    private readonly OpenedModel model = new(SmallModel.File());
    private readonly Classifier classifier, other;

    public ClassifyIdsTests()
    {
        classifier = new(model.Model);
        other = new(model.Model);
    }

    [Theory]
    [InlineData("")]
    [InlineData("the good film")]
    [InlineData("a bad film, the best of them all and a long one")]
    public void Ids_of_a_text_give_its_answer(string text)
    {
        Prediction expected = classifier.Classify(text);

        Assert.Equal(expected, other.ClassifyIds(classifier.TokenIds, [], expected.Truncated));

        Assert.Equal(classifier.Scores, other.Scores);
        Assert.Equal(classifier.TokenIds, other.TokenIds);
    }

    [Fact]
    public void Types_count()
    {
        Prediction expected = classifier.Classify("the good film", "a bad one");

        Assert.Equal(expected, other.ClassifyIds(classifier.TokenIds, classifier.TypeIds));
        Assert.Equal(classifier.Logits, other.Logits);

        // And are 0 of all where there are none, whatever the sequence before had.
        other.ClassifyIds(classifier.TokenIds);
        Assert.NotEqual(classifier.Logits.ToArray(), other.Logits.ToArray());
    }

    [Fact]
    public void Ids_of_this_classifier_may_be_given_back_to_it()
    {
        Prediction expected = classifier.Classify("the good film");
        Assert.Equal(expected, classifier.ClassifyIds(classifier.TokenIds, classifier.TypeIds));
    }

    [Fact]
    public void Every_length_from_one_to_the_longest_is_taken()
    {
        for (int length = 1; length <= classifier.MaxLength; length++)
        {
            Assert.Equal(length, classifier.ClassifyIds(new int[length]).TokenCount);
        }
    }

    [Theory]
    [InlineData("0 ids: this classifier takes 1 to 16", 0, 0, 0, 0)]
    [InlineData("17 ids: this classifier takes 1 to 16", 17, 0, 0, 0)]
    [InlineData("2 token types for 3 ids", 3, 2, 0, 0)]
    [InlineData("4 token types for 3 ids", 3, 4, 0, 0)]
    [InlineData("id -1 at 2: this model has 0 to ", 3, 0, -1, 0)]
    [InlineData("id 2147483647 at 2: this model has 0 to ", 3, 3, int.MaxValue, 0)]
    [InlineData("token type 2 at 2: there are 0 and 1", 3, 3, 0, 2)]
    [InlineData("token type 255 at 2: there are 0 and 1", 3, 3, 0, 255)]
    public void What_cannot_be_a_sequence_is_refused(string said, int ids, int types, int lastId, byte lastType)
    {
        int[] sequence = new int[ids];
        byte[] kinds = new byte[types];
        if (ids > 0)
        {
            sequence[^1] = lastId;
        }
        if (types > 0)
        {
            kinds[^1] = lastType;
        }
        Assert.StartsWith(
            said, Assert.ThrowsAny<ArgumentException>(() => classifier.ClassifyIds(sequence, kinds)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_id_of_the_vocabulary_is_taken_and_the_next_is_not()
    {
        int count = classifier.Tokenizer.VocabularySize;
        classifier.ClassifyIds([count - 1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => classifier.ClassifyIds([count]));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        int[] ids = [.. Enumerable.Range(0, 8)];
        byte[] types = [0, 0, 0, 0, 1, 1, 1, 1];
        classifier.ClassifyIds(ids, types);
        Assert.Equal(0, Allocations.Of(100, _ => classifier.ClassifyIds(ids, types)));
    }

    [Fact]
    public void A_disposed_classifier_says_so()
    {
        other.Dispose();
        Assert.Throws<ObjectDisposedException>(() => other.ClassifyIds([1]));
    }

    public void Dispose()
    {
        classifier.Dispose();
        other.Dispose();
        model.Dispose();
    }
}
