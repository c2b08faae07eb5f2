// What a classification gives: a label with its score, or a value.
namespace IBert.Edge;

/// <summary>
/// The best label of a text with its score, or of a <see cref="HeadKind.Regression"/> model the value. For the scores of all labels see
/// <see cref="Classifier.Scores"/>.
/// </summary>
public readonly struct Prediction : IEquatable<Prediction>
{
    // A label's score, or the value.
    private readonly long result;

    internal Prediction(HeadKind kind, string label, int labelIndex, long millionths, int tokenCount, bool truncated)
    {
        Kind = kind;
        Label = label;
        LabelIndex = labelIndex;
        result = millionths;
        TokenCount = tokenCount;
        Truncated = truncated;
    }

    /// <summary>The kind of the model's head: which of the members below mean something.</summary>
    public HeadKind Kind { get; }

    /// <summary>Name of the label with the largest logit; of a regression the value's name.</summary>
    public string Label { get; }

    /// <summary>Its index in <see cref="ModelFile.Labels"/>.</summary>
    public int LabelIndex { get; }

    /// <summary>
    /// Its score in millionths, 0..1,000,000, computed in integers: of a <see cref="HeadKind.SingleLabel"/> model the softmax of the
    /// logits, of a <see cref="HeadKind.MultiLabel"/> one the logistic function of the label's own logit. A regression has no score: 0.
    /// </summary>
    public int Millionths => Kind == HeadKind.Regression ? 0 : (int)result;

    /// <summary>Its score in thousandths, rounded: 0..1000.</summary>
    public int PerMille => (Millionths + 500) / 1000;

    /// <summary>A regression's value in millionths of its unit, rounded: 4,292,260 is 4.29226. Labels have no value: 0.</summary>
    public long ValueMillionths => Kind == HeadKind.Regression ? result : 0;

    /// <summary>Number of tokens that were classified, special tokens included.</summary>
    public int TokenCount { get; }

    /// <summary>Whether the text had more tokens than the classifier takes, and its end was left out.</summary>
    public bool Truncated { get; }

    /// <inheritdoc/>
    public bool Equals(Prediction other) =>
        Kind == other.Kind && Label == other.Label && LabelIndex == other.LabelIndex && result == other.result
            && TokenCount == other.TokenCount
        && Truncated == other.Truncated;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Prediction other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, LabelIndex, result, TokenCount, Truncated);

    /// <summary>Whether two predictions are the same.</summary>
    public static bool operator ==(Prediction left, Prediction right) => left.Equals(right);

    /// <summary>Whether two predictions differ.</summary>
    public static bool operator !=(Prediction left, Prediction right) => !left.Equals(right);

    /// <summary>The label with its score in thousandths, or the name with the value in millionths.</summary>
    public override string ToString() => Kind == HeadKind.Regression ? $"{Label} {result}/1000000" : $"{Label} {PerMille}/1000";
}
