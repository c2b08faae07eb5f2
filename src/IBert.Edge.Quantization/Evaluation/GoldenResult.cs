// What a comparison with golden integers found, and whether it is what is asked of an import.
using System.Globalization;

namespace IBert.Edge.Quantization.Evaluation;

/// <summary>What is asked of a tensor.</summary>
internal enum GoldenKind
{
    /// <summary>Requantized to 8, 16 or 22 bits.</summary>
    Activation,

    /// <summary>A product whose input's scale is its own: 32-bit accumulators.</summary>
    Linear,

    /// <summary>
    /// A product that takes its input for one of another scale (docs/numerics.md, trap 13). The reference divides the input by that and
    /// sums what are then no integers in float32 (<c>QuantLinear.forward</c>); here the accumulator is brought to it and rounded once.
    /// </summary>
    StaleLinear,

    /// <summary>Attention's probabilities.</summary>
    Probabilities,
}

/// <summary>A tensor over all dumps.</summary>
internal sealed class GoldenTensor(string name, GoldenKind kind)
{
    /// <summary>The reference's module.</summary>
    public string Name { get; } = name;

    /// <summary>What is asked of it.</summary>
    public GoldenKind Kind { get; } = kind;

    /// <summary>Its module in all layers.</summary>
    public string Module { get; } = string.Join(
        '.', name.Split('.').Where(part => !int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _)));

    /// <summary>Elements compared.</summary>
    public long Elements { get; private set; }

    /// <summary>Those that differ.</summary>
    public long Different { get; private set; }

    /// <summary>The largest difference.</summary>
    public long Largest { get; private set; }

    /// <summary>Share of elements that are equal, 0..1.</summary>
    public double Equal => 1 - ((double)Different / Elements);

    /// <summary>Takes in an element.</summary>
    public void Compare(long value, long expected)
    {
        Elements++;
        Different += value == expected ? 0 : 1;
        Largest = Math.Max(Largest, Math.Abs(value - expected));
    }
}

/// <summary>The model on its own beside the reference's logits.</summary>
/// <param name="Sentences">How many were run.</param>
/// <param name="Same">Those with the reference's label.</param>
/// <param name="Wrong">Lines of those with another label, although the reference's margin is at least <see cref="Margin"/>.</param>
/// <param name="Mean">Mean over sentences of the largest |logit - reference's logit|.</param>
/// <param name="Largest">The largest.</param>
internal sealed record GoldenDrift(int Sentences, int Same, IReadOnlyList<int> Wrong, double Mean, double Largest)
{
    /// <summary>
    /// The reference's own logits move by 0.015 with batching: a label of a smaller margin says nothing (docs/numerics.md, section 6).
    /// </summary>
    public const double Margin = 0.1;
}

/// <summary>A demand of docs/numerics.md, section 6, and whether it is met.</summary>
internal sealed record GoldenBar(string Text, bool Holds);

/// <summary>A comparison's result.</summary>
internal sealed class GoldenResult
{
    // As float32 computes it in another order.
    private const double ScaleTolerance = 1e-6;

    /// <summary>Number of dumps.</summary>
    public required int Dumps { get; init; }

    /// <summary>Tensors that were compared, element by element.</summary>
    public required IReadOnlyList<GoldenTensor> Compared { get; init; }

    /// <summary>Golden tensors that were not, and why.</summary>
    public required IReadOnlyDictionary<string, string> AccountedFor { get; init; }

    /// <summary>Golden tensors that nothing was compared with.</summary>
    public required IReadOnlyCollection<string> LeftOut { get; init; }

    /// <summary>Tensors of the model that the dumps do not have.</summary>
    public required IReadOnlyList<string> ModelOnly { get; init; }

    /// <summary>Scales compared.</summary>
    public required int Scales { get; init; }

    /// <summary>The largest |scale / golden scale - 1|.</summary>
    public required double LargestScaleError { get; init; }

    /// <summary>
    /// The largest |logit - reference's logit| with golden integers in front of the head, which the reference computes in float.
    /// </summary>
    public required double HeadDrift { get; init; }

    /// <summary>The model on its own.</summary>
    public required GoldenDrift EndToEnd { get; init; }

    /// <summary>What is asked of an import, fed the golden inputs.</summary>
    public IReadOnlyList<GoldenBar> OpByOp =>
    [
        new("products whose input has its own scale are exact", All(GoldenKind.Linear, tensor => tensor.Different == 0)),
        new("products of a stale scale are equal on 99.8 % and nowhere off by more than 1", All(
            GoldenKind.StaleLinear, tensor => tensor.Equal >= 0.998 && tensor.Largest <= 1)),
        new("8-, 16- and 22-bit tensors are equal on 99.99 % and nowhere off by more than 1", All(
            GoldenKind.Activation, tensor => tensor.Equal >= 0.9999 && tensor.Largest <= 1)),
        new("probabilities are equal on 99.9 %", All(GoldenKind.Probabilities, tensor => tensor.Equal >= 0.999)),
        new("scales are those of the reference", Scales > 0 && LargestScaleError <= ScaleTolerance),
        new("every golden tensor is compared, itself or by what follows it", LeftOut.Count == 0),
    ];

    /// <summary>What is asked of the model on its own.</summary>
    public GoldenBar Labels => new(
        string.Create(CultureInfo.InvariantCulture, $"end to end the label is the same on each sentence with a margin of " +
            $"{GoldenDrift.Margin} or more"), EndToEnd.Wrong.Count == 0);

    private bool All(GoldenKind kind, Func<GoldenTensor, bool> holds) =>
        Compared.Any(tensor => tensor.Kind == kind) && Compared.Where(tensor => tensor.Kind == kind).All(holds);

    /// <summary>The result as lines of text.</summary>
    /// <param name="everyTensor">A line for each tensor, instead of one for a module in all layers.</param>
    public IEnumerable<string> Lines(bool everyTensor)
    {
        yield return Text(
            $"{Dumps} dumps, each operation with golden inputs; {Scales} scales, the largest off by {LargestScaleError:G2} of itself");
        yield return Row("", "elements", "differ", "at most by");
        foreach (IGrouping<GoldenKind, GoldenTensor> kind in Compared.GroupBy(tensor => tensor.Kind).OrderBy(kind => kind.Key))
        {
            yield return Heading(kind.Key);
            foreach (IGrouping<string, GoldenTensor> group in kind.GroupBy(tensor => everyTensor ? tensor.Name : tensor.Module))
            {
                yield return Row(
                    $"  {group.Key}", Text($"{group.Sum(tensor => tensor.Elements)}"), Text($"{group.Sum(tensor => tensor.Different)}"),
                    Text($"{group.Max(tensor => tensor.Largest)}"));
            }
        }
        foreach (IGrouping<string, string> reason in AccountedFor.GroupBy(pair => pair.Value, pair => pair.Key))
        {
            yield return $"not compared itself ({reason.Count()}): {reason.Key}{(everyTensor ? $": {string.Join(", ", reason)}" : "")}";
        }
        yield return $"not in the dumps ({ModelOnly.Count}): {string.Join(", ", ModelOnly)}";
        yield return Text($"head with golden inputs: logits differ by {HeadDrift:F4} at most from the reference's, which are float");
        yield return Text(
            $"end to end: {EndToEnd.Same} of {EndToEnd.Sentences} labels the same; logits drift by {EndToEnd.Mean:F4} on average, ",
            $"{EndToEnd.Largest:F4} at most");
        foreach (string name in LeftOut)
        {
            yield return $"nothing compares with the golden tensor {name}";
        }
        foreach (int line in EndToEnd.Wrong)
        {
            yield return Text($"another label, in spite of its margin: line {line} of sentences.jsonl");
        }
        foreach (GoldenBar bar in (GoldenBar[])[.. OpByOp, Labels])
        {
            yield return $"{(bar.Holds ? "holds" : "FAILS")}  {bar.Text}";
        }
    }

    private static string Heading(GoldenKind kind) => kind switch
    {
        GoldenKind.Activation => "8, 16 and 22 bits",
        GoldenKind.Linear => "products, 32 bits",
        GoldenKind.StaleLinear => "products of a stale scale, 32 bits: the reference sums these in float32, not in integers",
        _ => "probabilities",
    };

    private static string Row(string name, string elements, string different, string largest) =>
        $"{name,-60} {elements,9} {different,7} {largest,10}";

    private static string Text(params FormattableString[] parts) =>
        string.Concat(parts.Select(FormattableString.Invariant));
}
