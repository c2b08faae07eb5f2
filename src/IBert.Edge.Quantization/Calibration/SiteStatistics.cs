// What calibration keeps of one tensor while it sees texts, and what it hands on.
namespace IBert.Edge.Quantization.Calibration;

/// <summary>What calibration found out about one tensor: for each channel its range, and sums over all rows.</summary>
/// <param name="ChannelMin">Smallest value of each channel.</param>
/// <param name="ChannelMax">Largest value of each channel.</param>
/// <param name="Means">Mean of each channel.</param>
/// <param name="MeanSquares">Mean square of each channel.</param>
internal sealed record TensorRange(float[] ChannelMin, float[] ChannelMax, double[] Means, double[] MeanSquares)
{
    /// <summary>Number of channels.</summary>
    public int Channels => ChannelMin.Length;

    /// <summary>Smallest value.</summary>
    public float Min { get; } = ChannelMin.Min();

    /// <summary>Largest value.</summary>
    public float Max { get; } = ChannelMax.Max();

    /// <summary>Largest magnitude.</summary>
    public float Magnitude => Math.Max(Math.Abs(Min), Math.Abs(Max));

    /// <summary>Largest magnitude of a channel.</summary>
    public float ChannelMagnitude(int channel) => Math.Max(Math.Abs(ChannelMin[channel]), Math.Abs(ChannelMax[channel]));

    /// <summary>Mean square of a channel's distance from a value.</summary>
    public double MeanSquare(int channel, double from = 0) =>
        Math.Max(0, MeanSquares[channel] - (2 * from * Means[channel]) + (from * from));
}

/// <summary>Ranges, means and mean squares of one tensor over texts, for each channel. Merging is independent of the order.</summary>
internal sealed class SiteStatistics(int channels)
{
    // Sums are kept in fixed point: integers add up to the same whatever the order of the texts.
    private const int Fraction = 40;

    private readonly Int128[] sums = new Int128[channels];
    private readonly Int128[] squares = new Int128[channels];

    private readonly float[] least = Filled(channels, float.PositiveInfinity);
    private readonly float[] largest = Filled(channels, float.NegativeInfinity);
    private long count;

    /// <summary>What was seen so far.</summary>
    public TensorRange ToRange() => new([.. least], [.. largest], [.. sums.Select(Mean)], [.. squares.Select(Mean)]);

    /// <summary>Takes in the rows of one text.</summary>
    public void Add(ReadOnlySpan<float> values, int rows)
    {
        double[] sum = new double[channels], square = new double[channels];
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> row = values.Slice(r * channels, channels);
            for (int c = 0; c < channels; c++)
            {
                least[c] = Math.Min(least[c], row[c]);
                largest[c] = Math.Max(largest[c], row[c]);
                sum[c] += row[c];
                square[c] += (double)row[c] * row[c];
            }
        }
        for (int c = 0; c < channels; c++)
        {
            sums[c] += (Int128)Math.ScaleB(sum[c], Fraction);
            squares[c] += (Int128)Math.ScaleB(square[c], Fraction);
        }
        count += rows;
    }

    /// <summary>Takes in what another thread saw.</summary>
    public void Merge(SiteStatistics other)
    {
        for (int c = 0; c < channels; c++)
        {
            least[c] = Math.Min(least[c], other.least[c]);
            largest[c] = Math.Max(largest[c], other.largest[c]);
            sums[c] += other.sums[c];
            squares[c] += other.squares[c];
        }
        count += other.count;
    }

    private double Mean(Int128 sum) => Math.ScaleB((double)sum, -Fraction) / Math.Max(1, count);

    private static float[] Filled(int count, float value)
    {
        float[] values = new float[count];
        Array.Fill(values, value);
        return values;
    }
}
