// Attention with the softmax as I-BERT publishes it (Kim et al. 2021, section 3.4.2): probabilities in units of 1/256.
using IBert.Edge.Format;
using IBert.Edge.Kernels;

namespace IBert.Edge.Graph.Operations;

/// <summary>The fields of an Attention record whose function is the published one, beside those of <see cref="AttentionRecord"/>.</summary>
internal readonly ref struct PublishedAttentionRecord(ref readonly OperationRecord record)
{
    private readonly ref OperationRecord record = ref System.Runtime.CompilerServices.Unsafe.AsRef(in record);

    /// <summary>-ln 2 in units of a score.</summary>
    public ref int X0 => ref record.Parameters[5];

    /// <summary>The polynomial's b in units of a score.</summary>
    public ref int B => ref record.Parameters[6];

    /// <summary>The polynomial's c in units of a score's square.</summary>
    public long C
    {
        get => ((long)record.Parameters[8] << 32) | (uint)record.Parameters[7];
        set => (record.Parameters[7], record.Parameters[8]) = ((int)value, (int)(value >> 32));
    }
}

/// <inheritdoc cref="PublishedElements.Softmax"/>
internal sealed unsafe class PublishedAttentionOperation(ModelContents model, OperationRecord record) : AttentionBase(model, record)
{
    private PublishedElements.Softmax softmax;

    // The exponential has 128 bits, and there is a division.
    protected override long ScoreSteps => 4096;

    // Keys of -128 are corrected one by one.
    protected override long CorrectionSteps => 384;

    protected override int LeastInput => sbyte.MinValue;

    private PublishedAttentionRecord Constants => new(ref Record);

    public override void Prepare(in Arena arena, KernelSet kernels)
    {
        base.Prepare(arena, kernels);
        ref ScaleStage score = ref Fields.Score;
        softmax = new()
        {
            X0 = Constants.X0,
            B = Constants.B,
            C = Constants.C,
            Multiplier = score.Multiplier,
            Exponent = score.Exponent - score.PreShift,
            Rounding = score.Rounding,
        };
    }

    protected override (int LeastLog2, long LargestSum) ProveScores(GraphVerifier proof)
    {
        ref ScaleStage score = ref Fields.Score;
        proof.Require(Constants.X0 is < 0 and > -(1 << 24) && Math.Abs((long)Constants.B) < 1 << 30
            && Constants.C is > -(1L << 61) and < 1L << 61 && Fields.Bits >= PublishedElements.ProbabilityBits + 1,
            "has constants of the exponential that are out of range");
        proof.Term(score, 1, 1, 126);
        proof.Require(
            score.Multipliers == OperationRecord.None && score.Multiplier >= 0, "has a multiplier for each score, or a negative one");
        return (PublishedElements.ProbabilityBits, 1 << PublishedElements.ProbabilityBits);
    }

    protected override bool RaiseKeys(sbyte* panels, int count) => PublishedElements.RaiseLowest(panels, count);

    protected override void Exponentials(int* scores, int rows, int padded, int count, ushort* exponentials, int* sums)
    {
        for (int r = 0; r < rows; r++)
        {
            // Probabilities are divided already: one stands for them all.
            softmax.Row(scores + (r * padded), count, exponentials + (r * padded));
            sums[r] = 1 << PublishedElements.ProbabilityBits;
        }
    }
}
