// The public front door: texts in every form, scores, truncation, threads, options, disposal.
using System.Text;
using IBert.Edge.Kernels;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests;

public sealed class ClassifierTests : IClassFixture<ModelOnDisk>
{
    private static readonly string[] s_texts = ["", "a good film", "the baddest film.", "[M] good",
        string.Concat(Enumerable.Repeat("the film ", 50)), "caf\u00E9 \U0001F600", "\uD800 lone"];

    private readonly ModelFile model;
    private readonly string path;

    public ClassifierTests(ModelOnDisk disk) => (model, path) = (disk.Model, disk.Path);

    [Fact]
    public void A_string_and_its_bytes_are_the_same_text()
    {
        using Classifier classifier = new(model);
        foreach (string text in s_texts)
        {
            Prediction p = classifier.Classify(text);
            int[] scores = classifier.Scores.ToArray();

            Assert.Equal(p, classifier.Classify(Encoding.UTF8.GetBytes(text)));
            Assert.Equal(scores, classifier.Scores);
        }
    }

    [Fact]
    public void Scores_of_all_labels_are_given_and_sum_to_a_million()
    {
        using Classifier classifier = new(model);
        foreach (string text in s_texts)
        {
            Prediction p = classifier.Classify(text);

            Assert.Equal(SmallModel.Labels, classifier.Labels);
            Assert.Equal(SmallModel.Labels.Length, classifier.Scores.Length);
            Assert.Equal(1_000_000, classifier.Scores.ToArray().Sum());
            Assert.Equal(classifier.Scores.ToArray().Max(), p.Millionths);
            Assert.Equal(p.Millionths, classifier.Scores[p.LabelIndex]);
            Assert.Equal(SmallModel.Labels[p.LabelIndex], p.Label);
            Assert.Equal((p.Millionths + 500) / 1000, p.PerMille);
        }
    }

    [Fact]
    public void An_empty_text_is_a_text()
    {
        using Classifier classifier = new(model);
        Assert.Equal(2, classifier.Classify("").TokenCount);
        Assert.Equal(2, classifier.Classify(ReadOnlySpan<byte>.Empty).TokenCount);
    }

    [Fact]
    public void Tokens_and_truncation_are_told()
    {
        using Classifier classifier = new(model);

        Prediction whole = classifier.Classify("a good film");
        Assert.Equal((5, false), (whole.TokenCount, whole.Truncated));
        Assert.Equal(5, classifier.TokenIds.Length);

        Prediction cut = classifier.Classify(string.Join(' ', Enumerable.Repeat("film", 100)));
        Assert.Equal((SmallModel.MaxLength, true), (cut.TokenCount, cut.Truncated));

        // The longest text that fits is not cut.
        Prediction full = classifier.Classify(string.Join(' ', Enumerable.Repeat("film", SmallModel.MaxLength - 2)));
        Assert.Equal((SmallModel.MaxLength, false), (full.TokenCount, full.Truncated));
    }

    [Fact]
    public void A_shorter_length_cuts_sooner_and_gives_what_the_cut_text_gives()
    {
        using Classifier whole = new(model), shorter = new(model, new ClassifierOptions { MaxLength = 5 });

        Prediction p = shorter.Classify("a good film the bad");

        Assert.Equal((5, true), (p.TokenCount, p.Truncated));
        Assert.Equal(whole.Classify("a good film").Millionths, p.Millionths);
    }

    [Fact]
    public void A_pair_is_two_texts_and_an_empty_second_one_is_none()
    {
        using Classifier classifier = new(model);

        Prediction pair = classifier.Classify("good", "bad film");
        Assert.Equal(6, pair.TokenCount);
        Assert.Equal(pair, classifier.Classify("good"u8, "bad film"u8));
        int[] scores = classifier.Scores.ToArray();
        classifier.Classify("bad film", "good");
        Assert.NotEqual(scores, classifier.Scores.ToArray());

        Assert.Equal(classifier.Classify("good"), classifier.Classify("good", ""));
    }

    [Fact]
    public void Invalid_bytes_count_as_the_replacement_character()
    {
        using Classifier classifier = new(model);
        byte[] invalid = [.. "good "u8, 0xFF, .. " film"u8];
        Assert.Equal(classifier.Classify("good \uFFFD film"), classifier.Classify(invalid));
        Assert.Equal(classifier.Classify("good \uFFFD film"), classifier.Classify("good \uD800 film"));
    }

    [Fact]
    public void Several_classifiers_on_one_model_give_at_once_what_each_gives_alone()
    {
        using Classifier alone = new(model);
        Prediction[] expected = [.. s_texts.Select(alone.Classify)];

        Parallel.For(0, 4, _ =>
        {
            using Classifier classifier = new(model);
            for (int i = 0; i < 500; i++)
            {
                Assert.Equal(expected[i % expected.Length], classifier.Classify(s_texts[i % expected.Length]));
            }
        });
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads()
    {
        using Classifier one = new(model), three = new(model, new ClassifierOptions { Threads = 3 });
        foreach (string text in s_texts)
        {
            Assert.Equal(one.Classify(text), three.Classify(text));
            Assert.Equal(one.Scores.ToArray(), three.Scores.ToArray());
        }
    }

    [Fact]
    public void A_classifier_that_opened_its_model_closes_it()
    {
        Classifier classifier = Classifier.Open(path);
        Assert.Contains(classifier.Classify("good").Label, SmallModel.Labels);

        classifier.Dispose();
        classifier.Dispose();

        Assert.Throws<ObjectDisposedException>(() => classifier.Classify("good"));
        Assert.Throws<ObjectDisposedException>(() => classifier.Classify("good", "bad"));
        Assert.Throws<ObjectDisposedException>(() => classifier.Classify("good"u8));
        Assert.Throws<ObjectDisposedException>(() => classifier.Classify("good"u8, "bad"u8));
    }

    [Fact]
    public void A_model_outlives_the_classifiers_on_it()
    {
        new Classifier(model).Dispose();
        using Classifier another = new(model);
        Assert.Contains(another.Classify("good").Label, SmallModel.Labels);
    }

    [Theory]
    [InlineData(2, 1, "a length of 2 tokens: this model takes 3 to 16")]
    [InlineData(17, 1, "a length of 17 tokens")]
    [InlineData(-1, 1, "a length of -1 tokens")]
    [InlineData(0, 0, "0 threads: 1 to 64")]
    [InlineData(0, 65, "65 threads")]
    public void Options_out_of_their_range_are_refused(int maxLength, int threads, string expected)
    {
        ClassifierOptions options = new() { MaxLength = maxLength, Threads = threads };
        Assert.Contains(
            expected, Assert.Throws<ArgumentOutOfRangeException>(() => new Classifier(model, options)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Classifier.Open(path, options));
    }

    [Fact]
    public void What_is_null_is_refused()
    {
        using Classifier classifier = new(model);
        Assert.Throws<ArgumentNullException>(() => new Classifier(null!));
        Assert.Throws<ArgumentNullException>(() => classifier.Classify((string)null!));
        Assert.Throws<ArgumentNullException>(() => classifier.Classify("good", null!));
        Assert.Throws<ArgumentNullException>(() => Classifier.Open(null!));
    }

    [Fact]
    public void Kernels_are_forced_by_name_and_never_fall_back()
    {
        Assert.Equal("scalar", KernelSet.Select("scalar").Name);
        Assert.Contains("avx2, dp, advsimd, scalar", Assert.Throws<ArgumentException>(() => KernelSet.Select("sse9")).Message,
            StringComparison.Ordinal);
        foreach (string name in KernelSet.Names.Where(name => KernelSet.Create(name) is null))
        {
            Assert.Contains(
                "this CPU lacks", Assert.Throws<ArgumentException>(() => KernelSet.Select(name)).Message, StringComparison.Ordinal);
        }
        using Classifier classifier = new(model);
        Assert.Equal(KernelSet.Select().Name, classifier.KernelName);
    }

    [Fact]
    public void Classifying_allocates_nothing()
    {
        using Classifier classifier = new(model);
        byte[][] bytes = [.. s_texts.Select(Encoding.UTF8.GetBytes)];
        Every();

        Assert.Equal(0, Allocations.Of(300, _ => Every()));

        void Every()
        {
            for (int i = 0; i < s_texts.Length; i++)
            {
                classifier.Classify(s_texts[i]);
                classifier.Classify(bytes[i]);
                classifier.Classify(s_texts[i], s_texts[^(i + 1)]);
                classifier.Classify(bytes[i], bytes[^(i + 1)]);
            }
        }
    }
}

/// <summary>The small model in a file.</summary>
public sealed class ModelOnDisk : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ibert-library-");

    public ModelOnDisk()
    {
        Path = System.IO.Path.Combine(folder.FullName, "small.ibert");
        File.WriteAllBytes(Path, SmallModel.File());
        Model = ModelFile.Open(Path);
    }

    public string Path { get; }

    public ModelFile Model { get; }

    public void Dispose()
    {
        Model.Dispose();
        folder.Delete(recursive: true);
    }
}
