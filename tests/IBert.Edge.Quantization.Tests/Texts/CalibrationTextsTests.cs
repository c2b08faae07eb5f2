// Which texts calibrate a model: the same on every machine.
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Texts;

public sealed class CalibrationTextsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TextEncoder encoder = new(TokenizerSections.Build(TinyData.Checkpoint), 16, hasTypes: true);

    public void Dispose()
    {
        encoder.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void The_generator_gives_the_published_sequence()
    {
        // The sequence that Vigna's splitmix64.c gives for this seed.
        SplitMix64 random = new(1234567);
        Assert.Equal(
            [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821],
            Enumerable.Range(0, 5).Select(_ => random.Next()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void A_permutation_has_each_index_once(int count) =>
        Assert.Equal(Enumerable.Range(0, count), new SplitMix64(7).Draw(count, count).Order());

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(100)]
    public void A_few_are_drawn_as_the_whole_permutation_begins(int count)
    {
        // Fisher and Yates as it is written down, with every index in memory.
        SplitMix64 random = new(3);
        int[] order = [.. Enumerable.Range(0, 100)];
        for (int i = 0; i < order.Length - 1; i++)
        {
            int j = i + random.Below(order.Length - i);
            (order[i], order[j]) = (order[j], order[i]);
        }
        Assert.Equal(order.Take(count), new SplitMix64(3).Draw(count, 100));
    }

    [Fact]
    public void Texts_are_drawn_without_replacement_and_others_are_held_back()
    {
        CalibrationTexts texts = Choose(40, samples: 30, seed: 1);
        Assert.Equal(30, texts.Chosen.Count);
        Assert.Equal(10, texts.Compared.Count);
        Assert.Equal(40, texts.Chosen.Concat(texts.Compared).Select(text => text.Ids[1]).Distinct().Count());
        Assert.True(texts.HeldBack);
    }

    [Fact]
    public void The_seed_decides_which()
    {
        int[] one = Drawn(1), again = Drawn(1), two = Drawn(2);
        Assert.Equal(one, again);
        Assert.NotEqual(one, two);

        int[] Drawn(ulong seed) => [.. Choose(40, samples: 10, seed).Chosen.Select(text => text.Ids[1])];
    }

    [Fact]
    public void Where_there_are_fewer_all_are_taken_and_compared()
    {
        CalibrationTexts texts = Choose(12, samples: 512, seed: 1);
        Assert.Equal(12, texts.Chosen.Count);
        Assert.Equal(texts.Chosen, texts.Compared);
        Assert.False(texts.HeldBack);
    }

    [Fact]
    public void Too_few_that_are_left_are_not_compared()
    {
        CalibrationTexts texts = Choose(37, samples: 30, seed: 1);
        Assert.Equal(texts.Chosen, texts.Compared);
        Assert.False(texts.HeldBack);
    }

    [Fact]
    public void Too_few_are_refused() =>
        Assert.Contains("data.txt has 7 texts, calibration needs 8 or more",
            Assert.Throws<DataFileException>(() => Choose(7, samples: 512, seed: 1)).Message);

    [Fact]
    public void The_built_in_sentences_are_about_a_hundred_and_all_different()
    {
        Assert.InRange(CalibrationTexts.BuiltIn.Count, 64, 128);
        Assert.Equal(CalibrationTexts.BuiltIn.Count, CalibrationTexts.BuiltIn.Distinct().Count());
        Assert.Equal(CalibrationTexts.BuiltIn.Count, CalibrationTexts.Choose(null, 512, 1, encoder).Chosen.Count);
    }

    [Fact]
    public void Pairs_are_tokenized_with_their_types_and_long_texts_cut()
    {
        Assert.Equal([0, 0, 0, 1, 1], encoder.Encode(new SourceText("a", "b")).Types);
        Assert.Equal(16, encoder.Encode(new SourceText(string.Concat(Enumerable.Repeat("word ", 100)), null)).Ids.Length);
    }

    [Fact]
    public void Long_texts_are_joined_from_the_chosen_up_to_the_longest_that_the_model_takes()
    {
        CalibrationTexts texts = Choose(40, samples: 30, seed: 1);

        Assert.Equal(32, texts.Joined.Count);
        Assert.Equal(texts.Joined.Select(text => text.Ids.Length).Order(), texts.Joined.Select(text => text.Ids.Length));
        Assert.Equal(16, texts.Joined[^1].Ids.Length);
        int[] held = [.. texts.Compared.Select(text => text.Ids[1])];
        Assert.All(texts.Joined, text => Assert.Empty(text.Ids.Intersect(held)));
    }

    [Fact]
    public void Pairs_are_joined_on_both_sides()
    {
        TextSource source = TextSource.Read(
            folder.Write("pairs.tsv", "a\tb\n" + string.Concat(Enumerable.Repeat("one\ttwo\n", 10))), "a", "b");

        CalibrationTexts texts = CalibrationTexts.Choose(source, 8, 1, encoder);

        Assert.Equal(16, texts.Joined[^1].Ids.Length);
        int[] types = texts.Joined[^1].Types;
        Assert.InRange(types.Count(type => type == 1), 6, 9);
    }

    [Fact]
    public void Nothing_is_joined_where_the_chosen_are_as_long_as_the_model_takes()
    {
        string text = string.Join(' ', Enumerable.Repeat("word", 100));
        TextSource source = TextSource.Read(folder.Write("long.txt", string.Concat(Enumerable.Repeat(text + "\n", 10))));

        Assert.Empty(CalibrationTexts.Choose(source, 8, 1, encoder).Joined);
    }

    private CalibrationTexts Choose(int count, int samples, ulong seed)
    {
        // Each text is one piece of its own, by which it is known again.
        string[] pieces = [.. File.ReadLines(Path.Combine(TinyData.Checkpoint, "vocab.txt"))
            .Where(piece => piece.Length > 2 && piece.All(char.IsAsciiLetterLower)).Take(count)];
        TextSource source = TextSource.Read(folder.Write("data.txt", string.Join('\n', pieces) + "\n"));
        return CalibrationTexts.Choose(source, samples, seed, encoder);
    }
}
