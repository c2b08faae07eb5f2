namespace IBert.Edge;

/// <summary>How a classifier runs.</summary>
public sealed class ClassifierOptions
{
    /// <summary>Longest sequence in tokens, special tokens included; longer texts are cut. 0: the model's. From 3 to the model's.</summary>
    public int MaxLength { get; init; }

    /// <summary>
    /// Number of threads that share one text's work, from 1 (the default, and the best choice for short texts) to 64. Results do not depend on
    /// it. Never ask for more than the board has big cores.
    /// </summary>
    public int Threads { get; init; } = 1;
}
