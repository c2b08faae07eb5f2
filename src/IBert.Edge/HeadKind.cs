namespace IBert.Edge;

/// <summary>What a model answers with: the kind of its head, as the file states it.</summary>
public enum HeadKind : ushort
{
    /// <summary>One label of several; scores are the softmax of the logits and sum to one.</summary>
    SingleLabel = 1,

    /// <summary>Any number of labels at once; each has a score of its own, the logistic function of its logit.</summary>
    MultiLabel = 2,

    /// <summary>A value instead of labels, as the similarity of two texts.</summary>
    Regression = 3,
}
