// Text in, label out, with a tokenizer of one's own.
namespace IBert.Edge.Tokenizers.ML;

/// <summary>Classifies what a <see cref="SequenceTokenizer"/> makes of texts.</summary>
public static class ClassifierExtensions
{
    /// <summary>Classifies a text.</summary>
    /// <param name="classifier">A classifier; its own tokenizer is not asked.</param>
    /// <param name="tokenizer">Has the vocabulary of the classifier's model.</param>
    /// <param name="text">Any text, empty included. Cut at <see cref="Classifier.MaxLength"/> tokens.</param>
    /// <exception cref="ArgumentOutOfRangeException">The tokenizer gives an id that the model lacks: it has another vocabulary.</exception>
    /// <exception cref="ModelChangedException">The model's file was written over or cut since it was opened.</exception>
    public static Prediction Classify(this Classifier classifier, SequenceTokenizer tokenizer, string text)
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(tokenizer);
        int[] ids = tokenizer.Encode(text, classifier.MaxLength, out bool truncated);
        return classifier.ClassifyIds(ids, [], truncated);
    }

    /// <summary>Classifies a pair of texts.</summary>
    /// <param name="classifier">A classifier; its own tokenizer is not asked.</param>
    /// <param name="tokenizer">Has the vocabulary of the classifier's model.</param>
    /// <param name="text">The first text.</param>
    /// <param name="pair">
    /// The second text. Both are cut, the longer one first, to <see cref="Classifier.MaxLength"/> tokens together.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The tokenizer gives an id that the model lacks: it has another vocabulary.</exception>
    /// <exception cref="ModelChangedException">The model's file was written over or cut since it was opened.</exception>
    public static Prediction Classify(this Classifier classifier, SequenceTokenizer tokenizer, string text, string pair)
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(tokenizer);
        int[] ids = tokenizer.Encode(text, pair, classifier.MaxLength, out byte[] typeIds, out bool truncated);
        return classifier.ClassifyIds(ids, typeIds, truncated);
    }
}
