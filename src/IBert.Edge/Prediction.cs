namespace IBert.Edge;

/// <summary>The best label of a text. For the scores of all labels see <see cref="Classifier.Scores"/>.</summary>
public readonly struct Prediction : IEquatable<Prediction>
{
    internal Prediction(string label, int labelIndex, int millionths, int tokenCount, bool truncated)
    {
        Label = label;
        LabelIndex = labelIndex;
        Millionths = millionths;
        TokenCount = tokenCount;
        Truncated = truncated;
    }

    /// <summary>Name of the label with the largest logit.</summary>
    public string Label { get; }

    /// <summary>Its index in <see cref="ModelFile.Labels"/>.</summary>
    public int LabelIndex { get; }

    /// <summary>Its score in millionths, 0..1,000,000: the softmax of the logits, computed in integers.</summary>
    public int Millionths { get; }

    /// <summary>Its score in thousandths, rounded: 0..1000.</summary>
    public int PerMille => (Millionths + 500) / 1000;

    /// <summary>Number of tokens that were classified, special tokens included.</summary>
    public int TokenCount { get; }

    /// <summary>Whether the text had more tokens than the classifier takes, and its end was left out.</summary>
    public bool Truncated { get; }

    /// <inheritdoc/>
    public bool Equals(Prediction other) =>
        Label == other.Label && LabelIndex == other.LabelIndex && Millionths == other.Millionths && TokenCount == other.TokenCount
        && Truncated == other.Truncated;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Prediction other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(LabelIndex, Millionths, TokenCount, Truncated);

    /// <summary>Whether two predictions are the same.</summary>
    public static bool operator ==(Prediction left, Prediction right) => left.Equals(right);

    /// <summary>Whether two predictions differ.</summary>
    public static bool operator !=(Prediction left, Prediction right) => !left.Equals(right);

    /// <summary>The label with its score in thousandths.</summary>
    public override string ToString() => $"{Label} {PerMille}/1000";
}
