// From a graph's input to scores: the executor, the head, and nothing of where the input comes from.
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;

namespace IBert.Edge;

/// <summary>
/// Runs a proven model on inputs that a front end wrote, text or any other. Used by one thread at a time; a run allocates nothing.
/// </summary>
internal sealed class Inference : IDisposable
{
    private readonly HeadEntry head;
    private readonly int[] logits;
    private readonly int[] millionths;

    /// <param name="model">A proven model.</param>
    /// <param name="kernels">The kernels to run.</param>
    /// <param name="maxLength">Longest sequence that will be run, at most the model's.</param>
    /// <param name="threads">Number of threads that share the work of a sequence.</param>
    /// <exception cref="InsufficientMemoryException">This machine has not the memory that the longest sequence needs.</exception>
    public Inference(ModelContents model, KernelSet kernels, int maxLength, int threads)
    {
        head = model.Head;
        Executor = new Executor(model, kernels, maxLength, threads);
        logits = new int[head.Labels];
        millionths = new int[head.Kind == HeadKind.Regression ? 0 : head.Labels];
    }

    /// <summary>What runs the operations.</summary>
    public Executor Executor { get; }

    /// <summary>The last logits: integers at the scale that the head states.</summary>
    public ReadOnlySpan<int> Logits => logits;

    /// <summary>Scores of all labels in millionths, for the last input; of a regression none.</summary>
    public ReadOnlySpan<int> Scores => millionths;

    /// <summary>The value of a regression's last logit, in millionths.</summary>
    public long Value => LabelScores.Value(logits[0], head);

    /// <summary>Runs the model, then fills in logits and scores.</summary>
    /// <returns>Index of the label with the largest logit; of a regression 0.</returns>
    /// <exception cref="ModelChangedException">The model's file was written over or cut.</exception>
    public int Run(in GraphInput input)
    {
        Executor.Run(input).CopyTo(logits);
        return head.Kind switch
        {
            HeadKind.Regression => 0,
            HeadKind.MultiLabel => LabelScores.Sigmoid(logits, head, millionths),
            _ => LabelScores.Softmax(logits, head, millionths),
        };
    }

    public void Dispose() => Executor.Dispose();
}
