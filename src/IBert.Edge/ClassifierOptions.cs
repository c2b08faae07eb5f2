namespace IBert.Edge;

/// <summary>How a classifier runs.</summary>
public sealed class ClassifierOptions
{
    /// <summary>Most threads that can share one text's work.</summary>
    internal const int MostThreads = 64;

    /// <summary>
    /// Longest sequence in tokens, special tokens included; longer texts are cut. 0: the model's. From as many as stand around a pair of
    /// texts (3 of BERT, 4 of RoBERTa) to the model's.
    /// </summary>
    public int MaxLength { get; init; }

    /// <summary>
    /// Number of threads that share one text's work, from 1 (the default, and the best choice for short texts) to 64. Results do not depend
    /// on it. Never ask for more than the board has big cores.
    /// </summary>
    public int Threads { get; init; } = 1;
}
